#!/usr/bin/env python3
"""Writes src/losses.js, one method for each loss, and their types, src/losses.d.ts, from the losses' rows: ./dev openapi."""

import json
import pathlib
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import catalogue  # noqa: E402
from catalogue import COMMON, indices, option_default, option_range, role_text  # noqa: E402

MADE = "// Made from the server's rows by ./dev openapi. Do not edit.\n"
SCRIPT = MADE + """
/**
 * Tensors in which plain numbers are class indices or lengths, sent as int64: "always", or "below input" where they are of a lower
 * rank than the input, else probabilities.
 */
export const INDICES = %s;

/** One method for each loss. They call evaluate(), which is the subclass's. */
export class Losses {
%s}
"""
TYPES = MADE + """
import type { Answer, EvaluateOptions, TensorLike } from "./index.js";

/** The tensors that every loss takes. */
export interface CommonTensors {
%s}
%s
/** One method for each loss. */
export declare abstract class Losses {
%s}
"""


def method_name(loss):
    first, *rest = catalogue.snake_case(loss).split("_")
    return first + "".join(word.capitalize() for word in rest)


def comment(indent, *paragraphs):
    line = f"{indent}/** {paragraphs[0]} */\n"
    if len(paragraphs) == 1 and len(line) <= 121:
        return line
    rows = [""]
    for paragraph in paragraphs:
        rows += [*textwrap.wrap(paragraph, 117 - len(indent), break_long_words=False, break_on_hyphens=False), ""]
    return f"{indent}/**\n" + "".join(f"{indent} * {row}".rstrip() + "\n" for row in rows[1:-1]) + f"{indent} */\n"


def member(name, kind, text, required=False):
    return comment("  ", " ".join(text.split())) + f"  {name}{'' if required else '?'}: {kind};\n"


def union(values):
    return " | ".join(json.dumps(value) for value in values)


def option_type(option):
    if option["name"] == "reduction":
        return "R"
    if "values" in option:
        return union(option["values"]) + (" | boolean" if "false" in option["values"] else "")
    return {"integer": "number"}.get(option["type"], option["type"])


def reductions(loss):
    return union(next(option["values"] for option in loss["options"] if option["name"] == "reduction"))


def differentiable(loss):
    return union(role["name"] for role in loss["roles"] if role["differentiable"])


def interfaces(loss):
    tensors = "".join(member(r["name"], "TensorLike", role_text(r), r["required"]) for r in loss["roles"])
    options = "".join(
        member(o["name"], option_type(o), f"{o['description']} {option_range(o)} {option_default(o, json.dumps)}")
        for o in loss["options"]
    )
    name = loss["name"]
    return (
        f"\nexport interface {name}Tensors extends CommonTensors {{\n{tensors}}}\n"
        f"\nexport interface {name}Options<R> extends EvaluateOptions<{differentiable(loss)}> {{\n{options}}}\n"
    )


def signature(loss):
    name = loss["name"]
    return comment("  ", loss["summary"], f"${loss['formula']}$") + (
        f'  {method_name(name)}<R extends {reductions(loss)} = "mean">(\n'
        f"    tensors: {name}Tensors,\n    options?: {name}Options<R>,\n"
        f"  ): Promise<Answer<R, {differentiable(loss)}>>;\n"
    )


def method(loss):
    return (
        f"  {method_name(loss['name'])}(tensors, options) {{\n"
        f'    return this.evaluate("{loss["name"]}", tensors, options);\n  }}\n'
    )


def generate(losses):
    table = {loss["name"]: indices(loss) for loss in losses if indices(loss)}
    common = "".join(member(name, "TensorLike", COMMON[name]) for name in ("sample_weight", "grad_output"))
    return {
        HERE / "src/losses.js": SCRIPT % (json.dumps(table, indent=2), "\n".join(map(method, losses))),
        HERE / "src/losses.d.ts": TYPES % (common, "".join(map(interfaces, losses)), "\n".join(map(signature, losses))),
    }


if __name__ == "__main__":
    catalogue.main(generate)
