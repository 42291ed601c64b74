"""lossd eval, list and show: files in, the server's bits out. Standard library only."""

import contextlib
import json
import os
import pathlib
import pty
import re
import resource
import signal
import subprocess
import unittest

from program import LOSSD, Program, npy, safetensors
from server import JSON, request

ROOT = pathlib.Path(__file__).parent.parent.parent


class Evaluate(Program):
    def test_every_example_gives_the_servers_bytes(self):
        for loss in self.catalogue():
            body = json.dumps(loss["example"]).encode()
            with self.subTest(loss=loss["name"]):
                served = self.served(loss["name"], "", body, JSON)
                self.assertEqual(self.run_lossd("eval", loss["name"], "--request", "-", stdin=body).stdout, served + b"\n")
                options, files = [], []
                for name, value in loss["example"].items():
                    if name == "options":
                        options = [f"--{k}={json.dumps(v).strip(chr(34))}" for k, v in value.items()]
                    elif name != "gradients":
                        self.write(f"{name}.json", json.dumps(value).encode())
                        files += [f"--{name}", f"{name}.json"]
                again = self.run_lossd("eval", loss["name"], *files, *options, "--gradients", "true").stdout
                self.assertEqual(again, served + b"\n")

    def test_many_rows_give_the_servers_bits_for_any_workers(self):
        rows = [[((i * 7 + c * 13) % 101) / 37 - 1 for c in range(10)] for i in range(6000)]
        body = safetensors(input=(rows, "float32"), target=([i % 10 for i in range(6000)], "int64"))
        self.write("all.safetensors", body)
        served = self.served("CrossEntropyLoss", "?gradients=input&label_smoothing=0.1&reduction=sum", body)
        for workers in ("1", "2", "7"):
            self.run_lossd("eval", "CrossEntropyLoss", "--tensors", "all.safetensors", "--gradients", "input", "--label-smoothing",
                           "0.1", "--reduction", "sum", "--workers", workers, "-o", "answer.safetensors")
            self.assertEqual((self.folder / "answer.safetensors").read_bytes(), served)

    def test_every_kind_of_file_says_the_same(self):
        both = safetensors(input=([0.5, 3.0], "float32"), target=([0.0, 0.0], "float32"))
        self.write("both.safetensors", both)
        self.write("one.safetensors", safetensors(anything=([0.5, 3.0], "float32")))
        self.write("p.json", b'{"dtype": "float32", "data": [0.5, 3]}')
        self.write("nameless", npy([0.5, 3.0], "float32"))
        expected = {"loss": 1.3125, "numerator": 2.625, "denominator": 2}
        for source in ("p.npy", "p.json", "one.safetensors", "both.safetensors", "both.safetensors:input", "nameless"):
            self.assertEqual(self.answer("HuberLoss", "--input", source, "--target", "t.npy"), expected, source)
        for data, source in ((npy([0.5, 3.0], "float32"), "-"), (b"[0.5, 3]", "-"), (both, "-"), (both, "-:input")):
            self.assertEqual(self.answer("HuberLoss", "--input", source, "--target=t.npy", stdin=data), expected, source)
        self.assertEqual(self.answer("HuberLoss", "--tensors", "-", stdin=both), expected)

    def test_integers_are_read_from_npy(self):
        self.write("x.npy", npy([[0.2, 1.5]], "float64"))
        for dtype in ("int64", "uint8"):
            self.write("y.npy", npy([1], dtype))
            self.assertEqual(self.answer("CrossEntropyLoss", "--input", "x.npy", "--target", "y.npy")["loss"], 0.2410084538329922)

    def test_output_files(self):
        arguments = ("eval", "HuberLoss", "--input", "p.npy", "--target", "t.npy")
        numbers = b'{"loss":1.3125,"numerator":2.625,"denominator":2}\n'
        self.assertEqual(self.run_lossd(*arguments, "--gradients", "input", "-o", "g.npy").stdout, numbers)
        self.assertEqual((self.folder / "g.npy").read_bytes(), npy([0.25, 0.5], "float32"))
        self.assertEqual(self.run_lossd(*arguments, "--reduction", "none", "--output", "l.npy").stdout, b"")
        self.assertEqual((self.folder / "l.npy").read_bytes(), npy([0.125, 2.5], "float32"))
        self.run_lossd(*arguments, "-o", "a.json")
        self.assertEqual(json.loads((self.folder / "a.json").read_bytes()), json.loads(numbers))
        self.assertIn("safetensors", self.refusal(*arguments, "--gradients", "true", "-o", "g.npy", code=1))

    def test_an_output_file_is_whole_or_not_there(self):
        most = 1 << 20  # bytes of a file; a build that measures coverage writes small ones of its own

        def short_of_space():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        self.write("large.npy", npy([1.0] * (most // 4), "float32"))
        arguments = ("eval", "HuberLoss", "--input", "large.npy", "--target", "large.npy", "--reduction", "none", "-o", "l.npy")
        for old in (None, b"old"):
            if old:
                self.write("l.npy", old)
            there = {path.name: path.read_bytes() for path in self.folder.iterdir()}
            done = subprocess.run([LOSSD, *arguments], cwd=self.folder, capture_output=True, preexec_fn=short_of_space)
            self.assertEqual((done.returncode, done.stderr), (3, b"lossd: l.npy: File too large\n"))
            self.assertEqual({path.name: path.read_bytes() for path in self.folder.iterdir()}, there)

    def test_an_output_file_keeps_its_mode_and_the_links_to_it(self):
        arguments = ("eval", "L1Loss", "--input", "p.npy", "--target", "t.npy", "-o")
        file, link = self.folder / "a.json", self.folder / "link.json"
        link.symlink_to("a.json")
        for name, mode in (("link.json", None), ("a.json", None), ("link.json", 0o640), ("a.json", 0o604)):
            if mode:
                file.chmod(mode)
            self.run_lossd(*arguments, name)
            self.assertEqual(json.loads(file.read_bytes())["loss"], 1.75)
            self.assertTrue(link.is_symlink())
            if not mode:
                mask = os.umask(0)
                os.umask(mask)
            self.assertEqual(file.stat().st_mode & 0o777, mode or 0o666 & ~mask)

    def test_output_to_a_pipe_or_device_is_written_there(self):
        arguments = ("eval", "L1Loss", "--input", "p.npy", "--target", "t.npy", "-o")
        os.mkfifo(self.folder / "pipe.json")
        with subprocess.Popen(["cat", "pipe.json"], cwd=self.folder, stdout=subprocess.PIPE) as reader:
            self.run_lossd(*arguments, "pipe.json")
            self.assertEqual(json.loads(reader.stdout.read())["loss"], 1.75)
        (self.folder / "out.json").symlink_to("/dev/stdout")
        self.assertEqual(self.run_lossd(*arguments, "out.json").stdout.count(b'"loss":1.75'), 2)
        (self.folder / "full.json").symlink_to("/dev/full")
        self.assertIn("full.json: No space left on device", self.refusal(*arguments, "full.json", code=3))

    def test_definition_is_an_option(self):
        self.write("row.json", b"[[1, 2]]")
        self.write("column.json", b"[[1], [2]]")
        arguments = ("MSELoss", "--input", "row.json", "--target", "column.json")
        self.assertEqual(self.answer(*arguments, "--definition", "pytorch")["loss"], 0.5)
        self.assertIn("broadcast", self.refusal("eval", *arguments, code=1))

    def test_what_is_refused_says_why_and_how_to_cure_it(self):
        self.write("three.json", b"[1, 2, 3]")
        self.write("cut.npy", npy([1.0, 2.0], "float32")[:-1])
        self.write("bad.json", b"[1, 2,]")
        self.write("gap.json", b"[1 2]")
        self.write("table.csv", b"1,2\n3,4\n")
        self.write("whole.json", b'{"input": [1], "target": [2]}')
        self.write("text.json", b'[1, "two"]')
        self.write("st.safetensors", safetensors(a=([1.0], "float32"), b=([1.0], "float32")))
        mse = ("eval", "MSELoss", "--target", "t.npy")
        for code, words, arguments in [
            (1, "target has shape [2], input has shape [3]", (*mse, "--input", "three.json")),
            (1, "hint: ", (*mse, "--input", "three.json")),
            (1, "cut.npy: the .npy file has 7 bytes after its header", (*mse, "--input", "cut.npy")),
            (1, "bad.json: ", (*mse, "--input", "bad.json")),
            (1, "at byte 6", (*mse, "--input", "bad.json")),
            (1, "/input/1", (*mse, "--input", "text.json")),
            (1, "no tensor \"input\"; it has a, b", (*mse, "--input", "st.safetensors")),
            (1, "MSELoss has no tensor \"a\"", ("eval", "MSELoss", "--tensors", "st.safetensors")),
            (1, "one of none, mean, sum", (*mse, "--input", "p.npy", "--reduction", "avg")),
            (1, "input", mse),
            (1, "did you mean MSELoss?", ("eval", "MSELos")),
            (1, "did you mean MSELoss?", ("show", "MSELos")),
            (1, "the catalogue lists all: lossd list", ("show", "Xyz")),
            (1, "take one of the names of lossd list", ("eval", "")),
            (1, "hint: write the file with numpy.save", (*mse, "--input", "cut.npy")),
            (1, "hint: write no comma before ]", (*mse, "--input", "bad.json")),
            (1, "hint: mend the syntax at that byte", (*mse, "--input", "gap.json")),
            (1, "hint: give a .npy file, as numpy.save writes", (*mse, "--input", "table.csv")),
            (1, "hint: a tensor's flag takes one tensor; --request FILE", (*mse, "--input", "whole.json")),
            (2, "did you mean --reduction?", (*mse, "--reductoin", "sum")),
            (2, "--reduction has no value", (*mse, "--reduction")),
            (2, "--target is given twice", (*mse, "--target", "t.npy")),
            (2, "--reduction is given twice", (*mse, "--input", "p.npy", "--reduction", "sum", "--reduction", "sum")),
            (2, "--gradients is given twice", (*mse, "--input", "p.npy", "--gradients", "input", "--gradients", "target")),
            (2, "--workers is given twice", (*mse, "--input", "p.npy", "--workers", "1", "--workers", "1")),
            (2, "unexpected argument \"p.npy\"", ("eval", "MSELoss", "p.npy")),
            (2, "there are no tensors", ("eval", "MSELoss")),
            (2, "can be read for one", ("eval", "MSELoss", "--input", "-", "--target", "-")),
            (2, "--workers is \"0\"", (*mse, "--input", "p.npy", "--workers", "0")),
            (2, "--workers is \" 3\"", (*mse, "--input", "p.npy", "--workers", " 3")),
            (2, "--workers is \"+3\"", (*mse, "--input", "p.npy", "--workers", "+3")),
            (2, "ends in .safetensors, .npy or .json", (*mse, "--input", "p.npy", "-o", "out.txt")),
            (2, "leave the other flags out", (*mse, "--request", "three.json")),
            (2, "name of a loss", ("eval",)),
            (2, "did you mean eval?", ("evla",)),
            (2, "lossd --help", ("zzzzzz",)),
            (2, "did you mean lossd eval MSELoss or lossd show MSELoss?", ("MSELoss", "--input", "p.npy")),
            (2, "did you mean --help?", ("help",)),
            (2, "--input is a flag of lossd eval: lossd eval LOSS --input ...", ("--input", "p.npy")),
            (2, "--label-smoothing is a flag of lossd eval", ("--label-smoothing=0.1",)),
            (2, "show takes the name of a loss", ("show", "--jsno")),
            (2, "--input is \"\": expected the name of a file", (*mse, "--input", "")),
            (2, "--tensors is \"\": expected the name of a file", ("eval", "MSELoss", "--tensors=")),
            (2, "--output is \"\": expected the name of a file", (*mse, "--input", "p.npy", "-o", "")),
            (2, "--json", ("list", "more")),
            (2, "bash, zsh or fish", ("completion", "tcsh")),
            (3, "nope.npy: No such file", (*mse, "--input", "nope.npy")),
            (3, "st.safetensors:a: No such file", ("eval", "MSELoss", "--tensors", "st.safetensors:a")),
            (3, "nowhere/g.npy: No such file", (*mse, "--input", "p.npy", "-o", "nowhere/g.npy")),
        ]:
            with self.subTest(arguments=arguments):
                self.assertIn(words, self.refusal(*arguments, code=code))

    def test_a_refusal_is_the_servers_with_its_hint(self):
        body = b'{"input": [1], "target": [1], "foo": 1}'
        served = self.ask(request("POST", "/v1/losses/MSELoss", body, {"Content-Type": JSON})).json()
        said = self.refusal("eval", "MSELoss", "--request", "-", stdin=body, code=1)
        self.assertEqual(said, f"lossd: -: {served['detail']}\nhint: {served['hint']}\n")

    def test_a_full_disk_is_noticed(self):
        for asked in (["list"], ["--help"], ["--version"], ["--print-config"], ["--check-config"], ["eval", "--help"], ["show", "--help"]):
            with self.subTest(asked=asked), open("/dev/full", "wb") as full:
                done = subprocess.run([LOSSD, *asked], stdout=full, stderr=subprocess.PIPE)
                self.assertEqual((done.returncode, done.stderr), (3, b"lossd: standard output: No space left on device\n"))

    def test_closed_standard_input_is_no_other_file(self):
        closed = lambda: os.close(0)
        done = subprocess.run([LOSSD, "eval", "MSELoss", "--input", "p.npy", "--target", "-"], cwd=self.folder, capture_output=True,
                              preexec_fn=closed)
        self.assertEqual((done.returncode, done.stderr), (3, b"lossd: -: Bad file descriptor\n"))

    def test_flags_of_the_command_are_no_tensor_and_no_option(self):
        names = {"tensors", "request", "gradients", "output", "workers", "help"}
        for loss in self.catalogue():
            self.assertEqual(names & ({r["name"] for r in loss["roles"]} | {o["name"] for o in loss["options"]}), set())

    def test_list_and_show_say_what_the_catalogue_says(self):
        text = self.run_lossd("list").stdout.decode()
        self.assertEqual(json.loads(self.server.get("/v1/losses").body)["losses"], self.catalogue())
        for loss in self.catalogue():
            self.assertIn(f"{loss['name']} ", text)
            shown = self.run_lossd("show", loss["name"]).stdout.decode()
            for row in loss["roles"] + loss["options"]:
                self.assertIn(f"--{row['name']} ", shown)
                for bound in ("minimum", "maximum"):
                    if bound in row:
                        self.assertRegex(shown, rf"--{row['name']} .*[<>]=? {row[bound]}\.( |$)")
            self.assertEqual(json.loads(self.run_lossd("show", loss["name"], "--json").stdout), loss)
            self.assertEqual(json.loads(self.run_lossd("show", "--json", loss["name"]).stdout), loss)

    def test_help_and_the_manual_name_every_command(self):
        manual = (ROOT / "docs/lossd.1.in").read_text()
        commands = [line.split("\t")[0] for line in self.run_lossd("complete", "").stdout.decode().splitlines()]
        self.assertEqual(commands, ["serve", "eval", "list", "show", "completion"])
        for text in (self.run_lossd("--help").stdout.decode(), manual):
            for command in commands:
                self.assertRegex(text, rf"\b{command}\b")
        self.assertIn(b"--workers", self.run_lossd("eval", "MSELoss", "--help").stdout)
        for command in commands:
            for flag in ("--help", "-h"):
                self.assertRegex(self.run_lossd(command, flag).stdout.decode(), rf"\AUsage: lossd (\[?)({command})")
        self.assertEqual(self.run_lossd("serve", "--version").stdout, self.run_lossd("--version").stdout)

    def test_large_evaluations_draw_their_progress_on_a_terminal_only(self):
        header = npy([0.0], "float32")[:-4].replace(b"(1,)", b"(1 ,)")
        count = 1 << 24
        header = header.replace(b"(1 ,), }" + b" " * 9, b"(%d,), }" % count + b" " * 9)
        header = header[:10] + header[10:-1].rstrip().ljust(117) + b"\n"
        self.write("zeros.npy", header)
        os.truncate(self.folder / "zeros.npy", 128 + 4 * count)
        arguments = [LOSSD, "eval", "MSELoss", "--input", "zeros.npy", "--target", "zeros.npy"]
        self.assertEqual(subprocess.run(arguments, cwd=self.folder, capture_output=True).stderr, b"")
        master, terminal = pty.openpty()
        done = subprocess.run(arguments, cwd=self.folder, stdout=subprocess.PIPE, stderr=terminal)
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # what a terminal says at its end
            while more := os.read(master, 65536):
                shown += more
        os.close(master)
        self.assertEqual(json.loads(done.stdout), {"loss": 0, "numerator": 0, "denominator": count})
        self.assertRegex(shown, rb"\d+% \[")
        self.assertTrue(shown.endswith(b"\r\x1b[K"), shown[-80:])


class Page(Program):
    def test_the_examples_print_what_the_page_says(self):
        os.symlink(LOSSD, self.folder / "lossd")
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        examples = re.findall(r"^    \$ (.*)\n((?:    (?!\$ ).*\n)*)", (ROOT / "docs/command-line.md").read_text(), re.M)
        self.assertGreater(len(examples), 6)
        for command, expected in examples:
            done = subprocess.run(["sh", "-c", command], cwd=self.folder, env=environment, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)
            self.assertEqual(done.stdout, re.sub("^    ", "", expected, flags=re.M), command)


if __name__ == "__main__":
    unittest.main()
