"""Runs every program of docs/cookbook.md."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from common import ROOT, SharedServer

# Language of a code block: file name, commands.
LANGUAGES = {
    "sh": ("mse.sh", [["sh", "-e", "mse.sh"]]),
    "python": ("mse.py", [[sys.executable, "mse.py"]]),
    "javascript": ("mse.mjs", [["node", "mse.mjs"]]),
    "c": ("mse.c", [["cc", "-Wall", "-Werror", "mse.c", "-o", "mse", "-lcurl"], ["./mse"]]),
    "go": ("mse.go", [["go", "run", "mse.go"]]),
    "rust": ("mse.rs", [["rustc", "--edition", "2021", "mse.rs"], ["./mse"]]),
    "java": ("Mse.java", [["java", "Mse.java"]]),
    "r": ("mse.R", [["Rscript", "mse.R"]]),
}
NUMBER = re.compile(r"-?\d+(?:\.\d*)?")


def blocks():
    text = (ROOT / "docs/cookbook.md").read_text()
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)


class Cookbook(SharedServer):
    def run_block(self, language, program):
        name, commands = LANGUAGES[language]
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
            with self.subTest(language=language, number=number):
                output = self.run_block(language, program)
                self.assertEqual([float(n) for n in NUMBER.findall(output)], [4, 0, 0, -4], output)
                print(f"cookbook: {language} ran")


if __name__ == "__main__":
    unittest.main()
