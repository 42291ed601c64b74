#!/usr/bin/env python3
"""Writes expressions.jsonl: distance expressions evaluated by PyTorch in float64, with autograd's gradients.

    pip install torch==2.13.0
    python3 tests/golden/make_expressions.py

Python reads the expressions: with ^ written ** both grammars agree on every text here. A line holds the expression, the rows
of a and b, and for each row the distance and its gradients by a and by b.
"""
import json
import math
import pathlib
import random

import torch

torch.set_num_threads(1)

EXPRESSIONS = [
    ("euclidean", "sqrt(sum((a - b)^2) + 1e-12)"),
    ("squared euclidean", "sum((a - b)^2)"),
    ("manhattan", "sum(abs(a - b))"),
    ("chebyshev", "amax(abs(a - b))"),
    ("minkowski, p = 3", "sum(abs(a - b)^3)^(1/3)"),
    ("cosine", "1 - dot(a, b) / (norm(a) * norm(b))"),
    ("canberra", "sum(abs(a - b) / (abs(a) + abs(b)))"),
    ("bray-curtis", "sum(abs(a - b)) / sum(abs(a + b))"),
    ("angular", "2 / pi * atan(norm(a / norm(a) - b / norm(b)) / norm(a / norm(a) + b / norm(b)))"),
    ("log-cosh", "sum(abs(a - b) + log1p(exp(-2 * abs(a - b))) - log(2))"),
    ("log of cosh as written", "mean(log(cosh(a - b)))"),
    ("powers group from the right and precede the minus", "-2^-mean(a)^2 + sum(-a^2) + 2^3^2"),
    ("a power of vectors", "sum(abs(a)^abs(b))"),
    ("a function's power, and a number to a vector", "sum(pow(1.5, a)) + sum(pow(abs(b) + 0.1, -0.7))"),
    ("ties of max and min", "sum(max(a, b) - 2 * min(a, 3 * b))"),
    ("ties of amax and amin", "amax(a) - 3 * amin(b)"),
    ("abs, sign and norm at 0", "norm(a - a) + sum(abs(a - a)) + sum(sign(b) * a)"),
    ("a product with zeros", "prod(a) - prod(a - amax(a))"),
    ("circular and hyperbolic", "sum(sin(a) * cos(b) + tan(a / 4) + sinh(b) - cosh(a / 2) + tanh(a - b) + atan(a * b))"),
    ("logarithms and exponentials", "sum(expm1(a / 3) - log1p(abs(b)) * exp(-abs(a)) + log(abs(a) + 0.5))"),
    ("numbers over vectors, vectors over numbers", "sum(D / (a^2 + 1)) + mean(b / norm(a)) - e * D"),
    ("division by zero", "sum(1 / (a - a)) + sum(b)"),
    ("overflow", "sum(exp(1000 * abs(a) + 800))"),
    ("a square root at 0", "sum(sqrt(abs(a - a) * b))"),
    ("a power of 0", "sum((a - a)^b) + sum((a - a)^0)"),
]


def tensor(x):
    return x if torch.is_tensor(x) else torch.tensor(float(x), dtype=torch.float64)


def elementwise(function):
    return lambda *arguments: function(*[tensor(x) for x in arguments])


FUNCTIONS = {name: elementwise(getattr(torch, name)) for name in
             ("abs sqrt exp log log1p expm1 sin cos tan tanh sinh cosh atan sign pow sum mean prod amax amin dot").split()}
FUNCTIONS |= {"max": elementwise(torch.maximum), "min": elementwise(torch.minimum),
              "norm": elementwise(torch.linalg.vector_norm), "pi": math.pi, "e": math.e}


def evaluate(expression, a, b):
    names = dict(FUNCTIONS, a=torch.tensor(a, dtype=torch.float64, requires_grad=True),
                 b=torch.tensor(b, dtype=torch.float64, requires_grad=True), D=float(len(a)))
    distance = eval(expression.replace("^", "**"), {"__builtins__": {}}, names)
    distance.backward()
    zeros = [0.0] * len(a)
    return [distance.item()] + [zeros if names[v].grad is None else names[v].grad.tolist() for v in "ab"]


def rows(name, length):
    source = random.Random(f"{name}/{length}")
    a, b = ([round(source.uniform(-2, 2), 4) for _ in range(length)] for _ in "ab")
    if length > 2:  # ties, zeros, equal coordinates
        a[1], b[0] = b[1], a[0]
        a[2] = a[0]
        b[2] = 0.0
    return a, b


def plain(x):
    if isinstance(x, list):
        return [plain(y) for y in x]
    return x if math.isfinite(x) else "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


def case(name, expression):
    cases = [rows(f"{name}{i}", length) for i, length in enumerate((5, 5, 1, 37))]
    found = [evaluate(expression, a, b) for a, b in cases]
    return {"name": name, "expression": expression, "a": [a for a, _ in cases], "b": [b for _, b in cases],
            "distance": plain([f[0] for f in found]), "by_a": plain([f[1] for f in found]),
            "by_b": plain([f[2] for f in found])}


if __name__ == "__main__":
    path = pathlib.Path(__file__).with_name("expressions.jsonl")
    path.write_text("".join(json.dumps(case(*e)) + "\n" for e in EXPRESSIONS))
    print(f"{path.name}: {len(EXPRESSIONS)} expressions")
