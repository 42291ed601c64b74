"""Measures lossd and, where they are present, its peers: ./dev bench [kernels] [http] [json] [bulk] [scaling]

Each figure of lossd and its peer's are taken in turns in one run, several times over; what is printed are medians.
Writes build/bench.md and build/bench.json. Peers: PyTorch, FastAPI with uvicorn, uvloop and orjson (of the Python
that LOSSD_BENCH_PYTHON names, else .venv/bin/python), nginx and wrk (Debian packages), and a bare socket sink.
"""
import array
import contextlib
import datetime
import http.client
import json
import math
import os
import pathlib
import platform
import random
import re
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOSSD = BUILD / "release/lossd"
KERNELS = BUILD / "release/bench/bench_kernels"
EXPRESSION = BUILD / "release/bench/bench_expression"
PEERS = ROOT / "bench/peers"
ROUNDS = 3
PATH = "/v1/losses/MSELoss"
JSON = "application/json"
RAW = "application/octet-stream"
SLEEP = 0.05
SO_TIMESTAMPNS = 35  # Linux; the socket module does not name it


def python():
    """The Python that has the peers' packages, or None."""
    path = os.environ.get("LOSSD_BENCH_PYTHON") or ROOT / ".venv/bin/python"
    return str(path) if os.access(path, os.X_OK) else None


def has(module):
    return python() and not subprocess.run([python(), "-c", f"import {module}"], capture_output=True).returncode


def ratio(peer, own):
    return round(peer / own, 2) if peer and own else None


# Kernels


def kernel_times(names, elements=1 << 20, repeat=9):
    command = [KERNELS, "--repeat", str(repeat), "--elements", str(elements), *names]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {row["loss"]: row for row in map(json.loads, lines)}


