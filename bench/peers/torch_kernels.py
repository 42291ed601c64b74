"""Times PyTorch's losses, value and gradient by the first argument, in float32 on one thread.

Reads names of losses, one a line, and answers each with one line of JSON like bench_kernels': the same shapes and
the same kinds of numbers, CPU time, the median of several runs. The gradient is allocated anew each time, as after
optimizer.zero_grad().
"""
import json
import statistics
import sys
import time

import torch
from torch import nn

ROWS, CLASSES, FLAT = 4096, 1000, 1 << 20
REPEAT = 5
LABELS = 8  # of a row of MultiLabelMarginLoss

torch.set_num_threads(1)
torch.manual_seed(1)


def real(*shape):
    return torch.rand(shape) * 6 - 3


def unit(*shape):
    return torch.rand(shape)


def positive(*shape):
    return 0.1 + 2 * torch.rand(shape)


def sign(*shape):
    return torch.randint(0, 2, shape).float() * 2 - 1


def bit(*shape):
    return torch.randint(0, 2, shape).float()


def classes(*shape):
    return torch.randint(1, 64, shape)


def label_lists():
    lists = torch.full((ROWS, CLASSES), -1)
    lists[:, :LABELS] = classes(ROWS, LABELS)
    return lists


FLAT_REAL = (lambda: real(FLAT), lambda: real(FLAT))
MATRIX = (ROWS, CLASSES)
CASES = {
    "L1Loss": FLAT_REAL,
    "MSELoss": FLAT_REAL,
    "HuberLoss": FLAT_REAL,
    "SmoothL1Loss": FLAT_REAL,
    "CrossEntropyLoss": (lambda: real(*MATRIX), lambda: classes(ROWS)),
    "CTCLoss": (
        lambda: real(200, 16, 64),
        lambda: classes(16, 30),
        lambda: torch.full((16,), 200),
        lambda: torch.full((16,), 30),
    ),
    "NLLLoss": (lambda: real(*MATRIX), lambda: classes(ROWS)),
    "PoissonNLLLoss": (lambda: real(FLAT), lambda: positive(FLAT)),
    "GaussianNLLLoss": (lambda: real(FLAT), lambda: real(FLAT), lambda: positive(FLAT)),
    "KLDivLoss": (lambda: real(FLAT), lambda: unit(FLAT)),
    "BCELoss": (lambda: unit(FLAT), lambda: unit(FLAT)),
    "BCEWithLogitsLoss": (lambda: real(FLAT), lambda: unit(FLAT)),
    "MarginRankingLoss": (lambda: real(FLAT), lambda: real(FLAT), lambda: sign(FLAT)),
    "HingeEmbeddingLoss": (lambda: real(FLAT), lambda: sign(FLAT)),
    "SoftMarginLoss": (lambda: real(FLAT), lambda: sign(FLAT)),
    "CosineEmbeddingLoss": (lambda: real(*MATRIX), lambda: real(*MATRIX), lambda: sign(ROWS)),
    "MultiMarginLoss": (lambda: real(*MATRIX), lambda: classes(ROWS)),
    "MultiLabelMarginLoss": (lambda: real(*MATRIX), label_lists),
    "MultiLabelSoftMarginLoss": (lambda: real(*MATRIX), lambda: bit(*MATRIX)),
    "TripletMarginLoss": (lambda: real(*MATRIX), lambda: real(*MATRIX), lambda: real(*MATRIX)),
    "TripletMarginWithDistanceLoss": (lambda: real(*MATRIX), lambda: real(*MATRIX), lambda: real(*MATRIX)),
}


def once(loss, tensors):
    tensors[0].grad = None
    start = time.process_time()
    loss(*tensors).backward()
    return time.process_time() - start


def measure(name):
    loss = getattr(nn, name)()
    tensors = [make() for make in CASES[name]]
    tensors[0].requires_grad_()
    once(loss, tensors)
    return statistics.median(once(loss, tensors) for _ in range(REPEAT)) * 1e3


if __name__ == "__main__":
    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        name = line.strip()
        print(json.dumps({"loss": name, "ms": measure(name)} if name in CASES else {"loss": name}), flush=True)
