"""The OpenAPI document's example for each code of an error: the wrong request is sent, and answered as described."""

import contextlib
import json
import pathlib
import resource
import sys
import tempfile
import time
import unittest

from server import JSON, SANITIZED, Server, request
from test_tls import Certificates

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "api"))
from openapi_problems import INFERENCE_PROBLEMS, PROBLEMS  # noqa: E402

DOCUMENT = json.loads((ROOT / "api/openapi.json").read_text())
PROBLEM = "application/problem+json"
REFUSING = {"Allow", "Retry-After", "WWW-Authenticate", "Accept-Encoding"}
UNSEEN = {"cancelled"}  # of requests whose client went away


def described(kind):
    """{code: problem} of the document's answers of this kind, by content type."""
    examples = [example["value"] for response in DOCUMENT["components"]["responses"].values()
                for example in response.get("content", {}).get(kind, {}).get("examples", {}).values()]
    return {problem["code"]: problem for problem in examples}


def headers_of(kind, code):
    """Those that the document gives to the answer with this code."""
    return next(set(response.get("headers", {})) for response in DOCUMENT["components"]["responses"].values()
                if code in response.get("content", {}).get(kind, {}).get("examples", {}))


def bytes_of(example):
    method, path = example["line"].split(" ")
    return request(method, path, example["body"], example["headers"])


@contextlib.contextmanager
def after_another_connection(*flags):
    with Server(*flags) as server, server.connect() as other:
        other.send(request("GET", "/livez")).response()
        yield server.ask


@contextlib.contextmanager
def with_tokens():
    with tempfile.NamedTemporaryFile("w") as file:
        print("token", file=file, flush=True)
        with Server("--token-file", file.name) as server:
            yield server.ask


@contextlib.contextmanager
def with_client_certificates():
    certificates = Certificates()
    with certificates.folder, Server(*certificates.flags(), "--tls-client-ca", certificates.path("ca.pem")) as server:
        with certificates.connect(server) as connection:
            yield lambda data: connection.send(data).response()


@contextlib.contextmanager
def draining():
    """On a connection that was there before, while another's request is being received."""
    with Server() as server, server.connect() as old, server.connect() as running:
        old.send(request("GET", "/livez")).response()
        data = bytes_of(PROBLEMS["draining"])
        running.send(data[:-1])
        for _ in range(3):
            server.get("/livez")
        server.signal()
        while server.get("/readyz").status != 503:
            time.sleep(0.01)
        yield lambda sent: old.send(sent).response()
        running.send(data[-1:]).response()
        server.wait()  # a second signal would stop it at once


@contextlib.contextmanager
def slow_to_send():
    with Server("--header-timeout", "0.2", "--min-upload-rate", "1000") as server, server.connect() as connection:
        yield lambda data: connection.send(data[:-1]).response()


@contextlib.contextmanager
def short_of_memory():
    limit = 700 << 20  # bytes of address space: enough for all but the example
    with Server("--max-inflight-bytes", "100GiB", "--workers", "2",
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))) as server:
        yield server.ask


@contextlib.contextmanager
def with_flags(*flags):
    with Server(*flags) as server:
        yield server.ask


# What makes a request a wrong one where the request alone does not.
SITUATIONS = {
    "unauthorized": with_tokens, "certificate_required": with_client_certificates, "request_timeout": slow_to_send, "out_of_memory": short_of_memory, "draining": draining,
    "too_many_elements": lambda: with_flags("--max-elements", "2"),
    "too_many_requests": lambda: after_another_connection("--max-connections-per-client", "1"),
    "overloaded": lambda: after_another_connection("--max-connections", "1"),
    "deadline_exceeded": lambda: with_flags("--request-timeout", "0.001"),
}


class Problems(unittest.TestCase):
    def test_every_code_has_an_example(self):
        codes = set(DOCUMENT["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
        self.assertEqual(codes - set(described(PROBLEM)) - set(described(JSON)), UNSEEN)

    def check(self, code, ask, examples=PROBLEMS, kind=PROBLEM):
        got, wanted = ask(bytes_of(examples[code])), described(kind)[code]
        with self.subTest(code, kind=kind):
            self.assertEqual((got.status, got.json(), got.headers["content-type"]), (wanted["status"], wanted, kind))
            served = {name for name in REFUSING if name.lower() in got.headers}
            self.assertLessEqual(served, headers_of(kind, code))
            if kind == PROBLEM and code != "unsupported_media_type":  # which has Accept-Encoding for one of its causes
                self.assertEqual(served, headers_of(kind, code))

    def test_the_requests_that_are_wrong_anywhere(self):
        with Server() as server:
            for code in PROBLEMS.keys() - SITUATIONS.keys():
                self.check(code, server.ask)

    def test_the_requests_that_are_wrong_in_a_situation(self):
        for code, situation in SITUATIONS.items():
            if code == "out_of_memory" and SANITIZED:
                continue  # sanitizers reserve address space without end
            with situation() as ask:
                self.check(code, ask)

    def test_the_wrong_requests_of_the_inference_protocol(self):
        for code in INFERENCE_PROBLEMS:
            with SITUATIONS.get(code, with_flags)() as ask:
                self.check(code, ask, INFERENCE_PROBLEMS, JSON)


if __name__ == "__main__":
    unittest.main()
