"""Losses of class scores: CrossEntropy, NLL, MultiMargin, MultiLabelMargin."""

import torch
import torch.nn.functional as F

from torch_common import empty_cases, option_cases, sample_weight_cases, shape_cases
from vectors import Loss, reduced

INF, NAN = float("inf"), float("nan")
IGNORED = -100


def class_axis(tensor):
    return 0 if tensor.dim() == 1 else 1


def along_classes(weight, tensor):
    """A (C) vector shaped to multiply a tensor with a class axis."""
    shape = [1] * tensor.dim()
    shape[class_axis(tensor)] = -1
    return weight.reshape(shape)


def has_indices(tensors):
    return not tensors["target"].is_floating_point()


def target_weights(tensors, options, unreduced):
    """Index targets: the class weight of each target that is not ignored; probabilities: 1."""
    if not has_indices(tensors):
        return torch.ones_like(unreduced)
    target = tensors["target"]
    kept = target != options.get("ignore_index", IGNORED)
    weight = tensors.get("weight", torch.ones(tensors["input"].shape[class_axis(tensors["input"])]))
    return weight[torch.where(kept, target, 0)] * kept


def ignored_targets(tensors, options):
    return tensors["target"] == options.get("ignore_index", IGNORED) if has_indices(tensors) else None


def index_roles(suite, key, shape, classes=None, weighted=False, ignore=None, **interval):
    """Scores of the shape (class axis 1, or 0 alone) with class indices; every fourth target may be ignored."""
    draw = suite.draw(key)
    axis = 0 if len(shape) == 1 else 1
    classes = shape[axis]
    roles = {"input": draw.uniform(*shape, **interval),
             "target": draw.indices(classes, *(shape[:axis] + shape[axis + 1:]))}
    if weighted:
        roles["weight"] = draw.uniform(classes, low=0.25, high=2.0)
    if ignore is not None:
        roles["target"].view(-1)[1::4] = ignore
    return roles


def index_shapes(suite, **interval):
    shape = lambda key, *args, **more: index_roles(suite, key, *args, **more, **interval)
    return {
        "unbatched (C)": shape("C", (5,)),
        "one class": shape("one class", (3, 1)),
        "(N,C)": shape("NC", (4, 3)),
        "(N,C,d1)": shape("NCd", (2, 3, 4)),
        "(N,C,d1,d2)": shape("NCdd", (2, 3, 2, 2)),
        "(N,C,d1,d2,d3)": shape("NCddd", (2, 3, 2, 1, 2)),
        "weighted unbatched": shape("w C", (5,), weighted=True),
        "weighted (N,C)": shape("w NC", (5, 4), weighted=True),
        "weighted (N,C,d1)": shape("w NCd", (2, 3, 3), weighted=True),
        "ignored (N,C)": shape("i NC", (6, 3), ignore=IGNORED),
        "ignored weighted (N,C,d1)": shape("iw NCd", (3, 3, 4), weighted=True, ignore=IGNORED),
    }


def ignored_cases(suite, low, high):
    """ignore_index at its default, moved onto a class, and on everything."""
    roles = index_roles(suite, "ignore", (6, 4), weighted=True, low=low, high=high)
    for index in (-1, 2, 1000):
        targets = roles["target"].clone()
        targets[::3] = index
        for reduction in ("none", "mean", "sum"):
            suite.case(f"ignore_index {index}, {reduction}", {**roles, "target": targets}, reduction=reduction,
                       ignore_index=index)
    everything = {"input": roles["input"], "target": torch.full((6,), IGNORED)}
    for reduction in ("none", "mean", "sum"):
        suite.case(f"all ignored, {reduction}", everything, reduction=reduction)
    suite.case("unbatched ignored, mean", {"input": roles["input"][0], "target": IGNORED})
    suite.case("unbatched ignored, none", {"input": roles["input"][0], "target": IGNORED}, reduction="none")
    # torch differentiates through the NaN of an ignored row; its inputs are not used, so a number stands in for it.
    hidden = [row if target != 2 else [NAN] * 4 for row, target in zip(roles["input"].tolist(), roles["target"].tolist())]
    for reduction in ("none", "mean"):
        suite.case(f"NaN in ignored rows, {reduction}", {"input": hidden, "target": roles["target"]}, left_out_nan=True,
                   reduction=reduction, ignore_index=2)
    suite.case("NaN in rows of sample_weight 0, mean",
               {"input": hidden, "target": roles["target"], "weight": roles["weight"],
                "sample_weight": (roles["target"] != 2).double() * 1.25}, left_out_nan=True)


