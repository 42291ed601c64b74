"""Memory that runs out: each allocation that a request makes fails in turn, in the server, its libraries included. The
answer is 503 with a problem, or the right one, or the connection ends; the next request is answered right, and nothing is
lost. Needs the library of tests/faults."""
import gzip
import json
import mmap
import os
import struct
import tempfile
import time
import unittest

from server import JSON, MSE, Server, evaluate, request

LIBRARY = os.environ["LOSSD_FAULTS_LIBRARY"]
RAW = "application/octet-stream"
SAFETENSORS = "application/vnd.safetensors"


class Faults:
    """The server's side of struct faults in tests/faults/failing_memory.c."""

    def __init__(self):
        self.file = tempfile.NamedTemporaryFile()
        self.file.write(bytes(32))
        self.file.flush()
        self.shared = mmap.mmap(self.file.fileno(), 32)

    def _get(self, i):
        return struct.unpack_from("<q", self.shared, 8 * i)[0]

    def _set(self, i, value):
        struct.pack_into("<q", self.shared, 8 * i, value)

    def arm(self, n, lasting):
        self._set(1, lasting)
        self._set(2, 0)
        self._set(0, n)

    def disarm(self):
        """How many allocations failed."""
        self._set(0, 0)
        return self._get(2)

    @property
    def live(self):
        return self._get(3)


def safetensors(tensors):
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        piece = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def infer(members, binary=b""):
    text = json.dumps(members).encode()
    headers = {"Inference-Header-Content-Length": str(len(text))} if binary else {}
    return request("POST", "/v2/models/MSELoss/infer", text + binary, {"Content-Type": JSON, **headers})


def chunked(body, size=30000):
    pieces = [body[i:i + size] for i in range(0, len(body), size)]
    head = request("POST", "/v1/losses/MSELoss", headers={"Content-Type": JSON, "Transfer-Encoding": "chunked"})
    return head + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


VECTOR = [float(i % 7) for i in range(100000)]
LARGE = json.dumps({"input": VECTOR, "target": VECTOR[::-1], "gradients": True}).encode()
TENSOR = {"shape": [1], "datatype": "FP32"}
BROADCAST = json.dumps({"input": [[1.0]] * 50, "target": [[0.5] * 2000], "gradients": True,
                        "options": {"broadcast": True}}).encode()
REQUESTS = {
    "JSON": evaluate(MSE),
    "JSON, all members": evaluate(json.dumps({
        "input": [[0.2, 1.5]], "target": [1], "sample_weight": 2, "options": {"reduction": "sum"},
        "gradients": ["input"], "id": "a\u00e9\n"}).encode(), "CrossEntropyLoss"),
    "JSON, base64": evaluate(json.dumps({
        "input": {"dtype": "float64", "shape": [1], "base64": "AAAAAAAA8D8="}, "target": [1]}).encode()),
    "JSON, large": evaluate(LARGE),
    "JSON, chunked": chunked(LARGE[:200] + b" " * 300000 + LARGE[200:]),
    "JSON, gzip": evaluate(gzip.compress(LARGE), headers={"Content-Encoding": "gzip"}),
    "shared gradients": evaluate(BROADCAST),
    "CTCLoss": evaluate(json.dumps({"input": [[[-1.0] * 4]] * 9, "target": [[1, 2, 3]], "gradients": True}).encode(), "CTCLoss"),
    "expression": evaluate(json.dumps({"anchor": [[1, 2]], "positive": [[2, 1]], "negative": [[4, 4]], "gradients": True,
                                       "options": {"distance_expression": "sum(abs(a-b)^1.5)"}}).encode(),
                           "TripletMarginWithDistanceLoss"),
    "raw": request("POST", "/v1/losses/MSELoss?input=float32:2&target=float32:2&gradients=input&id=x",
                   struct.pack("<4f", 1, 2, 1, 4), {"Content-Type": RAW}),
    "raw, large": request("POST", "/v1/losses/L1Loss?input=float32:100000&target=float32:100000&gradients=input,target",
                          struct.pack("<200000f", *VECTOR, *VECTOR[::-1]), {"Content-Type": RAW}),
    "safetensors": request("POST", "/v1/losses/MSELoss?gradients=input&id=x",
                           safetensors({"input": ([2], [1, 2]), "target": ([2], [1, 4])}), {"Content-Type": SAFETENSORS}),
    "raw to JSON": request("POST", "/v1/losses/MSELoss?input=float32:2&target=float32:2", struct.pack("<4f", 1, 2, 1, 4),
                           {"Content-Type": RAW, "Accept": JSON}),
    "Open Inference": infer({"inputs": [{"name": n, "data": [1.0], **TENSOR} for n in ("input", "target")]}),
    "Open Inference, binary": infer(
        {"inputs": [{"name": n, "parameters": {"binary_data_size": 4}, **TENSOR} for n in ("input", "target")],
         "parameters": {"binary_data_output": True}}, struct.pack("<2f", 1, 3)),
    "a refusal": evaluate(b'{"input": [1], "target": [1, 2]}'),
    "not JSON": evaluate(b'{"input": [1'),
    "unknown path": request("GET", "/nowhere"),
    "catalogue": request("GET", "/v1/losses"),
    "one loss": request("GET", "/v1/losses/MSELoss"),
    "metrics": request("GET", "/metrics"),
    "OpenAPI": request("GET", "/openapi.json"),
    "playground": request("GET", "/"),
    "model": request("GET", "/v2/models/MSELoss"),
    "probe": request("GET", "/livez"),
}


