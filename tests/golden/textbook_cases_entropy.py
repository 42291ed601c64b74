"""Cases of the losses over classes by probability: CrossEntropyLoss, NLLLoss."""
from textbook_cases import zero_size


def shapes(cases, positive):
    """Input and target shapes that both share; `positive` draws the input of the default input_kind."""
    draw = cases.draw
    cases.add("unbatched", input=positive(4), target=2)
    cases.add("unbatched, none, grad_output", input=positive(4), target=0, options={"reduction": "none"},
              grad_output=-1.5)
    cases.add("one class", input=positive(2, 1), target=[0, 0])
    cases.add("one axis after C", input=positive(2, 3, 2), target=draw.index(2, 2, below=3))
    cases.add("two axes after C, none", input=positive(2, 3, 2, 2), target=draw.index(2, 2, 2, below=3),
              options={"reduction": "none"}, grad_output=draw.real(2, 2, 2))
    cases.add("axes after C with weights", input=positive(2, 3, 2), target=draw.index(2, 2, below=3),
              weight=[0.5, 2, 1], sample_weight=[[1], [0.25]], options={"reduction": "mean"})
    cases.empty(input=zero_size(0, 3), target=zero_size(0, dtype="int64"))
    cases.add("empty axis after C", input=zero_size(2, 3, 0), target=zero_size(2, 0, dtype="int64"),
              options={"reduction": "sum"})
    for reduction in ("none", "mean", "sum"):
        options = {"reduction": reduction}
        cases.add(f"ignored target, {reduction}", input=positive(3, 3), target=[1, -100, 2], options=options)
        cases.add(f"every target ignored, {reduction}", input=positive(2, 3), target=[-100, -100], options=options)
        cases.add(f"weight, {reduction}", input=positive(3, 3), target=[1, 0, 2], weight=[0.5, 2, 0], options=options)
        cases.add(f"weight, sample_weight and an ignored target, {reduction}", input=positive(4, 3),
                  target=[1, 0, -100, 1], weight=[0.5, 2, 1], sample_weight=[1, 3, 5, 0], options=options)
    cases.add("ignore_index within the classes", input=positive(3, 3), target=[1, 0, 2], options={"ignore_index": 1})
    cases.add("ignore_index beyond the classes", input=positive(3, 3), target=[7, 0, 2], options={"ignore_index": 7})
    cases.add("weights all 0, mean", input=positive(2, 3), target=[1, 1], weight=[1, 0, 1],
              options={"reduction": "mean"}, why="denominator 0: the value is NaN, gradients are 0")
    cases.add("ignored rows are not used", input=[["NaN", 0.5], [0.25, 0.75]], target=[-100, 1],
              options={"reduction": "mean"})
    cases.add("left-out rows are not used", input=[["NaN", 0.5], [0.25, 0.75]], target=[0, 1], sample_weight=[0, 2],
              options={"reduction": "mean"})
    cases.add("targets in another integer type", input=positive(2, 3),
              target={"dtype": "uint8", "shape": [2], "data": [2, 0]})


def cross_entropy(cases):
    draw = cases.draw
    cases.common(lambda: {"input": draw.real(3, 4), "target": draw.index(3, below=4)}, (3,), gradient="input")
    shapes(cases, draw.real)
    probability_targets(cases)
    smoothing(cases)
    input_kinds(cases)
    cases.add("a confident row keeps its digits", input=[[20, 0, 0]], target=[0],
              why="4.12e-9; with log(1 + small) rounded the digits are lost")
    cases.add("p - 1 as minus the sum of the others", input=[[40, 0, 0], [0, 60, -3]], target=[0, 1],
              options={"reduction": "sum"})
    cases.add("a very confident row", input=[[700, 0, -700]], target=[0])
    cases.add("huge logits", input=[[1e300, -1e300, 0.0], [5.0, 1e300, 1e299]], target=[0, 0],
              options={"reduction": "none"}, kink=True)
    cases.add("logits 1e-300", input=[[1e-300, -1e-300]], target=[1])
    cases.add("equal logits", input=[[3.0, 3.0, 3.0]], target=[1])
    cases.add("logit -inf off target", input=[["-Infinity", 0.0, 1.0]], target=[1], kink=True)
    cases.add("logit -inf on target", input=[["-Infinity", 0.0, 1.0]], target=[0], kink=True)
    cases.add("every logit -inf", input=[["-Infinity", "-Infinity"], [0.0, 1.0]], target=[0, 1],
              options={"reduction": "none"})
    cases.add("class weight 0 against an infinite loss", input=[["-Infinity", 0.0], [1.0, 0.0]], target=[0, 1],
              weight=[0, 1], kink=True, why="a coefficient of exactly 0 makes its term 0; torch gives NaN")
    cases.both("NaN in a row", input=[[0.5, "NaN", 1.0], [0.5, 0.25, 1.0]], target=[0, 2],
               options={"reduction": "none"})
    cases.add("NaN reaches the mean", input=[[0.5, "NaN"], [0.5, 0.25]], target=[0, 1])