def index_weight_cases(suite, low, high):
    """sample_weight with class weights and ignored targets; class weights of 0."""
    roles = index_roles(suite, "sample weighted", (7, 4), weighted=True, ignore=IGNORED, low=low, high=high)
    sample_weight_cases(suite, roles)
    deep = index_roles(suite, "deep sample weighted", (3, 4, 5), low=low, high=high)
    sample_weight_cases(suite, deep, "k-dimensional sample_weight")
    zero = {**roles, "weight": [0.0, 1.5, 0.5, 2.0]}
    for reduction in ("none", "mean", "sum"):
        suite.case(f"class weight 0, {reduction}", zero, reduction=reduction)
    nothing = {"input": roles["input"][:2], "target": [0, 0], "weight": [0.0, 1.0, 1.0, 1.0]}
    suite.case("class weight 0 for every target, mean", nothing)
    suite.case("class weight 0 for every target, sum", nothing, reduction="sum")
    integer = {"dtype": "int32", "data": [1, 2, 0, 3]}
    suite.case("int32 class weights and sample_weight",
               {**roles, "weight": integer, "sample_weight": {"dtype": "uint8", "data": [1, 2, 3, 0, 1, 1, 2]}})
    narrow = {"dtype": "int32", "data": roles["target"].tolist()}
    suite.case("int32 targets", {**roles, "target": narrow})
    suite.case("int8 targets", {**roles, "target": {**narrow, "dtype": "int8"}}, reduction="sum")


def empty_classes(suite, **options):
    empty_cases(suite, {"(0,C)": {"input": torch.zeros(0, 3), "target": torch.zeros(0, dtype=torch.int64)},
                        "(0,C,d1)": {"input": torch.zeros(0, 3, 2), "target": torch.zeros(0, 2, dtype=torch.int64)},
                        "(N,C,0)": {"input": torch.zeros(2, 3, 0), "target": torch.zeros(2, 0, dtype=torch.int64)}},
                **options)


# ---- CrossEntropyLoss ----


def log_probabilities(tensors, options):
    """Only the formula as printed takes a logarithm of its own."""
    kind, x = options.get("input_kind", "logits"), tensors["input"]
    return {"probabilities": x.log, "log_probabilities": lambda: x, "logits": lambda: F.log_softmax(x, class_axis(x))}[kind]()


def cross_entropy_rows(tensors, options):
    """The unreduced loss composed from log probabilities, with smoothing and weights."""
    log_p = log_probabilities(tensors, options)
    axis, smoothing = class_axis(log_p), options.get("label_smoothing", 0.0)
    weighted = log_p * along_classes(tensors["weight"], log_p) if "weight" in tensors else log_p
    target = tensors["target"]
    if has_indices(tensors):
        kept = target != options.get("ignore_index", IGNORED)
        picked = weighted.gather(axis, torch.where(kept, target, 0).unsqueeze(axis)).squeeze(axis)
        rows = -(1 - smoothing) * picked
        if smoothing:
            rows = rows - smoothing / log_p.shape[axis] * weighted.sum(axis)
        return torch.where(kept, rows, 0.0)
    return -(weighted * ((1 - smoothing) * target + smoothing / log_p.shape[axis])).sum(axis)


def cross_entropy(tensors, options, reduction):
    if options.get("input_kind", "logits") == "logits":
        return F.cross_entropy(tensors["input"], tensors["target"], tensors.get("weight"), reduction=reduction,
                               ignore_index=options.get("ignore_index", IGNORED),
                               label_smoothing=options.get("label_smoothing", 0.0))
    rows = cross_entropy_rows(tensors, options)
    if reduction == "mean":
        return rows.sum() / target_weights(tensors, options, rows).sum()
    return reduced(rows, reduction)


