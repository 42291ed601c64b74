"""Losses of pairs and labels of +-1: MarginRanking, HingeEmbedding, CosineEmbedding."""

import torch
import torch.nn.functional as F

from torch_common import broadcast_cases, empty_cases, option_cases, sample_weight_cases, shape_cases
from vectors import Loss, reduced

INF, NAN = float("inf"), float("nan")
REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}  # of torch's operators, which accept ranks that its functions refuse


# ---- MarginRankingLoss ----


def margin_ranking(tensors, options, reduction):
    return torch.margin_ranking_loss(tensors["input1"], tensors["input2"], tensors["target"], options.get("margin", 0.0),
                                     REDUCTIONS[reduction])


def ranked(suite, key, *shapes, factors=False):
    first, second, target = shapes * 3 if len(shapes) == 1 else shapes
    draw = suite.draw(key)
    return {"input1": draw.uniform(*first), "input2": draw.uniform(*second),
            "target": draw.uniform(*target) if factors else draw.signs(*target)}


def margin_ranking_cases(suite):
    make = lambda key, *shapes, **more: ranked(suite, key, *shapes, **more)
    shape_cases(suite, {
        "rank 0": make("rank 0", ()), "vector": make("vector", (8,)), "matrix": make("matrix", (4, 5)),
        "rank 4": make("rank 4", (2, 2, 3, 2)), "factors": make("factors", (3, 4), factors=True),
        "target of one row": make("row", (3, 4), (3, 4), (1, 4)), "target of rank 0": make("scalar", (3, 4), (3, 4), ()),
        "input2 of lower rank": make("lower", (3, 4), (4,), (3, 1)), "target the largest": make("target", (4,), (1,), (3, 4)),
        "all stretched": make("all", (3, 1, 1), (1, 4, 1), (1, 1, 2)),
    })
    option_cases(suite, make("options", (4, 5)), [{"margin": value} for value in (0, 0.5, 1.0, 10.0, -0.75)])
    sample_weight_cases(suite, make("s", (4, 5)), margin=0.5)
    sample_weight_cases(suite, make("s broadcast", (4, 1), (1, 3), (4, 3)), "broadcast, sample_weight", margin=0.5)
    broadcast_cases(suite, make("equal", (3, 4)), make("stretched", (3, 1), (4,), (3, 4)), margin=0.5)
    for role in ("input1", "input2"):
        suite.case(f"gradient of {role} alone", make("roles", (3, 3)), [role], reduction="none", margin=1.0)
    empty_cases(suite, {"vector": make("empty", (0,)), "matrix": make("empty", (0, 3))})
    columns = lambda *rows: dict(zip(("input1", "input2", "target"), map(list, zip(*rows))))
    ties = columns((1.0, 1.0, 1.0), (1.0, 0.5, 1.0), (0.5, 1.0, 1.0), (0.0, -0.0, -1.0), (0.5, 1.0, -1.0), (2.0, 2.0, -1.0))
    for margin in (0, 0.5):
        suite.case(f"ties at margin {margin}, none", ties, reduction="none", margin=margin)
        suite.case(f"ties at margin {margin}, mean", ties, margin=margin)
    extremes = columns((1e300, -1e300, -1.0), (1e300, -1e300, 1.0), (1e-300, 0.0, -1.0), (5e-324, 0.0, 1.0), (INF, 0.0, 1.0),
                       (INF, 0.0, -1.0), (0.0, INF, 1.0), (-INF, 1.0, 2.5), (1.0, 2.0, 0.0), (0.5, 0.25, 1e-300))
    suite.extremes("extremes, none", extremes, reduction="none", margin=0.25)
    # Past the clamp torch's gradient of NaN is 0; the service's is NaN.
    suite.case("NaN, value", columns((NAN, 1.0, 1.0), (1.0, 2.0, 1.0)), None, reduction="none")
    suite.case("NaN where sample_weight is 0, mean",
               {**columns((NAN, 1.0, 1.0), (1.0, 2.0, 1.0), (1.0, NAN, -1.0)), "sample_weight": [0.0, 1.5, 0.0]},
               left_out_nan=True)
    for dtype, data in {"int8": [1, -1, 1], "float32": [1.0, -1.0, 0.5], "int64": [3, -2, 0]}.items():
        suite.case(f"{dtype} target", {"input1": [0.5, 1.0, 2.0], "input2": [1.0, 0.25, 2.5],
                                       "target": {"dtype": dtype, "data": data}}, reduction="none", margin=0.5)
    suite.case("thousand numbers, mean", make("thousand", (20, 40)), margin=0.5)


# ---- HingeEmbeddingLoss ----


def hinge_embedding(tensors, options, reduction):
    x = tensors["input"]
    if options.get("norm", "none") == "l2":
        x = torch.linalg.vector_norm(x, dim=-1)
    return F.hinge_embedding_loss(x, tensors["target"], options.get("margin", 1.0), reduction=reduction)


