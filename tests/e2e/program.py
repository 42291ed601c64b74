"""Runs lossd's commands in a folder of their own, and writes the files of tensors that they read. Standard library only."""
import json
import pathlib
import struct
import subprocess
import tempfile

from server import BINARY, SharedServer, request

SAFETENSORS = "application/vnd.safetensors"
TYPES = {"float64": ("<f8", "F64", "d"), "float32": ("<f4", "F32", "f"), "int64": ("<i8", "I64", "q"), "uint8": ("|u1", "U8", "B")}
LOSSD = str(pathlib.Path(BINARY).resolve())


def flat(x):
    return [n for item in x for n in flat(item)] if isinstance(x, list) else [x]


def shape(x):
    return [len(x), *(shape(x[0]) if x else [])] if isinstance(x, list) else []


def packed(x, dtype):
    numbers = flat(x)
    return struct.pack(f"<{len(numbers)}{TYPES[dtype][2]}", *numbers)


def npy(x, dtype):
    dims = shape(x)
    header = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (TYPES[dtype][0], tuple(dims))
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + packed(x, dtype)


def safetensors(**tensors):
    header, data = {}, b""
    for name, (x, dtype) in tensors.items():
        more = packed(x, dtype)
        header[name] = {"dtype": TYPES[dtype][1], "shape": shape(x), "data_offsets": [len(data), len(data) + len(more)]}
        data += more
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


class Program(SharedServer):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.write("p.npy", npy([0.5, 3.0], "float32"))
        self.write("t.npy", npy([0.0, 0.0], "float32"))

    def write(self, name, data):
        (self.folder / name).write_bytes(data)

    def run_lossd(self, *arguments, stdin=b"", code=0, **options):
        done = subprocess.run([LOSSD, *arguments], input=stdin, cwd=self.folder, capture_output=True, timeout=300, **options)
        self.assertEqual(done.returncode, code, (arguments, done.stdout, done.stderr))
        return done

    def answer(self, *arguments, **options):
        done = self.run_lossd("eval", *arguments, **options)
        self.assertEqual(done.stderr, b"")
        return json.loads(done.stdout)

    def refusal(self, *arguments, code, **options):
        done = self.run_lossd(*arguments, code=code, **options)
        self.assertEqual(done.stdout, b"")
        return done.stderr.decode()

    def catalogue(self):
        return json.loads(self.run_lossd("list", "--json").stdout)["losses"]

    def served(self, loss, query, body, content_type=SAFETENSORS):
        got = self.ask(request("POST", f"/v1/losses/{loss}{query}", body, {"Content-Type": content_type}))
        self.assertEqual(got.status, 200, got.body)
        return got.body
