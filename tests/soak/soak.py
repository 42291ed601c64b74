"""Isolation under abuse: 200 clients that send good, bad, huge, slow and aborted requests to one server, for SECONDS (default
600). Each good answer is compared with its expected bytes; at the end /metrics must add up with what was counted here, no
descriptor may be left, and resident memory must not grow over the second half.
usage: soak.py [SECONDS]   Environment: LOSSD_BINARY."""
import collections
import json
import pathlib
import random
import re
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from server import MSE, Server, evaluate, request, slow_body  # noqa: E402

CLIENTS = 200
SETTLED = 300  # seconds after which memory must no longer grow; shorter runs are still warming up
ASKING = 1 << 20  # bytes that the answer of /metrics itself holds, at most
SETTLING = 30  # seconds for the server to see that all clients have gone
PAUSE = 0.05  # seconds between a client's requests, so that two CPUs serve all
VECTOR = [i % 7 / 4 for i in range(20000)]
RAW = struct.pack("<40000f", *VECTOR, *VECTOR[::-1])
GOOD = {
    "small": evaluate(MSE),
    "classes": evaluate(json.dumps({"input": [[0.2, 1.5], [3, -1]], "target": [1, 0], "gradients": True}).encode(),
                        "CrossEntropyLoss"),
    "sequence": evaluate(json.dumps({"input": [[[-1.5, -0.5, -2]]] * 8, "target": [[1, 2]], "gradients": True}).encode(),
                         "CTCLoss"),
    "raw": request("POST", "/v1/losses/L1Loss?input=float32:20000&target=float32:20000&gradients=input", RAW,
                   {"Content-Type": "application/octet-stream"}),
    "huge": evaluate(json.dumps({"input": VECTOR * 4, "target": VECTOR[::-1] * 4, "gradients": True}).encode(), "HuberLoss"),
}
BAD = {
    "not JSON": (evaluate(b'{"input": [1'), 400), "shapes": (evaluate(b'{"input": [1], "target": [1, 2]}'), 422),
    "unknown loss": (evaluate(loss="MSELos"), 404),
    "no type": (request("POST", "/v1/losses/MSELoss", MSE), 415),
    "method": (request("DELETE", "/livez"), 405),
}
ABORTED = [evaluate(slow_body(1500)), evaluate()[:-3], b"POST /v1/lo", GOOD["huge"][:50000]]


class Soak:
    def __init__(self, server):
        self.server, self.stop = server, threading.Event()
        self.counts, self.failures = collections.Counter(), []
        self.lock = threading.Lock()
        self.expected = {name: server.ask(data).body for name, data in GOOD.items()}
        self.count("good", len(GOOD))

    def count(self, what, number=1):
        with self.lock:
            self.counts[what] += number

    def fail(self, what):
        with self.lock:
            self.failures.append(what)

    def good(self, connection, chance):
        name = chance.choice([*["small"] * 6, "classes", "sequence", "raw", "huge"])
        got = connection.send(GOOD[name]).response()
        self.count("good" if got.status == 200 else f"good, refused {got.status}")
        if got.status not in (200, 503) or (got.status == 200 and got.body != self.expected[name]):
            self.fail(f"{name}: {got}")

    def bad(self, connection, chance):
        name = chance.choice(list(BAD))
        data, status = BAD[name]
        got = connection.send(data).response()
        self.count("bad")
        self.count("methods", name == "method")
        if got.status not in (status, 503):
            self.fail(f"{name}: {got}")

    def slow(self, connection, _):
        data = evaluate()
        for i in range(0, len(data), 20):
            connection.send(data[i:i + 20])
            if self.stop.wait(0.02):
                return False
        got = connection.response()
        self.count("good" if got.status == 200 else "slow, refused")
        return True

    def abort(self, connection, chance):
        connection.send(chance.choice(ABORTED))
        self.count("aborted")
        return False

    def client(self, seed):
        chance, connection = random.Random(seed), None
        while not self.stop.wait(PAUSE * chance.random() * 2):
            step = chance.choices((self.good, self.bad, self.slow, self.abort), (80, 12, 4, 4))[0]
            try:
                connection = connection or self.server.connect()
                if step(connection, chance) is False:
                    connection = connection.close()
            except (EOFError, OSError) as error:
                self.fail(f"{step.__name__}: {error!r}")
                connection = connection and connection.close()
        if connection:
            connection.close()

    def resident(self):
        text = pathlib.Path(f"/proc/{self.server.process.pid}/statm").read_text()
        return int(text.split()[1]) * 4096

    def descriptors(self):
        return len(list(pathlib.Path(f"/proc/{self.server.process.pid}/fd").iterdir()))


