"""Cases of CTCLoss."""
from textbook_cases import zero_size

NONE = {"reduction": "none"}
IMPOSSIBLE = "no alignment: the loss is infinite, its gradient NaN within the input length"


def ctc(cases):
    draw = cases.draw

    def logs(*shape):
        return draw.real(*shape, low=-3.0, high=-0.2)

    def batch():
        return {"input": logs(4, 2, 3), "target": [[1, 2], [2, 2]]}

    cases.common(batch, (2,), gradient="input")
    shapes(cases, logs)
    kinds(cases, logs)
    lengths(cases, logs)
    impossible(cases, logs)
    specials(cases, logs)


def shapes(cases, logs):
    draw = cases.draw
    cases.both("unbatched", input=logs(4, 3), target=[2, 1])
    cases.both("unbatched, none, grad_output", input=logs(4, 3), target=[2, 1], options=NONE, grad_output=-1.5)
    cases.both("unbatched with lengths", input=logs(5, 3), target=[2, 1], input_lengths=4, target_lengths=2)
    cases.both("padded, all lengths", input=logs(5, 3, 3), target=[[1, 2, 1], [2, 2, 1], [1, 1, 1]],
               input_lengths=[5, 4, 3], target_lengths=[3, 2, 1])
    cases.both("concatenated", input=logs(5, 3, 3), target=[1, 2, 1, 2, 2, 1], input_lengths=[5, 4, 3],
               target_lengths=[3, 2, 1])
    cases.both("concatenated equals padded", input=logs(4, 2, 3), target=[2, 1, 1], target_lengths=[2, 1])
    cases.add("one sequence, concatenated, full length", input=logs(4, 1, 3), target=[2, 1])
    cases.add("one frame", input=logs(1, 2, 3), target=[[1], [2]])
    cases.both("T = 6, C = 4, by every alignment", input=logs(6, 2, 4), target=[[1, 3, 3], [2, 1, 2]])
    cases.both("longer", input=logs(12, 2, 5), target=[[1, 4, 4, 2], [3, 3, 3, 1]], options=NONE,
               grad_output=draw.real(2))
    cases.add("long", input=logs(40, 1, 3), target=[[1, 2, 2, 1, 1, 2, 1, 2, 1, 1]])
    cases.empty(input=zero_size(4, 0, 3), target=zero_size(0, 2, dtype="int64"))
    cases.add("padding is not read", input=logs(4, 2, 3), target=[[1, -7], [2, 1]], target_lengths=[1, 2])
    cases.add("targets in another integer type", input=logs(4, 1, 3),
              target={"dtype": "int32", "shape": [1, 2], "data": [2, 1]})


def kinds(cases, logs):
    draw = cases.draw
    makers = {"log_probabilities": logs, "probabilities": draw.distribution, "logits": draw.real}
    for kind, make in makers.items():
        for reduction in ("none", "mean", "sum"):
            cases.both(f"input_kind {kind}, {reduction}", input=make(4, 2, 3), target=[[1, 2], [2, 0]],
                       input_lengths=[4, 3], target_lengths=[2, 1],
                       options={"input_kind": kind, "reduction": reduction})
        cases.add(f"input_kind {kind}, repeated labels", input=make(5, 1, 3), target=[[1, 1, 2]],
                  options={"input_kind": kind})
    for gradient in ("exact", "log_softmax"):
        cases.both(f"ctc_gradient {gradient}", input=logs(4, 2, 3), target=[[1, 2], [2, 2]], input_lengths=[4, 3],
                   options={"ctc_gradient": gradient, "reduction": "sum"})
    cases.both("mean_by_target_length true", input=logs(4, 2, 3), target=[[1, 2], [2, 2]], target_lengths=[2, 0],
               options={"mean_by_target_length": True}, sample_weight=[0.5, 2])
    cases.both("mean_by_target_length false", input=logs(4, 2, 3), target=[[1, 2], [2, 2]], target_lengths=[2, 1],
               options={"mean_by_target_length": False}, sample_weight=[0.5, 2])
    for reduction in ("none", "sum"):
        cases.add(f"mean_by_target_length does not touch {reduction}", input=logs(4, 1, 3), target=[[1, 2]],
                  options={"mean_by_target_length": True, "reduction": reduction})
    for blank in (1, 2):
        cases.both(f"blank {blank}", input=logs(5, 2, 3), target=[[0, 3 - blank], [0, 0]], options={"blank": blank})


def lengths(cases, logs):
    cases.both("target length 0", input=logs(4, 2, 3), target=[[1, 2], [2, 1]], target_lengths=[0, 2], options=NONE,
               why="minus the sum of the blank's log probabilities")
    cases.both("targets without labels", input=logs(3, 2, 3), target=zero_size(2, 0, dtype="int64"), options=NONE)
    cases.both("input length 0 and target length 0", input=logs(3, 2, 3), target=[[1], [2]], input_lengths=[0, 3],
               target_lengths=[0, 1], options=NONE, why="the empty alignment: loss 0, gradient 0")
    cases.both("input length 0 and a label", input=logs(3, 2, 3), target=[[1], [2]], input_lengths=[0, 3],
               options=NONE, why="no alignment: infinity, but no frame to have a gradient")
    cases.both("frames past the input length are not used", input=[[[-0.5, -1.0]], [[-1.0, -0.25]], [["NaN", "NaN"]]],
               target=[[1]], input_lengths=[2], why="their gradient is 0")
    cases.both("just enough frames for a repeated label", input=logs(3, 1, 3), target=[[1, 1]])


