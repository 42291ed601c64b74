"""Isolation under abuse: 200 clients that send good, bad, huge, slow and aborted requests to one server, for SECONDS (default
600), in rounds. Each good answer is compared with its expected bytes. A connection may end only where the client asked for
it, was told so, or was itself later than the server's deadlines. After each round, when the server has come to rest, /metrics
must add up with what was counted here and no descriptor may be left; over the second half of the rounds the memory that the
resting server holds must not grow.
usage: soak.py [SECONDS]   Environment: LOSSD_BINARY."""
import collections
import json
import pathlib
import random
import re
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from server import MSE, Connection, Server, evaluate, request, slow_body  # noqa: E402

CLIENTS = 200
ROUNDS = 12
SETTLED = 300  # seconds after which memory must no longer grow; shorter runs are still warming up
GROWTH = 4 << 20  # bytes over the second half that are not growth: what the allocator happens to keep differs by as much
TRIMMED = 11  # seconds after which a server at rest has given back what it had kept for the next request
ASKING = 1 << 20  # bytes that the answer of /metrics itself holds, at most
SETTLING = 30  # seconds for the server to see that all clients have gone
HEADER_TIMEOUT, IDLE_TIMEOUT = 10, 30  # the server's; a body that trickles is given as long as a header section
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


class Client(Connection):
    """A connection that knows when its client was later than the server waits. Its times are never later than the server's for
    the same thing: a client that was held up reads an answer long after it came."""

    def __init__(self, port):
        self.sent = self.began = time.monotonic()
        super().__init__(socket.create_connection(("127.0.0.1", port)))
        self.fresh, self.late, self.told = True, False, False

    def send(self, data, more=False):
        """more: it goes on with the request that it began."""
        if not more:
            self.began = time.monotonic()
            self.late = self.began - self.sent > (HEADER_TIMEOUT if self.fresh else IDLE_TIMEOUT)
        began = self.sent if self.fresh else self.began
        super().send(data)
        self.late = self.late or time.monotonic() - began > HEADER_TIMEOUT
        return self

    def response(self):
        self.sent = time.monotonic()
        got = super().response()
        self.fresh, self.told = False, got.headers.get("connection") == "close"
        return got

    def may_get(self, status, wanted):
        return status in (wanted, 503) or (status == 408 and self.late)


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
        if not connection.may_get(got.status, 200) or (got.status == 200 and got.body != self.expected[name]):
            self.fail(f"{name}: {got}")

    def bad(self, connection, chance):
        name = chance.choice(list(BAD))
        data, status = BAD[name]
        got = connection.send(data).response()
        self.count("bad")
        self.count("methods", name == "method")
        if not connection.may_get(got.status, status):
            self.fail(f"{name}: {got}")

    def slow(self, connection, _):
        data = evaluate()
        for i in range(0, len(data), 20):
            connection.send(data[i:i + 20], more=i > 0)
            if self.stop.wait(0.02):
                self.count("aborted")
                return False
        got = connection.response()
        self.count("good" if got.status == 200 else "slow, refused")
        if not connection.may_get(got.status, 200):
            self.fail(f"slow: {got}")

    def abort(self, connection, chance):
        connection.send(chance.choice(ABORTED))
        self.count("aborted")
        return False

    def step(self, connection, chance):
        """One request; whether the connection lives on."""
        step = chance.choices((self.good, self.bad, self.slow, self.abort), (80, 12, 4, 4))[0]
        try:
            return step(connection, chance) is not False and not connection.told
        except (EOFError, OSError) as error:
            if not connection.late:
                self.fail(f"{step.__name__}: {error!r}, {time.monotonic() - connection.began:.1f} s after it began")
            self.count("ended, being late" if connection.late else "ended")
            return False

    def client(self, seed):
        chance, connection = random.Random(seed), None
        while not self.stop.wait(PAUSE * chance.random() * 2):
            connection = connection or Client(self.server.port)
            if not self.step(connection, chance):
                connection = connection.close()
        if connection:
            connection.close()

    def round(self, number, seconds):
        """All clients for some time, then the server at rest: the text of its /metrics."""
        self.stop.clear()
        threads = [threading.Thread(target=self.client, args=(number * CLIENTS + i,)) for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.stop.set()
        for thread in threads:
            thread.join()
        return settled(self.server)

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


def check_metrics(soak, text):
    """What /metrics and the clients do not agree on, in lines."""
    counts, good, bad = soak.counts, answered(text, "200"), answered(text, "4..")
    print("counted:", dict(counts), f"; /metrics: {good} answered with 200, {bad} with 4xx")
    unsure = counts["aborted"] + counts["ended, being late"]  # may be answered or not
    if not counts["good"] <= good <= counts["good"] + unsure:
        yield "/metrics does not agree on the good answers"
    late = counts["slow, refused"] + counts["good, refused 408"]
    if bad > counts["bad"] + late + unsure or bad + answered(text, "503") < counts["bad"] - counts["methods"]:
        yield "/metrics does not agree on the bad ones"
    if under_way(text):
        yield ("/metrics says that something is still under way: "
               + ", ".join(re.findall(r"^(?:http_server_active_requests|lossd_inflight_bytes) .*$", text, re.M)))


def check_memory(points):
    half = points[len(points) // 2:]
    growth = slope(half) * (half[-1][0] - half[0][0])
    print("resident at rest, MiB:", *(f"{held / 2**20:.1f}" for _, held in points),
          f"; {growth / 2**20:+.2f} by the slope of the second half")
    if growth > GROWTH:
        yield "memory grows"


def run(seconds):
    with Server() as server:
        soak, points, began = Soak(server), [], time.monotonic()
        time.sleep(1)
        descriptors = soak.descriptors()
        for number in range(ROUNDS):
            text = soak.round(number, seconds / ROUNDS)
            for _ in range(SETTLING):
                left = soak.descriptors() - descriptors
                if left <= 0:
                    break
                time.sleep(1)
            else:
                soak.fail(f"round {number}: {left} descriptors are left")
            if seconds >= SETTLED:
                time.sleep(TRIMMED)
            points.append((time.monotonic() - began, soak.resident()))
            if soak.failures:
                break
        settles = seconds >= SETTLED and len(points) == ROUNDS
        return [*soak.failures, *check_metrics(soak, text), *(check_memory(points) if settles else ())]


if __name__ == "__main__":
    problems = run(float(sys.argv[1]) if len(sys.argv) > 1 else 600)
    for problem in problems[:5]:
        print("FAILED", problem)
    sys.exit(bool(problems))
