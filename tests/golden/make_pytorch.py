#!/usr/bin/env python3
"""Writes tests/golden/pytorch/<Loss>.jsonl: reference vectors of the pytorch definition (see README.md).

    python3 tests/golden/make_pytorch.py [Loss ...]

Needs torch 2.13. Every file is evaluated again from its own text before it is written.
"""

import pathlib
import sys
import warnings

import torch

import torch_classes
import torch_ctc
import torch_distances
import torch_embeddings
import torch_probabilities
import torch_regression
from vectors import Suite

MODULES = (torch_regression, torch_classes, torch_probabilities, torch_embeddings, torch_distances, torch_ctc)
FOLDER = pathlib.Path(__file__).parent / "pytorch"
VERSION = "2.13."


def main(names):
    if not torch.__version__.startswith(VERSION):
        sys.exit(f"found torch {torch.__version__}, expected {VERSION}x: install torch==2.13.0")
    warnings.simplefilter("ignore")  # torch warns of broadcasting, which is meant here
    losses = {loss.name: (loss, fill) for module in MODULES for loss, fill in module.LOSSES}
    unknown = set(names) - set(losses)
    if unknown:
        sys.exit(f"found {sorted(unknown)}, expected some of {sorted(losses)}")
    total = 0
    for name in names or losses:
        loss, fill = losses[name]
        suite = Suite(loss)
        fill(suite)
        text = suite.text()
        suite.verify(text)
        (FOLDER / f"{name}.jsonl").write_text(text, encoding="ascii")
        total += len(text)
        print(f"{name}: {len(suite.lines)} cases, {len(text)} bytes")
    print(f"{total} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
