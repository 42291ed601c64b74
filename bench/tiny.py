"""Tiny requests, against nginx and FastAPI."""
import contextlib
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

from common import ROUNDS, has, ratio
from servers import JSON, PATH, peak_mib, post, start_fastapi, start_lossd, start_nginx

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
