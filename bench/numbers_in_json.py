"""Large JSON requests, against simdjson, std::to_chars and FastAPI."""
import contextlib
import json
import math
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile

from common import BUILD, PEERS, ROUNDS, has, ratio
from servers import JSON, PATH, peak_mib, start_fastapi, start_lossd, times_in_turns

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
