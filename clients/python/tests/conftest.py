"""Every test asks a real server: LOSSD_BINARY, by default the repository's release build."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import lossd

ROOT = Path(__file__).resolve().parents[3]
os.environ["KERAS_BACKEND"] = "torch"  # before anything imports it
os.environ.setdefault("LOSSD_BINARY", str(ROOT / "build/release/lossd"))
sys.path.insert(0, str(ROOT / "tests/e2e"))

from server import Server, request  # noqa: E402, F401


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[lossd.Client]:
    with lossd.Client(server.url) as made:
        yield made
