"""Completion: what lossd offers for a line, and what bash, zsh and fish make of it. Standard library only."""

import os
import pty
import re
import select
import subprocess
import unittest

from program import LOSSD, Program


class Completion(Program):
    def candidates(self, *words):
        return [line.split("\t")[0] for line in self.run_lossd("complete", *words).stdout.decode().splitlines()]

    def test_candidates(self):
        self.assertEqual(self.candidates("ev"), ["eval"])
        self.assertEqual(self.candidates("eval", "MSE"), ["MSELoss"])
        self.assertEqual(self.candidates("eval", "HuberLoss", "--re"), ["--reduction", "--request"])
        self.assertEqual(self.candidates("eval", "HuberLoss", "--reduction", ""), ["none", "mean", "sum"])
        self.assertEqual(self.candidates("eval", "HuberLoss", "--gradients", ""), ["true", "input", "target"])
        for typed, offered in (("input,", ["input,target"]), ("target,i", ["target,input"]), ("input,target,", []), ("inp", ["input"]),
                               ("nothing,t", ["nothing,target"]), ("put,inp", ["put,input"])):
            self.assertEqual(self.candidates("eval", "HuberLoss", "--gradients", typed), offered)
        self.assertEqual(self.candidates("eval", "HuberLoss", "--input", ""), [":files"])
        self.assertEqual(self.candidates("eval", "HuberLoss", "-o", ""), [":files"])
        self.assertEqual(self.candidates("show", "Huber"), ["HuberLoss"])
        self.assertEqual(self.candidates("completion", ""), ["bash", "zsh", "fish"])
        self.assertEqual(self.candidates("--log-f"), ["--log-format"])
        self.assertEqual(self.candidates("eval", "CrossEntropyLoss", "--label_"), ["--label_smoothing"])
        self.assertEqual(self.candidates("eval", "CrossEntropyLoss", "--label-"), ["--label-smoothing"])
        self.assertEqual(self.candidates("eval", "CrossEntropyLoss", "--sample-w"), ["--sample-weight"])
        self.assertEqual(self.candidates("serve", "--tls-cert", ""), [":files"])

    # What is typed before Tab, in a folder with p.npy, and what the line becomes.
    TYPED = {"lossd ev": "lossd eval", "lossd eval HuberLoss --del": "lossd eval HuberLoss --delta",
             "lossd eval HuberLoss --reduction su": "lossd eval HuberLoss --reduction sum",
             "lossd eval HuberLoss --input p.n": "lossd eval HuberLoss --input p.npy", "lossd show CosineE": "lossd show CosineEmbeddingLoss",
             "lossd --log-f": "lossd --log-format", "lossd eval HuberLoss --gradients input,t": "lossd eval HuberLoss --gradients input,target",
             "lossd eval HuberLoss --reduction=su": "lossd eval HuberLoss --reduction=sum",
             "lossd eval HuberLoss --gradients=input,": "lossd eval HuberLoss --gradients=input,target",
             "lossd eval HuberLoss --target=x --input=p.n": "lossd eval HuberLoss --target=x --input=p.npy",
             "lossd eval HuberLoss --target=x.npy --del": "lossd eval HuberLoss --target=x.npy --delta",
             "lossd --port=1 --tls-k": "lossd --port=1 --tls-key", "lossd --log-format=te": "lossd --log-format=text"}

    def setUp(self):
        super().setUp()
        os.symlink(LOSSD, self.folder / "lossd")
        self.environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "HOME": str(self.folder), "TERM": "dumb"}

    def script(self, shell):
        name = f"completion.{shell}"
        self.write(name, self.run_lossd("completion", shell).stdout)
        return name

    def test_fish_completes(self):
        for typed, line in self.TYPED.items():
            done = subprocess.run(["fish", "--no-config", "-c", f"source {self.script('fish')}; complete -C '{typed}'"],
                                  cwd=self.folder, env=self.environment, capture_output=True, text=True)
            self.assertEqual([offer.split("\t")[0] for offer in done.stdout.splitlines()], line.split()[-1:], done.stderr)

    def complete_on_a_terminal(self, shell, setup, *command):
        """Tab, then to the line's begin, where the line becomes words to print."""
        master, terminal = pty.openpty()
        child = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdin=terminal, stdout=terminal, stderr=terminal,
                                 start_new_session=True)
        os.close(terminal)
        shown = b""

        def until(pattern):
            nonlocal shown
            while not (found := re.search(pattern, shown)):
                self.assertTrue(select.select([master], [], [], 30)[0], shown[-2000:])
                shown += os.read(master, 65536)
            shown = shown[found.end():]
            return found

        try:
            os.write(master, f"{setup}; source ./{self.script(shell)}; PS1=; echo rea''dy\n".encode())
            until(rb"ready\r\n")
            for typed, line in self.TYPED.items():
                os.write(master, f"{typed}\t\x01echo '<\x05>'\n".encode())
                self.assertEqual(until(rb"\n<(.*?) ?>\r")[1].decode(), line)
        finally:
            child.kill()
            child.wait()
            os.close(master)

    def test_bash_completes(self):
        self.complete_on_a_terminal("bash", "set -o emacs", "bash", "--noprofile", "--norc", "-i")

    def test_zsh_completes(self):
        self.complete_on_a_terminal("zsh", "autoload -U compinit; compinit -D -u; bindkey -e", "zsh", "-f", "-i")


if __name__ == "__main__":
    unittest.main()
