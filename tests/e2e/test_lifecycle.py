"""Start, stop, drain: no answer is lost, and the exit code says how it ended."""
import concurrent.futures
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from server import BINARY, MSE, SANITIZED, Connection, Server, evaluate, request, slow_body


class Start(unittest.TestCase):
    def test_the_first_line_names_the_address(self):
        with Server() as server:
            self.assertRegex(server.line, r"^lossd listening on http://127\.0\.0\.1:\d+$")

    def test_ipv6_is_in_brackets(self):
        with Server("--host", "::1") as server:
            self.assertRegex(server.line, r"^lossd listening on http://\[::1\]:\d+$")

    def test_a_port_in_use_is_one_clear_line(self):
        with Server() as server:
            second = subprocess.run([BINARY, "--port", str(server.port)], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(second.returncode, 0)
        self.assertRegex(second.stderr, r"^lossd: cannot listen on 127\.0\.0\.1 port \d+: .*\n$")

    def test_a_port_in_use_is_not_shared_by_several_loops(self):
        with Server("--io-threads", "2") as server:
            for loops in ("1", "2"):
                with self.assertRaisesRegex(RuntimeError, r"lossd: cannot listen on 127\.0\.0\.1 port"):
                    Server("--port", str(server.port), "--io-threads", loops)

    @unittest.skipIf(SANITIZED, "sanitizers need address space without limit")
    def test_threads_that_cannot_be_are_missed_at_the_start(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_STACK, (8 << 20, 8 << 20))
            resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        done = subprocess.run([BINARY, "--port", "0", "--workers", "1000"], capture_output=True, text=True, timeout=60,
                              preexec_fn=limit)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^lossd: cannot start 1000 threads \(--workers\): .*\n$")

    def test_it_serves_without_standard_streams(self):
        """Closed ones are not taken for sockets or pipes of its own, which log lines would go into."""
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/lossd.sock"
            server = subprocess.Popen(["sh", "-c", 'exec "$0" --unix-socket "$1" <&- >&- 2>&-', BINARY, path])
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    deadline = time.monotonic() + 60
                    while client.connect_ex(path):
                        self.assertLess(time.monotonic(), deadline)
                        time.sleep(0.01)
                    for _ in range(3):
                        self.assertEqual(Connection(client).send(evaluate(MSE)).response().json()["loss"], 2)
            finally:
                server.send_signal(signal.SIGTERM)
                self.assertEqual(server.wait(60), 0)

    def test_check_config_says_what_the_start_would(self):
        with tempfile.TemporaryDirectory() as folder:
            empty, token, pem = (pathlib.Path(folder, name) for name in ("empty", "token", "pem"))
            empty.write_text("\n")
            token.write_text("secret\n")
            pem.write_text("no certificate")
            for flags, code, words in [
                (["--token-file", token], 0, "lossd: the configuration is valid\n"),
                (["--token-file", empty], 2, "lossd: the token file holds no token"),
                (["--tls-cert", pem, "--tls-key", pem], 2, "lossd: --tls-cert holds no PEM certificate"),
            ]:
                with self.subTest(flags=flags):
                    done = subprocess.run([BINARY, "--check-config", *flags], capture_output=True, text=True, timeout=60)
                    self.assertEqual((done.returncode, (done.stdout + done.stderr)[:len(words)]), (code, words))

    def test_ready_probes_a_running_server(self):
        with Server() as server:
            probe = [BINARY, "--ready", "--port", str(server.port)]
            self.assertEqual(subprocess.run(probe, capture_output=True, timeout=60).returncode, 0)
        self.assertEqual(subprocess.run(probe, capture_output=True, timeout=60).returncode, 1)


@unittest.skipUnless(sys.platform == "linux", "threads have priorities of their own on Linux alone")
class Priority(unittest.TestCase):
    def nice_of_threads(self, process):
        """The main thread's, and the others', by /proc/PID/task/TID/stat."""
        nice = {}
        for task in pathlib.Path(f"/proc/{process}/task").iterdir():
            fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
            nice[int(task.name)] = int(fields[16])
        return nice.pop(process), list(nice.values())

    def test_workers_give_way_to_the_loops(self):
        with Server("--workers", "2") as server:
            for _ in range(8):
                self.assertEqual(server.ask(evaluate(slow_body(1000))).status, 200)
            main, workers = self.nice_of_threads(server.process.pid)
            self.assertEqual(main, os.getpriority(os.PRIO_PROCESS, 0))
            self.assertIn(min(main + 10, 19), workers)


class Notify(unittest.TestCase):
    def test_systemd_is_told_ready_and_stopping(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            path = os.path.join(folder, "notify")
            listener.bind(path)
            listener.settimeout(60)
            with Server(env={"NOTIFY_SOCKET": path}) as server:
                self.assertEqual(listener.recv(64), b"READY=1")
                server.signal()
                self.assertEqual(listener.recv(64), b"STOPPING=1")
                self.assertEqual(server.wait(), 0)  # a second signal would stop it at once


class Stopping(unittest.TestCase):
    def wait_until_taken(self, server):
        """What other connections sent before has been read when later requests were answered."""
        for _ in range(3):
            self.assertEqual(server.get("/livez").status, 200)

    def wait_until_stopping(self, server):
        deadline = time.monotonic() + 30
        while server.get("/readyz").status != 503:
            self.assertLess(time.monotonic(), deadline)


class Stop(Stopping):
    def test_signals_stop_an_idle_server_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number), Server() as server, server.connect() as connection:
                connection.send(request("GET", "/livez")).response()  # its connection does not hold the server up
                server.signal(number)
                self.assertEqual(server.wait(), 0)

    def test_sigterm_in_mid_request_loses_no_answer(self):
        with Server("--workers", "2") as server, concurrent.futures.ThreadPoolExecutor(8) as pool:
            connections = [server.connect() for _ in range(8)]
            for connection in connections:
                self.addCleanup(connection.close)
                connection.send(evaluate(slow_body(6000)))
            self.wait_until_taken(server)
            server.signal()
            answers = list(pool.map(lambda c: c.response(), connections))
            self.assertEqual([a.status for a in answers], [200] * 8)
            self.assertEqual(len({a.body for a in answers}), 1)
            self.assertEqual(server.wait(), 0)

    def test_a_body_on_its_way_is_finished(self):
        with Server() as server, server.connect() as connection:
            data = evaluate()
            connection.send(data[:-1])
            self.wait_until_taken(server)
            server.signal()
            self.wait_until_stopping(server)
            connection.send(data[-1:])
            self.assertEqual(connection.response().status, 200)
            self.assertEqual(server.wait(), 0)

    def test_what_is_new_gets_503_while_the_rest_is_finished(self):
        with Server() as server, server.connect() as running, server.connect() as other:
            other.send(request("GET", "/livez")).response()
            data = evaluate()
            running.send(data[:-1])
            self.wait_until_taken(server)
            server.signal()
            self.wait_until_stopping(server)
            answer = other.send(evaluate()).response()
            self.assertEqual((answer.status, answer.code, answer.headers["retry-after"]), (503, "draining", "1"))
            self.assertEqual(answer.headers["connection"], "close")
            running.send(data[-1:])
            self.assertEqual(running.response().status, 200)
            self.assertEqual(server.wait(), 0)

    def test_a_second_signal_stops_at_once(self):
        with Server("--drain-seconds", "60", expect_exit=128 + signal.SIGTERM) as server:
            server.signal()
            self.wait_until_stopping(server)
            server.signal()
            self.assertEqual(server.wait(30), 128 + signal.SIGTERM)

    def test_clients_that_go_away_harm_nobody(self):
        with Server("--workers", "2") as server:
            for data in (evaluate(slow_body(3000)), evaluate(MSE)[:-1], b"POST /v1"):
                for _ in range(10):
                    with server.connect() as connection:
                        connection.send(data)
            self.assertEqual(server.ask(evaluate()).status, 200)


class Drain(Stopping):
    def test_draining_serves_on_without_keeping_connections(self):
        with Server("--drain-seconds", "1") as server:
            server.signal()
            self.wait_until_stopping(server)
            answer = server.ask(evaluate())
            self.assertEqual((answer.status, answer.headers["connection"]), (200, "close"))
            for path in ("/livez", "/v2/health/live"):
                self.assertEqual(server.get(path).status, 200, path)
            for path in ("/readyz", "/v2/health/ready", "/v2/models/MSELoss/ready", "/v2/models/MSELoss/versions/1/ready"):
                self.assertEqual(server.get(path).status, 503, path)
            self.assertEqual(server.wait(), 0)

    def test_constant_load_through_a_drain_loses_no_request(self):
        """Clients that heed Connection: close get an answer to each request that they send before the drain ends."""
        lost, served = [], []
        stop = threading.Event()

        def client(server):
            connection = server.connect()
            while not stop.is_set():
                try:
                    answer = connection.send(evaluate()).response()
                except (EOFError, OSError) as error:
                    lost.append(repr(error))
                    break
                served.append(answer.status)
                if answer.headers.get("connection") == "close":
                    connection.close()
                    connection = server.connect()
            connection.close()

        with Server("--drain-seconds", "3") as server:
            threads = [threading.Thread(target=client, args=(server,)) for _ in range(8)]
            for thread in threads:
                thread.start()
            server.signal()
            self.wait_until_stopping(server)
            while len(served) < 500 and not lost:
                time.sleep(0.01)
            stop.set()  # a load balancer takes the server out before its drain ends
            for thread in threads:
                thread.join()
            self.assertEqual(server.wait(), 0)
        self.assertEqual(lost, [])
        self.assertEqual(set(served), {200})


if __name__ == "__main__":
    unittest.main()
