"""Large raw requests, against bare sockets, and tiny ones beside them.

Run as a program, bulk.py PORT posts 100 MB to the port, again and again.
"""
import contextlib
import socket
import statistics
import struct
import subprocess
import sys
import time

from common import ROUNDS, has, ratio
from servers import JSON, PATH, RAW, in_turns, peak_mib, post, raw_upload, start_fastapi, start_lossd, start_sink
from tiny import TINY

SO_TIMESTAMPNS = 35  # Linux; the socket module does not name it


def bench_bulk():
    rows = []
    for megabytes in (8, 800):
        path, body = raw_upload(megabytes)
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(start_lossd())]
            servers += [stack.enter_context(start_sink(keep)) for keep in (False, True)]
            if has("fastapi") and megabytes < 100:
                servers.append(stack.enter_context(start_fastapi()))
            ms = in_turns(servers, lambda name: "/raw" if name == "FastAPI" else path, body, RAW)
            memory = peak_mib(servers[0][2])
        rows.append({"what": f"{megabytes} MB", "lossd": ms["lossd"], "sink": ms["sink"], "keeping sink": ms["keeping sink"],
                     "FastAPI": ms.get("FastAPI"), "lossd / sink": ratio(ms["lossd"], ms["sink"]),
                     "lossd / keeping": ratio(ms["lossd"], ms["keeping sink"]), "peak MiB": memory})
    return [{"title": "Raw upload, MSELoss of float32: ms", "columns": list(rows[0]), "rows": rows,
             "target": "within 1.5 times the bare sink"}, bench_beside()]


# Tiny requests beside large ones


def upload_forever(port):
    """A process that posts 100 MB, again and again."""
    path, body = raw_upload(100)
    while True:
        post(port, path, body, RAW)


def arrival(connection):
    """An answer, and when the kernel had it for us by CLOCK_REALTIME: our own wait for a CPU is not in that."""
    answer, notes, _, _ = connection.recvmsg(65536, 256)
    for level, kind, data in notes:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("qq", data)
            return answer, seconds + nanoseconds * 1e-9
    return answer, time.time()  # the first few come without


def tiny_latencies(port, seconds):
    """Milliseconds of tiny requests, one after the other with a pause between: until we go on with the answer, and
    until it was there for us."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nContent-Type: {JSON}\r\nContent-Length: {len(TINY)}\r\n\r\n"
    request, took, arrived, end = (head + TINY).encode(), [], [], time.time() + seconds
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        while time.time() < end:
            start = time.time()
            connection.sendall(request)
            answer, arrival_time = arrival(connection)
            took.append((time.time() - start) * 1e3)
            arrived.append((arrival_time - start) * 1e3)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"a tiny request was answered {answer[:300]!r}")
            time.sleep(0.001)
    return took, arrived


def percentile(values, p):
    return sorted(values)[len(values) * p // 100]


def latencies_beside(port, busy_port, clients):
    """tiny_latencies on a port while so many processes post 100 MB to another."""
    uploads = [subprocess.Popen([sys.executable, __file__, str(busy_port)]) for _ in range(clients)]
    time.sleep(1)
    took, arrived = tiny_latencies(port, 3)
    for upload in uploads:
        upload.kill()
        upload.wait()
    return {"p50 ms": percentile(took, 50), "p99 ms": percentile(took, 99), "answer there: p50 ms": percentile(arrived, 50),
            "answer there: p99 ms": percentile(arrived, 99)}


def bench_beside():
    with start_lossd() as (_, port, _), start_sink() as (_, sink, _):
        cases = {"idle": (port, 0), "1 client posting 100 MB": (port, 1), "2 clients posting 100 MB": (port, 2),
                 "1 client posting to a sink, lossd idle": (sink, 1), "2 clients posting to a sink, lossd idle": (sink, 2)}
        runs = {what: [] for what in cases}
        for _ in range(ROUNDS):
            for what, (busy_port, clients) in cases.items():
                runs[what].append(latencies_beside(port, busy_port, clients))
    rows = []
    for what, results in runs.items():
        row = {"what": what, **{key: statistics.median(run[key] for run in results) for key in results[0]}}
        idle = rows[0] if rows else row
        rows.append(row | {f"{key} / idle": ratio(row[key], idle[key]) for key in ("p99 ms", "answer there: p99 ms")})
    return {"title": "A tiny MSELoss request beside raw uploads of 100 MB, as its client sees it and until the answer is at the "
                     "client's socket: ms", "columns": list(rows[0]), "rows": rows,
            "target": "p99 within 5 times that of an idle server"}


if __name__ == "__main__":
    upload_forever(int(sys.argv[1]))
