"""What is served, and what is refused because of all that is under way."""
import concurrent.futures
import contextlib
import gzip
import re
import resource
import signal
import socket
import time
import unittest

from server import JSON, MSE, Connection, Server, evaluate, request, slow_body


class Admission(unittest.TestCase):
    LARGE = evaluate(MSE + b" " * 2000000)

    def until(self, condition):
        deadline = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), deadline)

    @staticmethod
    def inflight(server):
        return float(re.search(rb"^lossd_inflight_bytes (\S+)$", server.get("/metrics").body, re.M).group(1))

    def test_a_full_queue_is_503_with_retry_after(self):
        with Server("--queue-depth", "1", "--workers", "1") as server:
            with concurrent.futures.ThreadPoolExecutor(12) as pool:
                answers = list(pool.map(lambda _: server.ask(evaluate(slow_body(4000))), range(12)))
            self.assertEqual({a.status for a in answers}, {200, 503})
            refused = next(a for a in answers if a.status == 503)
            self.assertEqual((refused.code, refused.headers["retry-after"]), ("overloaded", "1"))
            self.assertEqual(server.ask(evaluate()).status, 200)

    def test_costly_evaluations_are_503_long_before_the_queue_is_full(self):
        with Server("--max-queue-time", "0.01", "--workers", "1") as server:
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda _: server.ask(evaluate(slow_body(4000))), range(8)))
                self.assertEqual({a.status for a in answers}, {200, 503})  # one that is alone is always admitted
                refused = next(a for a in answers if a.status == 503)
                self.assertEqual((refused.code, refused.headers["retry-after"]), ("overloaded", "1"))
            self.assertRegex(server.get("/metrics").body, rb'lossd_rejections_total{reason="queue_time"} [1-9]')
            self.assertEqual(server.ask(evaluate(slow_body(4000))).status, 200)

    def test_retry_after_is_the_estimated_time_of_the_work_under_way(self):
        with Server("--queue-depth", "7", "--workers", "1") as server, contextlib.ExitStack() as stack:
            for _ in range(8):
                stack.enter_context(server.connect()).send(evaluate(slow_body(16000), "PoissonNLLLoss"))
            # All are there, and the scrape: what is asked from now on can take the place of none of them.
            self.until(lambda: b"http_server_active_requests 9\n" in server.get("/metrics").body)
            self.until(lambda: int(server.ask(evaluate()).headers.get("retry-after", 0)) > 1)

    def test_an_evaluation_that_is_alone_is_admitted_however_long_it_takes(self):
        with Server("--max-queue-time", "0.01", "--workers", "1") as server:
            self.assertEqual(server.ask(evaluate(slow_body(), "PoissonNLLLoss")).status, 200)

    def test_a_client_that_went_away_before_its_job_began_costs_nothing(self):
        busy = gzip.compress(MSE + b" " * 200_000_000, 1)  # cannot be interrupted while it is inflated
        small, large = MSE + b" " * 5000, MSE + b" " * 100_000
        with Server("--workers", "1") as server, server.connect() as first:
            first.send(evaluate(busy, headers={"Content-Encoding": "gzip"}))
            self.until(lambda: self.inflight(server) > 10_000_000)
            for body in (small, large):
                with server.connect() as gone:
                    gone.send(evaluate(body, "HuberLoss"))
            self.assertEqual(first.response().status, 200)
            self.until(lambda: b'error_type="cancelled"} 2\n' in server.get("/metrics").body)
            self.assertEqual(server.ask(evaluate(small, "L1Loss")).status, 200)
            metrics = server.get("/metrics").body
            self.assertNotIn(b'loss="HuberLoss"', metrics)
            self.assertIn(b'loss="L1Loss"', metrics)

    def test_a_client_is_looked_for_at_the_moment_its_job_begins(self):
        """Those that wait have sent request and end before the server, held meanwhile, hands the first to its only
        worker: they begin when that is done, sooner than anybody looks at connections in passing."""
        first = evaluate(gzip.compress(MSE + b" " * 20_000_000, 1), headers={"Content-Encoding": "gzip"})
        for body in (MSE + b" " * 5000, MSE + b" " * 100_000):
            with Server("--workers", "1") as server, server.connect() as busy, contextlib.ExitStack() as stack:
                busy.send(first[:-1])
                self.until(lambda: self.inflight(server) > 0)
                server.signal(signal.SIGSTOP)
                stack.callback(server.signal, signal.SIGCONT)
                busy.send(first[-1:])
                half = stack.enter_context(server.connect()).send(evaluate(body, "L1Loss"))
                half.sock.shutdown(socket.SHUT_WR)  # still waits for its answer
                with server.connect() as gone:
                    gone.send(evaluate(body, "HuberLoss"))
                server.signal(signal.SIGCONT)
                self.assertEqual((busy.response().status, half.response().status), (200, 200))
                self.until(lambda: b'error_type="cancelled"} 1\n' in server.get("/metrics").body)
                self.assertNotIn(b'loss="HuberLoss"', server.get("/metrics").body)

    def test_what_computing_takes_is_counted_too(self):
        body = ('{"input":[%s],"target":[[0],[0]],"gradients":true,"options":{"definition":"pytorch"}}' %
                ",".join(["1"] * 60000)).encode()  # small, but its shared gradient is summed in 16 bytes a number
        with Server("--max-inflight-bytes", "1MiB") as server:
            answer = server.ask(evaluate(body))
            self.assertEqual((answer.status, answer.code), (422, "too_many_elements"))
            self.assertEqual(server.ask(evaluate()).status, 200)

    def test_a_request_that_could_never_fit_is_422(self):
        with Server("--max-inflight-bytes", "1MiB") as server:
            chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
            for large in (self.LARGE, request("POST", "/v1/losses/MSELoss", headers={
                    "Content-Type": JSON, "Transfer-Encoding": "chunked"}) + 30 * chunk):
                self.assertEqual(server.ask(large).status, 422)
            self.assertIn(b'lossd_rejections_total{reason="never_fits"} 2\n', server.get("/metrics").body)

    def test_inflight_bytes_are_counted_as_they_arrive(self):
        half = request("POST", "/v1/losses/MSELoss", headers={"Content-Type": JSON, "Content-Length": "9000000"})
        with Server("--max-inflight-bytes", "10000000") as server, server.connect() as idle:
            idle.send(half)  # declared, not sent: holds nothing
            self.assertEqual(server.ask(self.LARGE).status, 200)
            with server.connect() as first:
                first.send(half + b" " * 8900000)
                self.until(lambda: self.inflight(server) > 8800000)
                answer = server.ask(self.LARGE)
                self.assertEqual((answer.status, answer.headers["retry-after"]), (503, "1"))
            self.until(lambda: server.ask(self.LARGE).status == 200)

    def test_too_many_connections_are_answered_with_503_never_with_silence(self):
        with Server("--max-connections", "2") as server, server.connect() as one, server.connect() as two:
            for connection in (one, two):
                self.assertEqual(connection.send(evaluate()).response().status, 200)
            answer = server.ask(evaluate())
            self.assertEqual((answer.status, answer.headers["retry-after"]), (503, "1"))
            self.assertEqual(server.get("/livez").status, 200)  # liveness never depends on load
            self.assertEqual(one.send(evaluate()).response().status, 200)

    def test_too_many_connections_of_one_client_are_429(self):
        with Server("--max-connections-per-client", "1") as server, server.connect() as one:
            self.assertEqual(one.send(evaluate()).response().status, 200)
            answer = server.ask(evaluate())
            self.assertEqual((answer.status, answer.headers["retry-after"]), (429, "1"))
            self.assertEqual(one.send(evaluate()).response().status, 200)

    def test_clients_of_ipv4_are_told_apart_by_a_server_of_both(self):
        with Server("--host", "::", "--max-connections-per-client", "1") as server, contextlib.ExitStack() as stack:
            for source, target in (("127.0.0.1", "127.0.0.1"), ("127.0.0.2", "127.0.0.1"), ("::1", "::1")):
                for status in (200, 429):
                    sock = socket.create_connection((target, server.port), source_address=(source, 0))
                    answer = stack.enter_context(Connection(sock)).send(evaluate()).response()
                    self.assertEqual((source, answer.status), (source, status))

    def test_clients_that_open_files_do_not_suffice_for_are_answered_too(self):
        with Server(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))) as server, \
                contextlib.ExitStack() as stack:
            connections = [stack.enter_context(server.connect()) for _ in range(90)]
            statuses = {connection.send(evaluate()).response().status for connection in connections}
            self.assertEqual(statuses, {200, 503})
            self.assertEqual(server.get("/livez").status, 200)

    def test_metrics_show_that_there_are_too_many_connections(self):
        for flag in ("--max-connections", "--max-connections-per-client"):
            with Server(flag, "1") as server, server.connect() as one:
                self.assertEqual(one.send(evaluate()).response().status, 200)
                server.ask(evaluate())
                self.assertIn(b"lossd_rejections_total{reason=\"connections", server.get("/metrics").body)

    def test_a_connection_over_a_limit_is_closed_so_that_a_retry_is_counted_anew(self):
        for flag, status in (("--max-connections", 503), ("--max-connections-per-client", 429)):
            with Server(flag, "1") as server, server.connect() as one:
                self.assertEqual(one.send(evaluate()).response().status, 200)
                with server.connect() as over:
                    answer = over.send(evaluate()).response()
                    self.assertEqual((answer.status, answer.headers["connection"]), (status, "close"))
                    self.assertTrue(over.closed())

    def test_a_passed_deadline_is_504(self):
        with Server("--request-timeout", "0.02") as server:
            answer = server.ask(evaluate(slow_body(16000), "PoissonNLLLoss"))
            self.assertEqual((answer.status, answer.code), (504, "deadline_exceeded"))

    def test_the_connection_stays_usable_after_503_and_504(self):
        for status, flags in ((503, ("--queue-depth", "1")), (504, ("--request-timeout", "0.02"))):
            with Server("--workers", "1", *flags) as server, contextlib.ExitStack() as stack:
                connections = [stack.enter_context(server.connect()) for _ in range(8)]
                for connection in connections:
                    connection.send(evaluate(slow_body(4000)))
                refused = [connection for connection in connections if connection.response().status == status]
                self.assertTrue(refused)
                for connection in refused:
                    self.assertEqual(connection.send(request("GET", "/livez")).response().status, 200)


if __name__ == "__main__":
    unittest.main()
