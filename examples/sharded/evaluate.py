#!/usr/bin/env python3
"""One large data set in shards: Dask posts them to several lossd processes behind HAProxy, and numerators and denominators
are merged. One process is killed in the middle; the result stays that of the single run.

    ./dev server && pip install dask numpy && python3 examples/sharded/evaluate.py

Sums of shards are rounded in another order than the single run's, so the two agree to rounding, not to the bit. The order
of the shards is fixed: the merged result has the same bits whichever process computed which shard.
"""
import json
import math
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import dask
import numpy as np

HERE = pathlib.Path(__file__).parent
BINARY = os.environ.get("LOSSD_BINARY", str(HERE.parent.parent / "build/release/lossd"))
SHARDS, COPIES, PROCESSES = 40, 20, 3


def start():
    process = subprocess.Popen([BINARY, "--port", "0", "--log-format", "none"], stdout=subprocess.PIPE, text=True)
    return process, int(re.search(r":(\d+)$", process.stdout.readline().strip()).group(1))


def balance(ports, folder):
    """HAProxy in front of the ports: its process and port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    servers = "\n".join(f"  server lossd{i} 127.0.0.1:{p} check" for i, p in enumerate(ports))
    config = pathlib.Path(folder, "haproxy.cfg")
    config.write_text((HERE / "haproxy.cfg").read_text().replace("@PORT@", str(port)).replace("@SERVERS@", servers))
    process = subprocess.Popen(["/usr/sbin/haproxy", "-db", "-f", str(config)])
    deadline = time.monotonic() + 20
    while socket.socket().connect_ex(("127.0.0.1", port)):
        if time.monotonic() > deadline:
            raise RuntimeError("HAProxy does not listen")
        time.sleep(0.05)
    return process, port


def evaluate(port, logits, labels, attempts=5):
    """numerator and denominator of one shard. A shard whose process died is simply sent again."""
    body = json.dumps({"input": logits.tolist(), "target": labels.tolist()}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/losses/CrossEntropyLoss", body,
                                     {"Content-Type": "application/json"})
    for attempt in range(attempts):
        try:
            answer = json.load(urllib.request.urlopen(request, timeout=60))
            return answer["numerator"], answer["denominator"]
        except (urllib.error.HTTPError, OSError) as error:
            if attempt == attempts - 1 or getattr(error, "code", 503) not in (502, 503, 504):
                raise
            time.sleep(0.2 * 2**attempt)


def main():
    data = json.loads((HERE.parent / "digits/digits.json").read_text())
    logits = np.tile(np.array(data["input"]), (COPIES, 1))
    labels = np.tile(np.array(data["target"]), COPIES)
    servers = [start() for _ in range(PROCESSES)]
    with tempfile.TemporaryDirectory() as folder:
        haproxy, port = balance([p for _, p in servers], folder)
        try:
            one = evaluate(servers[0][1], logits, labels)
            done, lock = [], threading.Lock()

            def shard(x, y):
                result = evaluate(port, x, y)
                with lock:
                    done.append(result)
                    if len(done) == SHARDS // 4:
                        servers[1][0].kill()
                return result

            tasks = [dask.delayed(shard)(x, y)
                     for x, y in zip(np.array_split(logits, SHARDS), np.array_split(labels, SHARDS))]
            parts = dask.compute(*tasks, scheduler="threads", num_workers=8)
            killed = servers[1][0].wait(timeout=20)
        finally:
            haproxy.terminate()
            haproxy.wait()
            for process, _ in servers:
                process.terminate()
                process.wait()
    numerator, denominator = (math.fsum(p[k] for p in parts) for k in (0, 1))
    print(f"single run: {one[0] / one[1]!r} over {one[1]:g} rows")
    print(f"{SHARDS} shards on {PROCESSES} processes, one killed ({killed}): {numerator / denominator!r}")
    assert killed == -9 and denominator == one[1]
    assert math.isclose(numerator, one[0], rel_tol=1e-13)
    print("equal")


if __name__ == "__main__":
    main()
