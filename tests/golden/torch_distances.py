"""Triplet losses: TripletMargin, TripletMarginWithDistance."""

import torch
import torch.nn.functional as F

from torch_common import broadcast_cases, empty_cases, option_cases, sample_weight_cases, shape_cases
from vectors import Loss, reduced

INF, NAN = float("inf"), float("nan")
ROLES = ("anchor", "positive", "negative")


def hinge_of(distance, tensors, options):
    """The loss of any distance, margin and ranks, where torch wants a positive margin and equal ranks."""
    anchor, positive, negative = (tensors[role] for role in ROLES)
    far = distance(anchor, negative)
    if options.get("swap", False):
        far = torch.minimum(far, distance(positive, negative))
    return (distance(anchor, positive) - far + options.get("margin", 1.0)).clamp_min(0)


def torch_takes(tensors, options):
    return options.get("margin", 1.0) > 0 and len({tensors[role].dim() for role in ROLES}) == 1


# ---- TripletMarginLoss ----


def triplet_margin(tensors, options, reduction):
    p, eps, squared = options.get("p", 2), options.get("eps", 1e-6), options.get("squared", False)
    if torch_takes(tensors, options) and not squared:
        return F.triplet_margin_loss(*(tensors[role] for role in ROLES), options.get("margin", 1.0), p, eps,
                                     options.get("swap", False), reduction=reduction)
    norm = lambda a, b: F.pairwise_distance(a, b, p, eps)
    return reduced(hinge_of(lambda a, b: norm(a, b) ** 2 if squared else norm(a, b), tensors, options), reduction)


def triplet(suite, key, *shapes):
    draw = suite.draw(key)
    return {role: draw.uniform(*shape) for role, shape in zip(ROLES, shapes * 3 if len(shapes) == 1 else shapes)}


def triplet_shapes(suite):
    make = lambda key, *shapes: triplet(suite, key, *shapes)
    return {
        "(D)": make("D", (4,)), "(N,D)": make("ND", (5, 3)), "one dimension": make("N1", (6, 1)),
        "(N,d,D)": make("NdD", (2, 3, 4)), "anchor of one row": make("anchor", (1, 3), (4, 3), (4, 3)),
        "negatives of one row": make("negative", (4, 3), (4, 3), (1, 3)),
        "all stretched": make("all", (3, 1, 2), (1, 4, 2), (1, 1, 2)),
        "anchor of lower rank": make("lower", (3,), (4, 3), (4, 3)),
    }


def triplet_common(suite):
    shape_cases(suite, triplet_shapes(suite))
    base = triplet(suite, "weighted", (6, 3))
    sample_weight_cases(suite, base)
    sample_weight_cases(suite, triplet(suite, "weighted swap", (2, 3, 4)), "swap, sample_weight", swap=True)
    sample_weight_cases(suite, triplet(suite, "weighted broadcast", (4, 1, 3), (1, 2, 3), (4, 2, 3)), "broadcast, sample_weight")
    broadcast_cases(suite, base, triplet(suite, "stretched", (1, 3), (4, 3), (4, 3)))
    for role in ROLES:
        suite.case(f"gradient of {role} alone", base, [role], reduction="none", margin=5.0)
    empty_cases(suite, {"(0,D)": triplet(suite, "empty", (0, 3))})
    suite.case("large, mean", triplet(suite, "large", (20, 16)), margin=3.0)
    suite.case("large, none", triplet(suite, "large none", (16, 16)), reduction="none", swap=True, margin=10.0)
    # Behind the clamp torch's gradient of NaN and of infinite distances is NaN or 0: values alone.
    far = {"anchor": [[0.0, 1.0], [1.0, 2.0]], "positive": [[1.0, 1.0], [1.0, 0.0]], "negative": [[INF, 0.0], [0.5, 0.5]]}
    suite.case("negative at infinity, value", far, None, reduction="none")
    suite.case("positive at infinity, value", {**far, "positive": far["negative"], "negative": far["positive"]}, None)
    suite.case("NaN in a row of sample_weight 0, mean",
               {**far, "negative": [[NAN, 0.0], [0.5, 0.5]], "sample_weight": [0.0, 1.5]}, left_out_nan=True)
    whole = {"dtype": "int32", "data": [[0, 1], [2, -1]]}
    suite.case("int32 anchor", {**far, "negative": [[0.25, 1.5], [0.5, 0.5]], "anchor": whole}, ["positive", "negative"],
               reduction="none")


