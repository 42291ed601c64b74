"""What all parts of the bench share: where things are, and which peers there are."""
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOSSD = BUILD / "release/lossd"
PEERS = ROOT / "bench/peers"
ROUNDS = 3


def python():
    """The Python that has the peers' packages, or None."""
    path = os.environ.get("LOSSD_BENCH_PYTHON") or ROOT / ".venv/bin/python"
    return str(path) if os.access(path, os.X_OK) else None


def has(module):
    return python() and not subprocess.run([python(), "-c", f"import {module}"], capture_output=True).returncode


def ratio(peer, own):
    return round(peer / own, 2) if peer and own else None