def distribution_roles(suite, key, shape, weighted=False, **interval):
    draw = suite.draw(key)
    roles = {"input": draw.uniform(*shape, **interval), "target": draw.uniform(*shape, low=0.0, high=1.0)}
    if weighted:
        roles["weight"] = draw.uniform(shape[0 if len(shape) == 1 else 1], low=0.25, high=2.0)
    return roles


def cross_entropy_cases(suite):
    shape_cases(suite, index_shapes(suite))
    distribution = lambda key, *args, **more: distribution_roles(suite, key, *args, **more)
    shape_cases(suite, {
        "distribution (C)": distribution("p C", (4,)),
        "distribution (N,C)": distribution("p NC", (3, 4)),
        "distribution (N,C,d1)": distribution("p NCd", (2, 3, 4)),
        "distribution weighted (N,C)": distribution("p w NC", (4, 3), weighted=True),
        "distribution weighted (N,C,d1,d2)": distribution("p w NCdd", (2, 3, 2, 2), weighted=True),
    })
    ignored_cases(suite, -3.0, 3.0)
    index_weight_cases(suite, -3.0, 3.0)
    sample_weight_cases(suite, distribution("p s", (5, 4), weighted=True), "distribution, sample_weight")
    empty_classes(suite)
    empty_cases(suite, {"distribution (0,C)": {"input": torch.zeros(0, 3), "target": torch.zeros(0, 3)}})
    cross_entropy_option_cases(suite)
    cross_entropy_extreme_cases(suite)
    for name, roles in {"indices": index_roles(suite, "large", (12, 25), weighted=True),
                        "distribution": distribution("large p", (6, 40))}.items():
        suite.case(f"large {name}, mean", roles)


def cross_entropy_option_cases(suite):
    smoothings = [{"label_smoothing": value} for value in (0.1, 0.5, 1.0, 0)]
    indices = index_roles(suite, "smoothing", (5, 4), weighted=True, ignore=IGNORED)
    distribution = distribution_roles(suite, "smoothing p", (4, 3), weighted=True)
    option_cases(suite, indices, smoothings, "indices")
    option_cases(suite, {**indices, "weight": None}, smoothings[:2], "indices without weight")
    option_cases(suite, distribution, smoothings, "distribution")
    suite.case("smoothing with sample_weight, mean", {**indices, "sample_weight": [1.0, 0.0, 0.5, 2.0, 1.0]},
               label_smoothing=0.25)
    kinds = {"probabilities": (0.05, 1.0), "log_probabilities": (-4.0, 0.0)}
    for kind, (low, high) in kinds.items():
        table = [{"input_kind": kind}, {"input_kind": kind, "label_smoothing": 0.2}]
        roles = lambda make, key, shape, **more: make(suite, f"{kind} {key}", shape, low=low, high=high, **more)
        option_cases(suite, roles(index_roles, "NC", (4, 3), weighted=True, ignore=IGNORED), table, "indices")
        option_cases(suite, roles(distribution_roles, "NC", (4, 3), weighted=True), table, "distribution")
        option_cases(suite, roles(index_roles, "NCd", (2, 3, 2)), table[:1], "k-dimensional indices")
        option_cases(suite, roles(distribution_roles, "C", (4,)), table[:1], "unbatched distribution")
    suite.case("input_kind logits in words", {"input": [[0.2, 1.5]], "target": [1]}, input_kind="logits", reduction="sum")
    suite.case("gradient of the distribution alone", distribution, ["target"], reduction="none")
    suite.case("gradient of the scores alone", distribution, ["input"], reduction="sum")


