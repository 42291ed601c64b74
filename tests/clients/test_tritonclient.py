"""NVIDIA's tritonclient, unchanged, against lossd: its blocking client and its asyncio client."""
import asyncio
import unittest

import ml_dtypes
import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException

from common import SharedServer

INPUT = np.array([[1.5, -2.0, 0.25], [3.0, 0.0, -1.0]])
TARGET = np.array([[1.0, -1.0, 0.5], [1.0, 2.0, -1.0]])
TYPES = {"FP64": np.float64, "FP32": np.float32, "FP16": np.float16, "BF16": ml_dtypes.bfloat16}


def inputs(datatype="FP32", binary=(True, True)):
    made = []
    for name, values, is_binary in (("input", INPUT, binary[0]), ("target", TARGET, binary[1])):
        tensor = triton.InferInput(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values.astype(TYPES[datatype]), binary_data=is_binary)
        made.append(tensor)
    return made


def outputs(*names, binary=True):
    return [triton.InferRequestedOutput(name, binary_data=binary) for name in names]


class Blocking(SharedServer):
    def setUp(self):
        self.client = triton.InferenceServerClient(f"127.0.0.1:{self.server.port}")
        self.addCleanup(self.client.close)

    def test_health(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("MSELoss"))
        self.assertTrue(self.client.is_model_ready("MSELoss", "1"))
        self.assertFalse(self.client.is_model_ready("Nope"))
        self.assertFalse(self.client.is_model_ready("MSELoss", "2"))

    def test_metadata(self):
        server = self.client.get_server_metadata()
        self.assertEqual(server["name"], "lossd")
        self.assertIn("binary_tensor_data", server["extensions"])
        for version in ("", "1"):
            model = self.client.get_model_metadata("CrossEntropyLoss", version)
            self.assertEqual((model["name"], model["versions"], model["platform"]), ("CrossEntropyLoss", ["1"], "lossd"))
            self.assertEqual([i["name"] for i in model["inputs"]],
                             ["input", "target", "weight", "sample_weight", "grad_output"])
            self.assertEqual([o["name"] for o in model["outputs"]],
                             ["loss", "numerator", "denominator", "grad.input", "grad.target"])

    def test_binary_and_json_mixed_both_ways(self):
        expected = ((INPUT - TARGET) ** 2).sum()
        for in_binary in ((True, True), (True, False), (False, True), (False, False)):
            for out_binary in (True, False):
                with self.subTest(inputs=in_binary, outputs=out_binary):
                    answer = self.client.infer(
                        "MSELoss", inputs(binary=in_binary), request_id="a1", parameters={"reduction": "sum"},
                        outputs=outputs("loss", binary=out_binary) + outputs("grad.input", binary=not out_binary))
                    self.assertEqual(answer.as_numpy("loss"), expected)
                    np.testing.assert_array_equal(answer.as_numpy("grad.input"), 2 * (INPUT - TARGET))
                    self.assertIsNone(answer.as_numpy("numerator"))
                    self.assertEqual(answer.get_response()["id"], "a1")
                    self.assertEqual(answer.get_response()["model_version"], "1")

    def test_no_outputs_means_all(self):
        answer = self.client.infer("MSELoss", inputs(), query_params={"trace": "1"})
        self.assertEqual([o["name"] for o in answer.get_response()["outputs"]],
                         ["loss", "numerator", "denominator", "grad.input", "grad.target"])
        self.assertEqual(answer.as_numpy("denominator"), 6)

    def test_every_floating_type(self):
        for datatype in TYPES:
            with self.subTest(datatype):
                answer = self.client.infer("MSELoss", inputs(datatype), parameters={"reduction": "sum"},
                                           outputs=outputs("loss", "grad.target"))
                self.assertEqual(answer.get_output("grad.target")["datatype"], datatype)
                self.assertEqual(answer.as_numpy("loss"), ((INPUT - TARGET) ** 2).sum())
                np.testing.assert_array_equal(answer.as_numpy("grad.target"), 2 * (TARGET - INPUT))

    def test_sixteen_bit_outputs_as_json(self):
        answer = self.client.infer("MSELoss", inputs("FP16"), parameters={"reduction": "sum"},
                                   outputs=outputs("grad.input", binary=False))
        np.testing.assert_array_equal(answer.as_numpy("grad.input"), 2 * (INPUT - TARGET))

    def test_class_indices_empty_tensors_and_scalars(self):
        logits = triton.InferInput("input", [2, 3], "FP32")
        logits.set_data_from_numpy(INPUT.astype(np.float32))
        target = triton.InferInput("target", [2], "INT64")
        target.set_data_from_numpy(np.array([0, 2], np.int64))
        answer = self.client.infer("CrossEntropyLoss", [logits, target], outputs=outputs("loss"))
        exp = np.exp(INPUT)
        expected = -np.log(exp[[0, 1], [0, 2]] / exp.sum(1)).mean()
        self.assertAlmostEqual(float(answer.as_numpy("loss")), expected, places=5)
        for shape in ([0], []):
            pair = []
            for name in ("input", "target"):
                pair.append(triton.InferInput(name, shape, "FP32"))
                pair[-1].set_data_from_numpy(np.zeros(shape, np.float32))
            answer = self.client.infer("MSELoss", pair, parameters={"reduction": "sum"}, outputs=outputs("loss"))
            self.assertEqual(answer.as_numpy("loss"), 0)

    def test_compressed_requests_and_versions(self):
        answer = self.client.infer("MSELoss", inputs(), model_version="1", request_compression_algorithm="gzip",
                                   outputs=outputs("denominator"))
        self.assertEqual(answer.as_numpy("denominator"), 6)

    def test_timeouts_are_microseconds(self):
        answer = self.client.infer("MSELoss", inputs(), timeout=10_000_000, outputs=outputs("denominator"))
        self.assertEqual(answer.as_numpy("denominator"), 6)

    def test_errors_are_readable(self):
        cases = [
            ("MSELos", {}, "did you mean MSELoss?", "404"),
            ("MSELoss", {"parameters": {"reduction": "avg"}}, "mean, sum", "422"),
            ("MSELoss", {"parameters": {"redution": "sum"}}, "did you mean reduction?", "422"),
            ("MSELoss", {"outputs": outputs("los")}, "did you mean loss?", "400"),
            ("MSELoss", {"outputs": outputs("numerator"), "parameters": {"reduction": "none"}}, "numerator", "400"),
            ("MSELoss", {"model_version": "2"}, "version", "404"),
        ]
        for model, arguments, words, status in cases:
            with self.subTest(words), self.assertRaises(InferenceServerException) as caught:
                self.client.infer(model, inputs(), **arguments)
            self.assertIn(words, caught.exception.message())
            self.assertIn(status, str(caught.exception.status()))
        self.assertTrue(self.client.is_server_live())