def slope(points):
    """Bytes a second, by least squares."""
    mean_x, mean_y = (sum(p[i] for p in points) / len(points) for i in (0, 1))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def answered(text, status):
    """Evaluations that /metrics says were answered so (a regular expression)."""
    pattern = (r'^http_server_request_duration_seconds_count\{http_request_method="POST",http_route="/v1/losses/\{loss\}",'
               rf'http_response_status_code="{status}".*}} (\S+)$')
    return int(sum(float(count) for count in re.findall(pattern, text, re.M)))


def gauge(text, name):
    return float(re.search(rf"^{name} (\S+)$", text, re.M).group(1))


def under_way(text):
    """Whether /metrics tells of more than its own asking."""
    return gauge(text, "http_server_active_requests") != 1 or gauge(text, "lossd_inflight_bytes") > ASKING


def settled(server):
    """/metrics once nothing else is under way; within SETTLING seconds, or as it is then."""
    for _ in range(SETTLING):
        text = server.get("/metrics").body.decode()
        if not under_way(text):
            break
        time.sleep(1)
    return text


def judge(soak, seconds, points, left, text):
    """What is wrong, in lines; prints the numbers."""
    half, wrong, counts = points[len(points) // 2:], list(soak.failures), soak.counts
    growth = slope(half) * (half[-1][0] - half[0][0])
    good, bad = answered(text, "200"), answered(text, "4..")
    print("counted:", dict(counts), f"; /metrics: {good} answered with 200, {bad} with 4xx")
    print(f"resident: {half[0][1] / 2**20:.1f} MiB at half time, {half[-1][1] / 2**20:.1f} at the end, "
          f"{growth / 2**20:+.2f} MiB by the slope of the second half; descriptors left: {left}")
    if not counts["good"] <= good <= counts["good"] + counts["aborted"]:  # the aborted may be answered or not
        wrong.append("/metrics does not agree on the good answers")
    if bad > counts["bad"] + counts["aborted"] or bad + answered(text, "503") < counts["bad"] - counts["methods"]:
        wrong.append("/metrics does not agree on the bad ones")
    if under_way(text):
        wrong.append("/metrics says that something is still under way: "
                     + ", ".join(re.findall(r"^(?:http_server_active_requests|lossd_inflight_bytes) .*$", text, re.M)))
    if left > 0:
        wrong.append("descriptors are left")
    if seconds >= SETTLED and growth > 0.1 * half[0][1]:
        wrong.append("memory grows")
    return wrong


def run(seconds):
    with Server() as server:
        soak = Soak(server)
        time.sleep(1)
        descriptors, points = soak.descriptors(), []
        threads = [threading.Thread(target=soak.client, args=(i,)) for i in range(CLIENTS)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        while time.monotonic() - began < seconds and not soak.failures:
            time.sleep(0.25)
            points.append((time.monotonic() - began, soak.resident()))
        soak.stop.set()
        for thread in threads:
            thread.join()
        text = settled(server)
        for _ in range(SETTLING):
            left = soak.descriptors() - descriptors
            if left <= 0:
                break
            time.sleep(1)
        return judge(soak, seconds, points, left, text)


if __name__ == "__main__":
    problems = run(float(sys.argv[1]) if len(sys.argv) > 1 else 600)
    for problem in problems[:5]:
        print("FAILED", problem)
    sys.exit(bool(problems))
