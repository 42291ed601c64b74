"""HTTP: paths and methods, headers, the order of checks."""
import unittest

from server import JSON, MSE, Server, SharedServer, evaluate, request


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

    def test_a_404_names_the_path_and_the_one_that_is_meant(self):
        for path, hint in (("/v1/losses/", "leave the last / out"), ("/v1/losses/MSELoss/", "leave the last / out"),
                           ("/metric", "did you mean /metrics?"), ("/ready?x=1", "did you mean /readyz?"),
                           ("/v1/loss", "did you mean /v1/losses?"), ("/health", "evaluate with POST /v1/losses/{loss}; /docs has all paths"),
                           ("/" + 200 * "x", "evaluate with POST /v1/losses/{loss}; /docs has all paths")):
            problem = self.server.get(path).json()
            self.assertEqual(problem["hint"], hint)
            self.assertTrue(problem["detail"].startswith('there is nothing at the path "' + path.partition("?")[0][:40]), problem)

    def test_an_unknown_format_is_named(self):
        formats = "expected application/json, application/octet-stream or application/vnd.safetensors"
        for headers, found in (({"Content-Type": "text/csv"}, 'Content-Type is "text/csv"'), ({"Content-Type": None}, "Content-Type is missing"),
                               ({"Accept": "text/html"}, 'Accept is "text/html"')):
            self.assertEqual(self.ask(evaluate(headers=headers)).json()["detail"], f"{found}, {formats}")
        form = self.ask(evaluate(headers={"Content-Type": "application/x-www-form-urlencoded"}))
        self.assertIn("-H 'Content-Type: application/json'", form.json()["hint"])

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


class Caching(SharedServer):
    FIXED = ("/", "/docs", "/ui/style.css", "/openapi.json", "/openapi.yaml", "/v1/losses", "/v1/losses/MSELoss", "/v2",
             "/v2/models/MSELoss", "/errors/bad-json", "/examples/digits.json")

    def test_what_only_another_build_changes_has_a_tag_by_which_it_is_asked_for_again(self):
        for path in self.FIXED:
            tags = set()
            for encoding in ("identity", "gzip"):
                headers = {"Accept-Encoding": encoding}
                fresh = self.server.get(path, headers)
                tag = fresh.headers["etag"]
                tags.add(tag)
                self.assertRegex(tag, r'^"[0-9a-f]+-[0-9a-f]+"$')
                self.assertEqual((fresh.status, fresh.headers["cache-control"]), (200, "no-cache"))
                for held, status in ((tag, 304), (f'"a", W/{tag}, "b"', 304), ("*", 304), ('"a"', 200), (tag[1:-1], 200)):
                    for method in ("GET", "HEAD"):
                        again = self.ask(request(method, path, headers={**headers, "If-None-Match": held}), head=method == "HEAD")
                        self.assertEqual((again.status, again.headers["etag"]), (status, tag), (path, method, held))
                        self.assertEqual(again.headers["cache-control"], "no-cache")
                        self.assertEqual(again.headers.get("vary"), fresh.headers.get("vary"))
                        self.assertEqual(again.headers["content-length"], fresh.headers["content-length"])
                        self.assertEqual("content-type" in again.headers, status == 200)
                        self.assertEqual(again.body, fresh.body if (method, status) == ("GET", 200) else b"")
            self.assertEqual(len(tags), 2 if "vary" in fresh.headers else 1, path)

    def test_a_connection_stays_usable_after_304(self):
        with self.server.connect() as connection:
            for _ in range(2):
                self.assertEqual(connection.send(request("GET", "/", headers={"If-None-Match": "*"})).response().status, 304)
                self.assertEqual(connection.send(request("GET", "/livez")).response().body, b"ok\n")

    def test_what_changes_has_none(self):
        for path in ("/livez", "/readyz", "/metrics", "/v2/health/live", "/v2/models/MSELoss/ready", "/nowhere", "/ui/nothing"):
            answer = self.server.get(path, {"If-None-Match": "*"})
            self.assertIn(answer.status, (200, 404))
            self.assertNotIn("etag", answer.headers, path)


class HeadersByFlags(unittest.TestCase):
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
        for coding in ("br", "identity", "gzip, gzip", "identity, gzip", ""):
            answer = self.ask(evaluate(headers={"Content-Encoding": coding}))
            self.assertEqual((answer.status, answer.code), (415, "unsupported_media_type"), coding)
            self.assertIn(f'Content-Encoding is "{coding}", expected gzip', answer.json()["detail"])
            self.assertIn("without Content-Encoding", answer.json()["hint"])
            self.assertEqual(answer.headers["accept-encoding"], "gzip")

    def test_a_415_for_the_type_names_no_encoding(self):
        for coding in ({}, {"Content-Encoding": "gzip"}):
            answer = self.ask(evaluate(headers={**self.BAD_TYPE, **coding}))
            self.assertEqual((answer.status, answer.headers.get("accept-encoding")), (415, None))

    def test_406_before_the_body(self):
        self.check(evaluate(b"{", headers={"Accept": "image/png"}), 406, "not_acceptable")

    def test_the_inference_protocol_answers_in_json_or_bytes(self):
        for accept, status in (("image/png", 406), ("application/vnd.safetensors", 406), ("application/json", 400),
                               ("application/octet-stream", 400), ("*/*", 400), ("", 400)):
            answer = self.ask(request("POST", "/v2/models/MSELoss/infer", b"{", {"Accept": accept}))
            self.assertEqual(answer.status, status, accept)
            self.assertIsInstance(answer.json()["error"], str)

    def test_an_empty_body_is_400_at_offset_0(self):
        answer = self.ask(evaluate(b""))
        self.assertEqual((answer.status, answer.json().get("offset")), (400, 0))

    def test_a_body_as_large_as_the_limit_is_taken(self):
        self.assertEqual(self.ask(evaluate(MSE + b" " * (1000 - len(MSE)))).status, 200)


if __name__ == "__main__":
    unittest.main()
