#!/usr/bin/env python3
"""Compares pytorch/<Loss>.jsonl with the high-precision formulas of make_textbook.py, within the contract's bound.

    python3 tests/golden/cross_check.py [Loss ...]

Needs mpmath. Exits with 1 if the two references differ anywhere.
"""

import json
import math
import pathlib
import sys

from make_textbook import FORMULAS
from textbook_evaluate import Request, answer
from textbook_options import DIFFERENTIABLE

FOLDER = pathlib.Path(__file__).parent / "pytorch"
NOT_TENSORS = ("options", "gradients", "dtype", "shape")


def numbers(tree):
    """The leaves of nested arrays or objects, non-finite strings read."""
    if isinstance(tree, dict):
        tree = [value for name, value in tree.items() if name not in NOT_TENSORS]
    if isinstance(tree, list):
        return [number for item in tree for number in numbers(item)]
    return [float(tree)]


def share_of_bound(want, got, absolute):
    """|got - want| as a share of what is allowed; infinite where they differ altogether."""
    if math.isnan(want) or math.isnan(got):
        return 0.0 if math.isnan(want) and math.isnan(got) else math.inf
    if want == got:
        return 0.0
    return abs(got - want) / (1e-12 * abs(want) + absolute) if math.isfinite(want) and math.isfinite(got) else math.inf


def members(expect):
    """{name: numbers} of an answer, one entry a tensor."""
    tensors = {name: value for name, value in expect.items() if name != "gradients"}
    tensors |= {f"grad.{role}": value for role, value in expect.get("gradients", {}).items()}
    return {name: numbers(value) for name, value in tensors.items()}


def worst_share(case, given):
    """The largest share of the bound over an answer, infinite if it has other tensors or sizes."""
    want, got = members(case["expect"]), members(given)
    if {name: len(value) for name, value in want.items()} != {name: len(value) for name, value in got.items()}:
        return math.inf
    largest = max((abs(x) for x in numbers(case["request"]) if math.isfinite(x)), default=0.0)
    absolute = 1e-14 * max(1.0, largest) + case.get("tolerance", 0.0)
    return max((share_of_bound(w, g, absolute) for name in want for w, g in zip(want[name], got[name])), default=0.0)


def check(name):
    """Whether all cases of a loss agree."""
    cases = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text(encoding="ascii").splitlines()]
    shares = {case["name"]: worst_share(case, answer(FORMULAS[name], Request(name, case["request"]), DIFFERENTIABLE[name]))
              for case in cases}
    for label, share in shares.items():
        if share > 1:
            print(f"{name}: {label}: {share:.3g} times the bound")
    print(f"{name}: {len(cases)} cases, worst {max(shares.values()):.2g} of the bound")
    return bool(cases) and max(shares.values()) <= 1


if __name__ == "__main__":
    # Every loss is looked at, also after one that differs.
    sys.exit(0 if all([check(name) for name in sys.argv[1:] or FORMULAS]) else 1)
