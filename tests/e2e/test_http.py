"""HTTP: paths and methods, the order of checks, framing, connections after errors, limits, slow clients."""
import concurrent.futures
import contextlib
import gzip
import os
import re
import signal
import socket
import time
import unittest

from server import JSON, MSE, SANITIZED, Server, SharedServer, evaluate, request, slow_body


def message(*lines, body=b""):
    """A request from its lines, as they are."""
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Paths(SharedServer):
    def test_probes_are_plain_text(self):
        for path in ("/livez", "/readyz"):
            answer = self.server.get(path)
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.headers["content-type"].startswith("text/plain"))

    def test_every_answer_names_the_server(self):
        for data in (request("GET", "/livez"), request("GET", "/nowhere"), evaluate(), evaluate(b"{")):
            self.assertRegex(self.ask(data).headers["server"], r"^lossd/\d+\.\d+\.\d+$")

    def test_an_evaluation_is_answered(self):
        answer = self.ask(evaluate())
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, JSON))
        self.assertEqual(answer.json()["loss"], 2.0)

    def test_documents_are_served(self):
        for path, kind, text in (("/v1/losses", JSON, b'"CrossEntropyLoss"'), ("/v1/losses/L1Loss", JSON, b'"formula"'),
                                 ("/openapi.json", JSON, b'"openapi"'), ("/openapi.yaml", "application/yaml", b"openapi:"),
                                 ("/metrics", "text/plain; version=0.0.4; charset=utf-8", b"# TYPE ")):
            answer = self.server.get(path)
            self.assertEqual((answer.status, answer.headers["content-type"]), (200, kind), path)
            self.assertIn(text, answer.body)

    def test_unknown_paths_are_404(self):
        for path in ("/nowhere", "/v1", "/v1/losses/", "/v1/losses/a/b", "/../x", "/v1/losses/MSELoss/", "/livez/",
                     "/v1/losses/MSELoss%2Fx", "/V1/losses", "//livez"):
            answer = self.server.get(path)
            self.assertEqual(answer.status, 404, path)
            self.assertEqual(answer.headers["content-type"], "application/problem+json")

    def test_an_unknown_loss_is_404_and_names_the_nearest(self):
        answer = self.ask(evaluate(loss="MSEloss"))
        self.assertEqual((answer.status, answer.code), (404, "unknown_loss"))
        self.assertIn("MSELoss", answer.json()["hint"])

    def test_percent_encoded_names_are_the_same_names(self):
        self.assertEqual(self.ask(evaluate(loss="%4DSELoss")).status, 200)

    def test_the_absolute_form_of_a_target_is_taken(self):
        self.assertEqual(self.ask(request("GET", "http://lossd/livez")).status, 200)

    def test_wrong_methods_are_405_with_allow(self):
        for method, path, allow in (("POST", "/livez", {"GET", "HEAD"}), ("POST", "/v1/losses", {"GET", "HEAD"}),
                                    ("PUT", "/v1/losses/MSELoss", {"GET", "HEAD", "POST"}),
                                    ("DELETE", "/readyz", {"GET", "HEAD"}), ("TRACE", "/livez", {"GET", "HEAD"}),
                                    ("PATCH", "/livez", {"GET", "HEAD"}), ("OPTIONS", "/livez", {"GET", "HEAD"})):
            answer = self.ask(request(method, path))
            self.assertEqual((answer.status, answer.code), (405, "method_not_allowed"), method)
            self.assertEqual(set(answer.headers["allow"].split(", ")), allow)

    def test_connect_is_405(self):
        answer = self.ask(request("CONNECT", "example.org:443"))
        self.assertEqual(answer.status, 405)
        self.assertIn("allow", answer.headers)

    def test_unknown_methods_are_501(self):
        self.assertEqual(self.ask(request("BREW", "/livez")).status, 501)

    def test_head_gives_the_headers_of_get_without_a_body(self):
        with self.server.connect() as connection:
            got = connection.send(request("GET", "/livez")).response()
            head = connection.send(request("HEAD", "/livez")).response(head=True)
            again = connection.send(request("GET", "/livez")).response()
        self.assertEqual((head.status, head.headers["content-length"]), (200, got.headers["content-length"]))
        self.assertEqual(again.body, got.body)

    def test_inference_errors_have_the_member_error(self):
        answer = self.server.get("/v2/nowhere")
        self.assertEqual((answer.status, answer.headers["content-type"]), (404, JSON))
        self.assertIsInstance(answer.json()["error"], str)

    def test_inference_health_is_200(self):
        for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/MSELoss/ready",
                     "/v2/models/MSELoss/versions/1/ready"):
            self.assertEqual(self.server.get(path).status, 200, path)

    def test_an_unknown_model_or_version_is_404(self):
        for path in ("/v2/models/Nope/ready", "/v2/models/MSELoss/versions/2/ready"):
            self.assertEqual(self.server.get(path).status, 404, path)


