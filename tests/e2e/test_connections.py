"""HTTP: what connections do after an answer, large bodies, slow clients."""
import concurrent.futures
import contextlib
import gzip
import signal
import socket
import time
import unittest

from server import JSON, MSE, Server, SharedServer, evaluate, request, slow_body


class KeepAlive(SharedServer):
    FLAGS = ("--max-body-bytes", "100000")

    def test_the_connection_stays_usable_after_every_small_refusal(self):
        refused = {
            404: request("POST", "/nowhere", b"x" * 100), 405: request("PUT", "/livez", b"x" * 100),
            411: request("POST", "/v1/losses/MSELoss", headers={"Content-Type": JSON}),
            415: request("POST", "/v1/losses/MSELoss", b"x" * 65536), 406: evaluate(headers={"Accept": "image/png"}),
            400: evaluate(b"{"), 422: evaluate(b"{}"), 501: request("BREW", "/", b"x" * 9),
        }
        with self.server.connect() as connection:
            for status, data in refused.items():
                with self.subTest(status):
                    self.assertEqual(connection.send(data).response().status, status)
                    self.assertEqual(connection.send(request("GET", "/livez")).response().body, b"ok\n")

    def test_a_refused_chunked_body_is_swallowed(self):
        data = request("POST", "/nowhere", headers={"Transfer-Encoding": "chunked"}) + b"4\r\nabcd\r\n0\r\n\r\n"
        with self.server.connect() as connection:
            self.assertEqual(connection.send(data).response().status, 404)
            self.assertEqual(connection.send(request("GET", "/livez")).response().status, 200)

    def test_a_larger_refused_body_closes(self):
        with self.server.connect() as connection:
            connection.send(request("POST", "/v1/losses/MSELoss", b"x" * 65537))
            self.assertEqual(connection.response().status, 415)
            self.assertTrue(connection.closed())

    def test_pipelined_requests_are_answered_in_order(self):
        paths = ("/livez", "/readyz", "/nowhere")
        with self.server.connect() as connection:
            connection.send(b"".join(request("GET", path) + evaluate() for path in paths * 5))
            got = [connection.response().status for _ in range(30)]
        self.assertEqual(got, [200, 200, 200, 200, 404, 200] * 5)

    def test_a_half_closed_client_gets_its_answer(self):
        for body in (MSE, slow_body(5000)):
            with self.server.connect() as connection:
                connection.send(evaluate(body))
                connection.sock.shutdown(socket.SHUT_WR)
                answer = connection.response()
                self.assertEqual(answer.status, 200)
                self.assertRegex(answer.headers["date"], r"^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$")

    def test_http_1_0_closes_unless_asked(self):
        for extra, closes in ((b"", True), (b"Connection: keep-alive\r\n", False)):
            with self.server.connect() as connection:
                connection.send(b"GET /livez HTTP/1.0\r\n" + extra + b"\r\n")
                self.assertEqual(connection.response().status, 200)
                if closes:
                    self.assertTrue(connection.closed())
                else:
                    self.assertEqual(connection.send(request("GET", "/livez")).response().status, 200)

    def test_connection_close_closes(self):
        with self.server.connect() as connection:
            connection.send(evaluate(headers={"Connection": "close"}))
            self.assertEqual(connection.response().status, 200)
            self.assertTrue(connection.closed())

    def test_expect_100_continue_is_answered_before_the_body(self):
        data = evaluate(headers={"Expect": "100-continue"})
        with self.server.connect() as connection:
            connection.send(data[:-len(MSE)])
            self.assertEqual(connection.response(interim=True).status, 100)
            self.assertEqual(connection.send(MSE).response().status, 200)

    def test_a_refusal_comes_in_place_of_100(self):
        for status, data in ((413, request("POST", "/v1/losses/MSELoss", headers={"Content-Length": "100001"})),
                             (415, request("POST", "/v1/losses/MSELoss", headers={"Content-Length": "4"}))):
            with self.server.connect() as connection:
                connection.send(data[:-2] + b"Expect: 100-continue\r\n\r\n")
                self.assertEqual(connection.response(interim=True).status, status)


