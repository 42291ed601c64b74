"""Losses of probabilities and logits, element by element: KLDiv, BCE, BCEWithLogits, SoftMargin, MultiLabelSoftMargin."""

import torch
import torch.nn.functional as F

from torch_regression import pair_dtypes
from torch_common import broadcast_cases, empty_cases, option_cases, sample_weight_cases, shape_cases
from vectors import Loss, reduced

INF, NAN = float("inf"), float("nan")


def roles_of(suite, key, shape, target_shape=None, low=-3.0, high=3.0, target_low=0.0, target_high=1.0):
    draw = suite.draw(key)
    return {"input": draw.uniform(*shape, low=low, high=high),
            "target": draw.uniform(*(shape if target_shape is None else target_shape), low=target_low, high=target_high)}


def shapes(suite, **intervals):
    return {label: roles_of(suite, label, shape, **intervals)
            for label, shape in {"rank 0": (), "one number": (1,), "vector": (7,), "matrix": (4, 5),
                                 "rank 4": (2, 3, 2, 2)}.items()}


def elementwise_cases(suite, **intervals):
    """What the losses of this file have in common, whose target is as large as the input."""
    make = lambda key, *shape: roles_of(suite, key, *shape, **intervals)
    shape_cases(suite, shapes(suite, **intervals))
    base = make("weighted", (4, 5))
    sample_weight_cases(suite, base)
    if len(suite.loss.differentiable) > 1:
        suite.case("gradient of the target alone", base, ["target"], reduction="none")
    suite.case("gradient of the input alone", base, ["input"], reduction="sum")
    suite.case("no gradient", base, None)
    empty_cases(suite, {"vector": {"input": torch.zeros(0), "target": torch.zeros(0)},
                        "matrix": {"input": torch.zeros(0, 3), "target": torch.zeros(0, 3)}})
    suite.case("thousand numbers, mean", make("thousand", (25, 40)))
    hidden = {"input": [0.5, NAN, 0.25, 0.75], "target": [1.0, 1.0, NAN, 0.25], "sample_weight": [1.0, 0.0, 0.0, 2.5]}
    options = {"clamp_log": False} if suite.loss.name == "BCELoss" else {}  # torch's own BCE refuses NaN
    for reduction in ("none", "mean"):
        suite.case(f"NaN where sample_weight is 0, {reduction}", hidden, left_out_nan=True, reduction=reduction, **options)


def weight_cases(suite, role, shape=(3, 4), **intervals):
    """A weight of the input's shape, and those that broadcast to it."""
    for label, weight_shape in {"full": shape, "column": shape[:-1] + (1,), "lower rank": shape[-1:], "rank 0": ()}.items():
        roles = {**roles_of(suite, f"{role} {label}", shape, **intervals),
                 role: suite.draw(f"{role} {label} numbers").uniform(*weight_shape, low=0.0, high=2.5)}
        for reduction in ("none", "mean", "sum"):
            suite.case(f"{role} {label}, {reduction}", roles, reduction=reduction)
    roles = {**roles_of(suite, f"{role} and sample_weight", shape, **intervals),
             role: suite.draw(f"{role} zeros").weights(*shape, zero_every=4)}
    sample_weight_cases(suite, roles, f"{role} with zeros, sample_weight")
    suite.case(f"int32 {role}", {**roles, role: {"dtype": "int32", "data": list(range(shape[-1]))}}, reduction="none")


# ---- KLDivLoss ----


def kl_div(tensors, options, reduction):
    x = tensors["input"]
    q = x.log() if options.get("input_kind", "log_probabilities") == "probabilities" else x
    return F.kl_div(q, tensors["target"], reduction=reduction, log_target=options.get("log_target", False))


def batch_size(tensors):
    x = tensors["input"]
    return x.shape[0] if x.dim() else 1


