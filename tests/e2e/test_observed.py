"""What a running lossd tells of itself: counters that add up, and a log that nothing a client sends can forge."""
import collections
import concurrent.futures
import json
import re
import shlex
import struct
import subprocess
import tempfile
import time
import unittest

from server import JSON, MSE, Server, evaluate, request

RAW = {"Content-Type": "application/octet-stream"}
THREE = request("POST", "/v1/losses/L1Loss?input=float32:3&target=float32:3", struct.pack("<6f", 1, 2, 3, 1, 2, 5), RAW)
INFER = request("POST", "/v2/models/MSELoss/infer", json.dumps({"inputs": [
    {"name": name, "datatype": "FP32", "shape": [2], "data": [1, 2]} for name in ("input", "target")]}).encode())
ROUTE, UNROUTED = "/v1/losses/{loss}", ""

# (times, request, method, route, status); a token is added.
MIX = [
    (40, evaluate(), "POST", ROUTE, 200), (30, THREE, "POST", ROUTE, 200),
    (20, INFER, "POST", "/v2/models/{loss}/infer", 200),
    (7, evaluate(b'{"input": [1,'), "POST", ROUTE, 400), (6, evaluate(b'{"input": 1}'), "POST", ROUTE, 422),
    (5, evaluate(loss="Nope"), "POST", ROUTE, 404), (4, request("PUT", "/livez"), "PUT", UNROUTED, 405),
    (3, request("POST", "/v1/losses/MSELoss", b"a", {"Content-Type": "text/csv"}), "POST", ROUTE, 415),
    (9, evaluate(MSE + b" " * 2000), "POST", ROUTE, 413), (8, request("GET", "/nowhere"), "GET", UNROUTED, 404),
    (2, request("BREW", "/livez"), "_OTHER", UNROUTED, 501), (11, request("GET", "/v1/losses"), "GET", "/v1/losses", 200),
    (5, request("GET", "/v1/losses", headers={"If-None-Match": "*"}), "GET", "/v1/losses", 304),
    (6, request("HEAD", "/v1/losses"), "HEAD", "/v1/losses", 200),
]
REQUEST_HISTOGRAMS = ("http_server_request_duration_seconds", "http_server_request_body_size_bytes",
                      "http_server_response_body_size_bytes")
ELEMENTS = {("MSELoss", "float64"): 2 * 40, ("L1Loss", "float32"): 3 * 30, ("MSELoss", "float32"): 2 * 20}


def series(text):
    """{(name, labels): value} of Prometheus' text format."""
    found = {}
    for name, labels, value in re.findall(r"^(\w+)(?:{(.*)})? (\S+)$", text, re.M):
        found[name, tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels)))] = float(value)
    return found


