"""Cases of the losses of yes or no: BCE, BCEWithLogits, SoftMargin, MultiLabelSoftMargin."""
from textbook_cases import zero_size

NONE = {"reduction": "none"}
SWALLOWED = "a NaN loss has NaN gradients in what it read"


def bce(cases):
    draw = cases.draw

    def roles():
        return {"input": draw.probability(2, 3), "target": draw.probability(2, 3)}

    cases.common(roles, (2, 3), gradient="target")
    cases.add("rank 0", input=0.25, target=1.0)
    cases.add("rank 3", input=draw.probability(2, 1, 2), target=draw.pick(2, 1, 2, among=(0.0, 1.0)))
    cases.empty(input=zero_size(0, 3), target=zero_size(0, 3))
    cases.both("weight broadcasts along rows", weight=[0.5, 2, 0], **roles())
    cases.both("weight for each row", weight=[[0.5], [3]], options={"reduction": "sum"}, **roles())
    cases.add("weight with sample_weight", weight=[[0.5, 2, 1], [0, 1, 3]], sample_weight=[[2], [1]], **roles())
    cases.add("weight of rank 0", weight=0.5, **roles())
    corners = {"input": [0.0, 0.0, 1.0, 1.0], "target": [0.0, 1.0, 0.0, 1.0]}
    cases.both("p of 0 and 1", options=NONE, kink=True, **corners,
               why="0 log 0 = 0; the target's derivative is log(1 - p) - log p, infinite and not clamped")
    cases.add("p of 0 and 1, clamp_log in the textbook definition", options=NONE | {"clamp_log": True}, kink=True,
              **corners)
    cases.add("p of 0 and 1, clamp_log off in the pytorch definition", kink=True, **corners,
              options=NONE | {"definition": "pytorch", "clamp_log": False})
    cases.both("p of 0 and 1, soft targets", input=[0.0, 1.0], target=[0.25, 0.25], options=NONE, kink=True)
    cases.both("p of 1e-300 and denormal", input=[1e-300, 5e-324, 1e-300], target=[1.0, 1.0, 0.0], options=NONE,
               kink=True)
    cases.both("p one step below 1", input=[0.9999999999999999, 0.9999999999999999], target=[0.0, 1.0], options=NONE,
               kink=True)
    cases.both("p(1 - p) around the floor", input=[1e-12, 2e-12, 5e-13], target=[1.0, 0.0, 0.5], options=NONE,
               kink=True)
    cases.both("log p around -100", input=[3.7e-44, 3.8e-44, 1e-50], target=[1.0, 1.0, 1.0], options=NONE, kink=True)
    cases.both("p equals y", input=[0.25, 0.5], target=[0.25, 0.5])
    cases.add("weight 0 against an infinite loss", input=[0.0, 0.5], target=[1.0, 1.0], weight=[0, 1], kink=True,
              why="a coefficient of exactly 0 makes its term 0 even against infinity")
    cases.both("NaN stays in its element", input=["NaN", 0.5, 0.25], target=[0.5, "NaN", 0.25], options=NONE,
               why=SWALLOWED)
    cases.add("left-out inputs are not used", input=["NaN", 0.0, 0.25], target=[0.5, 1.0, 0.5],
              sample_weight=[0, 0, 2])
    cases.add("integer targets have no gradient", input=[0.25, 0.75],
              target={"dtype": "bool", "shape": [2], "data": [True, False]})
    cases.both("p of -0.0 is 0", input=[-0.0, -0.0, -0.0], target=[0.5, 1.0, -0.0], options=NONE, kink=True)


