"""Cases of the margin losses: MarginRanking, HingeEmbedding, MultiMargin, MultiLabelMargin."""
from textbook_cases import zero_size

NONE = {"reduction": "none"}
FULL_AT_MARGIN = "exactly at the margin the full gradient passes"
ZERO_AT_MARGIN = "exactly at the margin the gradient is 0"
SWALLOWED = "a NaN loss has NaN gradients in the whole row; torch swallows the NaN"


def margin_ranking(cases):
    draw = cases.draw

    def roles():
        return {"input1": draw.real(2, 3), "input2": draw.real(2, 3), "target": draw.pick(2, 3, among=(-1, 1))}

    cases.common(roles, (2, 3), gradient="input2")
    for margin in (0.5, -0.5, 3):
        cases.both(f"margin {margin}", options={"margin": margin}, **roles())
    cases.both("exactly at the margin", input1=[1.5, 1.0, 0.5], input2=[1.0, 1.5, 0.5], target=[1, -1, 1], kink=True,
               options=NONE | {"margin": 0.5}, why=FULL_AT_MARGIN)
    cases.both("equal inputs at margin 0", input1=[1.5], input2=[1.5], target=[-1], kink=True, why=FULL_AT_MARGIN)
    cases.add("targets are a finite factor", input1=draw.real(5), input2=draw.real(5),
              target=[0.25, -3.5, 2.0, 0.0, 1e-3], options=NONE | {"margin": 0.75})
    cases.add("y = 0 against infinity", input1=["Infinity"], input2=[1.0], target=[0], options={"margin": 0.25},
              kink=True, why="a coefficient of exactly 0 makes its term 0: the margin is left")
    cases.add("rank 0", input1=0.5, input2=0.75, target=1)
    cases.add("rank-0 target", input1=draw.real(3), input2=draw.real(3), target=-1)
    cases.add("rank-0 input2", input1=draw.real(3), input2=0.5, target=[1, -1, 1])
    cases.add("rank 4", input1=draw.real(1, 2, 1, 2), input2=draw.real(1, 2, 1, 2),
              target=draw.pick(1, 2, 1, 2, among=(-1, 1)))
    cases.add("all three broadcast", input1=draw.real(2, 1, 2), input2=draw.real(3, 1), target=[1, -1],
              options=NONE | {"broadcast": True}, grad_output=draw.real(2, 3, 2))
    cases.add("broadcast is pytorch's default", input1=draw.real(2, 1), input2=draw.real(3), target=[[1], [-1]],
              options={"definition": "pytorch", "margin": 1})
    empty = zero_size(0, 3)
    cases.empty(input1=empty, input2=empty, target=empty)
    cases.add("huge and tiny", input1=[1e300, -1e300, 1e-300, 5e-324], input2=[-1e300, 1e300, 0.0, 0.0],
              target=[-1, -1, -1, -1], options=NONE, kink=True)
    cases.add("infinite", input1=["Infinity", "Infinity", 1.0], input2=[0.0, 0.0, "Infinity"], target=[1, -1, 1],
              options=NONE, kink=True)
    cases.add("infinity minus itself is NaN", input1=["Infinity", 1.0], input2=["Infinity", 2.0], target=[1, 1],
              options=NONE)
    cases.both("NaN stays in its element", input1=["NaN", 0.5, 1.0], input2=[0.5, "NaN", 2.0], target=[1, 1, 1],
               options=NONE, why="a NaN loss has NaN gradients in what it read")
    cases.add("left-out inputs are not used", input1=["NaN", "Infinity", 1.0], input2=[0.0, "Infinity", 2.0],
              target=[1, 1, 1], sample_weight=[0, 0, 3])
    cases.add("integer targets", input1=[0.5, 1.0], input2=[1.0, 0.5],
              target={"dtype": "int8", "shape": [2], "data": [1, -1]})