class FailingMemory(unittest.TestCase):
    def setUp(self):
        self.faults = Faults()
        environment = {"LD_PRELOAD": LIBRARY, "LOSSD_FAULTS": self.faults.file.name}
        self.server = self.enterContext(Server("--workers", "2", env=environment))

    def enterContext(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def answer(self, data):
        """The answer, or None when the connection ends without one."""
        try:
            with self.server.connect() as connection:
                return connection.send(data).response()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return None

    def check(self, got, good):
        if got is None:
            return
        if got.status == 503:
            self.assertIn(got.headers["content-type"], ("application/problem+json", JSON))
            self.assertIn(got.code, ("out_of_memory", "overloaded"))
            self.assertEqual(got.headers["retry-after"], "1")
            return
        self.assertEqual(got.status, good.status)
        if "openmetrics" not in good.headers["content-type"] and "version=0.0.4" not in good.headers["content-type"]:
            self.assertEqual(got.body, good.body)

    def settled(self):
        """Blocks that live while no request is under way."""
        deadline = time.monotonic() + 30
        before, same = None, 0
        while same < 5 and time.monotonic() < deadline:
            now = self.faults.live
            before, same = now, same + 1 if now == before else 0
            time.sleep(0.005)
        return before

    def fail_in_turn(self, name, data, lasting):
        good = self.answer(data)
        self.assertIsNotNone(good)
        live = self.settled()
        for n in range(1, 500):
            with self.subTest(request=name, allocation=n, lasting=lasting):
                self.faults.arm(n, lasting)
                got = self.answer(data)
                failed = self.faults.disarm()
                self.check(got, good)
                again = self.answer(data)
                self.assertIsNotNone(again, "the server must go on serving")
                self.assertEqual(again.status, good.status)
                if not failed:
                    break
        else:
            self.fail(f"{name} has no end of allocations")
        self.assertGreater(n, 1, "no allocation failed: is the library loaded?")
        self.assertLessEqual(self.settled(), live + 2, f"{name}: blocks are lost")  # spare requests and batches are kept

    def test_each_allocation_fails_once(self):
        for name, data in REQUESTS.items():
            self.fail_in_turn(name, data, 0)

    def test_each_allocation_and_all_after_it_fail(self):
        for name, data in REQUESTS.items():
            self.fail_in_turn(name, data, 1)


if __name__ == "__main__":
    unittest.main()