def logits(cases, one):
    """Cases that both losses of logits share; one(x, y) makes elements into tensors of the loss's rank."""
    extremes = (0.0, 1.0, -1.0, 40.0, -40.0, 800.0, -800.0, 1e300, -1e300, 1e-300)
    for y in (0.0, 1.0, 0.25):
        cases.both(f"logits of every size, y {y}", options=NONE, **one(list(extremes), [y] * len(extremes)))
    cases.both("infinite logits that are right", options=NONE, kink=True,
               why="0 times infinity is 0; torch gives NaN", **one(["Infinity", "-Infinity"], [1.0, 0.0]))
    cases.add("infinite logits that are wrong", options=NONE, kink=True, **one(["Infinity", "-Infinity"], [0.0, 1.0]))
    cases.add("infinite logits, soft targets", options=NONE, kink=True, **one(["Infinity", "-Infinity"], [0.25, 0.25]))
    cases.both("NaN stays where it is", options=NONE, why=SWALLOWED, **one(["NaN", 0.5, 0.25], [0.5, "NaN", 0.25]))
    cases.add("left-out inputs are not used", sample_weight=[0, 0, 2],
              **one(["NaN", "Infinity", 0.25], [0.5, 0.0, 0.5]))


def bce_with_logits(cases):
    draw = cases.draw

    def roles():
        return {"input": draw.real(2, 3, low=-4.0, high=4.0), "target": draw.probability(2, 3)}

    cases.common(roles, (2, 3), gradient="target")
    logits(cases, lambda x, y: {"input": x, "target": y})
    cases.add("rank 0", input=-0.5, target=1.0)
    cases.add("rank 3", input=draw.real(2, 1, 2), target=draw.pick(2, 1, 2, among=(0.0, 1.0)))
    cases.empty(input=zero_size(0, 3), target=zero_size(0, 3))
    cases.both("weight along rows", weight=[0.5, 2, 0], **roles())
    cases.both("weight for each row", weight=[[0.5], [3]], options={"reduction": "sum"}, **roles())
    for name, pos_weight in (("for each class", [0.5, 3, 1]), ("0", [0, 0, 0]), ("full", [[1, 2, 3], [0.5, 4, 0.25]])):
        cases.both(f"pos_weight {name}", pos_weight=pos_weight, **roles())
    cases.add("pos_weight, weight and sample_weight", pos_weight=[0.5, 3, 1], weight=[[2], [0.25]],
              sample_weight=[[1, 0, 1], [0.5, 2, 1]], **roles())
    cases.both("pos_weight at logits of every size", input=[50.0, -50.0, 800.0, -800.0], target=[1.0, 1.0, 1.0, 1.0],
               pos_weight=[3, 3, 3, 0.25], options=NONE)
    cases.both("pos_weight 0 against logit -inf", input=["-Infinity", 1.0], target=[1.0, 1.0], pos_weight=[0, 1],
               options=NONE, kink=True, why="a coefficient of exactly 0 makes its term 0; torch gives NaN")
    cases.add("weight 0 against an infinite loss", input=["-Infinity", 1.0], target=[1.0, 1.0], weight=[0, 1],
              kink=True, why="a coefficient of exactly 0 makes its term 0; torch gives NaN")
    cases.add("small losses keep their digits", input=[-50.0, 36.0, 37.5], target=[0.0, 1.0, 1.0],
              options={"reduction": "sum"})


def multi_label_soft_margin(cases):
    draw = cases.draw

    def roles():
        return {"input": draw.real(2, 3, low=-4.0, high=4.0), "target": draw.pick(2, 3, among=(0.0, 1.0))}

    cases.common(roles, (2,), gradient="target")
    logits(cases, lambda x, y: {"input": [[v] for v in x], "target": [[v] for v in y]})
    cases.add("unbatched", input=draw.real(4), target=[1.0, 0.0, 0.5, 1.0])
    cases.add("unbatched, none, grad_output", input=draw.real(4), target=[1.0, 0.0, 0.5, 1.0], options=NONE,
              grad_output=-2.0)
    cases.add("rank 3", input=draw.real(2, 2, 3), target=draw.probability(2, 2, 3), sample_weight=[[1], [0.5]],
              options=NONE, grad_output=draw.real(2, 2))
    cases.add("one class", input=draw.real(3, 1), target=draw.probability(3, 1))
    cases.empty(input=zero_size(0, 3), target=zero_size(0, 3))
    for reduction in ("none", "mean", "sum"):
        cases.both(f"class weight, {reduction}", weight=[0.5, 2, 0], options={"reduction": reduction}, **roles())
    cases.add("weight for each element", weight=[[0.5, 2, 0], [1, 3, 1]], **roles())
    cases.add("weight with sample_weight", weight=[0.5, 2, 1], sample_weight=[0.25, 4], **roles())
    cases.add("class weight 0 against an infinite term", input=[["-Infinity", 1.0]], target=[[1.0, 1.0]],
              weight=[0, 1], kink=True, why="a coefficient of exactly 0 makes its term 0; torch gives NaN")
    cases.both("the mean over classes of BCEWithLogits", input=[[20.0, -3.0, 0.5]], target=[[1.0, 0.0, 0.25]])
    cases.add("NaN reaches its row only", input=[["NaN", 0.5], [1.0, 0.25]], target=[[1.0, 0.0], [1.0, 0.5]],
              options=NONE)


