"""TLS: encrypted service, clients' certificates really verified, certificates re-read on SIGHUP."""
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
import warnings

from server import BINARY, MSE, Connection, Server, evaluate, request


class Certificates:
    """A certificate authority and what it signed, made by openssl in a folder that is removed at the end."""

    SERVER = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth"

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        for authority in ("ca", "other"):
            self.run("req", "-x509", *self.new_key(authority), "-subj", f"/CN={authority}", "-days", "2",
                     "-out", self.path(f"{authority}.pem"))
        self.sign("server", "ca", self.SERVER)
        self.sign("renewed", "ca", self.SERVER)
        self.sign("client", "ca", "extendedKeyUsage=clientAuth")
        self.sign("stranger", "other", "extendedKeyUsage=clientAuth")

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def new_key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.path(f"{name}.key"))

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def sign(self, name, authority, extension):
        with open(self.path(f"{name}.ext"), "w") as file:
            file.write(extension + "\n")
        self.run("req", "-new", *self.new_key(name), "-subj", f"/CN={name}", "-out", self.path(f"{name}.csr"))
        self.run("x509", "-req", "-in", self.path(f"{name}.csr"), "-CA", self.path(f"{authority}.pem"), "-CAkey",
                 self.path(f"{authority}.key"), "-CAcreateserial", "-days", "2", "-extfile",
                 self.path(f"{name}.ext"), "-out", self.path(f"{name}.pem"))

    def flags(self, name="server"):
        return ("--tls-cert", self.path(f"{name}.pem"), "--tls-key", self.path(f"{name}.key"))

    def connect(self, server, client=None, version=None):
        context = ssl.create_default_context(cafile=self.path("ca.pem"))
        if client:
            context.load_cert_chain(self.path(f"{client}.pem"), self.path(f"{client}.key"))
        if version:
            context.maximum_version = version
        sock = socket.create_connection(("127.0.0.1", server.port))
        return Connection(context.wrap_socket(sock, server_hostname="localhost"))


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()

    @classmethod
    def tearDownClass(cls):
        cls.certificates.folder.cleanup()

    def connect(self, server, client=None, version=None):
        connection = self.certificates.connect(server, client, version)
        self.addCleanup(connection.close)
        return connection

    def test_it_serves_over_tls_and_says_so(self):
        with Server(*self.certificates.flags()) as server:
            self.assertRegex(server.line, r"^lossd listening on https://127\.0\.0\.1:\d+$")
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                connection = self.connect(server, version=version)
                for _ in range(3):
                    self.assertEqual(connection.send(evaluate()).response().json()["loss"], 2.0)
                self.assertEqual(connection.send(request("GET", "/nowhere")).response().status, 404)
            probe = [BINARY, "--ready", "--port", str(server.port), *self.certificates.flags()]
            self.assertEqual(subprocess.run(probe, timeout=60).returncode, 0)

    def test_versions_before_1_2_are_refused(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")  # or the client itself would refuse
        with Server(*self.certificates.flags()) as server, warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
                context.minimum_version = ssl.TLSVersion.TLSv1
                context.maximum_version = version
                with socket.create_connection(("127.0.0.1", server.port)) as sock:
                    with self.assertRaises((ssl.SSLError, ConnectionError), msg=version):
                        context.wrap_socket(sock, server_hostname="localhost")

    def test_several_loops_serve_many_clients(self):
        with Server(*self.certificates.flags(), "--io-threads", "2", "--workers", "2") as server:
            connections = [self.connect(server) for _ in range(16)]
            for connection in connections:
                connection.send(evaluate())
            self.assertEqual([connection.response().json()["loss"] for connection in connections], [2.0] * 16)

    def test_large_bodies_and_refusals_in_mid_body(self):
        with Server(*self.certificates.flags(), "--max-body-bytes", "3000000") as server:
            body = MSE + b" " * 2900000
            self.assertEqual(self.connect(server).send(evaluate(body)).response().status, 200)
            chunked = request("POST", "/v1/losses/MSELoss", headers={"Content-Type": "application/json",
                                                                     "Transfer-Encoding": "chunked"})
            connection = self.connect(server).send(chunked)
            connection.send(b"300000\r\n" + b" " * 0x300000)
            answer = connection.response()
            self.assertEqual((answer.status, answer.code), (413, "body_too_large"))

    def test_plain_http_on_the_tls_port_is_closed(self):
        with Server(*self.certificates.flags()) as server, server.connect() as connection:
            connection.send(request("GET", "/livez"))
            self.assertTrue(connection.closed())

    def test_only_clients_with_a_good_certificate_are_served(self):
        with Server(*self.certificates.flags(), "--tls-client-ca", self.certificates.path("ca.pem")) as server:
            self.assertEqual(self.connect(server, "client").send(evaluate()).response().status, 200)
            for client in (None, "stranger", "server"):
                with self.subTest(client):
                    try:
                        answer = self.connect(server, client).send(evaluate()).response()
                        self.assertEqual((answer.status, answer.code), (401, "certificate_required"))
                        for member in ("title", "detail", "hint"):
                            self.assertIn("certificate", answer.json()[member])
                            self.assertNotIn("oken", answer.json()[member])
                    except (EOFError, ssl.SSLError, ConnectionError):
                        pass  # refused in the handshake
            self.assertEqual(self.connect(server, "client").send(evaluate()).response().status, 200)

    def test_probes_need_no_certificate(self):
        flags = (*self.certificates.flags(), "--tls-client-ca", self.certificates.path("ca.pem"))
        with Server(*flags) as server:
            for path, status in (("/livez", 200), ("/readyz", 200), ("/v2/health/live", 200),
                                 ("/v2/health/ready", 200), ("/metrics", 401), ("/docs", 401), ("/v2", 401)):
                answer = self.connect(server).send(request("GET", path)).response()
                self.assertEqual(answer.status, status, path)
            probe = [BINARY, "--ready", "--port", str(server.port), *flags]
            self.assertEqual(subprocess.run(probe, timeout=60).returncode, 0)

    def shown(self, server):
        return dict(x[0] for x in self.connect(server).sock.getpeercert()["subject"])["commonName"]

    def test_sighup_reads_the_certificate_again(self):
        for end in (".pem", ".key"):
            os.symlink(self.certificates.path("server" + end), self.certificates.path("current" + end))
        with Server(*self.certificates.flags("current")) as server:
            self.assertEqual(self.shown(server), "server")
            old = self.connect(server)
            for end in (".pem", ".key"):
                os.replace(self.link("renewed" + end), self.certificates.path("current" + end))
            server.signal(signal.SIGHUP)
            deadline = time.monotonic() + 30
            while self.shown(server) != "renewed":
                self.assertLess(time.monotonic(), deadline)
            self.assertEqual(old.send(evaluate()).response().status, 200)
            os.replace(self.link("other.key"), self.certificates.path("current.key"))
            server.signal(signal.SIGHUP)  # a key that does not fit: the old pair stays
            for _ in range(5):
                self.assertEqual(self.shown(server), "renewed")

    def authorities_named(self, server):
        """The names in the server's request for a certificate, by which clients choose theirs."""
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        return re.findall(r"CN = (\w+)\n", done.stdout.split("Acceptable client certificate CA names")[1])

    def test_sighup_reads_the_client_ca_again_and_names_the_new_one(self):
        current = self.certificates.path("current_ca.pem")
        os.symlink(self.certificates.path("ca.pem"), current)
        with Server(*self.certificates.flags(), "--tls-client-ca", current) as server:
            self.assertEqual(self.authorities_named(server), ["ca"])
            os.replace(self.link("other.pem"), current)
            server.signal(signal.SIGHUP)
            deadline = time.monotonic() + 30
            while self.authorities_named(server) != ["other"]:
                self.assertLess(time.monotonic(), deadline)
            self.assertEqual(self.connect(server, "stranger").send(evaluate()).response().status, 200)
            self.assertEqual(self.connect(server, "client").send(evaluate()).response().status, 401)

    def link(self, name):
        path = self.certificates.path("link")
        os.symlink(self.certificates.path(name), path)
        return path

    def test_a_key_of_another_certificate_is_one_clear_line(self):
        certificate, key = self.certificates.path("server.pem"), self.certificates.path("client.key")
        with self.assertRaisesRegex(RuntimeError, "lossd: --tls-key does not belong to --tls-cert"):
            Server("--tls-cert", certificate, "--tls-key", key)


if __name__ == "__main__":
    unittest.main()