def hinge_embedding(cases):
    draw = cases.draw
    signs = (-1, 1)
    cases.common(lambda: {"input": draw.real(4, 2, low=-1.0, high=1.0), "target": draw.pick(4, among=signs)}, (4,),
                 lambda: {"input": draw.real(4), "target": draw.pick(4, among=signs)}, gradient="input")
    for margin in (0, 0.5, 2.5, -1):
        cases.both(f"margin {margin}, l2", input=draw.real(4, 3), target=[1, -1, -1, 1],
                   options={"norm": "l2", "margin": margin})
        cases.both(f"margin {margin}, none", input=draw.real(6), target=[1, -1, -1, 1, -1, -1],
                   options={"norm": "none", "margin": margin})
    cases.add("one vector", input=[0.25, -0.5], target=-1)
    cases.add("two batch axes", input=draw.real(2, 2, 3, low=-1.0, high=1.0), target=[[1, -1], [-1, 1]],
              sample_weight=[[1], [0.5]], options=NONE, grad_output=draw.real(2, 2))
    cases.add("D = 1 is the absolute value", input=[[0.5], [-0.5], [0.25], [-0.25]], target=[1, 1, -1, -1])
    cases.add("none, rank 0", input=0.25, target=-1, options={"norm": "none"})
    cases.add("none, rank-0 target", input=[0.25, -0.5], target=-1, options={"norm": "none"})
    cases.add("none, target broadcasts", input=draw.real(2, 3), target=[[1], [-1]],
              options={"norm": "none", "broadcast": True})
    cases.add("broadcast is pytorch's default", input=draw.real(2, 1), target=[1, -1, 1],
              options={"definition": "pytorch"})
    cases.empty(input=zero_size(0, 3), target=zero_size(0))
    cases.add("empty, pytorch", input=zero_size(0, 3), target=zero_size(0, 3), options={"definition": "pytorch"})
    cases.both("exactly at the margin, l2", input=[[3.0, 4.0], [0.0, 5.0]], target=[-1, -1], kink=True,
               options=NONE | {"norm": "l2", "margin": 5}, why=FULL_AT_MARGIN)
    cases.both("exactly at the margin, none", input=[0.5, 0.25, 0.75], target=[-1, -1, -1], kink=True,
               options=NONE | {"norm": "none", "margin": 0.5}, why=FULL_AT_MARGIN)
    cases.add("the zero vector", input=[[0.0, 0.0], [0.0, 0.0]], target=[1, -1], options=NONE, kink=True,
              why="the gradient of a norm at the zero vector is 0")
    cases.add("a zero coordinate", input=[[0.0, 0.5], [0.0, -0.5]], target=[1, -1], options=NONE, kink=True)
    cases.add("norms at 1e200 and 1e-200", input=[[3e200, 4e200], [3e-200, 4e-200], [3e300, -4e300]], kink=True,
              target=[1, -1, 1], options=NONE, why="scaled: squares overflow or vanish")
    cases.add("denormal", input=[[5e-324, 0.0]], target=[1], kink=True)
    cases.add("none: x itself, not its size", input=[-3.0, -3.0], target=[1, -1], options=NONE | {"norm": "none"})
    cases.add("none: infinite", input=["Infinity", "-Infinity", "Infinity", "-Infinity"], target=[1, 1, -1, -1],
              options=NONE | {"norm": "none"}, kink=True)
    cases.both("NaN stays in its element", input=["NaN", "NaN", 0.5], target=[1, -1, -1],
               options=NONE | {"norm": "none"}, why="a NaN loss has NaN gradients in what it read")
    cases.add("NaN reaches its vector only", input=[["NaN", 1.0], [1.0, "NaN"], [0.25, 0.5]], target=[1, -1, -1],
              options=NONE, why="a NaN loss has NaN gradients in the whole vector")
    cases.add("left-out vectors are not used", input=[["NaN", 1.0], ["Infinity", 0.0], [0.25, 0.5]],
              target=[1, 1, -1], sample_weight=[0, 0, 2])
    cases.add("integer targets", input=[[0.25, 0.5]], target={"dtype": "int64", "shape": [1], "data": [-1]})


def multi_margin(cases):
    draw = cases.draw

    def roles():
        return {"input": draw.real(3, 4), "target": draw.index(3, below=4)}

    cases.common(roles, (3,), gradient="input")
    for p in (1, 2):
        for margin in (0.5, 0, 2.5, -0.5):
            cases.both(f"p {p}, margin {margin}", options={"p": p, "margin": margin}, **roles())
        cases.add(f"p {p}, exactly at the margin", input=[[1.0, 0.0, 0.5], [0.25, 1.25, 0.0]], target=[0, 1],
                  options=NONE | {"p": p}, kink=True, why=ZERO_AT_MARGIN)
        for reduction in ("none", "mean", "sum"):
            cases.add(f"p {p}, weight, {reduction}", weight=[0.5, 2, 0, 1], options={"p": p, "reduction": reduction},
                      **roles())
    cases.add("weight stays out of the denominator", weight=[0.5, 2, 3, 1], sample_weight=[1, 0.25, 2], **roles())
    cases.add("weight, pytorch", weight=[0.5, 2, 3, 1], options={"definition": "pytorch", "p": 2}, **roles())
    cases.add("unbatched", input=draw.real(4), target=2)
    cases.add("unbatched, none, grad_output", input=draw.real(4), target=2, options=NONE, grad_output=-1.5)
    cases.add("one class", input=draw.real(2, 1), target=[0, 0])
    cases.empty(input=zero_size(0, 3), target=zero_size(0, dtype="int64"))
    cases.add("equal scores", input=[[0.5, 0.5, 0.5]], target=[1])
    cases.add("equal scores at margin 0", input=[[0.5, 0.5, 0.5]], target=[1], options={"margin": 0}, kink=True,
              why=ZERO_AT_MARGIN)
    cases.add("huge scores", input=[[1e300, -1e300, 0.0]], target=[1], options=NONE, kink=True)
    cases.add("huge scores squared overflow", input=[[1e200, -1e200, 0.0]], target=[1], options={"p": 2}, kink=True)
    cases.add("infinite scores", input=[["Infinity", 0.0, 1.0], ["-Infinity", 0.5, 1.0]], target=[1, 1], options=NONE,
              kink=True)
    cases.add("class weight 0 against infinity", input=[["Infinity", 0.0], [1.0, 0.5]], target=[1, 0], weight=[1, 0],
              kink=True, why="a coefficient of exactly 0 makes its term 0; torch gives NaN")
    cases.both("NaN in the row", input=[[0.5, "NaN", 1.0], [0.5, 0.25, 1.0]], target=[0, 2], options=NONE,
               why=SWALLOWED)
    cases.both("NaN on target", input=[[0.5, "NaN", 1.0], [0.5, 0.25, 1.0]], target=[1, 2], options=NONE, why=SWALLOWED)
    cases.add("left-out rows are not used", input=[["NaN", 0.5], ["Infinity", 0.0], [0.5, 0.25]], target=[0, 1, 1],
              sample_weight=[0, 0, 2])
    cases.add("targets in another integer type", input=draw.real(2, 3),
              target={"dtype": "int32", "shape": [2], "data": [2, 0]})