class Headers(SharedServer):
    def test_server_timing_is_on_every_evaluation(self):
        for body, status in ((MSE, 200), (b"{", 400)):
            answer = self.ask(evaluate(body))
            self.assertEqual(answer.status, status)
            self.assertRegex(answer.headers["server-timing"],
                             r"^queue;dur=[\d.]+, decode;dur=[\d.]+, compute;dur=[\d.]+, encode;dur=[\d.]+$")

    def test_a_request_id_is_echoed(self):
        for data in (evaluate(headers={"X-Request-Id": "a-1"}),
                     request("GET", "/livez", headers={"X-Request-Id": "a-1"})):
            self.assertEqual(self.ask(data).headers["x-request-id"], "a-1")

    def test_there_is_no_cors_by_default(self):
        answer = self.ask(request("GET", "/livez", headers={"Origin": "https://example.org"}))
        self.assertNotIn("access-control-allow-origin", answer.headers)


class OrderOfChecks(SharedServer):
    FLAGS = ("--max-body-bytes", "1000")
    BAD_TYPE = {"Content-Type": "text/plain"}

    def check(self, data, status, code):
        answer = self.ask(data)
        self.assertEqual((answer.status, answer.code), (status, code))

    def test_path_before_length(self):
        self.check(request("POST", "/v1/losses/Nope", headers=self.BAD_TYPE), 404, "unknown_loss")

    def test_an_unknown_loss_before_the_method(self):
        self.check(request("PUT", "/v1/losses/Nope"), 404, "unknown_loss")
        self.check(request("GET", "/v2/models/Nope/infer"), 404, "unknown_loss")

    def test_method_before_expectation(self):
        self.check(request("POST", "/livez", b"x", {"Expect": "banana"}), 405, "method_not_allowed")

    def test_411_before_the_type(self):
        self.check(request("POST", "/v1/losses/MSELoss", headers=self.BAD_TYPE), 411, "length_required")

    def test_413_before_expectations_and_types(self):
        self.check(request("POST", "/v1/losses/MSELoss", b"x" * 1001, {"Expect": "banana", **self.BAD_TYPE}), 413,
                   "body_too_large")

    def test_417_before_the_type(self):
        self.check(request("POST", "/v1/losses/MSELoss", b"x", {"Expect": "banana", **self.BAD_TYPE}), 417,
                   "expectation_failed")

    def test_415_before_406(self):
        self.check(request("POST", "/v1/losses/MSELoss", b"x", {"Accept": "image/png", **self.BAD_TYPE}), 415,
                   "unsupported_media_type")

    def test_a_missing_type_is_415(self):
        self.check(request("POST", "/v1/losses/MSELoss", MSE), 415, "unsupported_media_type")

    def test_unknown_encodings_are_415(self):
        self.check(evaluate(headers={"Content-Encoding": "br"}), 415, "unsupported_media_type")

    def test_406_before_the_body(self):
        self.check(evaluate(b"{", headers={"Accept": "image/png"}), 406, "not_acceptable")

    def test_an_empty_body_is_400_at_offset_0(self):
        answer = self.ask(evaluate(b""))
        self.assertEqual((answer.status, answer.json().get("offset")), (400, 0))

    def test_a_body_as_large_as_the_limit_is_taken(self):
        self.assertEqual(self.ask(evaluate(MSE + b" " * (1000 - len(MSE)))).status, 200)