def labelled(suite, key, shape, target_shape=None, **interval):
    draw = suite.draw(key)
    return {"input": draw.uniform(*shape, **interval), "target": draw.signs(*(shape if target_shape is None else target_shape))}


def hinge_embedding_cases(suite):
    make = lambda key, *shapes, **more: labelled(suite, key, *shapes, **more)
    shape_cases(suite, {
        "rank 0": make("rank 0", ()), "vector": make("vector", (8,)), "matrix": make("matrix", (4, 5)),
        "rank 4": make("rank 4", (2, 2, 3, 2)), "target of one row": make("row", (3, 4), (1, 4)),
        "target of lower rank": make("lower", (3, 4), (4,)), "target of rank 0": make("scalar", (3, 4), ()),
        "input the smaller": make("small", (4,), (3, 4)),
    })
    shape_cases(suite, {
        "norm of (D)": make("l2 D", (3,), ()), "norm of (N,D)": make("l2 ND", (5, 3), (5,), low=-1.0, high=1.0),
        "norm of (N,1)": make("l2 N1", (4, 1), (4,)), "norm of (N,d,D)": make("l2 NdD", (2, 3, 4), (2, 3), low=-0.5, high=0.5),
    }, norm="l2")
    margins = (0, 0.25, 1, 2.5, -0.5)
    option_cases(suite, make("options", (4, 5)), [{"margin": value} for value in margins] + [{"norm": "none"}])
    option_cases(suite, make("options l2", (6, 3), (6,), low=-1.0, high=1.0),
                 [{"norm": "l2", "margin": value} for value in margins])
    sample_weight_cases(suite, make("s", (4, 5)))
    sample_weight_cases(suite, make("s l2", (2, 3, 4), (2, 3), low=-1.0, high=1.0), "norm, sample_weight", norm="l2")
    sample_weight_cases(suite, make("s broadcast", (4, 1), (1, 3)), "broadcast, sample_weight")
    broadcast_cases(suite, make("equal", (3, 4)), make("stretched", (3, 1), (4,)))
    empty_cases(suite, {"vector": make("empty", (0,)), "matrix": make("empty", (0, 3))})
    empty_cases(suite, {"norm of (0,D)": make("empty", (0, 3), (0,))}, norm="l2")
    ties = {"input": [1.0, 1.0, 0.5, 0.9999999999999999, 1.0000000000000002, 0.0, -0.0, -2.0],
            "target": [-1.0, 1.0, -1.0, -1.0, -1.0, 1.0, -1.0, 1.0]}
    for margin in (1, 0.5, 0):
        suite.case(f"ties at margin {margin}, none", ties, reduction="none", margin=margin)
        suite.case(f"ties at margin {margin}, sum", ties, reduction="sum", margin=margin)
    norms = {"input": [[3.0, 4.0], [3.0, -4.0], [0.0, 0.0], [-0.0, 0.0], [0.0, 5.0]], "target": [-1.0, 1.0, 1.0, -1.0, -1.0]}
    for margin in (5, 1):
        suite.case(f"norms at margin {margin} and at 0, none", norms, reduction="none", norm="l2", margin=margin)
    suite.extremes("extremes, none", {"input": [1e300, -1e300, -1e300, 1e-300, 5e-324, INF, INF, -INF, -INF],
                                      "target": [1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0]}, reduction="none")
    # Norms whose squares leave the range of float64 are right in the service, not in torch.
    suite.extremes("norms, extremes, none", {"input": [[1e150, 1e150], [-1e100, 0.0], [1e-100, 1e-100], [1.0, 1e-300]],
                                             "target": [1.0, -1.0, 1.0, -1.0]}, reduction="none", norm="l2")
    suite.case("NaN, value", {"input": [NAN, NAN], "target": [1.0, -1.0]}, None, reduction="none")
    suite.case("NaN where sample_weight is 0, mean",
               {"input": [NAN, 0.25, 2.0], "target": [1.0, -1.0, 1.0], "sample_weight": [0.0, 2.0, 0.5]}, left_out_nan=True)
    for dtype, data in {"int8": [1, -1, 1], "int64": [-1, -1, 1], "float16": [1.0, -1.0, -1.0]}.items():
        suite.case(f"{dtype} target", {"input": [0.5, 0.25, 2.0], "target": {"dtype": dtype, "data": data}}, reduction="none")
    suite.case("thousand numbers, mean", make("thousand", (20, 40)))


# ---- CosineEmbeddingLoss ----

EPS = 9.999999960041972e-13


