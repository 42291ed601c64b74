"""HTTP: where a message begins and ends."""
import os
import unittest

from server import MSE, SANITIZED, SharedServer, request


def message(*lines, body=b""):
    """A request from its lines, as they are."""
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


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


if __name__ == "__main__":
    unittest.main()
