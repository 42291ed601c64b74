"""Losses of an input and a target of the same kind: L1, MSE, Huber, SmoothL1, PoissonNLL, GaussianNLL."""

import torch
import torch.nn.functional as F

from torch_common import broadcast_cases, empty_cases, option_cases, sample_weight_cases, shape_cases
from vectors import Loss, reduced

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


def pair_dtypes(suite, sign=-1):
    """Integer, bool and narrower floating tensors beside a float64 one, or alone; sign 1 for targets that are counts."""
    x, half = [[0.5, -1.25, 3.0], [2.0, 0.0, -0.75]], [[0.5, 1.5, 2.0 * sign], [0.25, 3.0, 1.0]]
    small = [[1, 2 * sign, 3], [2, 0, 5]]
    for dtype, data in {"int64": small, "int32": small, "int16": [[32767, 2 * sign, 3], [2, 0, 5]],
                        "int8": [[1, 127 * sign, 127], [2, 0, 5]], "uint8": [[255, 2, 3], [2, 0, 5]],
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
    broadcast_cases(suite, roles, pair(suite, "broadcast in words", (3, 1), (4,), **interval))
    suite.case("rank 0 with broadcast false, none", pair(suite, "rank 0 partner", (5,), (), **interval), reduction="none",
               broadcast=False)
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
    suite.extremes(f"extremes{label}, none", EXTREMES, reduction="none", **options)
    finite = {role: [x for x, a, b in zip(EXTREMES[role], *EXTREMES.values()) if abs(a) != INF and abs(b) != INF]
              for role in EXTREMES}
    suite.extremes(f"finite extremes{label}, mean", finite, reduction="mean", **options)
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


# ---- HuberLoss, SmoothL1Loss ----


def huber(tensors, options, reduction):
    return F.huber_loss(tensors["input"], tensors["target"], reduction, options.get("delta", 1.0), tensors.get("weight"))


def smooth_l1(tensors, options, reduction):
    return F.smooth_l1_loss(tensors["input"], tensors["target"], reduction=reduction, beta=options.get("beta", 1.0))


def threshold_cases(suite, option, values):
    """The quadratic and the linear branch, and distances exactly at the threshold on both sides."""
    option_cases(suite, pair(suite, "options", (4, 5)), [{option: value} for value in values])
    for value in (1.0, 0.5, 2.0, 0.125):
        ties = {"input": [value, -value, 0.0, -0.0, value / 2, 1.0 + value, 3 * value],
                "target": [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, value]}
        suite.case(f"ties at {option} {value}, none", ties, reduction="none", **{option: value})
    extreme_cases(suite)
    extreme_cases(suite, **{option: 1e200})
    extreme_cases(suite, **{option: 1e-200})
    suite.case("NaN, none", {"input": [NAN, 1.0, INF], "target": [0.0, 2.0, INF]}, reduction="none")


def huber_cases(suite):
    pair_cases(suite)
    pair_dtypes(suite)
    left_out_nan_case(suite)
    threshold_cases(suite, "delta", (0.1, 0.5, 1, 2.5, 100.0))
    for label, shape in {"vector": (6,), "matrix": (3, 4), "rank 0": ()}.items():
        weight = {"weight": suite.draw(f"weight {label}").uniform(*shape, low=0.0, high=2.0)}
        roles = {**pair(suite, f"weight {label}", shape), **weight}
        option_cases(suite, roles, [{"delta": 0.75}], f"weight, {label}")
        suite.case(f"weight, {label}, sum", roles, reduction="sum")
    roles = {**pair(suite, "both weights", (3, 4)), "weight": suite.draw("both weights").weights(3, 4)}
    sample_weight_cases(suite, roles, "weight and sample_weight")


def smooth_l1_cases(suite):
    pair_cases(suite)
    pair_dtypes(suite)
    left_out_nan_case(suite)
    # With beta 0 torch's functional form is L1, 0 at a tie; its operator gives -1 there.
    threshold_cases(suite, "beta", (0, 0.1, 0.5, 1, 2.5, 100.0))
    suite.case("ties at 0 with beta 0, none", {"input": [0.0, 1.5, 2.0], "target": [0.0, 1.5, 1.0]}, reduction="none", beta=0.0)


# ---- PoissonNLLLoss ----


def poisson(tensors, options, reduction):
    x, y = tensors["input"], tensors["target"]
    full = options.get("full", False)
    settings = {"log_input": options.get("log_input", True), "eps": options.get("eps", 1e-8)}
    if full == "exact":
        return reduced(F.poisson_nll_loss(x, y, reduction="none", **settings) + torch.lgamma(y + 1), reduction)
    return F.poisson_nll_loss(x, y, full=full in (True, "stirling"), reduction=reduction, **settings)


def poisson_cases(suite):
    rates = {"low": 0.05, "high": 4.0}
    pair_cases(suite, **rates)
    pair_dtypes(suite, sign=1)
    left_out_nan_case(suite)
    fulls = [{"full": value} for value in (False, True, "stirling", "exact")]
    option_cases(suite, pair(suite, "options", (3, 5), **rates),
                 [{}] + fulls + [{"log_input": True}, {"eps": 0.5}] +
                 [{"log_input": False, **more} for more in fulls + [{"eps": 0}, {"eps": 1e-8}, {"eps": 0.25}]])
    logs = {**pair(suite, "logs", (4, 4), low=-6.0, high=6.0), "target": suite.draw("counts").indices(9, 4, 4).double()}
    for reduction in ("none", "mean", "sum"):
        suite.case(f"counts, {reduction}", logs, reduction=reduction)
        # torch's gradient for a target of 0 is NaN with the Stirling term: masked after log 0.
        suite.case(f"counts with Stirling's term, {reduction}", logs, ["input"], reduction=reduction, full=True)
        suite.case(f"counts with the exact term, {reduction}", logs, reduction=reduction, full="exact")
    kink = {"input": [0.5, 0.5, 0.5, 0.5], "target": [1.0, 0.9999999999999999, 1.0000000000000002, 0.25]}
    suite.case("Stirling's term at a target of 1, none", kink, reduction="none", full=True)
    large = {"input": [3.0, 10.0, 2.5, 1e5], "target": [1e3, 1e6, 170.5, 1e12]}
    option_cases(suite, large, [{"log_input": False, **more} for more in fulls], "large counts")
    suite.case("rate 0 with eps, none", {"input": [0.0, 0.0, 1e-300], "target": [0.0, 2.0, 3.0]}, reduction="none",
               log_input=False)
    suite.extremes("tiny rates, none", {"input": [1e-300, 1e300, 1e-8, 5e-324], "target": [1.0, 2.0, 0.0, 1.0]},
               reduction="none", log_input=False, eps=0)
    # -inf and inf with a target of 0, and inf - inf, are 0 times infinity in torch: not here.
    suite.extremes("extreme logs, none", {"input": [-1e300, 709.0, 800.0, -745.0, -INF, 0.0, 1e-300],
                                      "target": [2.0, 1.0, 0.0, 0.0, 2.0, 1e300, 0.5]}, reduction="none")
    suite.case("infinite rate, mean", {"input": [800.0, 1.0], "target": [3.0, 1.0]})
    # torch's gradient for a target that is NaN, -input, does not read it; the service's is NaN.
    suite.case("NaN, none", {"input": [NAN, 1.0], "target": [1.0, NAN]}, ["input"], reduction="none")
    sample_weight_cases(suite, pair(suite, "weighted full", (3, 4), **rates), "full, sample_weight", full=True,
                        log_input=False)


# ---- GaussianNLLLoss ----


def takes_var(x, var):
    """Whether torch accepts var, already of the input's rank: equal, or one axis of size 1."""
    return x.dim() == var.dim() and sum(v for a, v in zip(x.shape, var.shape) if a != v) in (0, 1)


def gaussian(tensors, options, reduction):
    x, y, var = tensors["input"], tensors["target"], tensors["var"]
    factor, full, eps = options.get("log_var_weight", 0.5), options.get("full", False), options.get("eps", 1e-6)
    if var.shape == x.shape[:-1] and var.dim() != x.dim():
        var = var.unsqueeze(-1)
    if factor == 0.5 and takes_var(x, var) and eps > 0 and x.numel():
        return F.gaussian_nll_loss(x, y, var, full=full, eps=eps, reduction=reduction)
    var = var.clone()
    with torch.no_grad():
        var.clamp_(min=eps)
    loss = (x - y) ** 2 / (2 * var) + factor * var.log()
    return reduced(loss + 0.5 * torch.tensor(2 * torch.pi).log() if full else loss, reduction)


def gaussian_roles(suite, key, shape, target_shape=None, var_shape=None):
    var = suite.draw(f"var {key}").uniform(*(shape if var_shape is None else var_shape), low=0.1, high=3.0)
    return {**pair(suite, key, shape, target_shape), "var": var}


def gaussian_cases(suite):
    roles = lambda key, *shapes: gaussian_roles(suite, key, *shapes)
    shape_cases(suite, {
        "rank 0": roles("rank 0", ()),
        "vector": roles("vector", (6,)),
        "matrix": roles("matrix", (3, 4)),
        "rank 4": roles("rank 4", (2, 2, 3, 2)),
        "var of one column": roles("column", (3, 4), (3, 4), (3, 1)),
        "var without the last axis": roles("short", (3, 4), (3, 4), (3,)),
        "var without the last axis of a square": roles("square", (3, 3), (3, 3), (3,)),
        "var of one row": roles("row", (3, 4), (3, 4), (1, 4)),
        "var of lower rank": roles("lower", (2, 3, 4), (2, 3, 4), (4,)),
        "var of rank 0": roles("scalar", (2, 3), (2, 3), ()),
        "target broadcast": roles("target", (3, 4), (4,), (3, 4)),
        "all broadcast": roles("all", (3, 1), (1, 4), (3, 4)),
        "input the smallest": roles("small", (4,), (3, 4), (3, 4)),
    })
    base = roles("options", (4, 5))
    option_cases(suite, base, [{"full": True}, {"full": False}] +
                 [{"eps": value} for value in (0, 1e-12, 0.5, 10.0)] +
                 [{"log_var_weight": value} for value in (0, 0.5, 1.0, 2.5)] +
                 [{"log_var_weight": 1, "full": True, "eps": 0.25}])
    sample_weight_cases(suite, base)
    sample_weight_cases(suite, roles("broadcast weighted", (3, 4), (4,), (3, 1)), "broadcast, sample_weight", full=True)
    for role in ("input", "target", "var"):
        suite.case(f"gradient of {role} alone", base, [role], reduction="none")
    broadcast_cases(suite, base, roles("broadcast in words", (3, 1), (4,), (3, 4)))
    zero = torch.zeros(0, 3)
    empty_cases(suite, {"matrix": {"input": zero, "target": zero, "var": zero}})
    suite.case("thousand numbers, mean", roles("thousand", (20, 40), (20, 40), (20, 1)))
    gaussian_extreme_cases(suite)


def gaussian_extreme_cases(suite):
    columns = lambda *rows: dict(zip(("input", "target", "var"), map(list, zip(*rows))))
    clamped = columns((1.0, 0.5, 0.0), (1.0, 1.0, 0.0), (2.0, 1.0, 1e-6), (2.0, 1.0, 1e-9), (2.0, 1.0, 1.0000001e-6))
    suite.case("var at 0 and at eps, none", clamped, reduction="none")
    suite.case("var at 0 and at eps, mean", clamped)
    suite.case("var exactly eps, none", columns((1.0, 0.5, 0.5), (1.0, 3.0, 0.25)), reduction="none", eps=0.5)
    extremes = columns((1.0, 0.0, 1e300), (1e150, 0.0, 1e300), (1e-300, 0.0, 1.0), (1.0, 0.0, 1e-300), (1e200, 0.0, 1.0),
                       (1.0, 0.0, INF), (3.0, 3.0, 1.0), (INF, 0.0, 1.0))
    suite.extremes("extremes, none", extremes, reduction="none")
    suite.case("tiny var with eps 0, none", columns((1.0, 0.0, 1e-100), (0.0, 0.0, 1e-300)), reduction="none", eps=0)
    suite.case("infinite var, sum", columns((1.0, 0.0, INF), (1.0, 2.0, 1.0)), reduction="sum")
    suite.case("NaN, none", columns((NAN, 0.0, 1.0), (1.0, 0.0, 2.0)), reduction="none")
    suite.case("NaN where sample_weight is 0, mean",
               {**columns((1.0, 0.0, 1.0), (NAN, 1.0, 1.0), (1.0, 1.0, NAN)), "sample_weight": [2.0, 0.0, 0.0]},
               left_out_nan=True)
    for dtype, data in {"int32": [1, 2, 5], "uint8": [1, 255, 0], "bool": [True, True, False], "float16": [0.5, 2.0, 1.5]}.items():
        suite.case(f"{dtype} var and target", {"input": [0.5, -1.25, 3.0], "target": {"dtype": dtype, "data": data},
                                               "var": {"dtype": dtype, "data": data}}, ["input"], reduction="none")


LOSSES = (
    (Loss("L1Loss", ("input", "target"), l1), l1_cases),
    (Loss("MSELoss", ("input", "target"), mse), mse_cases),
    (Loss("HuberLoss", ("input", "target"), huber), huber_cases),
    (Loss("SmoothL1Loss", ("input", "target"), smooth_l1), smooth_l1_cases),
    (Loss("PoissonNLLLoss", ("input", "target"), poisson), poisson_cases),
    (Loss("GaussianNLLLoss", ("input", "target", "var"), gaussian), gaussian_cases),
)
