"""Where lossd listens: Unix sockets, inherited sockets, several I/O threads."""
import collections
import concurrent.futures
import contextlib
import os
import socket
import stat
import subprocess
import tempfile
import threading
import time
import unittest
import unittest.mock

from server import BINARY, Connection, Server, evaluate, request, slow_body


def connect_unix(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    return Connection(sock)


class UnixSocket(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "lossd.sock")

    def test_it_serves_says_so_and_removes_the_path(self):
        with Server("--unix-socket", self.path) as server:
            self.assertEqual(server.line, f"lossd listening on unix:{self.path}")
            with connect_unix(self.path) as connection:
                self.assertEqual(connection.send(evaluate()).response().status, 200)
            probe = subprocess.run([BINARY, "--ready", "--unix-socket", self.path], timeout=60)
            self.assertEqual(probe.returncode, 0)
        self.assertFalse(os.path.exists(self.path))

    def test_a_half_closed_client_gets_its_answer(self):
        with Server("--unix-socket", self.path), connect_unix(self.path) as connection:
            connection.send(evaluate(slow_body(4000)))
            connection.sock.shutdown(socket.SHUT_WR)
            self.assertEqual(connection.response().status, 200)

    def test_a_socket_left_behind_is_replaced(self):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(self.path)
        with Server("--unix-socket", self.path), connect_unix(self.path) as connection:
            self.assertEqual(connection.send(evaluate()).response().status, 200)

    def test_a_socket_in_use_and_other_files_are_left_alone(self):
        with Server("--unix-socket", self.path):
            with self.assertRaisesRegex(RuntimeError, "cannot listen on"):
                Server("--unix-socket", self.path)
            self.assertTrue(stat.S_ISSOCK(os.stat(self.path).st_mode))
        with open(self.path, "w"):
            pass
        with self.assertRaisesRegex(RuntimeError, "cannot listen on"):
            Server("--unix-socket", self.path)

    def test_a_socket_whose_server_accepts_nobody_is_in_use(self):
        with contextlib.ExitStack() as stack, socket.socket(socket.AF_UNIX) as hung:
            hung.bind(self.path)
            hung.listen(0)
            with self.assertRaises(BlockingIOError):  # as many as may wait do
                while True:
                    waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
                    waiting.setblocking(False)
                    waiting.connect(self.path)
            start = subprocess.run([BINARY, "--unix-socket", self.path], capture_output=True, text=True, timeout=60)
            self.assertEqual((start.returncode, start.stderr),
                             (1, f"lossd: cannot listen on {self.path}: Address already in use\n"))


class WrongValues(unittest.TestCase):
    """What only shows when files are read and names looked up is a wrong value too: one line, exit 2."""

    def test_wrong_values_are_one_line_and_exit_2(self):
        with tempfile.NamedTemporaryFile() as empty:
            for flags, line in ((("--token-file", empty.name), "holds no token"),
                                (("--tls-cert", empty.name, "--tls-key", empty.name), "holds no PEM"),
                                (("--host", "999.1.1.1"), "cannot resolve")):
                done = subprocess.run([BINARY, "--port", "0", *flags], capture_output=True, text=True, timeout=60)
                self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), done)
                self.assertIn(line, done.stderr)


class Inherited(unittest.TestCase):
    def start(self, listening, *flags):
        script = 'exec 3<&%d; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@"' % listening.fileno()
        process = subprocess.Popen(["/bin/sh", "-c", script, BINARY, "--log-format", "none", *flags],
                                   stdout=subprocess.PIPE, pass_fds=(listening.fileno(),))
        self.assertTrue(process.stdout.readline())
        return process

    def stop(self, process):
        process.terminate()
        process.stdout.close()
        self.assertEqual(process.wait(60), 0)

    def test_it_closes_nothing_twice(self):
        """What is closed twice may be somebody else's by then."""
        unwatched = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}  # there is one tracer at a time
        with socket.create_server(("127.0.0.1", 0)) as listening, tempfile.NamedTemporaryFile("r") as calls, \
                unittest.mock.patch.dict(os.environ, unwatched):
            process = self.start(listening, "--io-threads", "2")
            with subprocess.Popen(["strace", "-f", "-e", "trace=close", "-o", calls.name, "-p", str(process.pid)],
                                  stderr=subprocess.PIPE, text=True) as tracer:
                if "attached" not in tracer.stderr.readline():
                    self.addCleanup(self.stop, process)
                    self.skipTest("strace may not look at other processes")
                self.stop(process)
            closed = calls.read()
        self.assertIn("close(", closed)
        self.assertNotIn("EBADF", closed)

    def test_connections_wait_while_it_restarts(self):
        """Each has one request: all are answered, by the one that stops or by the next."""
        statuses, stop = collections.Counter(), threading.Event()

        def client(address):
            while not stop.is_set():
                try:
                    with Connection(socket.create_connection(address)) as connection:
                        statuses[connection.send(evaluate()).response().status] += 1
                except (EOFError, OSError) as error:
                    statuses[repr(error)] += 1

        with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening, \
                concurrent.futures.ThreadPoolExecutor(8) as pool:
            process = self.start(listening, "--io-threads", "2")
            for _ in range(8):
                pool.submit(client, listening.getsockname())
            for _ in range(6):
                time.sleep(0.2)
                self.stop(process)
                process = self.start(listening)
            stop.set()
            pool.shutdown()
            self.stop(process)
        self.assertEqual(list(statuses), [200])

    def test_sockets_of_the_service_manager_are_served(self):
        with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
            script = ('exec 3<&%d 4<&%d; LISTEN_FDS=2 LISTEN_PID=$$ exec "$0" "$@"' %
                      (first.fileno(), second.fileno()))
            process = subprocess.Popen(["/bin/sh", "-c", script, BINARY, "--log-format", "none"], text=True,
                                       stdout=subprocess.PIPE, pass_fds=(first.fileno(), second.fileno()))
            try:
                line = process.stdout.readline().strip()
                self.assertEqual(line, f"lossd listening on http://127.0.0.1:{first.getsockname()[1]}")
                for sock in (first, second):
                    with Connection(socket.create_connection(sock.getsockname())) as connection:
                        self.assertEqual(connection.send(evaluate()).response().status, 200)
            finally:
                process.terminate()
                process.stdout.close()
                self.assertEqual(process.wait(60), 0)


class IoThreads(unittest.TestCase):
    def test_several_loops_serve_one_port_and_stop_together(self):
        with Server("--io-threads", "3", "--workers", "2") as server:
            with concurrent.futures.ThreadPoolExecutor(32) as pool:
                data = [evaluate(), evaluate(slow_body(1500)), request("GET", "/livez")] * 20
                answers = list(pool.map(server.ask, data))
            self.assertEqual({a.status for a in answers}, {200})
            self.assertEqual(len({a.body for a in answers}), 3)

    def test_several_loops_share_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "s")
            with Server("--io-threads", "2", "--unix-socket", path):
                for _ in range(20):
                    with connect_unix(path) as connection:
                        self.assertEqual(connection.send(evaluate()).response().status, 200)


if __name__ == "__main__":
    unittest.main()
