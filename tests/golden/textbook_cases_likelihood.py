"""Cases of the losses that are likelihoods of numbers: PoissonNLL, GaussianNLL, KLDiv."""
from textbook_cases import zero_size

NONE = {"reduction": "none"}
ZERO_LOG_ZERO = "0 log 0 = 0; the derivative for the coefficient is the formula's own, infinite here"


def poisson(cases):
    draw = cases.draw

    def counts(*shape):
        return [[float(k) for k in row] for row in draw.index(*shape, below=6)]

    cases.common(lambda: {"input": draw.real(2, 3, low=0.1, high=4.0), "target": counts(2, 3)}, (2, 3),
                 lambda: {"input": draw.real(2, 3), "target": counts(2, 3)}, gradient="target")
    cases.add("rank 0", input=2.0, target=3.0)
    cases.add("rank-0 target", input=[2.0, 0.5], target=3.0)
    cases.add("broadcast", input=[[2.0], [0.5]], target=[1.0, 0.0, 4.0], options={"broadcast": True})
    cases.add("broadcast is pytorch's default", input=[[2.0], [0.5]], target=[1.0, 0.0, 4.0],
              options={"definition": "pytorch", "reduction": "none"})
    cases.empty(input=zero_size(0, 2), target=zero_size(0, 2))
    counted = {"input": [2.0, 0.5, 3.0, 1.25, 7.0], "target": [0.0, 1.0, 1.0000000000000002, 3.0, 12.5]}
    for full in (False, True, "stirling", "exact"):
        jumps = full in (True, "stirling")
        cases.both(f"full {full}".lower(), options=NONE | {"full": full}, kink=jumps,
                   why="no NaN for y = 0; torch's gradient is NaN by masking" if jumps else None, **counted)
        cases.add(f"full {full}, log_input".lower(), options={"full": full, "log_input": True},
                  kink=jumps, **counted)
    cases.add("stirling where y <= 1 is 0", input=[2.0, 2.0, 2.0], target=[1.0, 0.5, 0.0], kink=True,
              options=NONE | {"full": "stirling"})
    cases.add("exact for large counts", input=[1e10, 150.0], target=[1e10, 170.0], options=NONE | {"full": "exact"})
    cases.add("exact for huge counts", input=[1e300], target=[1e280], options={"full": "exact"})
    cases.add("exact between -1 and 0", input=[2.0], target=[-0.5], options={"full": "exact"})
    cases.add("eps within the logarithm", input=[0.0, 0.5], target=[2.0, 1.0], options=NONE | {"eps": 0.25})
    cases.add("log_input false in the pytorch definition", input=[0.0, 0.5, 0.0], target=[2.0, 1.0, 0.0],
              options={"definition": "pytorch", "log_input": False, "reduction": "none"})
    cases.add("log_input true in the textbook definition", input=[0.0, 0.5], target=[2.0, 1.0],
              options={"log_input": True})
    cases.add("rate 0 and count 0", input=[0.0], target=[0.0], kink=True, why=ZERO_LOG_ZERO)
    cases.add("rate 0 and count 2", input=[0.0], target=[2.0], kink=True)
    cases.add("a negative rate has no logarithm", input=[-1.0, 1.0], target=[1.0, 1.0], options=NONE)
    cases.add("rates 1e-300, 1e300 and denormal", input=[1e-300, 1e300, 5e-324], target=[1.0, 2.0, 3.0], options=NONE)
    cases.add("infinite rate, count 0", input=["Infinity"], target=[0.0], kink=True, why=ZERO_LOG_ZERO)
    cases.add("log rate 800 overflows", input=[800.0, 1.0], target=[1.0, 1.0], kink=True,
              options=NONE | {"log_input": True})
    cases.both("log rate -inf, count 0", input=["-Infinity"], target=[0.0], options={"log_input": True}, kink=True,
               why="0 times infinity is 0; torch gives NaN")
    cases.add("log rate -inf, count 1", input=["-Infinity"], target=[1.0], options={"log_input": True}, kink=True)
    cases.both("NaN stays in its element", input=["NaN", 1.0, 2.0], target=[1.0, "NaN", 2.0], options=NONE,
               why="a NaN loss has NaN gradients in what it read")
    cases.add("left-out inputs are not used", input=["NaN", -1.0, 2.0], target=[0.0, 1.0, 1.0],
              sample_weight=[0, 0, 3])
    cases.add("a rate and an eps of -0.0 are 0", input=[-0.0], target=[2.0], options={"eps": -0.0}, kink=True)


