"""One large evaluation on one worker and on two."""
import array
import contextlib
import random
import statistics

from common import ROUNDS, ratio
from servers import RAW, exchange, start_lossd


def floats(count, low, high):
    return array.array("f", (random.uniform(low, high) for _ in range(count))).tobytes()


def scaling_cases():
    """Name, path and body of each: a few hundred milliseconds of one worker at most."""
    random.seed(1)
    numbers = floats(1 << 20, -3, 3)
    rows, classes = 16384, 1000
    logits = numbers * 16
    yield ("CrossEntropyLoss", f"input=float32:{rows}x{classes}&target=int64:{rows}",
           logits[:4 * rows * classes] + array.array("q", (random.randrange(classes) for _ in range(rows))).tobytes())
    count = 16 << 20
    yield "BCEWithLogitsLoss", f"input=float32:{count}&target=float32:{count}", logits + floats(1 << 20, 0, 1) * 16
    frames, batch, symbols, labels = 200, 64, 64, 30
    yield ("CTCLoss", f"input=float32:{frames}x{batch}x{symbols}&target=int64:{batch}x{labels}",
           numbers[:4 * frames * batch * symbols] +
           array.array("q", (random.randrange(1, symbols) for _ in range(batch * labels))).tobytes())


def bench_scaling():
    rows = []
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(start_lossd("--workers", str(workers))) for workers in (1, 2)]
        for name, query, body in scaling_cases():
            path = f"/v1/losses/{name}?{query}&gradients=input"
            answers = [exchange(port, path, body, RAW)[0] for _, port, _ in servers]
            runs = [[exchange(port, path, body, RAW)[2] for _, port, _ in servers] for _ in range(2 * ROUNDS + 1)]
            one, two = (statistics.median(column) for column in zip(*runs))
            rows.append({"what": name, "1 worker": one, "2 workers": two, "ratio": ratio(one, two),
                         "same bits": "yes" if answers[0] == answers[1] else "NO"})
    return [{"title": "One large evaluation, raw float32, gradient included: ms of compute as Server-Timing says",
             "columns": list(rows[0]), "target": "two workers at least 1.7 times as fast", "rows": rows}]