# d(a,p) and d(a,n) exactly margin 1 apart for every norm, equal, and anchor = positive = negative.
TIES = {"anchor": [[0.0, 0.0], [0.0, 0.0], [1.0, 2.0], [0.0, 0.0]],
        "positive": [[1.0, 0.0], [0.0, 3.0], [1.0, 2.0], [2.0, 0.0]],
        "negative": [[2.0, 0.0], [0.0, -3.0], [1.0, 2.0], [0.0, 1.0]]}
# The anchor and the positive equally far from the negative.
SWAP_TIES = {"anchor": [[0.0, 0.0], [1.0, 1.0], [0.0, 2.0]], "positive": [[2.0, 0.0], [1.0, 1.0], [2.0, 0.0]],
             "negative": [[1.0, 1.0], [0.5, 2.0], [0.0, 0.0]]}
# Coordinates equal and opposite: ties of the maximum norm, zero coordinates of the others.
EQUAL = {"anchor": [[1.0, 2.0, 0.0], [0.0, 0.0, 0.0]], "positive": [[0.0, 1.0, 0.0], [2.0, -2.0, 2.0]],
         "negative": [[1.0, 0.5, 1.5], [1.0, 0.0, -1.0]]}


def tie_cases(suite, label, exact=True, **options):
    """exact: whether the norms of TIES' first row, 1 and 2, are free of rounding, on which the branch depends."""
    ties = TIES if exact else {role: rows[1:] for role, rows in TIES.items()}
    for name, roles in {"ties at the margin": ties, "equal coordinates": EQUAL}.items():
        suite.case(f"{label}: {name}, none", roles, reduction="none", **options)
        suite.case(f"{label}: {name}, mean", roles, **options)
    suite.case(f"{label}: ties of swap, none", SWAP_TIES, reduction="none", **{**options, "swap": True, "margin": 3.0})


def triplet_margin_cases(suite):
    triplet_common(suite)
    norms = (0.5, 1, 1.5, 2, 3, 10, INF)
    roles = triplet(suite, "options", (6, 4))
    option_cases(suite, roles, [{"p": p} for p in norms])
    option_cases(suite, roles, [{"p": p, "squared": True, "margin": 4.0} for p in norms])
    option_cases(suite, roles, [{"margin": value} for value in (0.1, 2.5, 10.0, 0, -0.5)] +
                 [{"eps": value} for value in (0, 1e-3, 0.5)] + [{"swap": True}, {"swap": False}] +
                 [{"swap": True, "p": p, "eps": 0, "margin": 2.0} for p in (1, 3, INF)] +
                 [{"swap": True, "squared": True, "eps": 0.25, "margin": 6.0}])
    sample_weight_cases(suite, roles, "squared, sample_weight", squared=True, margin=3.0)
    for p in (0.5, 1, 1.5, 2, 3, INF):
        tie_cases(suite, f"p={p}, eps 0", p in (1, 2, INF), p=p, eps=0)
    tie_cases(suite, "squared, eps 0", squared=True, eps=0)
    tie_cases(suite, "default eps")
    # Norms whose powers leave the range of float64 are right in the service, not in torch.
    huge = {"anchor": [[1e300, 0.0], [-1e300, 1.0]], "positive": [[0.0, 0.0], [0.0, 0.0]], "negative": [[0.0, 1e300], [1.0, 2.0]]}
    for p in (1, INF):
        suite.case(f"numbers of 1e300 with p={p}, none", huge, reduction="none", p=p)
    scaled = lambda scale: {role: triplet(suite, "scaled", (4, 3))[role] * scale for role in ROLES}
    for scale in (1e100, 1e-100):
        suite.case(f"numbers of {scale:.0e}, none", scaled(scale), reduction="none", eps=0)
        suite.case(f"numbers of {scale:.0e}, squared, none", scaled(scale), reduction="none", eps=0, squared=True)


