"""Measures lossd and, where they are present, its peers: ./dev bench [kernels] [http] [json] [bulk] [scaling]

Each figure of lossd and its peer's are taken in turns in one run, several times over; what is printed are medians.
Writes build/bench.md and build/bench.json. Peers: PyTorch, FastAPI with uvicorn, uvloop and orjson (of the Python
that LOSSD_BENCH_PYTHON names, else .venv/bin/python), nginx and wrk (Debian packages), and a bare socket sink.
"""
import datetime
import json
import os
import pathlib
import platform
import re
import subprocess
import sys

from bulk import bench_bulk
from common import BUILD, LOSSD
from kernels import bench_kernels
from numbers_in_json import bench_json
from scaling import bench_scaling
from tiny import bench_http


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
