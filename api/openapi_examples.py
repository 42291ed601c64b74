"""A loss's worked example in each format. tests/e2e/test_openapi.py posts them all and compares the answers."""

import json
import urllib.parse

DATATYPES = {"float64": "FP64", "int64": "INT64"}


def shape_of(value):
    return [len(value), *shape_of(value[0])] if isinstance(value, list) else []


def flat(value):
    return [number for item in value for number in flat(item)] if isinstance(value, list) else [value]


def tensors(loss, answer):
    """(name, dtype, value) of the request, with the dtypes that plain JSON arrays have."""
    for role in loss["roles"]:
        name = role["name"]
        if name in loss["example"]:
            # All gradients are asked for: a tensor that could have one and has none holds integers.
            floating = name in answer["gradients"] if role["differentiable"] else "float64" in role["dtypes"]
            yield name, "float64" if floating else "int64", loss["example"][name]


def outputs(answer):
    """(name, value) of the answer in the order of every format; all of them are float64."""
    for name in ("loss", "numerator", "denominator"):
        if name in answer:
            yield name, answer[name]
    for role, value in answer["gradients"].items():
        yield f"grad.{role}", value


def described(dtype, value):
    return f"{dtype}:{'x'.join(map(str, shape_of(value)))}"


def settings(loss):
    """The options and gradients as a query spells them."""
    options = loss["example"].get("options", {})
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in options.items()} | {"gradients": "true"}


def raw_query(loss, answer):
    return {name: described(dtype, value) for name, dtype, value in tensors(loss, answer)} | settings(loss)


def raw_answer(answer):
    """The header Lossd-Tensors."""
    return "&".join(f"{name}={described('float64', value)}" for name, value in outputs(answer))


def binary_description(loss, answer):
    """The example in the two binary formats, in words: a document that is text cannot hold the bytes."""
    sent = list(tensors(loss, answer))
    size = sum(8 * len(flat(value)) for _, _, value in sent)
    names = " and ".join([", ".join(name for name, _, _ in sent[:-1]), sent[-1][0]])
    query = urllib.parse.urlencode(raw_query(loss, answer), safe=":")
    return (f"The example as application/octet-stream: `?{query}` and a body of {size} bytes, the elements of {names} one after the "
            "other, row-major and little-endian, with nothing between them. As application/vnd.safetensors: a file with tensors of "
            f"these names, and `?{urllib.parse.urlencode(settings(loss))}`.")


def infer_request(loss, answer):
    inputs = [{"name": name, "datatype": DATATYPES[dtype], "shape": shape_of(value), "data": flat(value)}
              for name, dtype, value in tensors(loss, answer)]
    return {"id": "a1", "parameters": loss["example"].get("options", {}), "inputs": inputs}


def infer_answer(loss, answer):
    found = [{"name": name, "datatype": "FP64", "shape": shape_of(value), "data": flat(value)} for name, value in outputs(answer)]
    return {"model_name": loss["name"], "model_version": "1", "id": "a1", "outputs": found}