# ---- TripletMarginWithDistanceLoss ----


def named_distance(options):
    eps, p = options.get("eps", 1e-6), options.get("p", 2)
    return {
        "euclidean": lambda a, b: F.pairwise_distance(a, b, 2, eps),
        "squared_euclidean": lambda a, b: ((a - b) ** 2).sum(-1),
        "manhattan": lambda a, b: (a - b).abs().sum(-1),
        "chebyshev": lambda a, b: (a - b).abs().amax(-1),
        "minkowski": lambda a, b: F.pairwise_distance(a, b, p, eps),
        "cosine": lambda a, b: 1 - F.cosine_similarity(a, b, dim=-1),
    }[options.get("distance", "euclidean")]


def triplet_with_distance(tensors, options, reduction):
    distance = named_distance(options)
    if torch_takes(tensors, options):
        return F.triplet_margin_with_distance_loss(*(tensors[role] for role in ROLES), distance_function=distance,
                                                   margin=options.get("margin", 1.0), swap=options.get("swap", False),
                                                   reduction=reduction)
    return reduced(hinge_of(distance, tensors, options), reduction)


DISTANCES = ("euclidean", "squared_euclidean", "manhattan", "chebyshev", "minkowski", "cosine")


def triplet_with_distance_cases(suite):
    triplet_common(suite)
    roles = triplet(suite, "options", (6, 4))
    for distance in DISTANCES:
        option_cases(suite, roles, [{"distance": distance, **more} for more in
                                    ({}, {"swap": True, "margin": 2.5}, {"margin": 0.5})])
        suite.case(f"{distance} of (D), sum", triplet(suite, f"{distance} D", (5,)), reduction="sum", distance=distance)
        suite.case(f"{distance} of broadcast tensors, none", triplet(suite, f"{distance} broadcast", (3, 1, 2), (1, 2, 2), (3, 2, 2)),
                   reduction="none", distance=distance)
        if distance != "cosine":  # zero vectors: torch's cosine has an eps of its own
            eps = {"eps": 0} if distance in ("euclidean", "minkowski") else {}
            tie_cases(suite, distance, distance=distance, **eps)
    option_cases(suite, roles, [{"distance": "minkowski", "p": p} for p in (0.5, 1, 1.5, 2, 3, INF)] +
                 [{"distance": "euclidean", "eps": value} for value in (0, 1e-3, 0.5)] +
                 [{"distance": "minkowski", "p": 3, "eps": value} for value in (0, 0.25)] +
                 [{"margin": value} for value in (0, -0.5, 10.0)])
    sample_weight_cases(suite, roles, "cosine, sample_weight", distance="cosine")
    huge = {"anchor": [[1e300, 0.0], [-1e300, 1.0]], "positive": [[0.0, 0.0], [0.0, 0.0]], "negative": [[0.0, 1e300], [1.0, 2.0]]}
    for distance in ("manhattan", "chebyshev"):
        suite.case(f"numbers of 1e300, {distance}, none", huge, reduction="none", distance=distance)
    orthogonal = {"anchor": [[1.0, 0.0], [2.0, 0.0]], "positive": [[0.0, 3.0], [5.0, 0.0]], "negative": [[4.0, 0.0], [0.0, -1.0]]}
    for margin in (1.0, 0.5):
        suite.case(f"cosine of axes, margin {margin}, none", orthogonal, reduction="none", distance="cosine", margin=margin)


LOSSES = (
    (Loss("TripletMarginLoss", ROLES, triplet_margin), triplet_margin_cases),
    (Loss("TripletMarginWithDistanceLoss", ROLES, triplet_with_distance), triplet_with_distance_cases),
)
