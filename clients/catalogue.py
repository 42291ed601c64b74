"""What the clients' generators share: words about a loss's row, and files written or checked. Standard library only."""

import json
import re
import sys

COMMON = {
    "sample_weight": "Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They "
    "enter the denominator; 0 leaves its element out.",
    "grad_output": "The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.",
    "gradients": "True: of all floating tensors that have one; or the names of tensors.",
    "id": "At most 128 bytes; comes back as the answer's.",
}


def snake_case(loss):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", loss).lower()


def option_range(option):
    if "values" in option:
        return "One of " + ", ".join(option["values"]) + "."
    bounds = [
        f"{sign} {option[key]}"
        for key, sign in (("exclusiveMinimum", ">"), ("minimum", ">="), ("maximum", "<="))
        if key in option
    ]
    return f"Range: {' and '.join(bounds)}." if bounds else ""


def option_default(option, spell=str):
    """`spell` writes a value as the client's language does."""
    textbook, pytorch = (option["defaults"][d] for d in ("textbook", "pytorch"))
    if textbook == pytorch:
        return "" if textbook is None else f"Default: {spell(textbook)}."
    return (
        "Default: textbook."
        if option["name"] == "definition"
        else f"Default: {spell(textbook)} (textbook), {spell(pytorch)} (pytorch)."
    )


def role_text(role):
    words = [role["description"][0].upper() + role["description"][1:] + ".", f"Shape: {role['shape']}."]
    words += ["Integers."] * ("float32" not in role["dtypes"]) + ["Has a gradient."] * role["differentiable"]
    return " ".join(words)


def indices(loss):
    """Role: when its plain numbers are integers, "always" or "below input", where their rank is lower than the input's."""
    found = {
        role["name"]: "always"
        for role in loss["roles"]
        if "float32" not in role["dtypes"] or role["description"].endswith("or listed")  # marks are integers too
    }
    mixed = {role["name"]: "below input" for role in loss["roles"] if "class indices, or" in role["description"]}
    return found | mixed


def main(generate):
    """Writes the files that `generate` makes of the rows on standard input, {path: text}; under --check compares."""
    for file, text in generate(json.load(sys.stdin)["losses"]).items():
        if "--check" not in sys.argv:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            sys.exit(f"{file} is stale: run ./dev openapi")