def soft_margin(cases):
    draw = cases.draw

    def roles():
        return {"input": draw.real(2, 3, low=-4.0, high=4.0), "target": draw.pick(2, 3, among=(-1.0, 1.0))}

    cases.common(roles, (2, 3), gradient="input")
    sizes = [0.0, 40.0, -40.0, 800.0, -800.0, 1e300, -1e300, 1e-300]
    for y in (1.0, -1.0):
        cases.both(f"inputs of every size, y {y}", input=sizes, target=[y] * 8, options=NONE,
                   why="at -800 the loss is 800; torch overflows to infinity")
    cases.both("-800 alone", input=[-800.0], target=[1.0], why="800; torch overflows to infinity")
    cases.both("targets are a finite factor", input=[0.5, -2.0, 3.0, 1.0], target=[0.25, -3.0, 2.0, 0.0], options=NONE)
    cases.add("rank 0", input=-0.5, target=1.0)
    cases.add("rank-0 target", input=[-0.5, 2.0], target=-1.0)
    cases.add("rank 4", input=draw.real(1, 2, 1, 2), target=draw.pick(1, 2, 1, 2, among=(-1.0, 1.0)))
    cases.add("target broadcasts to the input's shape", input=draw.real(2, 3), target=[[1.0], [-1.0]],
              options={"broadcast": True})
    cases.add("broadcast is pytorch's default", input=draw.real(2, 3), target=[1.0, -1.0, 1.0],
              options={"definition": "pytorch"})
    cases.empty(input=zero_size(0, 3), target=zero_size(0, 3))
    cases.both("infinite inputs that are right", input=["Infinity", "-Infinity"], target=[1.0, -1.0], options=NONE,
               kink=True, why="0, gradient 0; torch's gradient may be NaN")
    cases.both("infinite inputs that are wrong", input=["-Infinity", "Infinity"], target=[1.0, -1.0], options=NONE,
               kink=True, why="the slope is -y; torch gives NaN")
    cases.add("y = 0 against infinity", input=["Infinity", "-Infinity"], target=[0.0, 0.0], options=NONE, kink=True,
              why="a coefficient of exactly 0 makes its term 0: log 2")
    cases.add("small losses keep their digits", input=[50.0, 36.0, -37.5], target=[1.0, 1.0, -1.0],
              options={"reduction": "sum"})
    cases.both("NaN stays in its element", input=["NaN", 0.5], target=[1.0, 1.0], options=NONE)
    cases.add("left-out inputs are not used", input=["NaN", "-Infinity", 0.25], target=[1.0, 1.0, 1.0],
              sample_weight=[0, 0, 2])
    cases.add("integer targets", input=[0.25, 0.75], target={"dtype": "int8", "shape": [2], "data": [1, -1]})


CASES = {
    "BCELoss": bce, "BCEWithLogitsLoss": bce_with_logits, "SoftMarginLoss": soft_margin,
    "MultiLabelSoftMarginLoss": multi_label_soft_margin,
}