class Torch:
    """torch_kernels.py, which answers one name at a time; without PyTorch it answers None."""

    def __init__(self):
        self.version = self.process = None
        if has("torch"):
            self.process = subprocess.Popen([python(), "-W", "ignore", PEERS / "torch_kernels.py"], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.version = json.loads(self.process.stdout.readline())["version"]

    def ms(self, name):
        if not self.process:
            return None
        print(name, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline()).get("ms")

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


def bench_kernels():
    peer, rows = Torch(), []
    names = [name for name in kernel_times([], repeat=1) if name != "memcpy"]
    for name in names:
        own, theirs = [], []
        for _ in range(ROUNDS):
            own.append(kernel_times([name])[name]["ms"])
            theirs.append(peer.ms(name))
        theirs = None if None in theirs else statistics.median(theirs)
        own = statistics.median(own)
        rows.append({"what": name, "lossd": own, "peer": theirs, "ratio": ratio(theirs, own)})
    peer.close()
    ratios = [row["ratio"] for row in rows if row["ratio"]]
    if ratios:
        mean = round(math.exp(statistics.fmean(map(math.log, ratios))), 2)
        rows.append({"what": "geometric mean", "lossd": None, "peer": None, "ratio": mean})
    return [{"title": "Value and gradient, float32, one thread: ms of CPU time", "peer": f"PyTorch {peer.version}",
             "target": "ratio at least 2 each, geometric mean at least 5", "rows": rows}, bench_bandwidth(), bench_flatness(),
            bench_expression()]


def bench_bandwidth():
    """Memory-bound losses against memcpy: bytes read once and written once."""
    arrays = {"L1Loss": 3, "MSELoss": 3, "HuberLoss": 3, "SmoothL1Loss": 3, "MarginRankingLoss": 4,
              "HingeEmbeddingLoss": 3}
    rounds = [kernel_times(["memcpy", *arrays], elements=1 << 26, repeat=3) for _ in range(ROUNDS)]
    rate = {name: statistics.median(4 * count / times[name]["ns_per_element"] for times in rounds)
            for name, count in {**arrays, "memcpy": 2}.items()}
    rows = [{"what": name, "lossd": rate[name], "peer": rate["memcpy"], "ratio": ratio(rate[name], rate["memcpy"])}
            for name in arrays]
    return {"title": "64M elements: GB/s", "peer": "memcpy", "target": "ratio at least 0.8", "rows": rows}


def bench_flatness():
    """Cost of an element from what fits the first cache to what fits none, as a multiple of memcpy's."""
    names, costs = ["MSELoss", "BCEWithLogitsLoss"], {}
    for elements in (10**power for power in range(4, 9)):
        repeat = min(max(3, 10**7 // elements), 501)
        rounds = [kernel_times(["memcpy", *names], elements, repeat) for _ in range(ROUNDS if elements < 10**8 else 1)]
        costs[elements] = {name: statistics.median(times[name]["ns_per_element"] for times in rounds)
                           for name in ["memcpy", *names]}
    rows = [{"elements": f"{elements:.0e}", **{f"{name} ns": cost[name] for name in cost},
             **{f"{name} / memcpy": ratio(cost[name], cost["memcpy"]) for name in names}}
            for elements, cost in costs.items()]
    return {"title": "Cost of an element over sizes, value and gradient, float32, one thread", "columns": list(rows[0]),
            "target": "multiples of memcpy within 2 of each other", "rows": rows}


def bench_expression():
    """A distance written as an expression against the same one by name."""
    run = json.loads(subprocess.run([EXPRESSION], capture_output=True, text=True, check=True).stdout)
    row = {"what": f"euclidean, N = {run['rows']}, D = {run['length']}", "named": run["named_ms"],
           "expression": run["expression_ms"], "expression / named": run["ratio"]}
    return {"title": "TripletMarginWithDistanceLoss, value and three gradients, float32, one thread: ms",
            "columns": list(row), "target": "within 4 times the named distance", "rows": [row]}


# Servers


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


# Tiny requests

TINY = '{"input":[1,2,3,4],"target":[2,3,4,6]}'
SCRIPT = f"wrk.method = 'POST'\nwrk.body = '{TINY}'\nwrk.headers['Content-Type'] = '{JSON}'\n"


def cpu_seconds(pid):
    """Of a process and its children until now."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(map(cpu_seconds, map(int, children)))


def wrk(port, pid, threads, script):
    """What wrk saw in three seconds, and the server's CPU time a request."""
    command = ["wrk", f"-t{threads}", "-c32", "-d3s", "--latency", "-s", script, f"http://127.0.0.1:{port}{PATH}"]
    before = cpu_seconds(pid)
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out:
        raise SystemExit(f"wrk on port {port}:\n{out}")
    spent = cpu_seconds(pid) - before
    unit = {"us": 1e-3, "ms": 1, "s": 1e3}
    quantile = {p: float(v) * unit[u] for p, v, u in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)\b", out)}
    return {"requests/s": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), "p50 ms": quantile["50"],
            "p99 ms": quantile["99"], "CPU us/request": spent * 1e6 / int(re.search(r"(\d+) requests in", out).group(1))}


def start_tiny_servers(stack, loops):
    """lossd, and the peers that are there, with so many loops or processes each: (what, port, pid)."""
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    servers = [stack.enter_context(start_lossd("--io-threads", str(loops)))]
    answer, _ = post(servers[0][1], PATH, TINY, JSON)
    if shutil.which("nginx"):
        servers.append(stack.enter_context(start_nginx(directory, loops, answer.decode())))
    if has("fastapi"):
        servers.append(stack.enter_context(start_fastapi(loops)))
    return servers


def bench_tiny(loops):
    """As many loops or processes of each server as wrk has threads."""
    with contextlib.ExitStack() as stack:
        script = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())) / "tiny.lua"
        script.write_text(SCRIPT)
        servers, runs, rows = start_tiny_servers(stack, loops), {}, []
        for _ in range(ROUNDS):
            for name, port, pid in servers:
                runs.setdefault(name, []).append(wrk(port, pid, loops, script))
        for name, _, pid in servers:
            row = {"what": name, **{key: statistics.median(run[key] for run in runs[name]) for key in runs[name][0]}}
            own = rows[0] if rows else row
            rows.append(row | {"peak MiB": peak_mib(pid), "lossd is": ratio(own["requests/s"], row["requests/s"]),
                               "CPU / lossd's": ratio(row["CPU us/request"], own["CPU us/request"])})
    plural = "s" * (loops > 1)
    return {"title": f"A tiny MSELoss request, keep-alive, 32 connections; {loops} loop{plural} or process{'es' * (loops > 1)} "
                     f"of each server, {loops} thread{plural} of wrk", "columns": list(rows[0]), "rows": rows,
            "target": "at least 0.9 of nginx, 10 times FastAPI"}


def bench_http():
    if not shutil.which("wrk"):
        print("http: wrk is missing (apt-get install wrk)", file=sys.stderr)
        return []
    return [bench_tiny(loops) for loops in (1, 2)]


# Large requests


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


NUMBERS = 1_000_000  # of each of the two tensors
JSON_ROUNDS = 15


def json_body(digits, gradients):
    random.seed(1)
    input_, target = (",".join(f"{random.uniform(-3, 3):.{digits}g}" for _ in range(NUMBERS)) for _ in range(2))
    return f'{{"input":[{input_}],"target":[{target}],"gradients":{gradients}}}'.encode()


