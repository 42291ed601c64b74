"""What every part of the OpenAPI document uses: content types, references, and the schemas of numbers and tensors."""

JSON, RAW, SAFETENSORS, PROBLEM = (
    "application/json", "application/octet-stream", "application/vnd.safetensors", "application/problem+json")
DTYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]
MAX_RANK = 8
TEXT = {"type": "string"}
BYTES = {"schema": {"type": "string", "format": "binary"}}  # of a body that is no text; what generators of clients understand
SHAPE = {"type": "array", "maxItems": MAX_RANK, "items": {"type": "integer", "minimum": 0}}
IDENTIFIER = {"description": "Echoed. At most 128 bytes.", "type": "string", "maxLength": 128}


def ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


def needs(*names):
    return {"required": list(names), "properties": {name: {} for name in names}}


def closed(required, properties):
    """An object with these members and no other."""
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def nested_array(rank):
    """Arrays at most `rank` deep. A schema for each rank, since tools cannot follow one that contains itself."""
    inner = [ref(f"Array{rank - 1}")] if rank > 1 else []
    return {"description": f"Numbers in arrays, at most {rank} deep and not ragged.", "type": "array",
            "items": {"anyOf": [ref("Number"), {"type": "boolean"}] + inner}}


def number_schemas():
    object_form = {
        "description": "A tensor with its dtype and shape; `data` flat or nested, or `base64`: little-endian, row-major.",
        "type": "object", "additionalProperties": False,
        "properties": {"dtype": {"type": "string", "enum": DTYPES}, "shape": SHAPE,
                       "data": {"anyOf": [ref("Number"), {"type": "boolean"}, ref(f"Array{MAX_RANK}")]},
                       "base64": {"type": "string", "contentEncoding": "base64"}},
        "oneOf": [needs("data"), needs("base64", "dtype", "shape")]}
    return {
        "NonFinite": {"description": "A number that JSON cannot spell. Requests may also write it without quotes.",
                      "type": "string", "enum": ["NaN", "Infinity", "-Infinity"]},
        "Number": {"anyOf": [{"type": "number"}, ref("NonFinite")]},
        **{f"Array{rank}": nested_array(rank) for rank in range(1, MAX_RANK + 1)},
        "TensorObject": object_form,
        "Tensor": {"anyOf": [ref("Number"), ref(f"Array{MAX_RANK}"), ref("TensorObject")]},
        "Result": {"description": "A number, or nested arrays of numbers.", "anyOf": [ref("Number"), ref(f"Array{MAX_RANK}")]},
    }
