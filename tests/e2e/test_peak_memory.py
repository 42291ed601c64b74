"""What a request costs in memory, as the kernel counts it (VmHWM): one large request to a fresh server."""
import json
import struct
import unittest

from server import JSON, Server, request

MIB = 1 << 20
COUNT = 4_000_000  # numbers of input and of target


class PeakMemory(unittest.TestCase):
    @staticmethod
    def peak(data):
        """The answer's size and the peak resident memory, in bytes."""
        with Server() as server:
            answer = server.ask(data)
            assert answer.status == 200, answer
            return len(answer.body), server.peak_memory()

    def test_a_raw_request_takes_its_body_its_answer_and_16_mib(self):
        body = struct.pack("<f", 1.5) * (2 * COUNT)
        path = f"/v1/losses/MSELoss?input=float32:{COUNT}&target=float32:{COUNT}&gradients=input"
        answer, peak = self.peak(request("POST", path, body, {"Content-Type": "application/octet-stream"}))
        self.assertLess(peak, len(body) + answer + 16 * MIB)

    def test_a_json_request_takes_its_body_its_numbers_in_binary_its_answer_and_16_mib(self):
        body = json.dumps({"input": [0.125] * COUNT, "target": [1.5] * COUNT}).encode()
        answer, peak = self.peak(request("POST", "/v1/losses/MSELoss", body, {"Content-Type": JSON}))
        self.assertLess(peak, len(body) + 1.1 * 8 * 2 * COUNT + answer + 16 * MIB)


if __name__ == "__main__":
    unittest.main()