def compile_json_peer(directory):
    """json_numbers.cpp for this machine's instruction set, or None where g++ or simdjson is missing."""
    program = pathlib.Path(directory) / "json_numbers"
    command = ["g++", "-O3", "-march=native", "-std=c++17", PEERS / "json_numbers.cpp", "-o", program, "-lsimdjson"]
    if shutil.which("g++") and not subprocess.run(command, capture_output=True).returncode:
        return program
    print("json: no simdjson or g++ (apt-get install g++ libsimdjson-dev)", file=sys.stderr)
    return None


def bench_json_numbers():
    """Decoding and encoding alone, one thread each."""
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        programs = {"lossd": BUILD / "release/bench/bench_json", "peer": compile_json_peer(directory)}
        programs = {name: program for name, program in programs.items() if program}
        for digits in (7, 17):
            file = pathlib.Path(directory) / "body.json"
            file.write_bytes(json_body(digits, '["input"]'))
            runs = {name: [] for name in programs}
            for _ in range(ROUNDS):
                for name, program in programs.items():
                    runs[name].append(json.loads(subprocess.run([program, file], capture_output=True, check=True).stdout))
            for what, key in (("read 2M numbers against simdjson", "decode_ms"),
                              ("write a gradient of 1M against std::to_chars", "encode_ms")):
                ms = {name: statistics.median(run[key] for run in results) for name, results in runs.items()}
                rows.append({"what": f"{digits} digits: {what}", "lossd": ms["lossd"], "peer": ms.get("peer"),
                             "ratio": ratio(ms.get("peer"), ms["lossd"])})
    return {"title": "JSON numbers without a server, one thread: ms", "rows": rows,
            "target": "ratio at least 1 for reading, 3 for writing"}


def bench_json_requests():
    rows = []
    for digits in (7, 17):
        for gradients in ("false", '["input"]'):
            body = json_body(digits, gradients)
            with contextlib.ExitStack() as stack:
                servers = [stack.enter_context(start_lossd())]
                if has("fastapi"):
                    servers.append(stack.enter_context(start_fastapi()))
                runs, lengths = times_in_turns(servers, lambda _: PATH, body, JSON, JSON_ROUNDS)
                memory = peak_mib(servers[0][2])
            own, theirs = runs["lossd"], runs.get("FastAPI")
            bound = (len(body) + 1.1 * 8 * 2 * NUMBERS + lengths["lossd"]) / 2**20 + 16
            p50, peer = statistics.median(own), theirs and statistics.median(theirs)
            rows.append({"what": f"{digits} digits, gradients {gradients}, {len(body) / 1e6:.0f} MB", "p50 ms": p50,
                         "p99 ms": sorted(own)[math.ceil(0.99 * len(own)) - 1], "FastAPI p50 ms": peer,
                         "ratio": ratio(peer, p50), "peak MiB": memory, "peak may be": bound})
    return {"title": "MSELoss of 2 million numbers in JSON, the whole request", "columns": list(rows[0]), "rows": rows,
            "target": "FastAPI / lossd at least 15"}


def bench_json():
    return [bench_json_numbers(), bench_json_requests()]


class Sink(threading.Thread):
    """Reads requests and throws them away, or keeps the last body in a buffer that it reuses: what the sockets alone
    cost. Run as a process of its own."""

    def __init__(self, port, keep):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", port))
        self.keep = keep
        self.buffer = bytearray(1 << 20)

    def read_body(self, connection, left):
        if self.keep and len(self.buffer) < left:
            self.buffer = bytearray(left)
        view, at = memoryview(self.buffer), 0
        while left > 0:
            got = connection.recv_into(view[at:])
            if not got:
                return
            left -= got
            at += got if self.keep else 0

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            with connection, contextlib.suppress(OSError):
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = connection.recv(65536)
                    if not piece:
                        break
                    head += piece
                else:
                    length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
                    self.read_body(connection, length - (len(head) - head.index(b"\r\n\r\n") - 4))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def start_sink(name):
    port = free_port()
    return process(name, [sys.executable, __file__, "--sink", str(port), name], port)


def raw_upload(megabytes):
    """A path and a body of so many MB."""
    count = megabytes * 1_000_000 // 8
    return f"{PATH}?input=float32:{count}&target=float32:{count}", struct.pack("<f", 1.5) * (2 * count)


def bench_bulk():
    rows = []
    for megabytes in (8, 800):
        path, body = raw_upload(megabytes)
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(start_lossd())]
            servers += [stack.enter_context(start_sink(name)) for name in ("sink", "keeping sink")]
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
    uploads = [subprocess.Popen([sys.executable, __file__, "--upload", str(busy_port)]) for _ in range(clients)]
    time.sleep(1)
    took, arrived = tiny_latencies(port, 3)
    for upload in uploads:
        upload.kill()
        upload.wait()
    return {"p50 ms": percentile(took, 50), "p99 ms": percentile(took, 99), "answer there: p50 ms": percentile(arrived, 50),
            "answer there: p99 ms": percentile(arrived, 99)}


