"""What an evaluation gives, and how answers over parts of a data set become one."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Answer:
    """One evaluation."""

    loss: NDArray[np.floating[Any]]
    """Of rank 0 when reduced, else of the unreduced shape; float64 or float32."""
    numerator: float | None = None
    """When reduced: the weighted sum of the losses. A mean is numerator / denominator."""
    denominator: float | None = None
    """When reduced: what a mean divides by."""
    gradients: dict[str, NDArray[Any]] = field(default_factory=dict)
    """By tensor, in its shape and type; those that were asked for."""
    server_timing: dict[str, float] = field(default_factory=dict)
    """Milliseconds in queue, decode, compute and encode."""
    id: str | None = None
    """The request's."""


def _total(numbers: Iterable[float]) -> float:
    """The correctly rounded sum, the same for any order; infinities as IEEE 754 adds them."""
    terms = list(numbers)
    try:
        return math.fsum(terms)
    except (OverflowError, ValueError):  # too large, and infinities of both signs
        return sum(terms)


_Reduction = Literal["mean", "batchmean", "sum"]
_REDUCTIONS = get_args(_Reduction)


def merge(answers: Iterable[Answer], reduction: _Reduction = "mean") -> Answer:
    """One answer from those over the shards of a data set, all asked for with the same reduction.

    The loss is the sum of the numerators, for a mean divided by the sum of the denominators (NaN where that is 0).
    Merged answers can be merged again. Gradients are left to the caller: under a mean, a shard's are to be multiplied
    by its denominator / the merged denominator.

    Raises ValueError where there is no answer, one that is not reduced, or no such reduction.
    """
    if reduction not in _REDUCTIONS:
        raise ValueError(f"merge has no reduction {reduction!r}: expected one of {', '.join(_REDUCTIONS)}")
    numerators, denominators = [], []
    for answer in answers:
        if answer.numerator is None or answer.denominator is None:
            raise ValueError('merge takes reduced answers, found one of reduction "none": ask for "mean" or "sum"')
        numerators.append(answer.numerator)
        denominators.append(answer.denominator)
    if not numerators:
        raise ValueError("merge takes at least one answer, found none")
    numerator, denominator = _total(numerators), _total(denominators)
    mean = numerator / denominator if denominator else math.nan
    return Answer(np.asarray(numerator if reduction == "sum" else mean), numerator, denominator)
