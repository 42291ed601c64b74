"""Cases that every loss has: shapes, options, sample_weight, empty batches, the option broadcast."""

import torch


def shape_cases(suite, shapes, **options):
    """Each shape with each reduction: a vector cotangent, none, and a scalar one."""
    for label, roles in shapes.items():
        suite.case(f"{label}, none", roles, reduction="none", **options)
        suite.case(f"{label}, mean", roles, **options)
        suite.case(f"{label}, sum, scalar grad_output", {**roles, "grad_output": -1.75}, reduction="sum", **options)


def option_cases(suite, roles, table, label="options"):
    """Each row of options unreduced, and as a mean with a scalar cotangent."""
    for options in table:
        text = " ".join(f"{key}={value}" for key, value in options.items())
        suite.case(f"{label}: {text}, none", roles, reduction="none", **options)
        suite.case(f"{label}: {text}, mean", {**roles, "grad_output": 0.625}, reduction="mean", **options)


def sample_weight_cases(suite, roles, label="sample_weight", gradients=True, **options):
    """Zeros leave elements out; broadcast, rank-0 and all-zero weights."""
    shape = suite.unreduced_shape(roles, options)
    weight = suite.draw(label).weights(*shape)
    case = lambda name, s, **more: suite.case(f"{label} {name}", {**roles, "sample_weight": s, **more.pop("extra", {})},
                                              gradients, **options, **more)
    case("with zeros, none", weight, reduction="none")
    case("with zeros, mean", weight, extra={"grad_output": 1.5})
    case("with zeros, sum", weight, reduction="sum", extra={"grad_output": -0.5})
    case("of rank 0, mean", 0.75)
    case("all zeros, mean", torch.zeros(shape))
    case("all zeros, sum", torch.zeros(shape), reduction="sum")
    case("of one number, none", [2.5], reduction="none") if shape else None
    if len(shape) > 1:
        case("broadcast along the last axis, none", weight[..., :1], reduction="none")
        case("broadcast along the first axis, mean", weight[:1])
        case("of lower rank, sum", weight[0], reduction="sum")


def empty_cases(suite, shapes, **options):
    for label, roles in shapes.items():
        suite.case(f"empty {label}, none", roles, reduction="none", **options)
        suite.case(f"empty {label}, mean is NaN", roles, reduction="mean", **options)
        suite.case(f"empty {label}, sum is 0", roles, reduction="sum", **options)


def broadcast_cases(suite, equal, stretched, **options):
    """The option in words: true is what the definition has anyway, false asks for equal shapes."""
    suite.case("broadcast true in words, none", stretched, reduction="none", broadcast=True, **options)
    suite.case("broadcast true in words, mean", stretched, broadcast=True, **options)
    suite.case("broadcast false of equal shapes, none", equal, reduction="none", broadcast=False, **options)
    suite.case("broadcast false of equal shapes, sum", equal, reduction="sum", broadcast=False, **options)