def kl_div_cases(suite):
    # Targets of 0: 0 log 0 and 0 times infinity are NaN in torch's gradients; values alone, or the input's gradient.
    intervals = {"low": -4.0, "high": 0.0, "target_low": 0.01}
    make = lambda key, *shape, **more: roles_of(suite, key, *shape, **{**intervals, **more})
    elementwise_cases(suite, **intervals)
    shape_cases(suite, {"target of one row": make("row", (3, 4), (1, 4)), "target of lower rank": make("lower", (3, 4), (4,)),
                        "target of rank 0": make("scalar", (3, 4), ()), "input the smaller": make("small", (4,), (3, 4)),
                        "both stretched": make("both", (3, 1), (1, 4))})
    broadcast_cases(suite, make("equal", (3, 4)), make("stretched", (3, 1), (4,)))
    kinds = {"input_kind": ("log_probabilities", "probabilities"), "log_target": (False, True)}
    for kind in kinds["input_kind"]:
        for log_target in kinds["log_target"]:
            probabilities = {"low": 0.05, "high": 1.0} if kind == "probabilities" else {}
            logs = {"target_low": -4.0, "target_high": 0.0} if log_target else {}
            options = {"input_kind": kind, "log_target": log_target}
            for label, shape in {"matrix": (3, 4), "rank 3": (2, 3, 2), "vector": (5,)}.items():
                roles = make(f"{kind} {log_target} {label}", shape, **probabilities, **logs)
                for reduction in ("none", "mean", "sum", "batchmean"):
                    grad = {} if reduction == "none" else {"grad_output": 1.25}
                    suite.case(f"{kind} log_target={log_target} {label}, {reduction}", {**roles, **grad},
                               reduction=reduction, **options)
    sample_weight_cases(suite, make("logs weighted", (4, 3), target_low=-4.0, target_high=0.0), "log_target, sample_weight",
                        log_target=True)
    weights = suite.draw("batchmean weights")
    for label, shape in {"vector": (5,), "matrix": (3, 4), "rank 3": (2, 3, 2)}.items():
        roles = {**make(f"batchmean {label}", shape), "sample_weight": weights.weights(*shape)}
        suite.case(f"batchmean with sample_weight, {label}", roles, reduction="batchmean")
    suite.case("batchmean with sample_weight of rows", {**make("batchmean rows", (3, 4)), "sample_weight": [[1.0], [0.0], [2.0]]},
               reduction="batchmean")
    suite.case("batchmean of rank 0", make("rank 0 batch", ()), reduction="batchmean")
    for label, shapes in {"target the larger": ((4,), (3, 4)), "one row": ((1, 4), (3, 4)), "rank 0": ((), (3, 4)),
                          "input the larger": ((3, 4), (4,))}.items():
        suite.case(f"batchmean broadcast, {label}", make(f"batchmean broadcast {label}", *shapes), reduction="batchmean")
    zeros = {"input": [-1.0, -0.5, -2.0, 0.0], "target": [0.0, 0.25, 1.0, 0.0]}
    for reduction in ("none", "mean", "sum"):
        suite.case(f"target 0, {reduction}", zeros, ["input"], reduction=reduction)
    # torch's gradient for a subnormal target multiplies and divides by it, and loses digits: not here.
    extremes = {"input": [-1e300, -1e-300, -INF, -800.0, -1.0], "target": [0.5, 1.0, 0.25, 1e-300, 1e-305]}
    suite.extremes("extremes, none", extremes, reduction="none")
    suite.case("log target at -800, none", {"input": [-1.0, -800.0, 0.0], "target": [-800.0, -800.0, -1e-300]},
               reduction="none", log_target=True)
    suite.case("P = Q, sum", {"input": [0.25, 0.25, 0.5], "target": [0.25, 0.25, 0.5]}, reduction="sum",
               input_kind="probabilities")
    suite.case("Q = 0, none", {"input": [0.0, 0.5], "target": [0.5, 0.5]}, reduction="none", input_kind="probabilities")
    # torch's gradients, -target and log target - input, swallow the NaN that they do not read: the value alone.
    suite.case("NaN, value", {"input": [NAN, -1.0], "target": [0.5, NAN]}, None, reduction="none")
    suite.case("bool target", {"input": [-0.5, -1.0], "target": {"dtype": "bool", "data": [True, False]}}, reduction="none")


