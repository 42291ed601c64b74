"""Files that the safetensors package writes, and answers that it reads. Those of PyTorch: clients/python/tests/test_torch.py."""
import json
import unittest

import numpy as np
import requests
import safetensors
import safetensors.numpy

from common import SharedServer

SAFETENSORS = "application/vnd.safetensors"


class Files(SharedServer):
    def post(self, body, loss="MSELoss", headers=None, **query):
        return requests.post(f"{self.server.url}/v1/losses/{loss}", params=query, data=body,
                             headers={"Content-Type": SAFETENSORS, **(headers or {})}, timeout=60)

    def test_every_numpy_type(self):
        for dtype in (np.float64, np.float32, np.float16, np.int64, np.int32, np.int16, np.int8, np.uint8, np.bool_):
            with self.subTest(dtype=dtype.__name__):
                x = np.array([[1, 0, 1], [0, 1, 1]]).astype(dtype)
                y = np.full((2, 3), 0.5)
                response = self.post(safetensors.numpy.save({"input": x, "target": y}), reduction="sum", gradients="true")
                self.assertEqual(response.status_code, 200, response.text)
                answer = safetensors.numpy.load(response.content)
                self.assertEqual(answer["loss"], 1.5)
                self.assertEqual(answer["numerator"].dtype, np.float64)
                np.testing.assert_array_equal(answer["grad.target"], 2 * (y - x.astype(float)))
                self.assertEqual("grad.input" in answer, np.issubdtype(dtype, np.floating))
                if "grad.input" in answer:
                    self.assertEqual(answer["grad.input"].dtype, dtype)

    def test_metadata_of_files_is_welcome_and_the_id_comes_back_in_it(self):
        x = np.ones(3, np.float32)
        body = safetensors.numpy.save({"input": x, "target": x}, metadata={"format": "np", "note": "\u00e4"})
        response = self.post(body, id="\u00e41", gradients="input")
        self.assertEqual(response.headers["Content-Type"], SAFETENSORS)
        self.assertEqual(metadata(response.content), {"id": "\u00e41"})
        self.assertEqual(set(safetensors.numpy.load(response.content)),
                         {"loss", "numerator", "denominator", "grad.input"})

    def test_any_format_answers(self):
        x = np.array([3.0], np.float32)
        body = safetensors.numpy.save({"input": x, "target": 0 * x})
        self.assertEqual(self.post(body, headers={"Accept": "application/json"}).json()["loss"], 9)
        raw = self.post(body, headers={"Accept": "application/octet-stream"})
        self.assertEqual(raw.headers["Lossd-Tensors"], "loss=float32:&numerator=float64:&denominator=float64:")
        response = requests.post(f"{self.server.url}/v1/losses/MSELoss", json={"input": [3], "target": [0]},
                                 headers={"Accept": SAFETENSORS}, timeout=60)
        self.assertEqual(safetensors.numpy.load(response.content)["loss"], 9)

    def test_unsigned_types_are_refused_with_a_hint(self):
        x = np.ones(3, np.uint32)
        response = self.post(safetensors.numpy.save({"input": x, "target": x}))
        self.assertEqual(response.status_code, 422)
        self.assertIn("I64", response.json()["hint"])


def metadata(file):
    """The package shows the metadata of files on disk only."""
    length = int.from_bytes(file[:8], "little")
    return json.loads(file[8:8 + length])["__metadata__"]


if __name__ == "__main__":
    unittest.main()