def probability_targets(cases):
    draw = cases.draw
    for reduction in ("none", "mean", "sum"):
        cases.both(f"probabilities, {reduction}", input=draw.real(2, 3), target=draw.distribution(2, 3),
                   options={"reduction": reduction})
        cases.add(f"probabilities, weights, {reduction}", input=draw.real(2, 3), target=draw.distribution(2, 3),
                  weight=[0.5, 2, 0], sample_weight=[0.5, 2], options={"reduction": reduction})
    cases.add("probabilities, unbatched", input=draw.real(3), target=[0.25, 0.25, 0.5])
    cases.add("probabilities, axis after C", input=draw.real(2, 3, 2), target=draw.probability(2, 3, 2),
              options={"reduction": "none"}, grad_output=draw.real(2, 2))
    cases.add("probabilities that do not sum to 1", input=draw.real(2, 3), target=draw.probability(2, 3))
    cases.add("one-hot floats equal the indices", input=[[0.5, -1.0, 2.0]], target=[[0.0, 0.0, 1.0]])
    cases.add("integer probabilities have no gradient", input=[[0.5, -1.0, 2.0]],
              target={"dtype": "int64", "shape": [1, 3], "data": [0, 0, 1]})
    cases.add("probabilities, empty", input=zero_size(0, 3), target=zero_size(0, 3))
    cases.both("target 0 against logit -inf", input=[["-Infinity", 0.0, 1.0]], target=[[0.0, 0.25, 0.75]], kink=True,
               why="0 log 0 = 0; torch gives NaN")
    cases.add("probabilities, left-out row not used", input=[["NaN", 0.0], [1.0, 0.5]],
              target=[[0.5, "NaN"], [0.5, 0.5]], sample_weight=[0, 1])
    cases.add("NaN in probabilities", input=[[0.5, 1.0], [1.0, 0.5]], target=[[0.5, "NaN"], [0.5, 0.5]],
              options={"reduction": "none"})


def smoothing(cases):
    draw = cases.draw
    for e in (0.1, 0.5, 1):
        cases.both(f"label_smoothing {e}", input=draw.real(3, 3), target=[0, -100, 2], options={"label_smoothing": e})
        cases.add(f"label_smoothing {e} with weights", input=draw.real(3, 3), target=[0, 1, 2], weight=[0.5, 0, 2],
                  sample_weight=[1, 0, 3], options={"label_smoothing": e})
        cases.add(f"label_smoothing {e}, probabilities", input=draw.real(2, 3), target=draw.distribution(2, 3),
                  weight=[0.5, 0.25, 2], options={"label_smoothing": e})
    cases.add("smoothing, targets of weight 0 alone: the numerator counts where shards are merged", input=[[1.5, 0.5, -1], [-1.75, 1.25, 0]],
              target=[0, 0], weight=[0, 1, 2], options={"label_smoothing": 0.1})
    cases.add("smoothing over a class of weight 0 and probability 0", input=[["-Infinity", 0.0, 1.0]], target=[1],
              weight=[0, 1, 2], options={"label_smoothing": 0.1}, kink=True,
              why="a class weight of exactly 0 makes its term 0 even against infinity; torch gives NaN")
    cases.add("smoothing over probability 0", input=[["-Infinity", 0.0, 1.0]], target=[1], kink=True,
              options={"label_smoothing": 0.1})