class Bodies(SharedServer):
    FLAGS = ("--max-body-bytes", "1000000")

    def test_413_reaches_a_client_that_goes_on_sending(self):
        piece = b" " * 0x100000
        chunked = (b"100000\r\n" + piece + b"\r\n") * 19 + b"0\r\n\r\n"
        for data in (evaluate(piece * 19), request("POST", "/v1/losses/MSELoss", headers={
                "Content-Type": JSON, "Transfer-Encoding": "chunked"}) + chunked):
            with self.server.connect() as connection:
                connection.send(data)
                answer = connection.response()
                self.assertEqual((answer.status, answer.code), (413, "body_too_large"))
                self.assertTrue(connection.closed())

    def test_a_chunked_body_a_little_past_the_limit_is_413_and_keeps_the_connection(self):
        data = request("POST", "/v1/losses/MSELoss", headers={"Content-Type": JSON, "Transfer-Encoding": "chunked"})
        with self.server.connect() as connection:
            connection.send(data + b"f4241\r\n" + b" " * 1000001 + b"\r\n0\r\n\r\n")
            self.assertEqual(connection.response().status, 413)
            self.assertEqual(connection.send(request("GET", "/livez")).response().status, 200)

    def test_gzip_is_taken(self):
        data = evaluate(gzip.compress(MSE), headers={"Content-Encoding": "gzip"})
        self.assertEqual(self.ask(data).status, 200)

    def test_an_inflated_body_past_the_limit_is_413(self):
        data = evaluate(gzip.compress(b" " * 1000001), headers={"Content-Encoding": "gzip"})
        self.assertEqual(self.ask(data).status, 413)

    def test_large_bodies_in_parallel(self):
        body = MSE + b" " * (1000000 - len(MSE))
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: self.ask(evaluate(body)), range(32)))
        self.assertEqual([a.json()["loss"] for a in answers], [2.0] * 32)


class SlowClients(unittest.TestCase):
    """Waiting is inherent here, so the clients wait together."""

    HEAD = request("POST", "/v1/losses/MSELoss", headers={"Content-Type": JSON, "Content-Length": "1000"})
    # first bytes, and what is sent again and again
    TRICKLES = {"request line": (b"GET /li", b"v"), "headers": (b"GET /livez HTTP/1.1\r\n", b"a: b\r\n"),
                "body": (HEAD, b" "), "silent": (b"", b""), "short body": (HEAD + b"{", b"")}

    @staticmethod
    def trickle(server, first, more):
        """What the server sends until it ends the connection; None when it does not."""
        got = b""
        with server.connect() as connection:
            connection.sock.settimeout(0.1)
            connection.send(first)
            for _ in range(200):
                try:
                    if more:
                        connection.send(more)
                    data = connection.sock.recv(4096)
                    got += data
                    if not data:
                        return got
                except socket.timeout:
                    continue
                except (ConnectionResetError, BrokenPipeError):
                    return got
        return None

    def test_each_slow_client_is_ended_and_others_are_served(self):
        with Server("--header-timeout", "0.4", "--idle-timeout", "1", "--min-upload-rate", "1000") as server:
            with concurrent.futures.ThreadPoolExecutor(len(self.TRICKLES)) as pool:
                answers = {name: pool.submit(self.trickle, server, *case) for name, case in self.TRICKLES.items()}
            self.assertEqual(server.ask(evaluate()).status, 200)
        for name, answer in answers.items():
            data = answer.result()
            self.assertIsNotNone(data, f"{name}: still open")
            self.assertTrue(data == b"" or data.startswith(b"HTTP/1.1 408 "), f"{name}: {data!r}")
        self.assertTrue(answers["body"].result().startswith(b"HTTP/1.1 408 "))

    def test_who_waits_for_a_refusal_without_sending_the_body_gets_it(self):
        for data, status in ((self.HEAD.replace(b"json", b"xml"), 415), (self.HEAD.replace(b"1000", b"60000") + b"{", 413)):
            with Server("--max-body-bytes", "20000") as server, server.connect() as connection:
                connection.sock.settimeout(8)  # less than --header-timeout
                answer = connection.send(data).response()
                self.assertEqual((answer.status, answer.headers["connection"]), (status, "close"))
                self.assertTrue(connection.closed())

    def test_what_came_in_time_is_answered_by_a_server_that_was_held_up(self):
        """As by a machine that is busy with something else, or a virtual one that is moved."""
        head, body = evaluate()[:-len(MSE)], MSE
        with Server("--header-timeout", "0.3", "--idle-timeout", "1", "--min-upload-rate", "1000") as server, \
                contextlib.ExitStack() as stack:
            fresh, halfway, idle = (stack.enter_context(server.connect()) for _ in range(3))
            idle.send(evaluate()).response()
            halfway.send(head + body[:1])
            server.ask(evaluate())  # so the others have been accepted and read
            server.signal(signal.SIGSTOP)
            for connection, data in ((fresh, evaluate()), (halfway, body[1:]), (idle, evaluate())):
                connection.send(data)
            time.sleep(1.5)
            server.signal(signal.SIGCONT)
            for connection in (fresh, halfway, idle):
                self.assertEqual(connection.response().status, 200)

    def test_an_idle_connection_is_closed(self):
        with Server("--idle-timeout", "1") as server, server.connect() as connection:
            self.assertEqual(connection.send(request("GET", "/livez")).response().status, 200)
            self.assertTrue(connection.closed())


if __name__ == "__main__":
    unittest.main()