def cross_entropy_extreme_cases(suite):
    """Scores whose softmax is 0 or 1 within rounding; -inf for a class that is absent, and for the target itself."""
    table = {
        "huge scores": ([[1e300, 0.0, -1e300], [-1e300, 1e300, 1e300], [1e-300, -1e-300, 0.0]], [1, 2, 0]),
        "scores of 1000": ([[1000.0, 0.0, -1000.0], [1000.0, 1000.0, 1000.0]], [2, 0]),
        "class at -inf": ([[-INF, 1.0, 2.0], [0.5, -INF, -INF]], [2, 0]),
        "target at -inf": ([[-INF, 1.0, 2.0], [0.5, 1.0, -1.0]], [0, 2]),
        "equal scores": ([[0.25, 0.25, 0.25, 0.25], [0.0, -0.0, 0.0, 0.0]], [3, 1]),
    }
    for name, (scores, target) in table.items():
        suite.case(f"{name}, none", {"input": scores, "target": target}, reduction="none")
        suite.case(f"{name}, mean", {"input": scores, "target": target})
    one_hot = {"input": [[1.0, -2.0, 0.5], [3.0, 0.0, 1.0]], "target": [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]}
    suite.case("one-hot distribution, none", one_hot, reduction="none")
    suite.case("one-hot distribution in the object form, flat",
               {"input": one_hot["input"], "target": {"dtype": "float64", "shape": [2, 3], "data": [0, 1, 0, 1, 0, 0]}})
    suite.case("distributions that do not sum to 1", {"input": one_hot["input"],
                                                      "target": [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]}, reduction="none")
    suite.case("NaN score, none", {"input": [[NAN, 1.0], [0.5, 1.5]], "target": [1, 0]}, reduction="none")


# ---- NLLLoss ----


def nll(tensors, options, reduction):
    log_p = tensors["input"]
    if options.get("input_kind") == "probabilities":  # the logarithm of the target's class alone, which alone is read
        axis, target = class_axis(log_p), tensors["target"]
        kept = target != options.get("ignore_index", IGNORED)
        read = torch.zeros_like(log_p, dtype=torch.bool).scatter(
            axis, torch.where(kept, target, 0).unsqueeze(axis), kept.unsqueeze(axis))
        log_p = torch.where(read, log_p, 1.0).log()
    return F.nll_loss(log_p, tensors["target"], tensors.get("weight"), reduction=reduction,
                      ignore_index=options.get("ignore_index", IGNORED))


def nll_cases(suite):
    shape_cases(suite, index_shapes(suite, low=-4.0, high=0.0))
    ignored_cases(suite, -4.0, 0.0)
    index_weight_cases(suite, -4.0, 0.0)
    empty_classes(suite)
    for kind, (low, high) in {"probabilities": (0.05, 1.0), "log_probabilities": (-4.0, 0.0)}.items():
        roles = lambda key, shape, **more: index_roles(suite, f"{kind} {key}", shape, low=low, high=high, **more)
        table = [{"input_kind": kind}]
        option_cases(suite, roles("NC", (5, 3), weighted=True, ignore=IGNORED), table, "weighted")
        option_cases(suite, roles("NCd", (2, 3, 4)), table, "k-dimensional")
        option_cases(suite, roles("C", (4,)), table, "unbatched")
        sample_weight_cases(suite, roles("s", (4, 3, 2), weighted=True), f"{kind}, sample_weight", input_kind=kind)
    extremes = {"input": [[-INF, 0.0], [-1e300, -1.0], [-1e-300, -800.0], [0.0, -INF]], "target": [0, 0, 0, 0]}
    suite.extremes("extremes, none", extremes, reduction="none")
    suite.extremes("extremes, mean", extremes)
    suite.case("infinity and NaN in other classes, none",
               {"input": [[-INF, -1.0, NAN], [NAN, NAN, -0.5]], "target": [1, 2]}, reduction="none")
    suite.case("positive scores are not checked, sum", {"input": [[2.5, -1.0], [0.5, 4.0]], "target": [0, 1]}, reduction="sum")
    suite.case("probabilities 0 and 1, none", {"input": [[1.0, 0.0], [1e-300, 1.0], [0.0, 1.0]], "target": [0, 0, 0]},
               reduction="none", input_kind="probabilities")
    suite.case("large, mean", index_roles(suite, "large", (12, 25), weighted=True, ignore=IGNORED, low=-6.0, high=0.0))


# ---- MultiMarginLoss ----


def multi_margin(tensors, options, reduction):
    return F.multi_margin_loss(tensors["input"], tensors["target"], p=options.get("p", 1), margin=options.get("margin", 1.0),
                               weight=tensors.get("weight"), reduction=reduction)


def rows_with_targets(suite, key, shape, weighted=False):
    return index_roles(suite, key, shape, weighted=weighted, low=-1.5, high=1.5)


