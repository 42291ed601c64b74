"""lossd and its peers as servers, and one request to them."""
import contextlib
import http.client
import os
import pathlib
import re
import socket
import statistics
import struct
import subprocess
import sys
import time

from common import LOSSD, PEERS, ROUNDS, python

PATH = "/v1/losses/MSELoss"
JSON = "application/json"
RAW = "application/octet-stream"
SLEEP = 0.05


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@contextlib.contextmanager
def process(name, command, port):
    """A server as a child, once it accepts connections; gives (name, port, pid)."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(400):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            if child.poll() is not None:
                raise SystemExit(f"{name} ended with {child.returncode}: {command}")
            time.sleep(SLEEP)
        yield name, port, child.pid
    finally:
        child.terminate()
        child.wait()


def start_lossd(*flags):
    port = free_port()
    return process("lossd", [LOSSD, "--host", "127.0.0.1", "--port", str(port), "--log-level", "error",
                             "--max-body-bytes", str(1 << 30), *flags], port)


def start_fastapi(workers=os.cpu_count()):
    port = free_port()
    return process("FastAPI", [python(), "-m", "uvicorn", "--app-dir", PEERS, "fastapi_server:app", "--loop", "uvloop",
                               "--http", "httptools", "--port", str(port), "--workers", str(workers),
                               "--log-level", "error", "--no-access-log"], port)


def start_nginx(directory, workers, body):
    port = free_port()
    text = (PEERS / "nginx.conf").read_text()
    for key, value in {"DIRECTORY": directory, "PORT": port, "WORKERS": workers, "BODY": body}.items():
        text = text.replace(f"@{key}@", str(value))
    config = pathlib.Path(directory) / "nginx.conf"
    config.write_text(text)
    return process("nginx", ["nginx", "-c", config, "-p", directory], port)


def peak_mib(pid):
    """Peak resident memory of a process and its children."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    own = int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024
    return own + sum(map(peak_mib, map(int, children)))


def post(port, path, body, content_type):
    """The answer's body and the milliseconds from the first byte sent to the last received."""
    answer, took, _ = exchange(port, path, body, content_type)
    return answer, took


def exchange(port, path, body, content_type):
    """post, and the milliseconds that the server says it computed."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    start = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": content_type})
    response = connection.getresponse()
    answer = response.read()
    took = (time.perf_counter() - start) * 1e3
    connection.close()
    if response.status != 200:
        raise SystemExit(f"{response.status} on {path}: {answer[:300]!r}")
    timing = re.search(r"compute;dur=([\d.]+)", response.headers.get("Server-Timing", ""))
    return answer, took, float(timing.group(1)) if timing else None


def start_sink(keep=False):
    port = free_port()
    command = [sys.executable, PEERS / "sink.py", str(port)] + (["--keep"] if keep else [])
    return process("keeping sink" if keep else "sink", command, port)


def times_in_turns(servers, path_of, body, content_type, rounds):
    """The milliseconds of each server's requests, and the length of its last answer."""
    runs = {name: [] for name, _, _ in servers}
    lengths = {name: len(post(port, path_of(name), body, content_type)[0]) for name, port, _ in servers}
    for _ in range(rounds):
        for name, port, _ in servers:
            runs[name].append(post(port, path_of(name), body, content_type)[1])
    return runs, lengths


def in_turns(servers, path_of, body, content_type):
    """Median milliseconds of each server."""
    runs, _ = times_in_turns(servers, path_of, body, content_type, ROUNDS + 2)
    return {name: statistics.median(times) for name, times in runs.items()}


def raw_upload(megabytes):
    """A path and a body of so many MB."""
    count = megabytes * 1_000_000 // 8
    return f"{PATH}?input=float32:{count}&target=float32:{count}", struct.pack("<f", 1.5) * (2 * count)