def impossible(cases, logs):
    """Sequences without an alignment."""
    few = {"input": [[[-0.5, -1.0], [-0.5, -0.75]], [[-1.0, -0.25], [-2.0, -1.5]], [[-0.5, -1.5], [-0.5, -1.25]]],
           "target": [[1, 1], [1, 1]], "input_lengths": [2, 3]}
    for definition in ("textbook", "pytorch"):
        for reduction in ("none", "mean", "sum"):
            options = {"definition": definition, "reduction": reduction}
            cases.add(f"impossible, {definition} {reduction}", why=IMPOSSIBLE, options=options,
                      nan_gradient=True, **few)
            cases.add(f"impossible, zero_infinity, {definition} {reduction}", options=options | {"zero_infinity": True},
                      why="loss and gradient 0, and the sequence stays in the denominator", kink=True, **few)
    cases.add("impossible, left out", sample_weight=[0, 2], why="a weight of 0 leaves the sequence out", **few)
    cases.both("impossible through log probability -inf", input=[[["-Infinity", -0.5]], [["-Infinity", -0.25]]],
               target=zero_size(1, 0, dtype="int64"), options=NONE, nan_gradient=True, why=IMPOSSIBLE)
    cases.both("impossible through probability 0", input=[[[0.0, 1.0]], [[0.0, 1.0]]],
               target=zero_size(1, 0, dtype="int64"), options=NONE | {"input_kind": "probabilities"},
               nan_gradient=True, why=IMPOSSIBLE)
    cases.add("impossible as logits", input=[[[0.5, 1.0]], [[-0.25, 0.75]]], target=[[1, 1]], nan_gradient=True,
              options={"input_kind": "logits"}, why=IMPOSSIBLE)
    cases.add("impossible as logits, zero_infinity", input=[[[0.5, 1.0]], [[-0.25, 0.75]]], target=[[1, 1]],
              options={"input_kind": "logits", "zero_infinity": True}, kink=True)


def specials(cases, logs):
    cases.both("probability 0 has its true derivative", target=[[1]], kink=True,
               input=[[[0.0, 1.0, 0.0]], [[0.5, 0.0, 0.5]], [[0.25, 0.25, 0.5]]],
               options={"input_kind": "probabilities"})
    cases.both("log probability -inf has gradient 0", target=[[1]], kink=True,
               input=[[["-Infinity", -0.25, -1.5]], [[-0.5, "-Infinity", -1.0]], [[-1.0, -1.5, -0.75]]],
               why="torch's convention gives NaN there")
    cases.both("logit -inf", target=[[1]], kink=True, input=[[["-Infinity", 0.25, 0.5]], [[0.5, 1.0, "-Infinity"]]],
               options={"input_kind": "logits"})
    cases.add("large logits", input=[[[700.0, 0.0, -700.0]], [[0.0, 300.0, -5.0]]], target=[[2]], kink=True,
              options={"input_kind": "logits"})
    cases.add("very small probabilities", input=[[[1e-300, 1e-200]], [[1e-250, 1e-300]]], target=[[1]], kink=True,
              options={"input_kind": "probabilities"}, why="the product is below the smallest double; its log is not")
    cases.add("very negative log probabilities", input=[[[-1e5, -2e5]], [[-3e5, -1e5]]], target=[[1]], kink=True)
    cases.add("certain", input=[[[0.0, "-Infinity"]], [["-Infinity", 0.0]]], target=[[1]], kink=True)
    cases.both("NaN makes its sequence NaN", input=[[["NaN", -1.0], [-0.5, -0.75]], [[-1.0, -0.25], [-2.0, -1.5]]],
               target=[[1], [1]], options=NONE)
    cases.add("left-out sequences are not used", target=[[1], [1]], sample_weight=[0, 2],
              input=[[["NaN", -1.0], [-0.5, -0.75]], [[-1.0, "NaN"], [-2.0, -1.5]]])
    for target, lengths in (([[1], [0]], {}), ([[1], [7]], {}), ([1, 0], {"target_lengths": [1, 1]})):
        cases.add(f"a left-out sequence's label is not checked, {target}", target=target, sample_weight=[2, 0], **lengths,
                  input=[[[-0.25, -1.0], ["NaN", -0.75]], [[-1.0, -0.25], [-2.0, -1.5]]])
    cases.both("sample_weight whose sum has no inverse", target=[[1], [1]], sample_weight=[2e-309, 3e-309],
               input=[[[-0.25, -1.0], [-0.5, -0.75]], [[-1.0, -0.25], [-2.0, -1.5]]])


CASES = {"CTCLoss": ctc}