def multi_margin_cases(suite):
    roles = lambda key, shape, **more: rows_with_targets(suite, key, shape, **more)
    shape_cases(suite, {
        "unbatched (C)": roles("C", (5,)),
        "(N,C)": roles("NC", (4, 3)),
        "one class": roles("one class", (3, 1)),
        "one row": roles("one row", (1, 4)),
        "weighted unbatched": roles("w C", (4,), weighted=True),
        "weighted (N,C)": roles("w NC", (5, 4), weighted=True),
    })
    shape_cases(suite, {"squared weighted (N,C)": roles("w2 NC", (4, 4), weighted=True)}, p=2)
    option_cases(suite, roles("options", (5, 4), weighted=True),
                 [{"p": p, "margin": margin} for p in (1, 2) for margin in (0, 0.25, 1.5, -0.5)])
    option_cases(suite, roles("options unbatched", (4,)), [{"p": 2}, {"margin": 2.0}], "unbatched")
    sample_weight_cases(suite, roles("s", (6, 4), weighted=True))
    sample_weight_cases(suite, roles("s2", (5, 3)), "squared, sample_weight", p=2)
    sample_weight_cases(suite, roles("s C", (4,)), "unbatched, sample_weight")
    empty = {"input": torch.zeros(0, 3), "target": torch.zeros(0, dtype=torch.int64)}
    empty_cases(suite, {"(0,C)": empty, "weighted (0,C)": {**empty, "weight": [1.0, 2.0, 0.5]}})
    # Exactly at the margin, where the gradient is 0, on it by one step, and beyond.
    ties = {"input": [[1.0, 0.0, 0.0, -1.0], [0.5, -0.5, 0.5, 0.5], [2.0, 3.0, 3.0, 2.5]], "target": [0, 0, 1]}
    for p in (1, 2):
        suite.case(f"ties at the margin p={p}, none", ties, reduction="none", p=p)
        suite.case(f"ties at margin 0.5 p={p}, mean", ties, p=p, margin=0.5)
        suite.case(f"ties at margin 0 p={p}, sum", ties, reduction="sum", p=p, margin=0.0)
    extremes = {"input": [[1e300, -1e300, 0.0], [-INF, 0.0, 1.0], [1e-300, -1e-300, 0.0], [1e150, 0.0, -1e150]],
                "target": [1, 1, 2, 2]}
    for p in (1, 2):
        suite.extremes(f"extremes p={p}, none", extremes, reduction="none", p=p)
    suite.case("class weight 0", {**ties, "weight": [0.0, 1.0, 2.0, 1.0]}, reduction="none")
    suite.case("int32 target, int64 weight", {**ties, "target": {"dtype": "int32", "data": [0, 0, 1]},
                                              "weight": {"dtype": "int64", "data": [1, 2, 3, 4]}})
    suite.case("NaN in a row of sample_weight 0, mean",
               {**ties, "input": [[1.0, NAN, 0.0, 0.0]] + ties["input"][1:], "sample_weight": [0.0, 1.0, 2.0]},
               left_out_nan=True)
    for p in (1, 2):
        suite.case(f"large p={p}, mean", roles(f"large {p}", (12, 30), weighted=True), p=p)


# ---- MultiLabelMarginLoss ----


def listed(multi_hot):
    """Rows of 0 and 1 as indices, closed by -1."""
    order = torch.argsort(1 - multi_hot, dim=-1, stable=True)
    return torch.where(multi_hot.gather(-1, order) == 1, order, -1)


def multi_label_margin(tensors, options, reduction):
    target = tensors["target"]
    if options.get("target_kind", "indices") == "multi_hot":
        target = listed(target.long())
    return F.multilabel_margin_loss(tensors["input"], target, reduction=reduction)


def label_rows(suite, key, shape, multi_hot=False):
    """Every row lists some classes, possibly none or all; behind the first negative lies padding that is not read."""
    draw = suite.draw(key)
    scores, hot = draw.uniform(*shape, low=-1.5, high=1.5), draw.bits(*shape).long()
    if multi_hot:
        return {"input": scores, "target": hot}
    return {"input": scores, "target": listed(hot)}