def cosine_embedding(tensors, options, reduction):
    first, second, target = (tensors[role] for role in ("input1", "input2", "target"))
    margin, eps = options.get("margin", 0.0), options.get("eps", EPS)
    if eps == EPS:
        return torch.cosine_embedding_loss(first, second, target, margin, REDUCTIONS[reduction])
    squares = (first * first).sum(-1) + eps, (second * second).sum(-1) + eps
    cos = (first * second).sum(-1) / (squares[0] * squares[1]).sqrt()
    return reduced(torch.where(target == 1, 1 - cos, (cos - margin).clamp_min(0)), reduction)


def embedded(suite, key, first, second=None, target=None):
    second = first if second is None else second
    draw = suite.draw(key)
    return {"input1": draw.uniform(*first), "input2": draw.uniform(*second),
            "target": draw.signs(*(first[:-1] if target is None else target))}


def cosine_embedding_cases(suite):
    make = lambda key, *shapes: embedded(suite, key, *shapes)
    shape_cases(suite, {
        "(D), target 1": {**make("D", (4,)), "target": 1.0}, "(D), target -1": {**make("D", (4,)), "target": -1.0},
        "(N,D)": make("ND", (6, 3)), "one row": make("1D", (1, 5)), "one dimension": make("N1", (5, 1)),
        "input2 of one row": make("row", (4, 3), (1, 3), (4,)), "target of one number": make("one", (4, 3), (4, 3), (1,)),
        "input1 of one row": make("first", (1, 3), (4, 3), (4,)),
    })
    roles = make("options", (8, 3))
    option_cases(suite, roles, [{"margin": value} for value in (0, 0.25, 0.5, -0.5, 1, -1)] +
                 [{"eps": value} for value in (0, 1e-12, 1e-3, 0.5)] + [{"eps": 0.25, "margin": 0.1}])
    option_cases(suite, {**roles, "target": [-1.0] * 8}, [{"margin": value} for value in (0, 0.5, -0.75)], "all negative")
    sample_weight_cases(suite, make("s", (7, 3)))
    sample_weight_cases(suite, make("s row", (6, 3), (1, 3), (6,)), "broadcast, sample_weight", margin=-0.5)
    sample_weight_cases(suite, {**make("s D", (4,)), "target": 1.0}, "unbatched, sample_weight")
    for role in ("input1", "input2"):
        suite.case(f"gradient of {role} alone", roles, [role], reduction="none", margin=-0.5)
    broadcast_cases(suite, make("equal", (4, 3)), make("stretched", (1, 3), (4, 3), (4,)))
    empty_cases(suite, {"(0,D)": make("empty", (0, 3))})
    # cos exactly 0 at margin 0 passes the gradient; parallel, opposite; zero vectors have cos 0 by eps.
    ties = {"input1": [[1.0, 0.0], [0.0, 2.0], [1.0, 1.0], [3.0, 4.0], [1.0, -2.0]],
            "input2": [[0.0, 1.0], [3.0, 0.0], [1.0, -1.0], [3.0, 4.0], [-1.0, 2.0]], "target": [-1.0, 1.0, -1.0, 1.0, -1.0]}
    suite.case("ties at margin 0, none", ties, reduction="none")
    suite.case("ties at margin 0, mean", ties)
    suite.case("ties at margin 0 with eps 0, none", ties, reduction="none", eps=0)
    suite.case("opposite at margin -1, none", {**ties, "target": [-1.0] * 5}, reduction="none", margin=-1.0)
    zero = {"input1": [[0.0, 0.0], [1.0, 2.0]], "input2": [[1.0, 2.0], [0.0, 0.0]], "target": [1.0, -1.0]}
    suite.case("zero vectors, value", zero, None, reduction="none")
    # Norms whose product of squares leaves the range of float64 are right in the service, not in torch.
    small = {"input1": [[0.001, 0.002], [1e-4, -3e-4]], "input2": [[0.5, 0.25], [2e-4, 1e-4]], "target": [1.0, -1.0]}
    suite.case("short vectors, value", small, None, reduction="none")
    suite.case("long vectors, none", {"input1": [[1e70, 2e70], [1e3, 0.0]], "input2": [[1.0, -1.0], [-1e60, 1e60]],
                                      "target": [1.0, 1.0]}, reduction="none")
    suite.case("NaN in a row of sample_weight 0, mean", {**ties, "input1": [[NAN, 0.0]] + ties["input1"][1:],
                                                         "sample_weight": [0.0, 1.0, 2.0, 0.5, 1.0]}, left_out_nan=True)
    for dtype in ("int8", "int64", "float32"):
        suite.case(f"{dtype} target", {**ties, "target": {"dtype": dtype, "data": [1, -1, 1, -1, 1]}})
    suite.case("large, mean", make("large", (25, 16)))


LOSSES = (
    (Loss("MarginRankingLoss", ("input1", "input2"), margin_ranking), margin_ranking_cases),
    (Loss("HingeEmbeddingLoss", ("input",), hinge_embedding), hinge_embedding_cases),
    (Loss("CosineEmbeddingLoss", ("input1", "input2"), cosine_embedding), cosine_embedding_cases),
)
