"""Starts the real lossd on a free port, and talks to it over plain sockets. Standard library only."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import unittest

BINARY = os.environ.get("LOSSD_BINARY", "build/dev/lossd")
SANITIZED = bool(os.environ.get("LOSSD_SANITIZE"))  # slower by far, and larger
JSON = "application/json"
MSE = json.dumps({"input": [1.0, 2.0], "target": [1.0, 4.0]}).encode()  # its loss is 2


class Response:
    """One HTTP response; header names in lower case."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json()["code"]

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:200]!r}"


class Connection:
    """A socket that sends bytes and reads responses."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(60)
        self.buffer = b""

    def send(self, data):
        self.sock.sendall(data)
        return self

    def _more(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise EOFError(f"connection closed after {self.buffer[:200]!r}")
        self.buffer += data

    def response(self, head=False, interim=False):
        """The next final response (or, with interim, whatever comes next)."""
        while True:
            while b"\r\n\r\n" not in self.buffer:
                self._more()
            top, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
            lines = top.decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            if status >= 200 or interim:
                break
        headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            name = name.lower()
            headers[name] = headers[name] + ", " + value.strip() if name in headers else value.strip()
        length = 0 if head or status < 200 or status in (204, 304) else int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Response(status, headers, body)

    def closed(self):
        """True when the server ends the connection."""
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionResetError:
            pass
        except socket.timeout:
            return False
        return True

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request(method, path, body=None, headers=None):
    """The bytes of a request. A header whose value is None is left out."""
    fields = {"Host": "lossd"}
    if body is not None:
        fields["Content-Length"] = str(len(body))
    fields.update(headers or {})
    lines = [f"{method} {path} HTTP/1.1"] + [f"{k}: {v}" for k, v in fields.items() if v is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def evaluate(body=MSE, loss="MSELoss", headers=None):
    """The bytes of an evaluation request in JSON."""
    return request("POST", f"/v1/losses/{loss}", body, {"Content-Type": JSON, **(headers or {})})


def slow_body(side=8000):
    """An evaluation of side x side elements from a small body: 64 million of them take a while."""
    column = "[" + ",".join(["[1]"] * side) + "]"
    row = "[[" + ",".join(["0"] * side) + "]]"
    return ('{"input":%s,"target":%s,"options":{"definition":"pytorch"}}' % (column, row)).encode()


class Server:
    """lossd as a child process; a context manager that stops it and checks that it ended well."""

    def __init__(self, *flags, env=None, expect_exit=0, **popen):
        if "--unix-socket" not in flags:
            flags = ("--port", "0") + flags
        environment = {k: v for k, v in os.environ.items() if not k.startswith("LOSSD_")}
        environment.update(env or {})
        self.expect_exit = expect_exit
        self.errors = None
        self.process = subprocess.Popen([BINARY, "--log-format", "none", *flags], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment, **popen)
        self.line = self.process.stdout.readline().strip()
        if not self.line.startswith("lossd listening on "):
            self.process.kill()
            raise RuntimeError(f"lossd did not start: {self.line!r} {self.process.communicate()[1]}")
        self.url = self.line.rsplit(" ", 1)[1]
        found = re.search(r":(\d+)$", self.url)
        self.port = int(found.group(1)) if found else None

    def connect(self):
        return Connection(socket.create_connection(("127.0.0.1", self.port)))

    def ask(self, data, head=False):
        """One request on a connection of its own."""
        with self.connect() as connection:
            return connection.send(data).response(head)

    def get(self, path, headers=None):
        return self.ask(request("GET", path, headers=headers))

    def peak_memory(self):
        """The most that was resident, in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) * 1024

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, timeout=120):
        """The exit code; what was written to standard error is in self.errors."""
        if self.errors is None:
            try:
                _, self.errors = self.process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.signal()
        code = self.wait()
        if kind is None and code != self.expect_exit:
            raise AssertionError(f"lossd ended with {code}, expected {self.expect_exit}: {self.errors[-4000:]}")


class SharedServer(unittest.TestCase):
    """Tests of one class share one server; FLAGS are its flags."""

    FLAGS = ()

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.server = cls.stack.enter_context(Server(*cls.FLAGS))

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def ask(self, data, head=False):
        return self.server.ask(data, head)
