"""A peer that reads requests and throws them away, or keeps the last body in a buffer that it reuses: what the sockets
alone cost.

    sink.py PORT [--keep]
"""
import contextlib
import re
import socket
import sys


def read_head(connection):
    """The head, and what came behind it; empty where the client went away."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            return b""
        head += piece
    return head


def read_body(connection, buffer, left, keep):
    view, at = memoryview(buffer), 0
    while left > 0:
        got = connection.recv_into(view[at:])
        if not got:
            return
        left -= got
        at += got if keep else 0


def serve(port, keep):
    listener, buffer = socket.create_server(("127.0.0.1", port)), bytearray(1 << 20)
    while True:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            head = read_head(connection)
            if not head:
                continue
            length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
            left = length - (len(head) - head.index(b"\r\n\r\n") - 4)
            if keep and len(buffer) < left:
                buffer = bytearray(left)
            read_body(connection, buffer, left, keep)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


if __name__ == "__main__":
    serve(int(sys.argv[1]), "--keep" in sys.argv[2:])
