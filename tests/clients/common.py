"""What the tests of real clients share: the server of the end-to-end tests."""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("LOSSD_BINARY", str(ROOT / "build/release/lossd"))
sys.path.insert(0, str(ROOT / "tests/e2e"))

from server import SharedServer  # noqa: E402, F401