class Metrics(unittest.TestCase):
    """One server, asked by eight clients at once; then its counters are compared with what was sent."""

    @classmethod
    def setUpClass(cls):
        with tempfile.NamedTemporaryFile("w") as tokens:
            print("alpha", file=tokens, flush=True)
            with Server("--token-file", tokens.name, "--max-body-bytes", "1000", "--io-threads", "2") as server:
                cls.ask_all(server)
                cls.found = cls.settled(server)
                cls.text = server.get("/metrics").body.decode()

    @classmethod
    def ask_all(cls, server):
        authorized = [(data.replace(b"\r\n", b"\r\nAuthorization: Bearer alpha\r\n", 1), status)
                      for times, data, _, _, status in MIX for _ in range(times)]
        sent = authorized + [(evaluate(), 401)] * 10
        cls.statuses = [status for _, status in sent]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            cls.answers = list(pool.map(lambda one: server.ask(one[0], one[0].startswith(b"HEAD")), sent))

    @staticmethod
    def settled(server):
        """What is counted once nothing but the scrape is under way: a request is counted when its answer has been sent,
        by its own thread, perhaps between two lines of the scrape that finds it gone. So the next scrape is the one."""
        deadline = time.monotonic() + 30
        while series(server.get("/metrics").body.decode())["http_server_active_requests", ()] != 1:
            if time.monotonic() > deadline:
                raise TimeoutError("requests are left under way")
        found = series(server.get("/metrics").body.decode())
        return {key: value for key, value in found.items() if ("http_route", "/metrics") not in key[1]}

    def total(self, name, **labels):
        return sum(value for (found, have), value in self.found.items() if found == name and labels.items() <= dict(have).items())

    def test_every_request_was_answered_as_it_should(self):
        self.assertEqual([answer.status for answer in self.answers], self.statuses)

    def test_every_answer_is_counted_once_under_its_method_route_and_status(self):
        wanted = collections.Counter()
        for times, _, method, route, status in MIX:
            wanted[method, route, str(status)] += times
        wanted["POST", ROUTE, "401"] = 10
        for name in REQUEST_HISTOGRAMS:
            counted = collections.Counter()
            for (found, labels), value in self.found.items():
                if found == name + "_count":
                    have = dict(labels)
                    counted[have["http_request_method"], have.get("http_route", ""), have["http_response_status_code"]] += value
            self.assertEqual(counted, wanted, name)

    def test_promtool_finds_nothing_wrong(self):
        done = subprocess.run(["promtool", "check", "metrics"], input=self.text, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_the_last_bucket_holds_all(self):
        for name in (*REQUEST_HISTOGRAMS, "lossd_queue_wait_seconds"):
            self.assertEqual(self.total(name + "_bucket", le="+Inf"), self.total(name + "_count"), name)

    def test_the_sizes_of_answers_add_up(self):
        self.assertEqual(self.total("http_server_response_body_size_bytes_sum"), sum(len(answer.body) for answer in self.answers))

    def test_errors_are_counted_under_their_code(self):
        wanted = collections.Counter(answer.code for answer in self.answers if answer.status >= 400)
        for code, times in wanted.items():
            self.assertEqual(self.total("http_server_request_duration_seconds_count", error_type=code), times, code)

    def test_elements_are_counted_by_loss_and_dtype(self):
        for (loss, dtype), elements in ELEMENTS.items():
            self.assertEqual(self.total("lossd_elements_total", loss=loss, dtype=dtype), elements)
            self.assertGreater(self.total("lossd_compute_seconds_total", loss=loss, dtype=dtype), 0)
        self.assertEqual(self.total("lossd_elements_total"), sum(ELEMENTS.values()))

    def test_rejections_are_counted_by_reason(self):
        self.assertEqual(self.total("lossd_rejections_total", reason="body_too_large"), 9)
        self.assertEqual(self.total("lossd_rejections_total", reason="unauthorized"), 10)
        self.assertEqual(self.total("lossd_rejections_total"), 19)

    def test_nothing_is_left_in_the_queue(self):
        self.assertEqual(self.total("lossd_queue_depth"), 0)


HOSTILE = ['a"b', "a\\", "a\x1b[31mred", 'x","status":200,"y":"', "a\u2028b", "\x85next", "\xff\xfe", "a" * 5000, "=a b=c",
           "%0d%0aevent=forged"]
LINE = re.compile(r'{"time":"[^"]+","level":"\w+","event":"request",|time=\S+ level=\w+ event=request ')
TRACE = "0af7651916cd43dd8448eb211c80319c"


def log_of(*flags, requests=()):
    """The lines that a server with these flags wrote while it answered the requests."""
    with Server(*flags) as server:
        for data in requests:
            with server.connect() as connection:
                connection.send(data).response()
        server.signal()
        server.wait()
    return server.errors.splitlines()


def requests_of(lines):
    return [entry for entry in map(json.loads, lines) if entry["event"] == "request"]


class Log(unittest.TestCase):
    def test_a_request_is_one_line_of_json(self):
        (line,) = requests_of(log_of("--log-format", "json", requests=[THREE]))
        wanted = {"level": "info", "remote": "127.0.0.1", "method": "POST", "route": ROUTE, "loss": "L1Loss", "dtype": "float32",
                  "status": 200, "elements": 3, "request_bytes": 24, "response_bytes": 20}
        self.assertEqual({name: line.get(name) for name in wanted}, wanted)
        for name in ("time", "request_id", "traceparent", "queue_ms", "decode_ms", "compute_ms", "encode_ms", "total_ms"):
            self.assertIn(name, line)

    def test_text_is_the_same_as_pairs(self):
        line = next(line for line in log_of("--log-format", "text", requests=[THREE]) if "event=request" in line)
        pairs = dict(word.split("=", 1) for word in shlex.split(line))
        self.assertEqual((pairs["route"], pairs["loss"], pairs["status"], pairs["elements"]), (ROUTE, "L1Loss", "200", "3"))

    def test_none_is_silent(self):
        self.assertEqual(log_of("--log-format", "none", "--log-level", "debug", requests=[THREE]), [])

    def test_levels_choose_what_is_written(self):
        sent = [request("GET", "/livez"), THREE]
        routes = lambda level: [line["route"] for line in requests_of(
            log_of("--log-format", "json", "--log-level", level, requests=sent))]
        self.assertEqual(routes("debug"), ["/livez", ROUTE])
        self.assertEqual(routes("info"), [ROUTE])
        self.assertEqual(routes("warn"), [])

    def test_refused_evaluations_are_warnings(self):
        lines = requests_of(log_of("--log-format", "json", "--log-level", "warn", "--request-timeout", "0.001", requests=[
            request("POST", "/v1/losses/MSELoss?input=int8:9000x1&target=int8:1x9000&broadcast=true", b"1" * 18000, RAW)]))
        self.assertEqual([(line["level"], line["status"], line["error"]) for line in lines], [("warn", 504, "deadline_exceeded")])

    def test_hostile_strings_stay_in_their_member(self):
        def requests():
            for text in HOSTILE:
                latin = text.encode().decode("latin-1")
                yield request("GET", "/livez", headers={"X-Request-Id": latin, "traceparent": latin, "User-Agent": latin})
                yield request("POST", "/v1/losses/" + "".join(f"%{byte:02x}" for byte in text.encode()[:300] if byte), MSE,
                              {"Content-Type": JSON})
                yield evaluate(json.dumps({"input": 1, "target": 2, text[:200]: 3, "id": text[:40]}).encode())
        sent = list(requests())
        for form in ("json", "text"):
            lines = log_of("--log-format", form, "--log-level", "debug", requests=sent)
            self.assertEqual(len([line for line in lines if LINE.match(line)]), len(sent), form)
            self.assertEqual(len(lines), len(sent) + 4, form)  # start, drain, finish, stop: no line more
            for line in lines:
                self.assertRegex(line, r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]+\Z")
                self.assertNotIn("forged", line)
            if form == "json":
                self.assertEqual([entry["status"] for entry in requests_of(lines)],
                                 [status for text in HOSTILE for status in (400 if "\x1b" in text else 200, 404, 422)])

    def test_a_trace_is_taken_up_and_another_made(self):
        given = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
        wrong = {"traceparent": f"00-{TRACE.upper()}-b7ad6b7169203331-01"}
        lines = requests_of(log_of("--log-format", "json", requests=[evaluate(headers=given), evaluate(headers=wrong), evaluate()]))
        traces = [line["traceparent"].split("-") for line in lines]
        self.assertEqual((traces[0][1], traces[0][3]), (TRACE, "01"))
        self.assertNotEqual(traces[0][2], "b7ad6b7169203331")  # our own span
        self.assertEqual(len({trace[1] for trace in traces}), 3)
        for trace in traces:
            self.assertRegex("-".join(trace), r"\A00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")

    def test_the_request_id_is_the_one_that_is_echoed(self):
        (line,) = requests_of(log_of("--log-format", "json", requests=[evaluate(headers={"X-Request-Id": "order-66"})]))
        self.assertEqual(line["request_id"], "order-66")


if __name__ == "__main__":
    unittest.main()