def multi_label_margin_cases(suite):
    rows = lambda key, *args, **more: label_rows(suite, key, *args, **more)
    shape_cases(suite, {
        "unbatched (C)": rows("C", (5,)), "(N,C)": rows("NC", (4, 5)), "one row": rows("one row", (1, 3)),
        "wide (N,C)": rows("wide", (3, 9)),
        "none listed": {"input": [[0.5, 1.0, -1.0]], "target": [[-1, -1, -1]]},
        "all listed": {"input": [[0.5, 1.0, -1.0]], "target": [[2, 0, 1]]},
        "one class": {"input": [[0.5], [1.0]], "target": [[0], [-1]]},
        "unsorted": {"input": [[0.5, 1.0, -1.0, 0.25]], "target": [[3, 0, -1, -1]]},
        "listed twice": {"input": [[0.5, 1.0, -1.0, 0.25]], "target": [[1, 1, 2, -1]]},
        "padding of class numbers": {"input": [[0.5, 1.0, -1.0, 0.25]], "target": [[1, -1, 2, 3]]},
    })
    shape_cases(suite, {f"multi_hot {name}": rows(f"hot {name}", shape, multi_hot=True)
                        for name, shape in {"(C)": (5,), "(N,C)": (4, 5), "one class": (2, 1)}.items()},
                target_kind="multi_hot")
    for hot in ([[0, 0, 0]], [[1, 1, 1]]):
        suite.case(f"multi_hot {hot}", {"input": [[0.5, 1.0, -1.0]], "target": hot}, reduction="none", target_kind="multi_hot")
    suite.case("target_kind indices in words", rows("words", (3, 4)), target_kind="indices")
    sample_weight_cases(suite, rows("s", (6, 4)))
    sample_weight_cases(suite, rows("s hot", (4, 4), multi_hot=True), "multi_hot, sample_weight", target_kind="multi_hot")
    sample_weight_cases(suite, rows("s C", (4,)), "unbatched, sample_weight")
    empty_cases(suite, {"(0,C)": {"input": torch.zeros(0, 3), "target": torch.zeros(0, 3, dtype=torch.int64)}})
    # A listed class ahead of another by exactly 1, where the gradient is 0; by 1 - 2^-52; equal scores.
    ties = {"input": [[1.0, 0.0, 0.0], [1.0, 2.220446049250313e-16, 2.0], [0.5, 0.5, -0.5]],
            "target": [[0, -1, -1], [0, -1, -1], [0, 1, -1]]}
    suite.case("ties at the margin, none", ties, reduction="none")
    suite.case("ties at the margin, mean", ties)
    extremes = {"input": [[1e300, -1e300, 0.0], [-INF, 0.0, 1.0], [1e-300, -1e-300, 0.0], [INF, 0.0, 1.0]],
                "target": [[1, -1, -1], [1, 2, -1], [2, -1, -1], [0, -1, -1]]}
    suite.extremes("extremes, none", extremes, reduction="none")
    suite.case("int32 target", {**ties, "target": {"dtype": "int32", "data": ties["target"]}}, reduction="sum")
    suite.case("bool multi_hot target", {"input": [[0.5, 1.0], [0.25, -1.0]],
                                         "target": {"dtype": "bool", "data": [[True, False], [True, True]]}},
               target_kind="multi_hot")
    suite.case("NaN in a row of sample_weight 0, mean",
               {**ties, "input": [[1.0, NAN, 0.0]] + ties["input"][1:], "sample_weight": [0.0, 1.0, 2.0]}, left_out_nan=True)
    suite.case("large, mean", rows("large", (8, 30)))
    suite.case("large multi_hot, mean", rows("large hot", (10, 20), multi_hot=True), target_kind="multi_hot")


LOSSES = (
    (Loss("CrossEntropyLoss", ("input", "target"), cross_entropy, ("target",), target_weights, ignored_targets),
     cross_entropy_cases),
    (Loss("NLLLoss", ("input",), nll, ("target",), target_weights, ignored_targets), nll_cases),
    (Loss("MultiMarginLoss", ("input",), multi_margin, ("target",)), multi_margin_cases),
    (Loss("MultiLabelMarginLoss", ("input",), multi_label_margin, ("target",)), multi_label_margin_cases),
)
