#!/usr/bin/env python3
"""Writes docs/losses.md, docs/errors.md and the README's table of losses from the rows and the table of errors: ./dev openapi.

Reads the output of print_catalogue on standard input; --check only compares. Standard library only.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
EDITED = "<!-- Made from the losses' rows by ./dev openapi. Do not edit. -->\n"
START, END = "<!-- The table is made by ./dev openapi. -->\n", "<!-- End of the table. -->\n"
DTYPES_OF_INDICES = {"int64", "int32", "int16", "int8", "uint8"}


def cell(text):
    return str(text).replace("|", "\\|")


def code(value):
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def table(headings, rows):
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(map(cell, line))} |\n" for line in lines)


def values_of(option):
    if "values" in option:
        return ", ".join(code(v) for v in option["values"])
    bounds = [("exclusiveMinimum", ">"), ("minimum", ">="), ("maximum", "<=")]
    found = [f"{sign} {option[key]}" for key, sign in bounds if key in option]
    return f"{option['type']} {' and '.join(found)}".strip()


def kind_of(role):
    takes_indices = set(role["dtypes"]) <= DTYPES_OF_INDICES
    return "integers" if takes_indices else "any dtype"


def differing(loss):
    """Options whose default depends on the definition."""
    options = [o for o in loss["options"] if o["name"] != "definition"]
    return [o for o in options if o["defaults"]["textbook"] != o["defaults"]["pytorch"]]


def summary_table(losses):
    return table(["loss", "what it is", "textbook and PyTorch differ in"], [
        [f"[{loss['name']}](#{loss['name'].lower()})", loss["summary"], ", ".join(code(o["name"]) for o in differing(loss)) or "nothing"]
        for loss in losses])


def loss_section(loss):
    roles = table(["tensor", "meaning", "shape", "numbers", ""], [
        [code(r["name"]), r["description"], r["shape"], kind_of(r),
         ", ".join(["required"] * r["required"] + ["has a gradient"] * r["differentiable"])] for r in loss["roles"]])
    options = table(["option", "meaning", "values", "textbook", "pytorch"], [
        [code(o["name"]), o["description"], values_of(o), code(o["defaults"]["textbook"]), code(o["defaults"]["pytorch"])]
        for o in loss["options"] if o["name"] != "definition"])
    example = json.dumps(loss["example"])
    return (f"\n## {loss['name']}\n\n{loss['summary']}\n\n```math\n{loss['formula']}\n```\n\n"
            f"![{loss['name']} and its gradient over one number of {loss['roles'][0]['name']}](plots/{loss['name']}.svg)\n\n{roles}\n{options}\n"
            f"    curl -H 'Content-Type: application/json' http://127.0.0.1:8080/v1/losses/{loss['name']} \\\n      -d '{example}'\n")


def losses_page(losses):
    return (f"{EDITED}# The {len(losses)} losses\n\nEvery loss also takes `sample_weight` (a factor >= 0 for each unreduced loss), `grad_output` (the "
            "cotangent of the loss that is\nreturned) and the option `definition`: whose defaults fill the options that are not given, "
            "`textbook` (the published formula,\nthe default) or `pytorch`. A request asks for gradients by name: "
            "`\"gradients\": [\"input\"]`, or `true` for all.\n\nOf shapes, N is the batch, C the number of classes, D the length of vectors, T of sequences and S of their "
            "labels; `()` is a single\nnumber, `...` any leading dimensions.\n\nThe plots show the loss, unreduced, and its gradient over the first number of the "
            "first tensor, the rest as in the worked example\nbelow them; two curves where the definitions differ there.\n\n"
            + summary_table(losses) + "".join(map(loss_section, losses)))


def errors_page(errors):
    rows = sorted(([e["status"], code(e["code"]), e["title"], e["hint"]] for e in errors), key=lambda r: r[0])
    return (f"{EDITED}# Errors\n\nEvery error is `application/problem+json` (RFC 9457); `code` is stable, `detail` says what was found and what was\n"
            "expected, `hint` what to do, `pointer` where (a JSON pointer), `offset` the byte where the body broke. 429 and 503 carry\n"
            "`Retry-After`, 401 `WWW-Authenticate`, 405 `Allow`, 415 `Accept-Encoding` where the encoding is at fault. Under /v2 the same\n"
            "is `application/json` with a member `error`.\n\n"
            + table(["status", "code", "title", "cure"], rows))


def readme(losses):
    """The README with its table of losses made anew."""
    before, rest = (HERE.parent / "README.md").read_text().split(START)
    made = table(["loss", "what it is", "gradients by"], [
        [f"[{loss['name']}](docs/losses.md#{loss['name'].lower()})", loss["summary"],
         ", ".join(code(r["name"]) for r in loss["roles"] if r["differentiable"])] for loss in losses])
    return before + START + made + END + rest.split(END)[1]


def main():
    catalogue = json.load(sys.stdin)
    losses = catalogue["losses"]
    pages = {"docs/losses.md": losses_page(losses), "docs/errors.md": errors_page(catalogue["errors"]), "README.md": readme(losses)}
    for name, text in pages.items():
        if "--check" not in sys.argv:
            (HERE.parent / name).write_text(text)
        elif (HERE.parent / name).read_text() != text:
            sys.exit(f"{name} is stale: run ./dev openapi")


if __name__ == "__main__":
    main()
