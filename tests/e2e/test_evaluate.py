"""Evaluations over real sockets: the README's request, every golden vector, many clients, large bodies."""

import base64
import concurrent.futures
import gzip
import http.client
import json
import math
import pathlib
import struct
import unittest
import urllib.parse

from server import JSON, SharedServer

ROOT = pathlib.Path(__file__).parent.parent.parent
RAW, SAFETENSORS = "application/octet-stream", "application/vnd.safetensors"


def number(x):
    return float(x) if isinstance(x, str) else x


def flat(x):
    """The numbers of a nested array, or of a tensor object, in order."""
    if isinstance(x, dict):
        x = x["data"]
    if not isinstance(x, list):
        return [number(x)]
    return [n for item in x for n in flat(item)]


def largest(values, least=1.0):
    return max([least] + [abs(v) for v in values if math.isfinite(v)])


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def post(self, loss, body, content_type="application/json", query="", **headers):
        headers = {"Content-Type": content_type, **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.connection.request("POST", f"/v1/losses/{loss}{query}", body, headers)
        answer = self.connection.getresponse()
        return answer, answer.read()

    def evaluate(self, loss, request, **headers):
        answer, body = self.post(loss, json.dumps(request) if isinstance(request, dict) else request, **headers)
        assert answer.status == 200, (answer.status, body[:500])
        return json.loads(body)


    def infer(self, model, request, query=""):
        self.connection.request("POST", f"/v2/models/{model}/infer{query}", json.dumps(request))
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (answer.status, body[:500])
        return json.loads(body)


class Evaluate(SharedServer):
    def setUp(self):
        self.client = self.new_client()

    def new_client(self):
        client = Client(self.server.port)
        self.addCleanup(client.connection.close)
        return client

    def test_the_digits_get_pytorchs_answer(self):
        request = json.loads((ROOT / "examples/digits/digits.json").read_text())
        expected = json.loads((ROOT / "examples/digits/expected.json").read_text())
        got = self.client.evaluate("CrossEntropyLoss", {**request, "gradients": ["input"]})
        self.assertAlmostEqual(got["loss"], expected["loss"], delta=1e-14)
        self.assertEqual(got["denominator"], 1797)
        for row, wanted in zip(got["gradients"]["input"], expected["gradients"]["input"]):
            for g, w in zip(row, wanted):
                self.assertAlmostEqual(g, w, delta=1e-12 * abs(w) + 1e-17)

    def test_the_contracts_example(self):
        answer, body = self.client.post("CrossEntropyLoss", json.dumps({
            "input": [[0.2, 1.5]], "target": [1], "options": {"reduction": "sum"}, "gradients": ["input"], "id": "a1"}))
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.getheader("Content-Type"), "application/json")
        got = json.loads(body)
        self.assertEqual(list(got), ["loss", "numerator", "denominator", "gradients", "id"])
        self.assertAlmostEqual(got["loss"], 0.2410084538329922, delta=1e-16)
        self.assertEqual(got["id"], "a1")
        gradient = got["gradients"]["input"][0]
        self.assertAlmostEqual(gradient[0], 0.2141650169574414, delta=1e-16)
        self.assertEqual(gradient[0], -gradient[1])

    def test_server_timing(self):
        answer, _ = self.client.post("MSELoss", '{"input": 1, "target": 2}')
        self.assertRegex(answer.getheader("Server-Timing"),
                         r"^queue;dur=[\d.]+, decode;dur=[\d.]+, compute;dur=[\d.]+, encode;dur=[\d.]+$")
        self.assertRegex(answer.getheader("Server"), r"^lossd/")

    def test_an_id_is_echoed_by_every_format_an_empty_one_too(self):
        pair, query = {"input": 1, "target": 3}, "?input=float64:&target=float64:&id="
        tensors = struct.pack("<2d", 1, 3)
        header = json.dumps({n: {"dtype": "F64", "shape": [], "data_offsets": [8 * i, 8 * i + 8]}
                             for i, n in enumerate(pair)}).encode()
        for given in ("", "a1", "\u00e4 b"):
            body, text = json.dumps({**pair, "id": given}), urllib.parse.quote(given)
            self.assertEqual(self.client.evaluate("MSELoss", body)["id"], given)
            for kind, got in ((RAW, self.client.post("MSELoss", tensors, RAW, query + text)[0]),
                              (JSON, self.client.post("MSELoss", body, Accept=RAW)[0])):
                self.assertEqual((got.getheader("Lossd-Id") or "").encode("latin-1").decode(), given, kind)
                self.assertIn("Lossd-Id", got.headers, kind)
            file = struct.pack("<Q", len(header)) + header + tensors
            _, answer = self.client.post("MSELoss", file, SAFETENSORS, "?id=" + text)
            self.assertEqual(json.loads(answer[8:8 + struct.unpack("<Q", answer[:8])[0]])["__metadata__"], {"id": given})
            inputs = [{"name": n, "shape": [], "datatype": "FP64", "data": [v]} for n, v in pair.items()]
            self.assertEqual(self.client.infer("MSELoss", {"id": given, "inputs": inputs})["id"], given)

    def test_the_inference_protocol_leaves_queries_alone(self):
        """Its clients let their callers add one, for what stands between."""
        inputs = [{"name": n, "shape": [], "datatype": "FP64", "data": [v]} for n, v in (("input", 1), ("target", 3))]
        got = [self.client.infer("MSELoss", {"inputs": inputs}, query) for query in ("", "?trace=1&reduction=none&reduction=%FF")]
        self.assertEqual(got[0], got[1])

    def compare(self, name, got, want, absolute):
        self.assertEqual(len(got), len(want), name)
        for g, w in zip(got, want):
            if g == w or (math.isnan(g) and math.isnan(w)):
                continue
            if not abs(g - w) <= 1e-12 * abs(w) + absolute:
                self.fail(f"{name}: {g!r} is not {w!r}")

    def check_golden(self, path, client):
        for line in path.read_text().splitlines():
            case = json.loads(line)
            name = f"{path.parent.name} {path.stem}, {case['name']}"
            got = client.evaluate(path.stem, case["request"])
            expect = case["expect"]
            inputs = [v for k, v in case["request"].items() if k not in ("options", "gradients", "id")]
            scale = largest([n for v in inputs for n in flat(v)])
            absolute = 1e-14 * scale + case.get("tolerance", 0)
            for key in ("loss", "numerator", "denominator"):
                if key in expect:
                    self.compare(f"{name}: {key}", flat(got[key]), flat(expect[key]), absolute)
            wanted = expect.get("gradients", {})
            self.assertEqual(sorted(got.get("gradients", {})), sorted(wanted), name)
            for role, gradient in wanted.items():
                want = flat(gradient)
                self.compare(f"{name}: gradient of {role}", flat(got["gradients"][role]), want,
                             1e-14 * largest(want, scale) + case.get("tolerance", 0))

    def test_golden_vectors(self):
        files = sorted((ROOT / "tests/golden").glob("*/*.jsonl"))
        self.assertEqual(len(files), 42)
        client = self.new_client()
        for path in files:
            with self.subTest(file=f"{path.parent.name}/{path.name}"):
                self.check_golden(path, client)

    def test_64_clients_at_once_each_get_their_own_answer(self):
        def run(k):
            client = self.new_client()
            return [client.evaluate("MSELoss", {"input": [k, i], "target": [0, 0], "options": {"reduction": "sum"},
                                                "id": f"{k}-{i}"}) for i in range(20)]
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            for k, answers in enumerate(pool.map(run, range(64))):
                for i, got in enumerate(answers):
                    self.assertEqual((got["loss"], got["id"]), (k * k + i * i, f"{k}-{i}"))

    def test_a_body_of_50_megabytes(self):
        n = 5_000_000
        numbers = b"[" + b",".join([b"0.25"] * n) + b"]"
        body = b'{"input": ' + numbers + b', "target": ' + numbers.replace(b"0.25", b"0.75") + b"}"
        self.assertGreater(len(body), 50_000_000)
        self.assertEqual(self.client.evaluate("MSELoss", body), {"loss": 0.25, "numerator": n / 4, "denominator": n})

    def test_a_gzipped_request(self):
        body = gzip.compress(b'{"input": [1, 2], "target": [1, 4]}')
        self.assertEqual(self.client.evaluate("MSELoss", body, Content_Encoding="gzip")["loss"], 2)

    def test_non_finite_numbers_and_negative_zero(self):
        answer, body = self.client.post("MSELoss", '{"input": [NaN, "Infinity", 1], "target": [0, 0, 1], '
                                        '"options": {"reduction": "none"}, "gradients": ["target"]}')
        self.assertEqual(body, b'{"loss":["NaN","Infinity",0],"gradients":{"target":["NaN","-Infinity",-0.0]}}')

    def test_base64_and_the_object_form(self):
        data = struct.pack("<2f", 1, 2).hex()
        encoded = base64.b64encode(bytes.fromhex(data)).decode()
        got = self.client.evaluate("MSELoss", {
            "input": {"base64": encoded, "shape": [2], "dtype": "float32"},
            "target": {"data": [1, 4], "dtype": "float32"}, "gradients": True})
        self.assertEqual(got, {"loss": 2, "numerator": 4, "denominator": 2,
                               "gradients": {"input": [0, -2], "target": [-0.0, 2]}})


if __name__ == "__main__":
    unittest.main()
