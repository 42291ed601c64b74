"""Losses of an input and a target of the same kind: L1, MSE."""

import torch
import torch.nn.functional as F

from vectors import Loss, empty_cases, option_cases, reduced, sample_weight_cases, shape_cases

INF, NAN = float("inf"), float("nan")


def pair(suite, key, shape, target_shape=None, **interval):
    draw = suite.draw(key)
    return {"input": draw.uniform(*shape, **interval),
            "target": draw.uniform(*(shape if target_shape is None else target_shape), **interval)}


def pair_shapes(suite, **interval):
    shape = lambda key, *shapes: pair(suite, key, *shapes, **interval)
    return {
        "rank 0": shape("rank 0", ()),
        "vector": shape("vector", (7,)),
        "one number": shape("one", (1,)),
        "matrix": shape("matrix", (4, 5)),
        "rank 4": shape("rank 4", (2, 3, 2, 2)),
        "rank 8": shape("rank 8", (1, 2, 1, 2, 1, 2, 1, 2)),
    }


def pair_broadcasts(suite, **interval):
    shape = lambda key, *shapes: pair(suite, key, *shapes, **interval)
    return {
        "target of one row": shape("row", (3, 4), (1, 4)),
        "target of lower rank": shape("lower", (2, 3, 4), (4,)),
        "input the smaller": shape("smaller", (4,), (3, 4)),
        "both stretched": shape("both", (3, 1), (1, 5)),
        "target of rank 0": shape("scalar", (2, 3), ()),
    }


def pair_dtypes(suite):
    """Integer, bool and narrower floating tensors beside a float64 one, or alone."""
    x, half = [[0.5, -1.25, 3.0], [2.0, 0.0, -0.75]], [[0.5, 1.5, -2.0], [0.25, 3.0, 1.0]]
    for dtype, data in {"int64": [[1, -2, 3], [2, 0, 5]], "int32": [[1, -2, 3], [2, 0, 5]], "int16": [[7, -2, 3], [2, 0, 5]],
                        "int8": [[1, -128, 127], [2, 0, 5]], "uint8": [[255, 2, 3], [2, 0, 5]],
                        "bool": [[True, False, True], [True, False, False]]}.items():
        suite.case(f"{dtype} target", {"input": x, "target": {"dtype": dtype, "data": data}}, reduction="none")
    for dtype in ("float32", "float16", "bfloat16"):
        suite.case(f"{dtype} target widened by a float64 input",
                   {"input": x, "target": {"dtype": dtype, "data": half}}, ["input"])
    integers = {"dtype": "int32", "shape": [2, 2], "data": [1, 2, 3, 4]}
    suite.case("integers alone compute in float64", {"input": integers, "target": {"dtype": "int8", "data": [[0, 5], [1, 1]]}},
               gradients=None, reduction="mean")


def pair_cases(suite, **interval):
    """What every loss of input and target has, whatever its formula."""
    shape_cases(suite, pair_shapes(suite, **interval))
    shape_cases(suite, pair_broadcasts(suite, **interval))
    roles = pair(suite, "weighted", (4, 6), **interval)
    sample_weight_cases(suite, roles)
    sample_weight_cases(suite, pair(suite, "broadcast weighted", (4, 1), (1, 3), **interval), "broadcast, sample_weight")
    suite.case("gradient of the target alone", roles, ["target"], reduction="none")
    suite.case("gradient of the input alone", roles, ["input"])
    suite.case("no gradient", roles, None)
    empty_cases(suite, {"vector": {"input": torch.zeros(0), "target": torch.zeros(0)},
                        "matrix": {"input": torch.zeros(0, 3), "target": torch.zeros(0, 3)}})
    suite.case("thousand numbers, mean", pair(suite, "thousand", (25, 40), **interval), reduction="mean")


def left_out_nan_case(suite, low=0.5):
    suite.case("NaN where sample_weight is 0, mean",
               {"input": [low, NAN, 1.5, 0.25], "target": [1.0, 2.0, NAN, 0.5], "sample_weight": [1.0, 0.0, 0.0, 2.0]},
               left_out_nan=True)
    suite.case("NaN where sample_weight is 0, none",
               {"input": [low, NAN, 1.5, 0.25], "target": [1.0, 2.0, NAN, 0.5], "sample_weight": [1.0, 0.0, 0.0, 2.0]},
               left_out_nan=True, reduction="none")


# Distances at 0, at the kinks, tiny, huge and infinite. inf - inf is apart: torch swallows its NaN in places.
EXTREMES = {"input": [1e300, -1e300, 1e-300, 0.0, -0.0, 5e-324, 1e150, 1.0, INF, -INF, 1.0, 3.0],
            "target": [1.0, 1e-300, 0.0, 0.0, 0.0, 0.0, -1e150, 1.0, 1.0, 1.0, INF, 2.0]}


def extreme_cases(suite, **options):
    label = "".join(f" {key}={value}" for key, value in options.items())
    suite.case(f"extremes{label}, none", EXTREMES, reduction="none", **options)
    finite = {role: [x for x, a, b in zip(EXTREMES[role], *EXTREMES.values()) if abs(a) != INF and abs(b) != INF]
              for role in EXTREMES}
    suite.case(f"finite extremes{label}, mean", finite, reduction="mean", **options)
    suite.case(f"an infinite distance{label}, sum", {"input": [INF, 1.0], "target": [0.0, 0.5]}, reduction="sum", **options)


# ---- L1Loss, MSELoss ----


def l1(tensors, options, reduction):
    return F.l1_loss(tensors["input"], tensors["target"], reduction=reduction)


def l1_cases(suite):
    pair_cases(suite)
    pair_dtypes(suite)
    left_out_nan_case(suite)
    extreme_cases(suite)
    ties = {"input": [0.0, -0.0, 1.5, -2.0, 1e300], "target": [0.0, 0.0, 1.5, -2.0, 1e300]}
    suite.case("ties at 0, none", ties, reduction="none")
    suite.case("ties at 0, mean", ties)
    # torch's gradient of a NaN is 0; the service's is NaN, so the value alone is recorded.
    suite.case("NaN, value", {"input": [NAN, 1.0, INF], "target": [0.0, 2.0, INF]}, None, reduction="none")


def mse(tensors, options, reduction):
    return F.mse_loss(tensors["input"], tensors["target"], reduction=reduction)


def mse_cases(suite):
    pair_cases(suite)
    pair_dtypes(suite)
    left_out_nan_case(suite)
    extreme_cases(suite)
    suite.case("ties at 0, none", {"input": [0.0, -0.0, 1.5], "target": [0.0, 0.0, 1.5]}, reduction="none")
    suite.case("NaN, none", {"input": [NAN, 1.0, INF], "target": [0.0, 2.0, INF]}, reduction="none")
    suite.case("NaN, mean", {"input": [NAN, 1.0], "target": [0.0, 2.0]}, None)


LOSSES = (
    (Loss("L1Loss", ("input", "target"), l1), l1_cases),
    (Loss("MSELoss", ("input", "target"), mse), mse_cases),
)
