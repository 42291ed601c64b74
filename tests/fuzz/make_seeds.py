"""Writes the hostile corpus, the generated refusals, a worked example of each loss and what fuzzing found to reach more (the
lines of corpus/TARGET.hex) as seeds for the fuzzers.
usage: make_seeds.py FOLDER"""
import hashlib
import json
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "e2e"))
from test_hostile import load, to_bytes  # noqa: E402

LOSSES = re.findall(r"LOSS\((\w+),", (TESTS.parent / "core" / "zoo.def").read_text())
LONGEST = 100000


def seeds():
    """Pairs of a target and an input."""
    for case in load("http"):
        for pieces in (0, 6):
            yield "fuzz_http", bytes([pieces]) + to_bytes(case["raw"], "latin-1")
    for case in load("json"):
        yield "fuzz_json", bytes([LOSSES.index(case.get("loss", "MSELoss"))]) + to_bytes(case["body"])
    for line in (TESTS / "golden" / "refusals.jsonl").read_text().splitlines()[::8]:
        case = json.loads(line)
        yield "fuzz_json", bytes([LOSSES.index(case["loss"])]) + json.dumps(case["request"]).encode()
    for table in ("raw", "safetensors"):
        for case in load(table):
            yield f"fuzz_{table}", b"\1" + case.get("query", "").encode() + b"\n" + to_bytes(case["body"])
    for case in load("open_inference"):
        length = case.get("headers", {}).get("Inference-Header-Content-Length", "")
        yield "fuzz_open_inference", b"\1" + length.encode() + b"\n" + to_bytes(case["body"])
    for path in sorted((TESTS / "fuzz/corpus").glob("*.hex")):
        for line in path.read_text().split():
            yield path.stem, bytes.fromhex(line)
    for loss in range(len(LOSSES)):
        yield "fuzz_evaluate", bytes([loss, 6, 0]) + bytes(24)
        yield "fuzz_options", bytes([loss]) + bytes(range(40))


def main(folder):
    for target, data in seeds():
        if len(data) > LONGEST:
            continue
        place = pathlib.Path(folder) / target
        place.mkdir(parents=True, exist_ok=True)
        (place / hashlib.sha1(data).hexdigest()).write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1])