class Framing(SharedServer):
    """Whatever two readers could frame differently is refused, and the connection ends."""

    POST = "POST /v1/losses/MSELoss HTTP/1.1"
    GET = "GET /livez HTTP/1.1"
    HOST = "Host: lossd"
    TYPE = "Content-Type: application/json"
    CHUNKED = "Transfer-Encoding: chunked"

    BROKEN = {
        "two Content-Length": (400, message(POST, HOST, TYPE, "Content-Length: 4", "Content-Length: 4", body=b"GET ")),
        "length and chunked": (400, message(POST, HOST, TYPE, "Content-Length: 5", CHUNKED, body=b"0\r\n\r\n")),
        "chunked and length": (400, message(POST, HOST, TYPE, CHUNKED, "Content-Length: 5", body=b"0\r\n\r\n")),
        "space before the colon": (400, message(POST, HOST, TYPE, "Content-Length : 21", body=b"x" * 21)),
        "tab before the colon": (400, message(POST, HOST, TYPE, "Content-Length\t: 21", body=b"x" * 21)),
        "length -1": (400, message(POST, HOST, TYPE, "Content-Length: -1")),
        "length +4": (400, message(POST, HOST, TYPE, "Content-Length: +4", body=b"1234")),
        "length empty": (400, message(POST, HOST, TYPE, "Content-Length:", body=b"1234")),
        "length 4, 4": (400, message(POST, HOST, TYPE, "Content-Length: 4, 4", body=b"1234")),
        "length 0x4": (400, message(POST, HOST, TYPE, "Content-Length: 0x4", body=b"1234")),
        "length 2^63": (413, message(POST, HOST, TYPE, "Content-Length: 9223372036854775808")),
        "length 2^64": (413, message(POST, HOST, TYPE, "Content-Length: 18446744073709551616")),
        "length 2^64 - 1": (413, message(POST, HOST, TYPE, "Content-Length: 18446744073709551615")),
        "no Host": (400, message(GET)),
        "two Hosts": (400, message(GET, HOST, "Host: other")),
        "Host with a path": (400, message(GET, "Host: a/b")),
        "Host with a space": (400, message(GET, "Host: a b")),
        "two Transfer-Encoding": (400, message(POST, HOST, TYPE, CHUNKED, CHUNKED, body=b"0\r\n\r\n")),
        "unknown Transfer-Encoding": (501, message(POST, HOST, TYPE, "Transfer-Encoding: gzip")),
        "gzip, chunked": (501, message(POST, HOST, TYPE, "Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n")),
        "identity": (501, message(POST, HOST, TYPE, "Transfer-Encoding: identity")),
        "chunked in 1.0": (400, message("POST /v1/losses/MSELoss HTTP/1.0", HOST, TYPE, CHUNKED, body=b"0\r\n\r\n")),
        "folded line": (400, message(POST, HOST, TYPE, "Content-Length: 1", " 0", body=b"x" * 10)),
        "folded name": (400, message(POST, HOST, TYPE, "Content-Lengt: 4", " h", body=b"GET ")),
        "NUL in a value": (400, message(POST, HOST, "X-A: b\0c", TYPE, "Content-Length: 0")),
        "NUL in the last value": (400, message(GET, HOST, "X-A: b\0c")),
        "NUL in the method": (400, message("BRE\0W /livez HTTP/1.1", HOST)),
        "CR in the method": (400, message("M\r /livez HTTP/1.1", HOST)),
        "two spaces after the method": (400, message("GET  /livez HTTP/1.1", HOST)),
        "NUL in the path": (400, message("GET /livez\0/x HTTP/1.1", HOST)),
        "NUL in a name": (400, message(GET, HOST, "X\0A: b")),
        "control character": (400, message(GET, HOST, "X-A: b\x01c")),
        "CR in a value": (400, message(GET, HOST, "X-A: b\rc")),
        "NUL and x as the last line": (400, b"GET /livez HTTP/1.1\r\nHost: lossd\n\0x\n"),
        "bare LF": (400, b"GET /livez HTTP/1.1\nHost: lossd\n\n"),
        "name that is no token": (400, message(GET, HOST, "X(A): b")),
        "no name": (400, message(GET, HOST, ": b")),
        "no colon": (400, message(GET, HOST, "banana")),
        "%00": (400, message("GET /livez%00 HTTP/1.1", HOST)),
        "%zz": (400, message("GET /livez%zz HTTP/1.1", HOST)),
        "% at the end": (400, message("GET /livez% HTTP/1.1", HOST)),
        "raw UTF-8 in the URI": (400, message("GET /liv\xc3\xa9 HTTP/1.1", HOST)),
        "space in the URI": (400, message("GET /livez x HTTP/1.1", HOST)),
        "no version": (400, message("GET /livez", HOST)),
        "HTTP/3.0": (505, message("GET /livez HTTP/3.0", HOST)),
        "chunk size zz": (400, message(POST, HOST, TYPE, CHUNKED, body=b"zz\r\n")),
        "chunk size -1": (400, message(POST, HOST, TYPE, CHUNKED, body=b"-1\r\n\r\n")),
        "bad chunk end": (400, message(POST, HOST, TYPE, CHUNKED, body=b"2\r\n{}X\r\n0\r\n\r\n")),
        "40 KB URI": (414, message("GET /" + "x" * 40960 + " HTTP/1.1", HOST)),
        "9 KB URI": (414, message("GET /" + "x" * 9000 + " HTTP/1.1", HOST)),
        "40 KB header": (431, message(GET, HOST, "X-A: " + "b" * 40960)),
        "20 KB header": (431, message(GET, HOST, "X-A: " + "b" * 20000)),
        "5000 headers": (431, message(GET, HOST, *["a: b"] * 5000)),
    }

    def test_broken_messages_are_refused_and_the_connection_ends(self):
        for name, (status, data) in self.BROKEN.items():
            with self.subTest(name), self.server.connect() as connection:
                connection.send(data)
                self.assertEqual(connection.response().status, status)
                self.assertTrue(connection.closed())

    def test_what_follows_a_broken_message_is_not_served(self):
        for name, (_, data) in self.BROKEN.items():
            with self.subTest(name), self.server.connect() as connection:
                got = b""
                try:
                    connection.send(data + request("GET", "/livez"))
                    while more := connection.sock.recv(65536):
                        got += more
                except (ConnectionResetError, BrokenPipeError):
                    pass
                self.assertNotIn(b"200 OK", got)

    def test_tls_bytes_on_the_plain_port_close(self):
        with self.server.connect() as connection:
            connection.send(bytes.fromhex("160301010001000100fc0303") + os.urandom(500) + b"\n")
            self.assertTrue(connection.closed())

    def test_chunks_with_extensions_and_trailers_are_taken(self):
        half = len(MSE) // 2
        chunk = b"%x;name=value\r\n%s\r\n%X\r\n%s\r\n0\r\nX-Trailer: 1\r\n\r\n"
        with self.server.connect() as connection:
            for _ in range(2):
                connection.send(message(self.POST, self.HOST, self.TYPE, self.CHUNKED,
                                        body=chunk % (half, MSE[:half], len(MSE) - half, MSE[half:])))
                self.assertEqual(connection.response().status, 200)

    def test_a_million_chunks_of_one_byte_take_little_memory(self):
        body = MSE + b" " * (1000000 - len(MSE))
        data = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
        with self.server.connect() as connection:
            connection.send(message(self.POST, self.HOST, self.TYPE, self.CHUNKED))
            before = self.server.peak_memory()
            connection.send(data + b"0\r\n\r\n")
            self.assertEqual(connection.response().status, 200)
        if not SANITIZED:
            self.assertLess(self.server.peak_memory() - before, 20 * len(body))


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
                self.assertEqual(connection.response().status, 200)

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


class Limits(unittest.TestCase):
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
            self.assertEqual(server.ask(self.LARGE).status, 422)

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
            answer = server.ask(evaluate(slow_body()))
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

    def test_no_server_timing(self):
        with Server("--no-server-timing") as server:
            self.assertNotIn("server-timing", server.ask(evaluate()).headers)

    def test_cors(self):
        with Server("--cors-origin", "https://example.org") as server:
            answer = server.ask(evaluate(headers={"Origin": "https://example.org"}))
            self.assertEqual(answer.headers["access-control-allow-origin"], "https://example.org")
            self.assertIn("Server-Timing", answer.headers["access-control-expose-headers"])
            answer = server.ask(request("OPTIONS", "/v1/losses/MSELoss", headers={
                "Origin": "https://example.org", "Access-Control-Request-Method": "POST"}))
            self.assertEqual(answer.status, 204)
            self.assertIn("POST", answer.headers["access-control-allow-methods"])


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
