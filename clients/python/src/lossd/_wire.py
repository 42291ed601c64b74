"""Evaluations as bytes: safetensors bodies, options in the query."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import ArrayLike, NDArray

from lossd._answer import Answer
from lossd._losses import INDICES, Option

SAFETENSORS = "application/vnd.safetensors"
_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16"}


def _array(name: str, value: ArrayLike, integers: bool) -> NDArray[Any]:
    """Row-major. Numbers that have no dtype of their own are float64, or as they are where `integers` are meant."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: send its data, and ~mask as sample_weight")
    plain = not hasattr(value, "dtype") and not hasattr(value, "__array__")
    try:
        array = np.asarray(value, np.float64 if plain and not integers else None)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} is no tensor: {error}") from None
    if array.dtype.kind not in "fiub" and array.dtype.name != "bfloat16":
        raise TypeError(f"{name} has dtype {array.dtype}, which cannot be sent: expected floats, integers or bool")
    if plain and integers and array.size == 0:
        array = array.astype(np.int64)
    # Little-endian too; ascontiguousarray would make a rank of 0 one of 1.
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def encode(loss: str, tensors: Mapping[str, ArrayLike | None]) -> bytes:
    """A body. Tensors that are None are left out."""
    given = {name: value for name, value in tensors.items() if value is not None}
    indices = INDICES.get(loss, {})

    def integers(name: str) -> bool:
        when = indices.get(name)
        return when == "always" or (when == "below input" and np.ndim(given[name]) < np.ndim(given.get("input", 0)))

    arrays = {name: _array(name, value, integers(name)) for name, value in given.items()}
    try:
        return bytes(safetensors.numpy.save(arrays))
    except safetensors.SafetensorError as error:
        raise TypeError(f"a tensor has a dtype that cannot be sent: {error}") from None


def _dtype(name: str) -> np.dtype[Any]:
    if name == "BF16":
        import ml_dtypes  # there, since the request's tensor had this type

        bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    return np.dtype(_DTYPES[name])


def _decode(body: bytes) -> dict[str, NDArray[Any]]:
    tensors = {
        name: np.frombuffer(entry["data"], _dtype(entry["dtype"])).reshape(entry["shape"])
        for name, entry in safetensors.deserialize(body)  # type: ignore[no-untyped-call]
    }
    header = json.loads(body[8 : 8 + int.from_bytes(body[:8], "little")])
    return {name: tensors[name] for name in header if name in tensors}  # the library gives them in any order


def _option(name: str, value: Option) -> str:
    try:
        return value if isinstance(value, str) else json.dumps(value, default=lambda scalar: scalar.item())
    except (AttributeError, TypeError, ValueError):
        raise TypeError(f"option {name} is {value!r}: expected a number, a string or a bool") from None


def path(loss: str, options: Mapping[str, Option], gradients: bool | str | Sequence[str], id: str | None = None) -> str:
    """Path and query. Options that are None are left out: the definition's defaults fill them."""
    query = {name: _option(name, value) for name, value in options.items() if value is not None}
    if isinstance(gradients, bool | np.bool_):
        gradients = "true" if gradients else ""
    if len(gradients) > 0:
        query["gradients"] = gradients if isinstance(gradients, str) else ",".join(gradients)
    if id is not None:
        query["id"] = id
    return f"/v1/losses/{quote(loss, safe='')}" + ("?" + urlencode(query) if query else "")


def server_timing(headers: httpx.Headers) -> dict[str, float]:
    """Milliseconds by phase, from `queue;dur=0.012, decode;dur=0.034`. A proxy's entries may have other parameters."""
    entries = re.findall(r"([\w-]+);dur=(\d+(?:\.\d+)?)", headers.get("Server-Timing", ""))
    return {name: float(duration) for name, duration in entries}


def answer(response: httpx.Response, id: str | None) -> Answer:
    """The answer that a success holds."""
    tensors = _decode(response.content)
    return Answer(
        tensors["loss"],
        float(tensors["numerator"]) if "numerator" in tensors else None,
        float(tensors["denominator"]) if "denominator" in tensors else None,
        {name.removeprefix("grad."): value for name, value in tensors.items() if name.startswith("grad.")},
        server_timing(response.headers),
        id,
    )
