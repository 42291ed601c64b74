#!/usr/bin/env python3
"""Writes docs/losses.md and docs/errors.md from the losses' rows and the table of errors: ./dev openapi.

Reads the output of print_catalogue on standard input; --check only compares. Standard library only.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
EDITED = "<!-- Made from the losses' rows by ./dev openapi. Do not edit. -->\n"
DTYPES_OF_INDICES = {"int64", "int32", "int16", "int8", "uint8"}
NEXT = {
    "unknown_loss": "Take the name that the hint proposes, or one of GET /v1/losses.",
    "missing_role": "Send the tensor that the detail names.",
    "dtype_mismatch": "Send the tensor in a dtype that the role takes: see losses.md.",
    "shape_mismatch": "Send tensors of the expected shapes, or set `broadcast`.",
    "invalid_shape": "Send the rank and sizes that the detail asks for.",
    "index_out_of_range": "Class indices count from 0; check `ignore_index`.",
    "value_out_of_domain": "Check the values, or the option that says what they are (`input_kind`).",
    "unknown_option": "Take an option that the loss has: see losses.md.",
    "invalid_option": "Give a value of the option's type and range.",
    "not_differentiable": "Ask only for gradients that the loss has, of floating tensors.",
    "too_many_elements": "Split the request, or raise `--max-elements`.",
    "out_of_memory": "Try again later, as `Retry-After` says.",
    "cancelled": "Send less at once, or raise `--request-timeout`.",
    "bad_http": "Send well-formed HTTP/1.1.",
    "bad_json": "Mend the syntax at byte `offset`.",
    "bad_body": "Send as many bytes as the query describes.",
    "bad_safetensors": "Write the file with a safetensors library.",
    "bad_gzip": "Send whole gzip data, or leave `Content-Encoding` out.",
    "bad_request": "See the detail.",
    "unauthorized": "Send `Authorization: Bearer TOKEN`.",
    "not_found": "See /docs for the paths.",
    "method_not_allowed": "Use a method that `Allow` names.",
    "not_acceptable": "Accept one of the three formats, or leave `Accept` out.",
    "request_timeout": "Send the request faster than `--min-upload-rate`.",
    "length_required": "Send `Content-Length`, or chunks.",
    "body_too_large": "Split the request, or raise `--max-body-bytes`.",
    "uri_too_long": "Shorten the URI; JSON takes options in its body.",
    "unsupported_media_type": "Name one of the three formats in `Content-Type`.",
    "expectation_failed": "Expect nothing but `100-continue`.",
    "invalid_request": "See the detail.",
    "unknown_member": "Take the name that the hint proposes.",
    "duplicate_key": "Give each key once.",
    "invalid_tensor": "Send a number, nested arrays, or an object with `data` or `base64`: see formats.md.",
    "too_many_requests": "Close connections, or raise `--max-connections-per-client`.",
    "headers_too_large": "Send fewer or shorter header fields.",
    "not_implemented": "Use GET, HEAD or POST, and no Transfer-Encoding but chunked.",
    "overloaded": "Try again later, as `Retry-After` says.",
    "draining": "Try another instance, or later.",
    "deadline_exceeded": "Send less at once, or raise `--request-timeout`.",
}


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
    return (f"\n## {loss['name']}\n\n{loss['summary']}\n\n```math\n{loss['formula']}\n```\n\n{roles}\n{options}\n"
            f"    curl -H 'Content-Type: application/json' http://127.0.0.1:8080/v1/losses/{loss['name']} \\\n      -d '{example}'\n")


def losses_page(losses):
    return (f"{EDITED}# The {len(losses)} losses\n\nEvery loss also takes `sample_weight` (a factor >= 0 for each unreduced loss), `grad_output` (the "
            "cotangent of the loss that is\nreturned) and the option `definition`: whose defaults fill the options that are not given, "
            "`textbook` (the published formula,\nthe default) or `pytorch`. A request asks for gradients by name: "
            "`\"gradients\": [\"input\"]`, or `true` for all.\n\n"
            + summary_table(losses) + "".join(map(loss_section, losses)))


def errors_page(errors):
    rows = sorted(([e["status"], code(e["code"]), e["title"], NEXT[e["code"]]] for e in errors), key=lambda r: r[0])
    return (f"{EDITED}# Errors\n\nEvery error is `application/problem+json` (RFC 9457); `code` is stable, `detail` says what was found and what was\n"
            "expected, `hint` what to do, `pointer` where (a JSON pointer), `offset` the byte where JSON broke. 429 and 503 carry\n"
            "`Retry-After`, 401 `WWW-Authenticate`, 405 `Allow`. Under /v2 the same is `application/json` with a member `error`.\n\n"
            + table(["status", "code", "title", "cure"], rows))


def main():
    catalogue = json.load(sys.stdin)
    losses = catalogue["losses"]
    pages = {"losses.md": losses_page(losses), "errors.md": errors_page(catalogue["errors"])}
    for name, text in pages.items():
        if "--check" not in sys.argv:
            (HERE / name).write_text(text)
        elif (HERE / name).read_text() != text:
            sys.exit(f"docs/{name} is stale: run ./dev openapi")


if __name__ == "__main__":
    main()
