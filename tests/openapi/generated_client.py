"""A client that openapi-python-client made from the document, against the running server: generated_client.py URL."""

import io
import json
import struct
import sys
import unittest

from generated import Client
from generated.api.catalogue import list_losses
from generated.api.losses import evaluate_huber_loss
from generated.api.open_inference import infer, inference_model
from generated.models import (
    HuberLossOptions, HuberLossOptionsReduction, HuberLossRequest, InferenceInput, InferenceInputDatatype, InferenceRequest)
from generated.types import File

# It reads JSON answers only.
CLIENT = Client(sys.argv.pop(), headers={"Accept": "application/json"}, raise_on_unexpected_status=True)


class Generated(unittest.TestCase):
    def test_evaluates_a_loss_and_its_gradient(self):
        body = HuberLossRequest(input_=[0.5, 3], target=[0, 0], gradients=True, id="a1",
                                options=HuberLossOptions(reduction=HuberLossOptionsReduction.SUM))
        answer = evaluate_huber_loss.sync(client=CLIENT, body=body)
        self.assertEqual((answer.loss, answer.gradients.input_, answer.gradients.target, answer.id),
                         (2.625, [0.5, 1], [-0.5, -1], "a1"))

    def test_is_told_what_was_wrong(self):
        problem = evaluate_huber_loss.sync(client=CLIENT, body=HuberLossRequest(input_=[1, 2, 3], target=[1, 2]))
        self.assertEqual((problem.status, problem.code, problem.pointer), (422, "shape_mismatch", "/target"))

    def test_sends_a_safetensors_file(self):
        header = json.dumps({name: {"dtype": "F64", "shape": [2], "data_offsets": [begin, begin + 16]}
                             for name, begin in {"input": 0, "target": 16}.items()}).encode()
        file = struct.pack("<Q", len(header)) + header + struct.pack("<4d", 0.5, 3, 0, 0)
        answer = evaluate_huber_loss.sync(client=CLIENT, body=File(io.BytesIO(file)), delta=1)
        self.assertEqual((answer.loss, answer.denominator), (1.3125, 2))

    def test_infers_a_loss_as_a_model(self):
        described = inference_model.sync("HuberLoss", client=CLIENT)
        self.assertEqual([tensor.name for tensor in described.inputs[:2]], ["input", "target"])
        numbers = {"input": [0.5, 3], "target": [0, 0]}
        inputs = [InferenceInput(name, [2], InferenceInputDatatype.FP32, data=data) for name, data in numbers.items()]
        answer = infer.sync("HuberLoss", client=CLIENT, body=InferenceRequest(inputs))
        self.assertEqual((answer.outputs[0].name, answer.outputs[0].data), ("loss", [1.3125]))

    def test_lists_the_losses(self):
        self.assertEqual(len(list_losses.sync(client=CLIENT).losses), 21)


if __name__ == "__main__":
    unittest.main()