def bench_beside():
    with start_lossd() as (_, port, _), start_sink("sink") as (_, sink, _):
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


# One large evaluation on one worker and on two


def floats(count, low, high):
    return array.array("f", (random.uniform(low, high) for _ in range(count))).tobytes()


def scaling_cases():
    """Name, path and body of each: a few hundred milliseconds of one worker at most."""
    random.seed(1)
    numbers = floats(1 << 20, -3, 3)
    rows, classes = 16384, 1000
    logits = numbers * 16
    yield ("CrossEntropyLoss", f"input=float32:{rows}x{classes}&target=int64:{rows}",
           logits[:4 * rows * classes] + array.array("q", (random.randrange(classes) for _ in range(rows))).tobytes())
    count = 16 << 20
    yield "BCEWithLogitsLoss", f"input=float32:{count}&target=float32:{count}", logits + floats(1 << 20, 0, 1) * 16
    frames, batch, symbols, labels = 200, 64, 64, 30
    yield ("CTCLoss", f"input=float32:{frames}x{batch}x{symbols}&target=int64:{batch}x{labels}",
           numbers[:4 * frames * batch * symbols] +
           array.array("q", (random.randrange(1, symbols) for _ in range(batch * labels))).tobytes())


def bench_scaling():
    rows = []
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(start_lossd("--workers", str(workers))) for workers in (1, 2)]
        for name, query, body in scaling_cases():
            path = f"/v1/losses/{name}?{query}&gradients=input"
            answers = [exchange(port, path, body, RAW)[0] for _, port, _ in servers]
            runs = [[exchange(port, path, body, RAW)[2] for _, port, _ in servers] for _ in range(2 * ROUNDS + 1)]
            one, two = (statistics.median(column) for column in zip(*runs))
            rows.append({"what": name, "1 worker": one, "2 workers": two, "ratio": ratio(one, two),
                         "same bits": "yes" if answers[0] == answers[1] else "NO"})
    return [{"title": "One large evaluation, raw float32, gradient included: ms of compute as Server-Timing says",
             "columns": list(rows[0]), "target": "two workers at least 1.7 times as fast", "rows": rows}]


# The report


def machine():
    cpu = re.search(r"model name\s+: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    version = subprocess.run([LOSSD, "--version"], capture_output=True, text=True).stdout
    version = "; ".join(version.split("\n")[:3])
    return {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "version": version,
            "cpu": cpu.group(1) if cpu else platform.processor(), "cpus": os.cpu_count(), "kernel": platform.release(),
            "load": os.getloadavg()[0]}


def cell(value):
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) and value < 1e4 else \
        f"{value:.0f}" if isinstance(value, float) else str(value)


def markdown(about, tables):
    lines = [f"{about['version']}; {about['cpus']} x {about['cpu']}, Linux {about['kernel']}, "
             f"load {about['load']:.1f}, {about['date']}"]
    for table in tables:
        columns = table.get("columns") or ["what", "lossd", "peer", "ratio"]
        heads = [table.get("peer", name) if name == "peer" else "" if name == "what" else name for name in columns]
        lines += ["", f"{table['title']} (target: {table['target']})", "", "| " + " | ".join(heads) + " |",
                  "|---" * len(columns) + "|"]
        lines += ["| " + " | ".join(cell(row[name]) for name in columns) + " |" for row in table["rows"]]
    return "\n".join(lines) + "\n"


PARTS = {"kernels": bench_kernels, "http": bench_http, "json": bench_json, "bulk": bench_bulk,
         "scaling": bench_scaling}


def main(arguments):
    if arguments[:1] == ["--sink"]:
        Sink(int(arguments[1]), arguments[2] == "keeping sink").run()
    if arguments[:1] == ["--upload"]:
        upload_forever(int(arguments[1]))
    unknown = [name for name in arguments if name not in PARTS]
    if unknown:
        sys.exit(f"unknown part {unknown[0]}; there are: {' '.join(PARTS)}")
    about = machine()
    tables = [table for name in arguments or PARTS for table in PARTS[name]()]
    text = markdown(about, tables)
    (BUILD / "bench.md").write_text(text)
    (BUILD / "bench.json").write_text(json.dumps({**about, "tables": tables}, indent=1) + "\n")
    print(text, end="")


if __name__ == "__main__":
    main(sys.argv[1:])