# ---- BCELoss ----


def bce(tensors, options, reduction):
    p, y, weight = tensors["input"], tensors["target"], tensors.get("weight")
    if options.get("clamp_log", True):
        return F.binary_cross_entropy(p, y, weight, reduction=reduction)
    loss = -(y * p.log() + (1 - y) * torch.log1p(-p))
    return reduced(loss if weight is None else loss * weight, reduction)


def bce_cases(suite):
    inside = {"low": 0.02, "high": 0.98, "target_low": 0.0, "target_high": 1.0}
    elementwise_cases(suite, **inside)
    weight_cases(suite, "weight", **inside)
    roles = {**roles_of(suite, "options", (4, 5), **inside), "weight": suite.draw("options").uniform(5, low=0.5, high=2.0)}
    option_cases(suite, roles, [{"clamp_log": True}, {"clamp_log": False}])
    sample_weight_cases(suite, roles_of(suite, "unclamped", (3, 4), **inside), "unclamped, sample_weight", clamp_log=False)
    hard = {"input": [0.25, 0.75, 0.5, 0.1], "target": [0.0, 1.0, 1.0, 0.0]}
    suite.case("hard targets, none", hard, reduction="none")
    # The formula's own terms of coefficient 0 are the service's 0; p of 0 and 1 with clamp_log false are not here.
    suite.case("hard targets, clamp_log false, none", hard, reduction="none", clamp_log=False)
    corners = {"input": [0.0, 1.0, 0.0, 1.0, 0.0, 1.0], "target": [0.0, 1.0, 1.0, 0.0, 0.5, 0.25]}
    suite.case("probabilities 0 and 1, none", corners, reduction="none")
    suite.case("probabilities 0 and 1, mean, gradient of the input", corners, ["input"])
    suite.case("probabilities 0 and 1, weighted, sum", {**corners, "weight": [1.0, 2.0, 0.5, 0.25, 1.5, 3.0]}, ["input"],
               reduction="sum")
    near = {"input": [1e-300, 1e-44, 1e-43, 1e-12, 1e-13, 5e-324, 0.9999999999999999],
            "target": [1.0, 1.0, 0.5, 0.5, 0.25, 1.0, 0.0]}
    suite.case("logs around the clamp, none", near, reduction="none")
    suite.case("logs around the clamp, clamp_log false, none", {role: data[:-1] for role, data in near.items()},
               reduction="none", clamp_log=False)
    for dtype, data in {"bool": [True, False, True], "int64": [1, 0, 1], "uint8": [0, 0, 1], "float32": [0.5, 0.25, 1.0]}.items():
        suite.case(f"{dtype} target", {"input": [0.5, 0.125, 0.75], "target": {"dtype": dtype, "data": data}}, ["input"],
                   reduction="none")


# ---- BCEWithLogitsLoss ----


def bce_with_logits(tensors, options, reduction):
    return F.binary_cross_entropy_with_logits(tensors["input"], tensors["target"], tensors.get("weight"),
                                              reduction=reduction, pos_weight=tensors.get("pos_weight"))


