"""Every case of tests/hostile over a real socket: the answer, the connection, and the next client."""

import json
import pathlib
import socket
import unittest

from server import Server

CASES = pathlib.Path(__file__).parent.parent / "hostile"
GOOD = b'{"input": [1, 2], "target": [1, 4]}'


def load(name):
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text().splitlines()]


def to_bytes(spec, encoding="utf-8"):
    if isinstance(spec, str):
        return spec.encode(encoding)
    if isinstance(spec, dict):
        return bytes.fromhex(spec["hex"])
    return b"".join(text.encode(encoding) * times for text, times in spec)


class Connection:
    """One connection, kept as long as the other side keeps it."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.buffer = b""

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused in mid-body: the answer is still to be read

    def more(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            piece = b""
        self.buffer += piece
        return piece

    def answer(self):
        """(status, headers, body) of the next answer, or None when the connection is closed without one."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {k.strip().lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
        status = int(lines[0].split()[1])
        length = int(headers.get("content-length", 0))
        while len(self.buffer) < length and self.more():
            pass
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return self.answer() if status == 100 else (status, headers, body)

    def is_usable(self):
        """Whether a plain request on the same connection is answered."""
        self.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        got = self.answer()
        return got is not None and got[0] == 200

    def is_closed(self):
        self.socket.settimeout(5)
        while self.more():
            pass
        return True

    def close(self):
        self.socket.close()


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--max-elements", "1000000000")
        cls.port = cls.server.port

    @classmethod
    def tearDownClass(cls):
        cls.assertEqual(cls(), cls.server.stop(), 0, "the server does not end well after the corpus")

    def check_good_request(self):
        c = Connection(self.port)
        head = f"POST /v1/losses/MSELoss HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(GOOD)}\r\n\r\n"
        c.send(head.encode() + GOOD)
        status, _, body = c.answer()
        c.close()
        self.assertEqual((status, json.loads(body)), (200, {"loss": 2, "numerator": 4, "denominator": 2}))

    def check_answer(self, case, got):
        wanted = case["status"] if isinstance(case["status"], list) else [case["status"]]
        if got is None:
            self.assertIn(None, wanted, "closed without an answer")
            return
        status, headers, body = got
        if None not in wanted:
            self.assertIn(status, wanted, body[:300])
        for name, value in case.get("headers_out", {}).items():
            self.assertEqual(headers.get(name.lower()), value)
        if status < 400 or not headers.get("content-type", "").startswith(("application/problem+json", "application/json")):
            return
        problem = json.loads(body)
        for member in ("code", "pointer", "offset"):
            if member in case and case[member] is not None:
                self.assertEqual(problem.get(member), case[member], body)
        self.assertIn(case.get("hint", ""), problem.get("hint", "") + problem.get("error", ""), body)

    def run_http(self, case):
        c = Connection(self.port)
        c.send(to_bytes(case["raw"], "latin-1"))
        if case["status"] is None:
            c.socket.shutdown(socket.SHUT_WR)
        self.check_answer(case, c.answer())
        if case["survives"] is True:
            self.assertTrue(c.is_usable(), "the connection must survive")
        elif case["survives"] is False:
            self.assertTrue(c.is_closed(), "the connection must be closed")
        c.close()

    def run_post(self, case, content_type):
        body = to_bytes(case["body"])
        path = case.get("path", f"/v1/losses/{case.get('loss', 'MSELoss')}")
        query = f"?{case['query']}" if case.get("query") else ""
        headers = {"Content-Length": len(body), **case.get("headers", {})}
        if content_type:
            headers["Content-Type"] = content_type
        fields = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        c = Connection(self.port)
        c.send(f"POST {path}{query} HTTP/1.1\r\nHost: x\r\n{fields}\r\n".encode() + body)
        self.check_answer(case, c.answer())
        self.assertTrue(c.is_usable(), "the connection must survive")
        c.close()

    def run_table(self, name, run):
        cases = load(name)
        self.assertGreater(len(cases), 10)
        for case in cases:
            with self.subTest(table=name, case=case["name"]):
                run(case)
                self.check_good_request()

    def test_http(self):
        self.run_table("http", self.run_http)

    def test_json(self):
        self.run_table("json", lambda case: self.run_post(case, "application/json"))

    def test_raw(self):
        self.run_table("raw", lambda case: self.run_post(case, case["content_type"]))

    def test_safetensors(self):
        self.run_table("safetensors", lambda case: self.run_post(case, case["content_type"]))

    def test_open_inference(self):
        self.run_table("open_inference", lambda case: self.run_post(case, None))

    def test_refusals_of_every_loss(self):
        """The generated refusals: each option, role, shape and domain of each loss."""
        lines = (CASES.parent / "golden" / "refusals.jsonl").read_text().splitlines()
        self.assertGreater(len(lines), 1000)
        c = Connection(self.port)
        for line in lines:
            case = json.loads(line)
            with self.subTest(loss=case["loss"], case=case["name"]):
                body = json.dumps(case["request"]).encode()
                head = f"POST /v1/losses/{case['loss']} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                c.send(head.encode() + body)
                self.check_answer(case, c.answer())
        c.close()


if __name__ == "__main__":
    unittest.main()