def multi_label_margin(cases):
    draw = cases.draw

    def hot():
        return {"input": draw.real(3, 4), "target": draw.pick(3, 4, among=(0, 1))}

    def listed():
        return {"input": draw.real(3, 4), "target": [[2, 0, -1, 1], [-1, 0, 0, 0], [0, 1, 3, 2]]}

    cases.common(hot, (3,), listed, gradient="input")
    for kind, roles in (("multi_hot", hot), ("indices", listed)):
        for reduction in ("none", "mean", "sum"):
            cases.both(f"target_kind {kind}, {reduction}", options={"target_kind": kind, "reduction": reduction},
                       **roles())
    hot_row = {"input": [0.5, -0.25, 1.0], "target": [1, 0, 1]}
    cases.add("unbatched", **hot_row)
    cases.add("unbatched, none, grad_output", options=NONE, grad_output=-1.5, **hot_row)
    cases.add("unbatched indices", input=[0.5, -0.25, 1.0], target=[2, -1, 0], options={"target_kind": "indices"})
    cases.add("one class", input=draw.real(2, 1), target=[[1], [0]])
    cases.empty(input=zero_size(0, 3), target=zero_size(0, 3, dtype="int64"))
    cases.add("no class is correct", input=draw.real(1, 3), target=[[0, 0, 0]])
    cases.add("every class is correct", input=draw.real(1, 3), target=[[1, 1, 1]])
    indices = {"target_kind": "indices"}
    cases.both("indices: duplicates count each time", input=[[0.5, -0.25, 1.0, 0.125]], target=[[2, 2, 0, -1]],
               options=indices)
    cases.both("indices: what follows the first negative is not read", input=[[0.5, -0.25, 1.0, 0.125]],
               target=[[1, -5, 99, 0]], options=indices)
    cases.both("indices: no padding", input=[[0.5, -0.25, 1.0]], target=[[0, 1, 0]], options=indices)
    cases.add("indices equal multi_hot", input=[[0.5, -0.25, 1.0, 0.125]], target=[[2, 0, -1, -1]], options=indices)
    cases.add("multi_hot equals indices", input=[[0.5, -0.25, 1.0, 0.125]], target=[[1, 0, 1, 0]])
    cases.both("exactly at the margin", input=[[1.0, 0.0, 0.5], [0.25, 1.25, 0.0]], target=[[1, 0, 0], [0, 1, 0]],
               options=NONE | {"target_kind": "multi_hot"}, kink=True, why=ZERO_AT_MARGIN)
    cases.add("equal scores", input=[[0.5, 0.5, 0.5]], target=[[1, 0, 0]])
    cases.add("huge scores", input=[[1e300, -1e300, 0.0]], target=[[0, 1, 0]], options=NONE, kink=True)
    cases.add("infinite scores", input=[["Infinity", 0.0, 1.0], ["Infinity", 0.5, 1.0]], target=[[0, 1, 0], [1, 0, 0]],
              options=NONE, kink=True)
    for kind, target in (("multi_hot", [[1, 0, 0], [0, 0, 1]]), ("indices", [[0, -1, -1], [2, -1, -1]])):
        cases.both(f"NaN on a wrong class, {kind}", input=[[0.5, "NaN", 1.0], [0.5, 0.25, 1.0]], target=target,
                   options=NONE | {"target_kind": kind}, why=SWALLOWED)
        cases.both(f"NaN on a correct class, {kind}", input=[["NaN", 0.5, 1.0], [0.5, 0.25, 1.0]], target=target,
                   options=NONE | {"target_kind": kind}, why=SWALLOWED)
    cases.add("left-out rows are not used", input=[["NaN", 0.5], ["Infinity", 0.0], [0.5, 0.25]],
              target=[[1, 0], [0, 1], [0, 1]], sample_weight=[0, 0, 2])
    cases.add("targets in another integer type", input=draw.real(1, 3),
              target={"dtype": "uint8", "shape": [1, 3], "data": [1, 0, 1]})


CASES = {
    "MarginRankingLoss": margin_ranking, "HingeEmbeddingLoss": hinge_embedding, "MultiMarginLoss": multi_margin,
    "MultiLabelMarginLoss": multi_label_margin,
}