def bce_with_logits_cases(suite):
    elementwise_cases(suite)
    weight_cases(suite, "weight")
    weight_cases(suite, "pos_weight")
    draw = suite.draw("both")
    roles = {**roles_of(suite, "both", (4, 5)), "weight": draw.uniform(4, 1, low=0.2, high=2.0),
             "pos_weight": draw.uniform(5, low=0.2, high=4.0)}
    for reduction in ("none", "mean", "sum"):
        suite.case(f"weight and pos_weight, {reduction}", roles, reduction=reduction)
    sample_weight_cases(suite, roles, "weight, pos_weight and sample_weight")
    # An infinite logit whose term has coefficient 0 is NaN in torch: not here.
    table = {"huge logits": ([1e300, -1e300, 1e300, -1e300], [0.0, 1.0, 0.5, 0.5]),
             "logits of 800": ([800.0, -800.0, 800.0, -800.0], [0.0, 1.0, 1.0, 0.0]),
             "confident logits": ([40.0, -40.0, 36.5, -709.0, 745.0], [1.0, 0.0, 1.0, 0.0, 1.0]),
             "tiny logits": ([0.0, -0.0, 1e-300, -1e-300, 5e-324], [0.0, 1.0, 0.5, 1.0, 0.0]),
             "infinite logits": ([INF, INF, 1.0], [0.0, 0.5, 1.0])}
    for name, (logits, target) in table.items():
        suite.case(f"{name}, none", {"input": logits, "target": target}, reduction="none")
        suite.case(f"{name}, mean", {"input": logits, "target": target})
        finite = "infinite" not in name
        if finite:
            suite.case(f"{name} with pos_weight, none", {"input": logits, "target": target, "pos_weight": 2.5}, reduction="none")
    suite.case("NaN logit, none", {"input": [NAN, 0.5], "target": [1.0, 0.0]}, reduction="none")
    for dtype, data in {"bool": [True, False, True], "int8": [1, 0, 1], "bfloat16": [0.5, 0.25, 1.0]}.items():
        suite.case(f"{dtype} target", {"input": [0.5, -1.25, 3.0], "target": {"dtype": dtype, "data": data}}, ["input"],
                   reduction="none")


# ---- SoftMarginLoss ----


def soft_margin(tensors, options, reduction):
    x, y = tensors["input"], tensors["target"]
    return F.soft_margin_loss(x, y.expand(x.shape), reduction=reduction)


def soft_margin_cases(suite):
    signs = {"target_low": -1.0, "target_high": 1.0}
    elementwise_cases(suite, **signs)
    pair_dtypes(suite)
    for label, shape in {"vector": (9,), "matrix": (4, 6), "rank 3": (2, 3, 2)}.items():
        roles = {"input": suite.draw(f"signs {label}").uniform(*shape), "target": suite.draw(f"signs {label} y").signs(*shape)}
        shape_cases(suite, {f"targets of +-1, {label}": roles})
    for label, target_shape in {"of one row": (1, 4), "of lower rank": (4,), "of rank 0": (), "of one column": (3, 1)}.items():
        shape_cases(suite, {f"target {label}": roles_of(suite, f"target {label}", (3, 4), target_shape, **signs)})
    broadcast_cases(suite, roles_of(suite, "equal", (3, 4), **signs), roles_of(suite, "stretched", (3, 4), (4,), **signs))
    # Beyond exp's range torch's gradient is NaN and its value inf: the service's are not.
    table = {"steep": ([700.0, -700.0, 300.0, -36.5, 40.0], [1.0, 1.0, -1.0, 1.0, 1.0]),
             "huge and right": ([1e300, -1e300, INF, -INF], [1.0, -1.0, 1.0, -1.0]),
             "tiny": ([0.0, -0.0, 1e-300, 5e-324], [1.0, -1.0, 1.0, -1.0]),
             "any factor": ([0.5, -1.5, 2.0, 1.0], [0.0, 2.5, -10.0, 1e-300])}
    for name, (x, y) in table.items():
        suite.case(f"{name}, none", {"input": x, "target": y}, reduction="none")
        suite.case(f"{name}, mean", {"input": x, "target": y})
    suite.case("NaN, none", {"input": [NAN, 1.0], "target": [1.0, -1.0]}, reduction="none")


# ---- MultiLabelSoftMarginLoss ----


def multi_label_soft_margin(tensors, options, reduction):
    return F.multilabel_soft_margin_loss(tensors["input"], tensors["target"], tensors.get("weight"), reduction=reduction)


