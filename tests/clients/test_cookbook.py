"""Runs every program of docs/cookbook.md whose language this machine has."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from common import ROOT, SharedServer

# Language of a code block: file name, the program that must be there, commands.
LANGUAGES = {
    "sh": ("mse.sh", "curl", [["sh", "-e", "mse.sh"]]),
    "python": ("mse.py", sys.executable, [[sys.executable, "mse.py"]]),
    "javascript": ("mse.mjs", "node", [["node", "mse.mjs"]]),
    "c": ("mse.c", "cc", [["cc", "-Wall", "-Werror", "mse.c", "-o", "mse", "-lcurl"], ["./mse"]]),
    "go": ("mse.go", "go", [["go", "run", "mse.go"]]),
    "rust": ("mse.rs", "rustc", [["rustc", "--edition", "2021", "mse.rs"], ["./mse"]]),
    "java": ("Mse.java", "java", [["java", "Mse.java"]]),
    "r": ("mse.R", "Rscript", [["Rscript", "mse.R"]]),
    "julia": ("mse.jl", "julia", [["julia", "mse.jl"]]),
}
NUMBER = re.compile(r"-?\d+(?:\.\d*)?")


def blocks():
    text = (ROOT / "docs/cookbook.md").read_text()
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)


def missing(language):
    """What keeps this machine from running the language, or None."""
    program = LANGUAGES[language][1]
    if not shutil.which(program):
        return f"there is no {program}"
    if language == "c" and subprocess.run(["pkg-config", "--exists", "libcurl"]).returncode:
        return "there is no libcurl to link with"
    return None


class Cookbook(SharedServer):
    def run_block(self, language, program):
        name, _, commands = LANGUAGES[language]
        output = ""
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, name).write_text(program.replace("127.0.0.1:8080", f"127.0.0.1:{self.server.port}"))
            for command in commands:
                done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                output += done.stdout
        return output

    def test_programs_print_loss_and_gradient(self):
        programs = blocks()
        self.assertEqual({language for language, _ in programs}, set(LANGUAGES))
        for number, (language, program) in enumerate(programs):
            reason = missing(language)
            if reason:
                print(f"cookbook: {language} skipped: {reason}")
                continue
            with self.subTest(language=language, number=number):
                output = self.run_block(language, program)
                self.assertEqual([float(n) for n in NUMBER.findall(output)], [4, 0, 0, -4], output)
                print(f"cookbook: {language} ran")


if __name__ == "__main__":
    unittest.main()
