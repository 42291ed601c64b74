"""Several lossd behind HAProxy, each restarted in turn under constant load: no request is lost."""
import http.client
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from server import JSON, MSE, Server

ROOT = pathlib.Path(__file__).parent.parent.parent
DRAIN = ("--drain-seconds", "2")  # the proxy probes twice a second


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Proxy:
    """HAProxy with the configuration that examples/sharded shows; a context manager."""

    def __init__(self, backends):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory()
        lines = "\n".join(f"  server lossd{i} 127.0.0.1:{port} check" for i, port in enumerate(backends))
        text = (ROOT / "examples/sharded/haproxy.cfg").read_text()
        path = pathlib.Path(self.folder.name, "haproxy.cfg")
        path.write_text(text.replace("@PORT@", str(self.port)).replace("@SERVERS@", lines))
        self.process = subprocess.Popen(["/usr/sbin/haproxy", "-db", "-f", path], stderr=subprocess.DEVNULL)

    def wait_until(self, status):
        deadline = time.monotonic() + 30
        while self.livez() != status:
            if time.monotonic() > deadline:
                raise TimeoutError(f"HAProxy does not answer {status}")
            time.sleep(0.05)

    def livez(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def __enter__(self):
        self.wait_until(200)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


class Load:
    """Clients that each send one evaluation after another until they are stopped."""

    def __init__(self, port, clients=4):
        self.port, self.wrong, self.served, self.stopping = port, [], 0, threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.stopping.is_set():
            try:
                connection.request("POST", "/v1/losses/MSELoss", MSE, {"Content-Type": JSON})
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200 or not re.match(rb'{"loss":2,', body):
                    self.wrong.append((answer.status, body[:200]))
                self.served += 1
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(repr(error))
                connection.close()
        connection.close()

    def wait_for(self, more):
        target, deadline = self.served + more, time.monotonic() + 60
        while self.served < target and not self.wrong and time.monotonic() < deadline:
            time.sleep(0.01)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


class Restart(unittest.TestCase):
    def test_a_rolling_restart_under_constant_load_loses_no_request(self):
        ports = [free_port(), free_port()]
        servers = [Server("--port", str(port), *DRAIN) for port in ports]
        try:
            with Proxy(ports) as proxy, Load(proxy.port) as load:
                for i, port in enumerate(ports):
                    load.wait_for(200)
                    servers[i].signal()
                    self.assertEqual(servers[i].wait(), 0)
                    load.wait_for(200)  # by the other one alone
                    servers[i] = Server("--port", str(port), *DRAIN)
                    time.sleep(1.5)  # the proxy takes it back
                load.wait_for(200)
            self.assertEqual(load.wrong, [])
            self.assertGreaterEqual(load.served, 1000)
        finally:
            for server in servers:
                server.process.kill()
                server.wait()


if __name__ == "__main__":
    unittest.main()
