#!/usr/bin/env python3
"""Draws docs/plots/LOSS.svg, each loss and its gradient over one prediction, with the numbers of `lossd eval`: ./dev openapi.

Reads the output of print_catalogue on standard input; --check only compares. The program is LOSSD_BINARY, else the release build.
The first tensor's first number runs over a range, the rest is the worked example's. Standard library only.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
LOSSD = os.environ.get("LOSSD_BINARY", HERE.parent / "build/release/lossd")
POINTS = 121
# Options that say how numbers are to be read: both definitions' curves read them alike.
READINGS = {"input_kind", "target_kind", "norm", "log_input", "log_target"}
# A panel's frame: left, top, width, height; the second panel lies PANEL to the right.
LEFT, TOP, WIDTH, HEIGHT, PANEL = 44, 26, 250, 150, 310
STYLE = """
    text { font: 11px sans-serif; fill: #57606a }
    .grid { stroke: #8b949e; stroke-opacity: .3 }
    .curve { fill: none; stroke-width: 2 }
    .textbook { stroke: #1f6fd6 }
    .pytorch { stroke: #d9622b; stroke-dasharray: 6 4 }
    @media (prefers-color-scheme: dark) {
      text { fill: #9aa5b1 }
      .textbook { stroke: #6cabff }
      .pytorch { stroke: #ff9a63 }
    }"""


def first(value):
    while isinstance(value, list):
        value = value[0]
    return value


def rank(value):
    return 1 + rank(value[0]) if isinstance(value, list) else 0


def range_of(loss, settings):
    kind = settings.get("input_kind")
    if loss["name"] == "BCELoss" or kind == "probabilities":
        return 0.02, 0.98
    if kind == "log_probabilities":
        return -5, 0
    return (0.1, 6) if settings.get("log_input") is False else (-4, 4)


def is_elementwise(loss, settings):
    """The shape of the first tensor says it: "any", or "(..., D) under norm l2, else any"."""
    shape = loss["roles"][0]["shape"]
    under = re.search(r" under (\w+) (\w+), else any$", shape)
    return shape == "any" or bool(under) and settings[under[1]] != under[2]


def samples(loss, tensors, settings, xs):
    """The first sample of each tensor, once for each x, which takes the place of the first number of all."""
    lead, *others = tensors
    if is_elementwise(loss, settings):
        return {lead: xs, **{name: [first(tensors[name])] * len(xs) for name in others}}
    frames = loss["roles"][0]["shape"].startswith("(T")
    depth = rank(tensors[lead]) - (2 if frames else 1)
    made = {}
    for name, value in tensors.items():
        for _ in range(min(depth, rank(value))):
            value = value[0]
        made[name] = [value] * len(xs)
    row = made[lead][0]
    if frames:  # (T, N, C)
        made[lead] = [[[x, *row[0][1:]] for x in xs], *([frame] * len(xs) for frame in row[1:])]
    else:
        made[lead] = [[x, *row[1:]] for x in xs]
    return made


def curve(loss, definition):
    """x, the losses and the derivatives by the number that runs, under a definition."""
    tensors = {name: value for name, value in loss["example"].items() if name not in ("options", "gradients")}
    given = loss["example"].get("options", {})
    defaults = {o["name"]: o["defaults"] for o in loss["options"]}
    settings = {name: given.get(name, both["textbook"]) for name, both in defaults.items()}
    low, high = range_of(loss, settings)
    xs = [low + (high - low) * i / (POINTS - 1) for i in range(POINTS)]
    lead = loss["roles"][0]["name"]
    options = {**{name: settings[name] for name in READINGS & settings.keys()}, **given, "reduction": "none", "definition": definition}
    request = {**samples(loss, tensors, settings, xs), "options": options, "gradients": [lead]}
    command = [LOSSD, "eval", loss["name"], "--request", "-"]
    answer = json.loads(subprocess.run(command, input=json.dumps(request).encode(), stdout=subprocess.PIPE, check=True).stdout)
    gradient = answer["gradients"][lead]
    slopes = [first(g) for g in (gradient if len(gradient) == POINTS else gradient[0])]
    return xs, [float(y) for y in answer["loss"]], [float(y) for y in slopes]


def ticks(low, high):
    """About four round numbers."""
    steps = [base * 10.0**power for power in range(-3, 4) for base in (1, 2, 5)]
    step = next(s for s in steps if (high - low) / s <= 5)
    return [step * i for i in range(round(low / step) - 1, round(high / step) + 2) if low <= step * i <= high]


def panel(left, title, xs, curves):
    """One plot. curves: {class: ys}"""
    low, high = min(map(min, curves.values())), max(map(max, curves.values()))
    margin = (high - low or 1) * 0.05
    low, high = low - margin, high + margin

    def across(x):
        return left + (x - xs[0]) / (xs[-1] - xs[0]) * WIDTH

    def down(y):
        return TOP + (high - y) / (high - low) * HEIGHT

    parts = [f'<text x="{left}" y="16">{title}</text>']
    for y in ticks(low, high):
        parts.append(f'<path class="grid" d="M{left} {down(y):.1f}h{WIDTH}"/>'
                     f'<text x="{left - 5}" y="{down(y) + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x in ticks(xs[0], xs[-1]):
        parts.append(f'<path class="grid" d="M{across(x):.1f} {TOP}v{HEIGHT}"/>'
                     f'<text x="{across(x):.1f}" y="{TOP + HEIGHT + 15}" text-anchor="middle">{x:g}</text>')
    for name, ys in curves.items():
        points = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in zip(xs, ys))
        parts.append(f'<polyline class="curve {name}" points="{points}"/>')
    return parts


def legend(at, names):
    """One entry a curve, right of the title."""
    parts = []
    for name in names:
        parts.append(f'<path class="curve {name}" d="M{at} 12h20"/><text x="{at + 25}" y="16">{name}</text>')
        at += 85
    return parts


def plot(loss):
    """The picture of a loss: the value and the derivative, with two curves where the definitions differ visibly."""
    (xs, *textbook), (_, *pytorch) = curve(loss, "textbook"), curve(loss, "pytorch")
    differ = any(abs(a - b) > 1e-3 for one, other in zip(textbook, pytorch) for a, b in zip(one, other))
    curves = {"textbook": textbook, **({"pytorch": pytorch} if differ else {})}
    values, slopes = ({name: ys[i] for name, ys in curves.items()} for i in range(2))
    parts = [*panel(LEFT, loss["name"], xs, values), *panel(LEFT + PANEL, "gradient", xs, slopes)]
    if differ:
        parts += legend(LEFT + PANEL + WIDTH - 160, curves)
    width, height = LEFT + PANEL + WIDTH + 12, TOP + HEIGHT + 24
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
            f"  <!-- Made by ./dev openapi. Do not edit. -->\n  <style>{STYLE}\n  </style>\n  " + "\n  ".join(parts) + "\n</svg>\n")


def main():
    losses = json.load(sys.stdin)["losses"]
    folder = HERE / "plots"
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pictures = {folder / f"{loss['name']}.svg": picture for loss, picture in zip(losses, pool.map(plot, losses))}
    if "--check" in sys.argv:
        stale = [path.name for path, text in pictures.items() if not path.exists() or path.read_text() != text]
        sys.exit(f"docs/plots: stale: {', '.join(stale)}: run ./dev openapi" if stale else 0)
    folder.mkdir(exist_ok=True)
    for path, text in pictures.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