class Asyncio(SharedServer):
    def run_with_client(self, use):
        async def main():
            async with triton_aio.InferenceServerClient(f"127.0.0.1:{self.server.port}") as client:
                return await use(client)
        return asyncio.run(main())

    def test_health_and_metadata(self):
        async def use(client):
            return (await client.is_server_ready(), await client.is_model_ready("MSELoss"),
                    await client.get_model_metadata("MSELoss"))
        ready, model_ready, metadata = self.run_with_client(use)
        self.assertTrue(ready and model_ready)
        self.assertEqual(metadata["platform"], "lossd")

    def test_many_at_once(self):
        async def use(client):
            requests = [client.infer("MSELoss", inputs(binary=(i % 2 == 0, i % 3 == 0)), request_id=str(i),
                                     parameters={"reduction": "sum"},
                                     outputs=outputs("loss", "grad.input", binary=i % 5 != 0))
                        for i in range(40)]
            return await asyncio.gather(*requests)
        for i, answer in enumerate(self.run_with_client(use)):
            self.assertEqual(answer.get_response()["id"], str(i))
            self.assertEqual(answer.as_numpy("loss"), ((INPUT - TARGET) ** 2).sum())
            np.testing.assert_array_equal(answer.as_numpy("grad.input"), 2 * (INPUT - TARGET))

    def test_errors_are_readable(self):
        async def use(client):
            with self.assertRaises(InferenceServerException) as caught:
                await client.infer("MSELoss", inputs(), parameters={"reduction": "avg"})
            return caught.exception.message()
        self.assertIn("mean, sum", self.run_with_client(use))


if __name__ == "__main__":
    unittest.main()
