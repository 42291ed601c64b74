"""Plain curl: JSON, raw tensors from files, gzip, the Open Inference Protocol by hand."""
import array
import gzip
import json
import pathlib
import subprocess
import tempfile
import unittest

from common import SharedServer


class Curl(SharedServer):
    def curl(self, path, *arguments, data=None):
        """The status, the headers by lower-case name, the body."""
        with tempfile.TemporaryDirectory() as folder:
            headers, body = pathlib.Path(folder, "headers"), pathlib.Path(folder, "body")
            done = subprocess.run(["curl", "-sS", "-D", headers, "-o", body, self.server.url + path, *arguments],
                                  input=data, capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            # curl lets the blocks of interim responses stand before the last one
            lines = headers.read_text("latin-1").strip().split("\n\n")[-1].splitlines()
            fields = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
            return int(lines[0].split()[1]), fields, body.read_bytes() if body.exists() else b""

    def test_json(self):
        status, headers, body = self.curl("/v1/losses/MSELoss", "-H", "Content-Type: application/json",
                                          "-d", '{"input": [3, 4], "target": [0, 0], "gradients": true}')
        self.assertEqual((status, headers["content-type"]), (200, "application/json"))
        self.assertEqual(json.loads(body), {"loss": 12.5, "numerator": 25, "denominator": 2,
                                            "gradients": {"input": [3, 4], "target": [-3, -4]}})

    def test_raw(self):
        tensors = array.array("f", [3, 4, 0, 0]).tobytes()
        path = "/v1/losses/MSELoss?input=float32:2&target=float32:2&gradients=input&id=a1"
        for encoding, data in (([], tensors), (["-H", "Content-Encoding: gzip"], gzip.compress(tensors))):
            status, headers, body = self.curl(path, "-H", "Content-Type: application/octet-stream", *encoding,
                                              "--data-binary", "@-", data=data)
            self.assertEqual((status, headers["content-type"]), (200, "application/octet-stream"))
            self.assertEqual(headers["lossd-tensors"],
                             "loss=float32:&numerator=float64:&denominator=float64:&grad.input=float32:2")
            self.assertEqual(headers["lossd-id"], "a1")
            self.assertEqual(array.array("f", body[:4]).tolist(), [12.5])
            self.assertEqual(array.array("d", body[4:20]).tolist(), [25, 2])
            self.assertEqual(array.array("f", body[20:]).tolist(), [3, 4])

    def test_large_raw_bodies_in_chunks(self):
        count = 1 << 20
        tensors = array.array("f", [1.0]) * count + array.array("f", [3.0]) * count
        path = "/v1/losses/MSELoss?input=float32:1024x1024&target=float32:1024x1024&gradients=true"
        status, _, body = self.curl(path, "-H", "Content-Type: application/octet-stream", "-H",
                                    "Transfer-Encoding: chunked", "--data-binary", "@-", data=tensors.tobytes())
        self.assertEqual((status, len(body)), (200, 20 + 8 * count))
        self.assertEqual(array.array("f", body[:4])[0], 4)
        self.assertEqual(set(array.array("f", body[20:20 + 4 * count])), {-4 / count})
        self.assertEqual(set(array.array("f", body[20 + 4 * count:])), {4 / count})

    def test_inference_in_binary(self):
        head = json.dumps({
            "inputs": [{"name": n, "shape": [2], "datatype": "FP32", "parameters": {"binary_data_size": 8}}
                       for n in ("input", "target")],
            "outputs": [{"name": "loss"}, {"name": "grad.input", "parameters": {"binary_data": True}}]}).encode()
        status, headers, body = self.curl(
            "/v2/models/MSELoss/infer", "-H", "Content-Type:", "-H", f"Inference-Header-Content-Length: {len(head)}",
            "--data-binary", "@-", data=head + array.array("f", [3, 4, 0, 0]).tobytes())
        self.assertEqual((status, headers["content-type"]), (200, "application/octet-stream"))
        length = int(headers["inference-header-content-length"])
        self.assertEqual(json.loads(body[:length])["outputs"], [
            {"name": "loss", "datatype": "FP32", "shape": [], "data": [12.5]},
            {"name": "grad.input", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}}])
        self.assertEqual(array.array("f", body[length:]).tolist(), [3, 4])

    def test_refusals(self):
        octets = ("-H", "Content-Type: application/octet-stream", "--data-binary", "@-")
        cases = [
            ("/v1/losses/MSELoss?input=float32:2&target=float32:2", octets, 400, "bad_body"),
            ("/v1/losses/MSELoss?input=float31:2&target=float32:2", octets, 422, "dtype_mismatch"),
            ("/v1/losses/MSELos", octets, 404, "unknown_loss"),
            ("/v1/losses/MSELoss", ("-H", "Content-Type: application/vnd.safetensors", "--data-binary", "@-"), 400,
             "bad_safetensors"),
            ("/v1/losses/MSELoss", ("-H", "Content-Type: text/plain", "--data-binary", "@-"), 415,
             "unsupported_media_type"),
            ("/v1/losses/MSELoss", (*octets, "-H", "Accept: text/html"), 406, "not_acceptable"),
            ("/v2/models/MSELoss/infer", (*octets, "-H", "Inference-Header-Content-Length: -1"), 400, "bad_body"),
            ("/v2/models/MSELoss/infer", (*octets, "-H", "Inference-Header-Content-Length: 100"), 400, "bad_body"),
        ]
        for path, arguments, status, code in cases:
            with self.subTest(path=path):
                found, _, body = self.curl(path, *arguments, data=b"{}")
                self.assertEqual((found, json.loads(body)["code"]), (status, code))
                if path.startswith("/v2"):
                    self.assertIsInstance(json.loads(body)["error"], str)


if __name__ == "__main__":
    unittest.main()
