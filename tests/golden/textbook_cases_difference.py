"""Cases of the losses of a difference: L1, MSE, Huber, SmoothL1."""
from textbook_cases import zero_size

TINY, HUGE, DENORMAL = 1e-300, 1e300, 5e-324


def pairs(cases):
    """Cases that the four share."""
    draw = cases.draw

    def roles():
        return {"input": draw.real(2, 3), "target": draw.real(2, 3)}

    cases.common(roles, (2, 3), gradient="target")
    cases.add("rank 0", input=0.75, target=-0.5)
    cases.add("rank 1", input=draw.real(5), target=draw.real(5))
    cases.add("rank 4", input=draw.real(2, 1, 2, 2), target=draw.real(2, 1, 2, 2))
    cases.add("rank-0 target pairs with any input", input=draw.real(2, 2), target=0.25)
    cases.add("rank-0 input pairs with any target", input=0.25, target=draw.real(2, 2))
    cases.add("broadcast both ways", input=draw.real(2, 1), target=draw.real(3), options={"broadcast": True})
    cases.add("broadcast is pytorch's default", input=draw.real(2, 1, 2), target=draw.real(3, 1),
              options={"definition": "pytorch", "reduction": "none"}, grad_output=draw.real(2, 3, 2))
    cases.add("sample_weight over a broadcast loss", input=draw.real(2, 1), target=draw.real(3),
              sample_weight=[[0], [2]], options={"broadcast": True})
    cases.add("integer target has no gradient", input=draw.real(3),
              target={"dtype": "int64", "shape": [3], "data": [1, 0, -2]})
    cases.empty(input=zero_size(0, 3), target=zero_size(0, 3))
    cases.add("empty against a broadcast row", input=zero_size(0, 3), target=draw.real(3),
              options={"broadcast": True, "reduction": "sum"})
    cases.both("equal: the kink at 0", input=[1.5, -0.0, 0.25], target=[1.5, 0.0, 0.25], kink=True)
    for reduction in ("none", "sum"):
        options = {"reduction": reduction}
        cases.add(f"huge, {reduction}", input=[HUGE, -HUGE, 1e150], target=[-HUGE, HUGE, 1.0], options=options,
                  kink=True)
        cases.add(f"infinite, {reduction}", input=["Infinity", 1.0, "-Infinity"], target=[0.0, "Infinity", 2.0],
                  options=options, kink=True)
    cases.add("tiny and denormal", input=[TINY, DENORMAL, 0.0, 3 * DENORMAL], target=[0.0, 0.0, TINY, DENORMAL],
              options={"reduction": "none"}, kink=True)
    cases.add("infinity minus itself is NaN", input=["Infinity", 1.0], target=["Infinity", 0.0],
              options={"reduction": "none"})
    cases.both("NaN stays in its element", input=["NaN", 1.0, 2.0], target=[1.0, "NaN", 1.5],
               options={"reduction": "none"}, why="a NaN loss has NaN gradients; torch's L1Loss gives 0")
    cases.add("NaN reaches the mean", input=["NaN", 1.0], target=[0.0, 0.5])
    cases.add("left-out inputs are not used", input=["NaN", "Infinity", 2.0], target=[0.0, "Infinity", 1.0],
              sample_weight=[0, 0, 2], options={"reduction": "mean"})
    cases.add("sample_weight whose sum has no inverse", input=[1.0, 2.0, 0.5], target=[0.0, 0.5, 1.0],
              sample_weight=[2e-309, 3e-309, 0], options={"reduction": "mean"})


def l1(cases):
    pairs(cases)
    cases.add("small enough to check by hand", input=[1.0, 2.0, 4.0], target=[1.5, 2.0, 2.0], kink=True)


def mse(cases):
    pairs(cases)
    cases.add("integer sample_weight repeats rows", input=[1.0, 2.0], target=[0.5, 0.0], sample_weight=[3, 1])
    cases.add("rows repeated by hand", input=[1.0, 1.0, 1.0, 2.0], target=[0.5, 0.5, 0.5, 0.0])
    cases.add("overflows to infinity", input=[1e200, 1.0], target=[0.0, 0.0], kink=True)


def huber(cases):
    pairs(cases)
    draw = cases.draw
    for delta in (0.5, 3, 1e-300, 1e300):
        cases.add(f"delta {delta}", input=draw.real(4), target=draw.real(4), options={"delta": delta})
    cases.both("exactly at delta", input=[1.5, -0.5, 0.5], target=[1.0, 0.0, 0.5], kink=True,
               options={"delta": 0.5, "reduction": "none"})
    cases.add("one step either side of delta", input=[0.5000000000000001, 0.49999999999999994], target=[0.0, 0.0],
              options={"delta": 0.5, "reduction": "none"})
    cases.add("weight multiplies and stays out of the denominator", input=draw.real(2, 2), target=draw.real(2, 2),
              weight=[[0.5, 2], [0, 1]])
    cases.add("weight with sample_weight", input=draw.real(2, 2), target=draw.real(2, 2), weight=[[0.5, 2], [3, 1]],
              sample_weight=[[1], [0.5]])
    cases.add("weight, pytorch, sum", input=draw.real(3), target=draw.real(3), weight=[0.5, 2, 0],
              options={"definition": "pytorch", "reduction": "sum"})
    cases.add("weight 0 against infinity", input=["Infinity", 1.0], target=[0.0, 0.0], weight=[0, 1], kink=True,
              why="a coefficient of exactly 0 makes its term 0; torch gives NaN")


def smooth_l1(cases):
    pairs(cases)
    draw = cases.draw
    for beta in (0.5, 3, 1e-300, 1e300):
        cases.add(f"beta {beta}", input=draw.real(4), target=draw.real(4), options={"beta": beta})
    cases.both("beta 0 is the absolute value", input=[1.5, -2.0], target=[1.0, 0.0], options={"beta": 0})
    cases.both("beta 0, difference 0", input=[1.5, 2.0], target=[1.5, 0.0], options={"beta": 0, "reduction": "sum"},
               why="the subgradient of |x| at 0 is 0; torch says -1", kink=True)
    cases.both("exactly at beta", input=[1.5, -0.5, 0.5], target=[1.0, 0.0, 0.5], kink=True,
               options={"beta": 0.5, "reduction": "none"})
    cases.add("one step either side of beta", input=[0.5000000000000001, 0.49999999999999994], target=[0.0, 0.0],
              options={"beta": 0.5, "reduction": "none"})
    cases.add("Huber's twin: beta 2", input=[3.0, 1.0], target=[0.0, 0.5], options={"beta": 2})


CASES = {"L1Loss": l1, "MSELoss": mse, "HuberLoss": huber, "SmoothL1Loss": smooth_l1}
