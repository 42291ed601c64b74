"""Every case of tests/hostile over a real socket: the answer, the connection, and the next client."""

import json
import pathlib
import re
import socket
import unittest

from server import SharedServer, evaluate, request

CASES = pathlib.Path(__file__).parent.parent / "hostile"


def load(name):
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text().splitlines()]


def to_bytes(spec, encoding="utf-8"):
    if isinstance(spec, str):
        return spec.encode(encoding)
    if isinstance(spec, dict):
        return bytes.fromhex(spec["hex"])
    return b"".join(text.encode(encoding) * times for text, times in spec)


def answer(connection):
    """The next response, or None when the connection is closed without one."""
    try:
        return connection.response()
    except EOFError:
        return None


def send(connection, data):
    try:
        connection.send(data)
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused in mid-body: the answer is still to be read


class Checklist(unittest.TestCase):
    """The table in tests/hostile/README.md names, for each kind of input, the cases that show what it gets."""

    TESTS = CASES.parent

    def names(self, file):
        """What that file has by way of cases: those of a table, or functions and lines of tables of a program."""
        if file == "refusals":
            return [json.loads(line)["name"] for line in (self.TESTS / "golden/refusals.jsonl").read_text().splitlines()]
        if (CASES / f"{file}.jsonl").exists():
            return [case["name"] for case in load(file)]
        text = "".join(path.read_text() for pattern in (f"e2e/{file}.py", f"{file}.c") for path in self.TESTS.glob(pattern))
        found = re.findall(r'def (test_\w+)|cmocka_unit_test\((\w+)\)|^ {8}"([^"]+)": \(\d', text, re.M)
        return ["".join(groups) for groups in found]

    def test_every_case_that_is_named_exists(self):
        rows = [line for line in (CASES / "README.md").read_text().splitlines() if line.startswith("| ")][1:]
        self.assertGreater(len(rows), 50)
        for row in rows:
            cases = [case.split(": ", 1) for case in re.findall("`([a-z_0-9]+: [^`]+)`", row)]
            self.assertTrue(cases or row.startswith("| **"), f"no case: {row}")
            for file, name in cases:
                with self.subTest(file=file, case=name):
                    self.assertIn(name, self.names(file))


class Hostile(SharedServer):
    FLAGS = ("--max-elements", "1000000000")

    def check_good_request(self):
        got = self.ask(evaluate())
        self.assertEqual((got.status, got.json()), (200, {"loss": 2, "numerator": 4, "denominator": 2}))

    def check_answer(self, case, got):
        if got is None:
            self.assertIsNone(case["status"], "closed without an answer")
            return
        status, headers, body = got.status, got.headers, got.body
        if case["status"] is not None:
            self.assertEqual(status, case["status"], body[:300])
        for name, value in case.get("headers_out", {}).items():
            self.assertEqual(headers.get(name.lower()), value)
        if isinstance(case.get("answer"), dict):
            self.assertEqual({"hex": body.hex()} if "hex" in case["answer"] else json.loads(body), case["answer"])
        if status < 400 or not headers.get("content-type", "").startswith(("application/problem+json", "application/json")):
            return
        problem = json.loads(body)
        for member in ("code", "offset"):
            if case.get(member) is not None:
                self.assertEqual(problem.get(member), case[member], body)
        if case.get("pointer"):  # or an element inside it
            self.assertRegex(problem.get("pointer", ""), f"^{re.escape(case['pointer'])}(/|$)", body)
        self.assertIn(case.get("detail", ""), problem.get("detail", ""), body)
        self.assertIn(case.get("hint", ""), problem.get("hint", "") + problem.get("error", ""), body)

    def run_http(self, case):
        with self.server.connect() as connection:
            send(connection, to_bytes(case["raw"], "latin-1"))
            if case["status"] is None:
                connection.sock.shutdown(socket.SHUT_WR)
            self.check_answer(case, answer(connection))
            if case["survives"]:
                self.check_usable(connection)
            else:
                connection.sock.settimeout(5)
                self.assertTrue(connection.closed(), "the connection must be closed")

    def check_usable(self, connection):
        send(connection, request("GET", "/livez"))
        got = answer(connection)
        self.assertTrue(got and got.status == 200, "the connection must survive")

    def run_post(self, case, content_type):
        body = to_bytes(case["body"])
        path = case.get("path", f"/v1/losses/{case.get('loss', 'MSELoss')}")
        query = f"?{case['query']}" if case.get("query") else ""
        with self.server.connect() as connection:
            send(connection, request("POST", path + query, body, {"Content-Type": content_type, **case.get("headers", {})}))
            self.check_answer(case, answer(connection))
            self.check_usable(connection)

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

    def test_no_problem_repeats_more_than_128_bytes_of_its_request(self):
        """However often it names what was wrong: in error, detail and pointer."""
        long = "Q" * 3000
        one = {"shape": [1], "datatype": "FP32", "data": [1]}
        bodies = [{"zz" + long: 1}, {"input": {"dtype": long, "data": 1}}, {"input": {long: 1}}, {"options": {long: 1}},
                  {"options": {"reduction": long}}, {"gradients": [long]}]
        inferences = [{long: 1}, {"inputs": [], "parameters": {long: 1}}, {"inputs": [{"name": long, **one}]},
                      {"inputs": [{"name": "input", long: 1, **one}]}, {"inputs": [], "outputs": [{"name": long}]},
                      {"inputs": [{"name": "input", **one, "datatype": long}]}]
        requests = [evaluate(json.dumps({"input": 1, "target": 1, **body}).encode()) for body in bodies]
        requests += [request("POST", "/v2/models/MSELoss/infer", json.dumps(body).encode()) for body in inferences]
        requests.append(request("GET", f"/v2/models/{long}"))
        for data in requests:
            got = self.ask(data)
            self.assertGreaterEqual(got.status, 400)
            self.assertLessEqual(got.body.count(b"Q"), 128, got)

    def test_refusals_of_every_loss(self):
        """The generated refusals: each option, role, shape and domain of each loss."""
        lines = (CASES.parent / "golden" / "refusals.jsonl").read_text().splitlines()
        self.assertGreater(len(lines), 1000)
        with self.server.connect() as connection:
            for line in lines:
                case = json.loads(line)
                with self.subTest(loss=case["loss"], case=case["name"]):
                    send(connection, evaluate(json.dumps(case["request"]).encode(), case["loss"]))
                    self.check_answer(case, answer(connection))


if __name__ == "__main__":
    unittest.main()