def gaussian(cases):
    draw = cases.draw

    def variance(*shape):
        return draw.real(*shape, low=0.1, high=3.0)

    def roles():
        return {"input": draw.real(2, 3), "target": draw.real(2, 3), "var": variance(2, 3)}

    cases.common(roles, (2, 3), gradient="var")
    cases.add("rank 0", input=2.0, target=3.0, var=0.5)
    cases.both("var without the last axis", input=draw.real(2, 3), target=draw.real(2, 3), var=variance(2))
    cases.both("var without the last axis comes before broadcasting", input=draw.real(3, 3), target=draw.real(3, 3),
               var=[0.5, 1.0, 2.0], options=NONE)
    cases.both("var of rank 0", input=draw.real(2, 3), target=draw.real(2, 3), var=0.75)
    cases.both("var of rank 0 against rank 1", input=draw.real(3), target=draw.real(3), var=0.75)
    broadcast = {"broadcast": True}
    cases.both("var with a last axis of 1", input=draw.real(2, 3), target=draw.real(2, 3), var=variance(2, 1),
               options=broadcast)
    cases.both("var along the last axis", input=draw.real(2, 3), target=draw.real(2, 3), var=variance(3),
               options=broadcast)
    cases.add("all three broadcast", input=draw.real(2, 1, 2), target=draw.real(3, 1), var=variance(1, 1, 2),
              options=broadcast | NONE, grad_output=draw.real(2, 3, 2))
    cases.add("target of rank 0", input=draw.real(2, 2), target=0.5, var=variance(2, 2))
    empty = zero_size(0, 3)
    cases.empty(input=empty, target=empty, var=empty)
    cases.add("empty with a var for each row", input=empty, target=empty, var=zero_size(0),
              options={"reduction": "sum"})
    for full in (False, True):
        cases.both(f"full {full}".lower(), options={"full": full}, **roles())
    for weight in (0.5, 2):
        cases.both(f"log_var_weight {weight}", options={"log_var_weight": weight}, **roles())
    cases.both("log_var_weight with full", options={"log_var_weight": 0.5, "full": True, "reduction": "sum"}, **roles())
    clamped = {"input": [1.0, 1.0, 1.0, 1.0], "target": [0.5, 0.5, 1.0, 0.0], "var": [0.0, 0.25, 0.5, 0.75]}
    cases.both("eps clamps var, the gradient passes", options=NONE | {"eps": 0.5}, kink=True, **clamped)
    cases.add("var 0 under pytorch's eps", options={"definition": "pytorch", "reduction": "none"}, kink=True,
              input=[1.0, 1.0], target=[1.0, 0.5], var=[0.0, 1e-7])
    cases.add("var 1e-300", input=[1.0, 1e-150], target=[1.0, 0.0], var=[1e-300, 1e-300], options=NONE)
    cases.add("var 1e300", input=[1.0, 1e150], target=[0.0, 0.0], var=[1e300, 1e300], options=NONE)
    cases.add("infinite var", input=[1.0], target=[0.0], var=["Infinity"], kink=True)
    cases.add("infinite error", input=["Infinity", 0.0], target=[0.0, "-Infinity"], var=[2.0, 1.0], kink=True,
              options=NONE)
    cases.add("error 1e200 overflows when squared", input=[1e200], target=[0.0], var=[2.0], kink=True)
    cases.both("NaN stays in its element", input=["NaN", 1.0, 2.0, 0.5], target=[1.0, "NaN", 2.0, 1.5],
               var=[1.0, 1.0, "NaN", 2.0], options=NONE, why="a NaN loss has NaN gradients in what it read")
    cases.add("left-out inputs are not used", input=["NaN", 1.0, 2.0], target=[0.0, "Infinity", 1.0],
              var=[1.0, 1.0, 2.0], sample_weight=[0, 0, 3])
    cases.both("var of rank 1 pairs with numbers", input=1.0, target=0.5, var=[0.5, 2.0, 3.0], grad_output=[1.0, 0.5, -1.0],
               options=NONE)
    for zero in (0.0, -0.0):
        cases.add(f"var {zero}", input=[1.0, -1.0], target=[0.0, 0.5], var=[zero, zero], options=NONE | {"eps": zero},
                  why="infinity minus infinity")


