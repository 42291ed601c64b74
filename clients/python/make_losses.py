#!/usr/bin/env python3
"""Writes src/lossd/_losses.py, one method for each loss, from the losses' rows: ./dev openapi.

Reads the output of print_catalogue on standard input. Standard library only.
"""

import json
import pathlib
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import catalogue  # noqa: E402
from catalogue import COMMON, indices, option_default, option_range, role_text  # noqa: E402

FILE = HERE / "src/lossd/_losses.py"
WIDTH = 118

# Where PyTorch's function is not its class's name in snake case.
PYTORCH_NAMES = {
    "CrossEntropyLoss": "cross_entropy",
    "KLDivLoss": "kl_div",
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "MultiLabelMarginLoss": "multilabel_margin_loss",
    "MultiLabelSoftMarginLoss": "multilabel_soft_margin_loss",
}
HEAD = '''"""The losses as methods. Made from the server's rows by ./dev openapi. Do not edit."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Generic, Literal, TypeVar

from numpy.typing import ArrayLike

Result = TypeVar("Result", covariant=True)
Option = str | float | bool | None

# Tensors in which numbers without a dtype, such as lists, are class indices or lengths, int64: "always", or "below
# input" where they are of a lower rank than the input, else probabilities. In all others they are float64, as in JSON.
INDICES: Mapping[str, Mapping[str, str]] = {
%s}


class Losses(ABC, Generic[Result]):
    """One method for each loss; what they return is the subclass's matter."""

    @abstractmethod
    def evaluate(
        self,
        loss: str,
        tensors: Mapping[str, ArrayLike | None],
        options: Mapping[str, Option] | None = None,
        *,
        gradients: bool | str | Sequence[str] = False,
        id: str | None = None,
    ) -> Result:
        """Evaluate the loss of this class name, such as "MSELoss". The other methods call this one."""
'''


def method_name(loss):
    return PYTORCH_NAMES.get(loss, catalogue.snake_case(loss))


def literal(values):
    return f"Literal[{', '.join(json.dumps(v) for v in values)}]"


def option_type(option):
    if "values" in option:
        return literal(option["values"]) + (" | bool" if "false" in option["values"] else "")
    return {"number": "float", "integer": "int", "boolean": "bool", "string": "str"}[option["type"]]


def described(name, text):
    return f"{name}\n" + textwrap.fill(
        " ".join(text.split()),
        WIDTH,
        initial_indent="    ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def docstring(loss):
    options = [
        described(o["name"], " ".join([o["description"], option_range(o), option_default(o)])) for o in loss["options"]
    ]
    roles = [described(r["name"], role_text(r)) for r in loss["roles"]]
    common = {name: described(name, text) for name, text in COMMON.items()}
    parameters = "\n".join([*roles, *options, *common.values()])
    return textwrap.indent(
        f'r"""{loss["summary"]}\n\n.. math:: {loss["formula"]}\n\n'
        f"Parameters\n----------\n{parameters}\n\nRaises\n------\n"
        f'ProblemError\n    The server refused: see its `code`, `detail`, `hint` and `pointer`.\n"""\n',
        " " * 8,
    )


def method(loss):
    required = [r["name"] for r in loss["roles"] if r["required"]]
    optional = [r["name"] for r in loss["roles"] if not r["required"]]
    differentiable = literal(r["name"] for r in loss["roles"] if r["differentiable"])
    tensors = [*required, *optional, "sample_weight", "grad_output"]
    arguments = [
        "self",
        *(f"{name}: ArrayLike" for name in required),
        *(f"{name}: ArrayLike | None = None" for name in optional),
        "*",
        *(f"{o['name']}: {option_type(o)} | None = None" for o in loss["options"]),
        "sample_weight: ArrayLike | None = None",
        "grad_output: ArrayLike | None = None",
        f"gradients: bool | Sequence[{differentiable}] = False",
        "id: str | None = None",
    ]

    def mapping(names):
        return "{" + ", ".join(f'"{name}": {name}' for name in names) + "}"

    lines = "".join(f"        {argument},\n" for argument in arguments)
    call = [
        json.dumps(loss["name"]),
        mapping(tensors),
        mapping(o["name"] for o in loss["options"]),
        "gradients=gradients",
        "id=id",
    ]
    return (
        f"\n    def {method_name(loss['name'])}(\n{lines}    ) -> Result:\n{docstring(loss)}"
        f"        return self.evaluate(\n" + "".join(f"            {argument},\n" for argument in call) + "        )\n"
    )


def generate(losses):
    table = "".join(f'    "{loss["name"]}": {json.dumps(indices(loss))},\n' for loss in losses if indices(loss))
    return {FILE: HEAD % table + "".join(map(method, losses))}


if __name__ == "__main__":
    catalogue.main(generate)