def multi_label_soft_margin_cases(suite):
    make = lambda key, shape: roles_of(suite, key, shape)
    weights = lambda key, *shape: {"weight": suite.draw(f"{key} weight").uniform(*shape, low=0.0, high=2.0)}
    shape_cases(suite, {
        "unbatched (C)": make("C", (5,)), "(N,C)": make("NC", (4, 3)), "one class": make("one class", (3, 1)),
        "(N,d,C)": make("NdC", (2, 3, 4)), "(N,d,e,C)": make("NdeC", (2, 2, 2, 3)),
        "hard targets": {"input": suite.draw("hard").uniform(4, 5), "target": suite.draw("hard y").bits(4, 5)},
        "weight of the classes": {**make("w NC", (4, 3)), **weights("w NC", 3)},
        "weight of the input's shape": {**make("w full", (4, 3)), **weights("w full", 4, 3)},
        "weight of a column": {**make("w column", (4, 3)), **weights("w column", 4, 1)},
        "weight of rank 0": {**make("w scalar", (4, 3)), **weights("w scalar")},
        "weight, unbatched": {**make("w C", (5,)), **weights("w C", 5)},
    })
    sample_weight_cases(suite, {**make("s", (6, 4)), **weights("s", 4)})
    sample_weight_cases(suite, make("s deep", (3, 4, 2)), "(N,d,C), sample_weight")
    base = make("roles", (4, 3))
    suite.case("gradient of the target alone", base, ["target"], reduction="none")
    suite.case("gradient of the input alone", base, ["input"])
    suite.case("no gradient", base, None)
    empty_cases(suite, {"(0,C)": {"input": torch.zeros(0, 3), "target": torch.zeros(0, 3)},
                        "(2,0,C)": {"input": torch.zeros(2, 0, 3), "target": torch.zeros(2, 0, 3)}})
    table = {"huge logits": ([[1e300, -1e300], [-1e300, 0.0]], [[0.0, 1.0], [1.0, 0.5]]),
             "logits of 800": ([[800.0, -800.0], [800.0, -800.0]], [[0.0, 1.0], [1.0, 0.0]]),
             "confident logits": ([[40.0, -40.0], [36.5, -709.0]], [[1.0, 0.0], [1.0, 0.0]]),
             "tiny logits": ([[0.0, -0.0], [1e-300, 5e-324]], [[0.0, 1.0], [0.5, 1.0]]),
             "infinite logits": ([[INF, 1.0], [-INF, 2.0]], [[0.0, 1.0], [1.0, 0.0]])}
    for name, (logits, target) in table.items():
        suite.case(f"{name}, none", {"input": logits, "target": target}, reduction="none")
        suite.case(f"{name}, mean", {"input": logits, "target": target})
    suite.case("NaN row, none", {"input": [[NAN, NAN], [0.5, 1.0]], "target": [[1.0, 0.0], [0.0, 1.0]]}, ["input"],
               reduction="none")
    suite.case("NaN in a row of sample_weight 0, mean",
               {"input": [[NAN, 1.0], [0.5, 1.0]], "target": [[1.0, 0.0], [0.0, 1.0]], "sample_weight": [0.0, 1.5]},
               left_out_nan=True)
    for dtype, data in {"bool": [[True, False, True]], "int64": [[1, 0, 1]], "float16": [[0.5, 0.25, 1.0]]}.items():
        suite.case(f"{dtype} target", {"input": [[0.5, -1.25, 3.0]], "target": {"dtype": dtype, "data": data}}, ["input"],
                   reduction="none")
    suite.case("large, mean", make("large", (20, 40)))


LOSSES = (
    (Loss("KLDivLoss", ("input", "target"), kl_div, batch_size=batch_size), kl_div_cases),
    (Loss("BCELoss", ("input", "target"), bce), bce_cases),
    (Loss("BCEWithLogitsLoss", ("input", "target"), bce_with_logits), bce_with_logits_cases),
    (Loss("SoftMarginLoss", ("input",), soft_margin), soft_margin_cases),
    (Loss("MultiLabelSoftMarginLoss", ("input", "target"), multi_label_soft_margin), multi_label_soft_margin_cases),
)