def input_kinds(cases):
    draw = cases.draw

    def logs(*shape):
        return draw.real(*shape, low=-4.0, high=-0.1)

    for kind, make in (("probabilities", draw.distribution), ("log_probabilities", logs)):
        options = {"input_kind": kind}
        cases.both(f"input_kind {kind}", input=make(3, 4), target=[3, 0, 1], options=options)
        cases.add(f"input_kind {kind}, probability targets", input=make(2, 3), target=draw.distribution(2, 3),
                  weight=[1, 0.5, 2], options=options)
        cases.add(f"input_kind {kind}, smoothing", input=make(2, 3), target=[0, 2],
                  options=options | {"label_smoothing": 0.2})
        cases.add(f"input_kind {kind}, axis after C", input=make(1, 2, 2), target=[[1, 0]],
                  options=options | {"reduction": "none"}, grad_output=[[2.0, -1.0]])
    cases.add("probability 0 off target", input=[[0.0, 0.25, 0.75]], target=[[0.0, 0.5, 0.5]], gradients=["input"],
              options={"input_kind": "probabilities"}, kink=True, why="0 log 0 = 0")
    cases.add("probability 0 on target", input=[[0.0, 0.25, 0.75]], target=[0], kink=True,
              options={"input_kind": "probabilities"})
    cases.add("probability 1 on target", input=[[0.0, 1.0]], target=[[0.0, 1.0]], kink=True,
              options={"input_kind": "probabilities"})
    cases.add("log probability -inf off target", input=[["-Infinity", -0.5]], target=[[0.0, 1.0]], kink=True,
              options={"input_kind": "log_probabilities"}, why="0 times infinity is 0; torch gives NaN")
    cases.add("probability -0.0 is 0", input=[[-0.0, 1.0], [-0.0, 0.5]], target=[[0.5, 0.5], [0.0, 1.0]], kink=True,
              options={"input_kind": "probabilities", "reduction": "none"}, gradients=["input"])


def nll(cases):
    draw = cases.draw

    def logs(*shape):
        return draw.real(*shape, low=-4.0, high=-0.1)

    cases.common(lambda: {"input": draw.probability(3, 4), "target": draw.index(3, below=4)}, (3,),
                 lambda: {"input": logs(3, 4), "target": draw.index(3, below=4)}, gradient="input")
    shapes(cases, draw.probability)
    for reduction in ("none", "mean", "sum"):
        cases.add(f"pytorch with weight and an ignored target, {reduction}", input=logs(3, 3), target=[1, -100, 2],
                  weight=[0.5, 2, 3], options={"definition": "pytorch", "reduction": reduction})
    cases.add("log_probabilities in the textbook definition", input=logs(2, 3), target=[1, 0],
              options={"input_kind": "log_probabilities"})
    cases.add("probabilities in the pytorch definition", input=draw.probability(2, 3), target=[1, 0],
              options={"input_kind": "probabilities", "definition": "pytorch"})
    cases.add("pytorch, axes after C", input=logs(2, 3, 2), target=draw.index(2, 2, below=3),
              options={"definition": "pytorch"})
    cases.add("probability 0", input=[[0.0, 1.0], [0.5, 0.5]], target=[0, 1], options={"reduction": "none"}, kink=True)
    cases.add("probability 1", input=[[0.0, 1.0]], target=[1], kink=True)
    cases.add("probabilities 1e-300 and denormal", input=[[1e-300, 1.0], [5e-324, 1.0]], target=[0, 0], kink=True,
              options={"reduction": "none"})
    cases.add("class weight 0 against probability 0", input=[[0.0, 1.0], [0.5, 0.5]], target=[0, 1], weight=[0, 1],
              why="a coefficient of exactly 0 makes its term 0 even against infinity", kink=True)
    cases.add("class weight 0 against log probability -inf, pytorch", input=[["-Infinity", 0.0], [-0.5, -1.0]],
              target=[0, 1], weight=[0, 1], options={"definition": "pytorch"}, kink=True,
              why="a coefficient of exactly 0 makes its term 0; torch gives NaN")
    cases.add("log probability -inf", input=[["-Infinity", 0.0]], target=[0], kink=True,
              options={"definition": "pytorch"})
    cases.both("only the target's class is read", input=[["NaN", 0.5], [0.25, 0.75]], target=[1, 0],
               options={"reduction": "none"})
    cases.both("NaN on target", input=[[0.5, "NaN"], [0.25, 0.75]], target=[1, 0], options={"reduction": "none"},
               why="a NaN loss has NaN gradients in what it read; torch's gradient ignores the NaN")
    cases.add("probability -0.0 is 0", input=[[-0.0, 1.0]], target=[0], kink=True)


CASES = {"CrossEntropyLoss": cross_entropy, "NLLLoss": nll}
