"""Bearer tokens: what needs one, what does not, and new ones by SIGHUP."""
import os
import signal
import tempfile
import threading
import time
import unittest

from server import Server, evaluate, request


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class Tokens(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "tokens")
        self.write("# tokens of the tests", "", "alpha", "beta")

    def write(self, *lines):
        with open(self.path, "w") as file:
            file.write("\n".join(lines) + "\n")

    def test_each_token_of_the_file_is_good(self):
        with Server("--token-file", self.path) as server:
            for token in ("alpha", "beta"):
                self.assertEqual(server.ask(evaluate(headers=bearer(token))).status, 200)

    def test_a_missing_or_wrong_token_is_401(self):
        wrong = ({}, bearer("gamma"), bearer("alph"), bearer("alphaa"), bearer(""), {"Authorization": "alpha"},
                 {"Authorization": "Basic alpha"}, bearer("# tokens of the tests"))
        with Server("--token-file", self.path) as server:
            for headers in wrong:
                answer = server.ask(evaluate(headers=headers))
                self.assertEqual((answer.status, answer.code), (401, "unauthorized"), headers)
                self.assertEqual(answer.headers["www-authenticate"], "Bearer")

    def test_the_connection_stays_usable_after_401(self):
        with Server("--token-file", self.path) as server, server.connect() as connection:
            self.assertEqual(connection.send(evaluate()).response().status, 401)
            self.assertEqual(connection.send(evaluate(headers=bearer("alpha"))).response().status, 200)

    def test_401_comes_before_404(self):
        with Server("--token-file", self.path) as server:
            self.assertEqual(server.get("/nowhere").status, 401)
            self.assertEqual(server.get("/v1/losses").status, 401)
            self.assertEqual(server.get("/nowhere", bearer("beta")).status, 404)

    def test_probes_need_none_and_metrics_by_choice(self):
        open_paths = ("/livez", "/readyz", "/v2/health/live", "/v2/health/ready")
        for flags, metrics in (((), 200), (("--metrics-token",), 401)):
            with Server("--token-file", self.path, *flags) as server:
                for path in open_paths:
                    self.assertEqual(server.get(path).status, 200, path)
                self.assertEqual(server.get("/metrics").status, metrics)
                self.assertEqual(server.get("/metrics", bearer("alpha")).status, 200)

    def test_preflights_need_none(self):
        with Server("--token-file", self.path, "--cors-origin", "*") as server:
            answer = server.ask(request("OPTIONS", "/v1/losses/MSELoss", headers={
                "Origin": "https://a", "Access-Control-Request-Method": "POST"}))
            self.assertEqual(answer.status, 204)

    def test_tokens_are_rotated_under_load_by_sighup(self):
        """Eight clients keep asking with a token that every file has; another comes and goes."""
        wrong, stop = [], threading.Event()

        def client(server):
            with server.connect() as connection:
                while not stop.is_set():
                    status = connection.send(evaluate(headers=bearer("beta"))).response().status
                    if status != 200:
                        wrong.append(status)

        with Server("--token-file", self.path, "--io-threads", "2") as server, server.connect() as connection:
            threads = [threading.Thread(target=client, args=(server,)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for new, old in (("gamma", "alpha"), ("alpha", "gamma")) * 5:
                self.write("beta", new)
                server.signal(signal.SIGHUP)
                deadline = time.monotonic() + 30
                while connection.send(evaluate(headers=bearer(new))).response().status != 200:
                    self.assertLess(time.monotonic(), deadline)
                self.assertEqual(connection.send(evaluate(headers=bearer(old))).response().status, 401)
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [])

    def test_a_file_that_went_bad_leaves_the_old_tokens(self):
        with Server("--token-file", self.path) as server:
            self.write("# nothing")
            server.signal(signal.SIGHUP)
            for _ in range(20):
                self.assertEqual(server.ask(evaluate(headers=bearer("alpha"))).status, 200)

    def test_a_line_too_long_for_a_token_is_refused_not_cut_into_two(self):
        self.write("alpha", "x" * 4095 + "tail")
        with self.assertRaisesRegex(RuntimeError, "lossd: the token file has a line longer than 4094 bytes"):
            Server("--token-file", self.path)
        self.write("x" * 4094)
        with Server("--token-file", self.path) as server:
            self.assertEqual(server.ask(evaluate(headers=bearer("x" * 4094))).status, 200)

    def write_bytes(self, data):
        with open(self.path, "wb") as file:
            file.write(data)

    def test_a_byte_order_mark_is_no_part_of_the_first_line(self):
        for text in ("alpha\r\n# beta\r\n", "# alpha\nalpha\n", "\nalpha"):
            self.write_bytes(text.encode("utf-8-sig"))
            with Server("--token-file", self.path) as server:
                self.assertEqual(server.ask(evaluate(headers=bearer("alpha"))).status, 200, text)
                self.assertEqual(server.ask(evaluate(headers=bearer("# alpha"))).status, 401, text)

    def test_a_file_in_utf_16_is_one_clear_line(self):
        for encoding in ("utf-16-le", "utf-16-be"):
            self.write_bytes("\ufeffalpha\r\nbeta\r\n".encode(encoding))
            with self.assertRaisesRegex(RuntimeError, "lossd: the token file is UTF-16: expected UTF-8"):
                Server("--token-file", self.path)

    def test_a_file_without_tokens_is_one_clear_line(self):
        self.write("# nothing")
        with self.assertRaisesRegex(RuntimeError, "lossd: the token file holds no token"):
            Server("--token-file", self.path)

    def test_a_file_that_cannot_be_read_to_its_end_is_not_taken_for_a_short_one(self):
        with self.assertRaisesRegex(RuntimeError, "lossd: cannot read the token file: Input/output error"):
            Server("--token-file", "/proc/self/mem")  # opens, but has nothing at its beginning


if __name__ == "__main__":
    unittest.main()