def kl_div(cases):
    draw = cases.draw
    every = ("none", "mean", "sum", "batchmean")

    def logs(*shape):
        return draw.real(*shape, low=-4.0, high=-0.1)

    def probabilities():
        return {"input": draw.distribution(2, 4), "target": draw.distribution(2, 4)}

    def log_input():
        return {"input": logs(2, 4), "target": draw.distribution(2, 4)}

    cases.common(probabilities, (2, 4), log_input, reductions=("none", "mean", "sum"), gradient="target")
    for definition, roles in (("textbook", probabilities), ("pytorch", log_input)):
        options = {"definition": definition, "reduction": "batchmean"}
        cases.add(f"{definition} batchmean", options=options, **roles())
        cases.add(f"{definition} batchmean, grad_output, sample_weight", options=options, grad_output=-1.5,
                  sample_weight=[[1, 0, 0.5, 2], [1, 1, 3, 0]], **roles())
        cases.add(f"{definition} batchmean, everything left out", options=options, sample_weight=0, **roles())
    cases.add("batchmean, rank 0", input=0.5, target=0.25, options={"reduction": "batchmean"})
    cases.add("batchmean, rank 1", input=[0.5, 0.5], target=[0.25, 0.75], options={"reduction": "batchmean"})
    cases.add("batchmean, rank 3", input=draw.probability(3, 2, 2), target=draw.probability(3, 2, 2),
              options={"reduction": "batchmean"})
    ones = {"input": [0.5, 0.25, 0.25], "target": [[0.25, 0.5, 0.25], [1, 0, 0]]}
    for label, weights in {"": {}, ", sample_weight of ones": {"sample_weight": 1}, ", sample_weight": {"sample_weight": [1, 0, 3]}}.items():
        cases.add(f"batchmean, target the larger{label}", options={"reduction": "batchmean", "broadcast": True}, **ones, **weights)
    cases.add("batchmean, 49 columns", input=[[0.5] * 49], target=[[0.25] * 49], sample_weight=1, options={"reduction": "batchmean"})
    cases.add("batchmean, rows of length 0", input=zero_size(2, 0), target=zero_size(2, 0), options={"reduction": "batchmean"})
    cases.empty(reductions=every, input=zero_size(0, 3), target=zero_size(0, 3))
    for kind, make in (("probabilities", draw.distribution), ("log_probabilities", logs)):
        for log_target in (False, True):
            target = logs(2, 3) if log_target else draw.distribution(2, 3)
            options = {"input_kind": kind, "log_target": log_target}
            cases.both(f"input_kind {kind}, log_target {log_target}".lower(), input=make(2, 3), target=target,
                       options=options)
    cases.add("rank-0 target", input=[0.5, 0.25], target=0.25)
    cases.add("broadcast", input=draw.probability(2, 1), target=draw.probability(3), options={"broadcast": True})
    cases.add("broadcast is pytorch's default", input=logs(2, 1), target=draw.probability(3),
              options={"definition": "pytorch"})
    for reduction in every:
        p = draw.distribution(2, 4)
        cases.add(f"KL(P, P) = 0, {reduction}", input=p, target=p, options={"reduction": reduction})
    cases.add("KL(P, P) = 0 at 1e-300 and denormal", input=[1e-300, 5e-324, 1.0],
              target=[1e-300, 5e-324, 1.0], kink=True)
    cases.both("P = 0", input=[0.25, 0.75], target=[0.0, 1.0], kink=True,
               options={"input_kind": "probabilities", "reduction": "sum"},
               why="0 log 0 = 0; the target's gradient at P = 0 is -inf, its one-sided limit")
    cases.both("P = 0, log input", input=[-0.5, -1.0], target=[0.0, 1.0], kink=True,
               options={"input_kind": "log_probabilities", "reduction": "sum"},
               why="0 log 0 = 0; the target's gradient at P = 0 is -inf, its one-sided limit")
    cases.both("P = 0 and Q = 0", input=[0.0, 1.0], target=[0.0, 1.0], gradients=["input"], kink=True,
               options={"input_kind": "probabilities"}, why="0 log 0 = 0 even where Q is 0 too")
    cases.both("P = 0 and log Q = -inf", input=["-Infinity", 0.0], target=[0.0, 1.0], gradients=["input"], kink=True,
               options={"input_kind": "log_probabilities"}, why="0 times infinity is 0; torch gives NaN")
    cases.both("log P = -inf", input=[-0.5, -0.25], target=["-Infinity", 0.0], kink=True,
               options={"input_kind": "log_probabilities", "log_target": True, "reduction": "sum"},
               why="P = 0: 0 times infinity is 0; torch gives NaN")
    cases.add("Q = 0 under P > 0", input=[0.0, 1.0], target=[0.5, 0.5], kink=True)
    cases.add("log Q = -inf under P > 0, pytorch", input=["-Infinity", -0.5], target=[0.5, 0.5], kink=True,
              options={"definition": "pytorch", "reduction": "none"})
    cases.both("NaN stays in its element", input=["NaN", 0.5, 0.25], target=[0.5, "NaN", 0.25], options=NONE,
               why="a NaN loss has NaN gradients in what it read")
    cases.add("left-out inputs are not used", input=["NaN", 0.0, 0.25], target=[0.5, 0.5, 0.5],
              sample_weight=[0, 0, 2])
    for log_target in (False, True):
        cases.add(f"Q = -0.0 is 0, log_target {log_target}".lower(), input=[-0.0], target=[-0.5 if log_target else 0.5],
                  options={"log_target": log_target}, kink=True)


CASES = {"PoissonNLLLoss": poisson, "GaussianNLLLoss": gaussian, "KLDivLoss": kl_div}
