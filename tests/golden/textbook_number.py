"""Numbers and tensors of the textbook vectors: JSON <-> exact high-precision values.

Doubles are converted exactly to mpf, computed with 400 digits (so that 1 + 1e-320 is not 1), and rounded once,
to the nearest double, on the way out.
"""
import math
from fractions import Fraction

import mpmath
from mpmath import mp, mpf

mp.dps = 400

INF = mpf("inf")
NAN = mpf("nan")
INTEGER_TYPES = ("int64", "int32", "int16", "int8", "uint8", "bool")
SPELLED = {"NaN": NAN, "Infinity": INF, "-Infinity": -INF}


def is_nan(value):
    return mpmath.isnan(value)


def exact(number):
    """A JSON number (or the string of a non-finite one) as mpf, without rounding."""
    if isinstance(number, mpf):
        return number
    return SPELLED[number] if isinstance(number, str) else mpf(number)


def divide(a, b):
    """a / b with IEEE's answers for a zero divisor."""
    if b != 0:
        return a / b
    return NAN if a == 0 or is_nan(a) else (INF if a > 0 else -INF)


def log(value):
    if value < 0:
        return NAN
    return -INF if value == 0 else mp.log(value)


def nearest_double(value):
    """value (mpf) as the nearest double in JSON's spelling."""
    if is_nan(value):
        return "NaN"
    if mpmath.isinf(value) or value != 0 and mp.mag(value) > 1100:
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or mp.mag(value) < -1200:
        return 0.0
    sign, mantissa, exponent, _ = value._mpf_
    magnitude = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    try:
        number = float(magnitude)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        return "-Infinity" if sign else "Infinity"
    return -number if sign else number


def size(shape):
    return math.prod(shape)


def nested_shape(data):
    shape = []
    while isinstance(data, list):
        shape.append(len(data))
        if not data:
            break
        data = data[0]
    return tuple(shape)


def flatten(data):
    if not isinstance(data, list):
        return [data]
    return [leaf for part in data for leaf in flatten(part)]


def nest(flat, shape):
    """The flat list as nested lists; a tensor without elements in the object form, which keeps its shape."""
    if not shape:
        return flat[0]
    if size(shape) == 0:
        return {"dtype": "float64", "shape": list(shape), "data": []}
    step = len(flat) // shape[0]
    return [nest(flat[i * step:(i + 1) * step], shape[1:]) for i in range(shape[0])]


def indices(shape):
    """Every index of a shape, row-major."""
    found = [()]
    for extent in shape:
        found = [index + (i,) for index in found for i in range(extent)]
    return found


def broadcast(*shapes):
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    result = []
    for extents in zip(*padded):
        wide = {extent for extent in extents if extent != 1} or {1}
        assert len(wide) == 1, f"shapes {shapes} do not broadcast"
        result.append(wide.pop())
    return tuple(result)


class Tensor:
    """shape, items (flat, row-major) and whether its type is an integer one."""

    def __init__(self, shape, items, integer=False):
        self.shape, self.items, self.integer = tuple(shape), items, integer
        assert len(items) == size(self.shape)

    @classmethod
    def from_json(cls, value):
        if not isinstance(value, dict):
            return cls(nested_shape(value), flatten(value))
        items = flatten(value["data"])
        return cls(value.get("shape", nested_shape(value["data"])), items, value.get("dtype") in INTEGER_TYPES)

    def at(self, index):
        """The item at an index of a shape that this tensor broadcasts to."""
        index = index[len(index) - len(self.shape):]
        flat = 0
        for i, extent in zip(index, self.shape):
            flat = flat * extent + (i if extent != 1 else 0)
        return self.items[flat]

    def with_trailing_axis(self):
        return Tensor(self.shape + (1,), self.items, self.integer)

    def row(self, index):
        """The items along the last axis at an index of a shape that the other axes broadcast to."""
        return [self.at(tuple(index) + (d,)) for d in range(self.shape[-1])]
