"""Every limit of docs/configuration.md: what just reaches it is served, what passes it gets the status that the page names and is
counted, and the next client is served."""

import contextlib
import json
import pathlib
import re
import time
import unittest

from server import JSON, MSE, Server, evaluate, request, slow_body

PAGE = pathlib.Path(__file__).parent.parent.parent / "docs/configuration.md"
# 216 million elements from so few bytes that the loop reads them itself: their work is admitted in the order of arrival.
SLOW = request("POST", "/v1/losses/MarginRankingLoss?input1=int8:600x1x1&input2=int8:1x600x1&target=int8:1x1x600&broadcast=true",
               b"\x01" * 1800, {"Content-Type": "application/octet-stream"})
# Seconds of work.
SLOWER = request("POST", "/v1/losses/PoissonNLLLoss?input=int8:15000x1&target=int8:1x15000&broadcast=true&full=exact",
                 b"\x01" * 30000, {"Content-Type": "application/octet-stream"})
MIB = 1 << 20


def limits():
    """{flag: meaning} of the page's table of limits."""
    table = PAGE.read_text().split("### Limits\n")[1].split("###")[0]
    return dict(re.findall(r"^\| `--([a-z-]+) \S+` .* \| ([^|]+) \|$", table, re.M))


def metric(ask, name):
    answer = ask(request("GET", "/metrics"))
    found = re.search(rf"^{re.escape(name)} (\S+)$", answer.body.decode(), re.M)
    return float(found.group(1)) if found else 0


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError


def padded(size):
    return evaluate(MSE + b" " * (size - len(MSE)))


def elements(count):
    return evaluate(json.dumps({"input": [1] * count, "target": [2] * count}).encode())


# Each gives what asks the server for its metrics while the limit is passed.
@contextlib.contextmanager
def nothing(server, _count):
    yield server.ask


@contextlib.contextmanager
def connections(server, count):
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(server.connect()) for _ in range(count)]
        for connection in held:
            connection.send(request("GET", "/livez")).response()
        yield lambda data: held[0].send(data).response()
        for connection in held:
            assert connection.send(request("GET", "/livez")).response().status == 200


@contextlib.contextmanager
def slow_evaluations(server, count):
    """One that computes, the others behind it; they are abandoned at the end."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(server.connect()).send(SLOW)
            until(lambda: metric(server.ask, "http_server_active_requests") > 1)
        until(lambda: metric(server.ask, "lossd_queue_depth") == max(count - 1, 0))
        yield server.ask
    until(lambda: metric(server.ask, "http_server_active_requests") == 1)


@contextlib.contextmanager
def half_a_body(server, size):
    head = request("POST", "/v1/losses/MSELoss", headers={"Content-Type": JSON, "Content-Length": str(size + 1)})
    with server.connect() as connection:
        connection.send(head + b" " * size)
        until(lambda: metric(server.ask, "lossd_inflight_bytes") >= size)
        yield server.ask
    until(lambda: metric(server.ask, "lossd_inflight_bytes") < size)


class Limit:
    """value, other: flags. hold(server, n): what is there already, n for `at` and for `over`. at, over: bytes that are sent, which
    reach the limit and pass it."""

    def __init__(self, value, at, over, status, code, reason=None, hold=nothing, held=(0, 0), other=()):
        self.value, self.other, self.hold, self.held = value, other, hold, held
        self.at, self.over, self.status, self.code, self.reason = at, over, status, code, reason
        self.counter = f'lossd_rejections_total{{reason="{reason}"}}'


GET = request("GET", "/v1/losses")
LIMITS = {
    "max-body-bytes": Limit("1000", padded(1000), padded(1001), 413, "body_too_large", "body_too_large"),
    "max-elements": Limit("4", elements(4), elements(5), 422, "too_many_elements"),
    "queue-depth": Limit("1", evaluate(), evaluate(), 503, "overloaded", "queue_full", slow_evaluations, (1, 2),
                         ("--workers", "1")),
    "max-queue-time": Limit("0.01", evaluate(slow_body(4000)), SLOW, 503, "overloaded", "queue_time", slow_evaluations, (0, 1),
                            ("--workers", "1")),
    "max-inflight-bytes": Limit("8MiB", padded(MIB), padded(MIB), 503, "overloaded", "inflight_bytes", half_a_body,
                                (5 * MIB, 7 * MIB)),
    "request-timeout": Limit("0.5", evaluate(), SLOWER, 504, "deadline_exceeded", other=("--workers", "1")),
    "max-connections": Limit("2", GET, GET, 503, "overloaded", "connections", connections, (1, 2)),
    "max-connections-per-client": Limit("2", GET, GET, 429, "too_many_requests", "connections_per_client", connections, (1, 2)),
    # Slow is what stops in the middle.
    "header-timeout": Limit("0.3", GET, GET[:-2], 408, None, "slow_client"),
    "min-upload-rate": Limit("1000", evaluate(), evaluate()[:-1], 408, "request_timeout", "slow_client",
                             other=("--header-timeout", "0.3")),
}
# Time that no request passes: test_connections.SlowClients, test_lifecycle.Drain.
ELSEWHERE = {"idle-timeout", "drain-seconds"}


class Limits(unittest.TestCase):
    def test_every_limit_of_the_page_is_tested(self):
        self.assertEqual(set(LIMITS) | ELSEWHERE, set(limits()))

    def test_the_page_names_the_status(self):
        for name, limit in LIMITS.items():
            self.assertIn(str(limit.status), limits()[name], name)

    def test_what_reaches_a_limit_is_served(self):
        for name, limit in LIMITS.items():
            with self.subTest(name), Server(f"--{name}", limit.value, *limit.other) as server:
                with limit.hold(server, limit.held[0]) as ask:
                    self.assertEqual(server.ask(limit.at).status, 200)
                    self.assertEqual(metric(ask, limit.counter), 0)

    def test_what_passes_a_limit_is_refused_and_counted_and_the_next_is_served(self):
        for name, limit in LIMITS.items():
            with self.subTest(name), Server(f"--{name}", limit.value, *limit.other) as server:
                with limit.hold(server, limit.held[1]) as ask:
                    self.check_refusal(server, limit)
                    self.assertEqual(metric(ask, limit.counter), 1 if limit.reason else 0)
                until(lambda: server.ask(evaluate()).status == 200)  # closed connections count for a moment

    def check_refusal(self, server, limit):
        with server.connect() as connection:
            try:
                answer = connection.send(limit.over).response()
            except EOFError:
                self.assertIsNone(limit.code, "closed without an answer")  # a header section that never ends
                return
        self.assertEqual((answer.status, answer.code), (limit.status, limit.code or "request_timeout"))
        self.assertEqual("retry-after" in answer.headers, limit.status in (429, 503))


if __name__ == "__main__":
    unittest.main()
