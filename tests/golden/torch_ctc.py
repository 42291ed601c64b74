"""CTCLoss.

torch's operator has one convention of the gradient, log_softmax. The true partial derivative (ctc_gradient exact, and
probabilities) comes from autograd through the forward recursion on probabilities, which small cases do not underflow;
its value must agree with torch's.
"""

import torch
import torch.nn.functional as F

from torch_common import empty_cases, sample_weight_cases
from vectors import Draw, Loss, reduced

NAN, INF = float("nan"), float("inf")
VALUE_TOLERANCE = 1e-12


def lengths(tensors):
    """(input lengths, target lengths), by default those of the tensors."""
    x, target = tensors["input"], tensors["target"]
    batch = x.shape[1:-1]
    full = lambda size: torch.full(batch, size, dtype=torch.int64)
    return tensors.get("input_lengths", full(x.shape[0])), tensors.get("target_lengths", full(target.shape[-1]))


def alignments(probabilities, labels, blank):
    """P(labels): the sum over alignments, frame by frame; probabilities (T,C)."""
    states = [blank] + [state for label in labels for state in (label, blank)]
    one, zero = torch.ones(()), torch.zeros(())
    if not len(probabilities):
        return one if not labels else zero
    forward = [probabilities[0, state] if i < 2 else zero for i, state in enumerate(states)]
    for frame in probabilities[1:]:
        before, forward = forward, []
        for i, state in enumerate(states):
            reach = before[i] + (before[i - 1] if i > 0 else zero)
            if i > 1 and state != blank and state != states[i - 2]:
                reach = reach + before[i - 2]
            forward.append(reach * frame[state])
    return sum(forward[-2:], zero)


def exact_losses(probabilities, tensors, options):
    """-log P of each sequence, differentiable with respect to the probabilities (T,N,C)."""
    target, blank = tensors["target"], options.get("blank", 0)
    input_lengths, target_lengths = lengths(tensors)
    losses, start = [], 0
    for n, (frames, size) in enumerate(zip(input_lengths.tolist(), target_lengths.tolist())):
        labels = target[n, :size] if target.dim() == 2 else target[start:start + size]
        start += size
        p = alignments(probabilities[:frames, n], labels.tolist(), blank)
        impossible = p.item() == 0
        losses.append(torch.zeros(()) if impossible and options.get("zero_infinity", False) else -p.log())
    return torch.stack(losses)


def batched(tensors):
    """The unbatched form as a batch of one."""
    if tensors["input"].dim() == 3:
        return tensors
    more = {role: tensors[role].reshape(1) for role in ("input_lengths", "target_lengths") if role in tensors}
    return {**tensors, "input": tensors["input"].unsqueeze(1), "target": tensors["target"].unsqueeze(0), **more}


def unreduced(tensors, options):
    kind, x = options.get("input_kind", "log_probabilities"), tensors["input"]
    exact = kind == "probabilities" or (kind == "log_probabilities" and options.get("ctc_gradient") == "exact")
    log_p = {"log_probabilities": lambda: x, "probabilities": x.log, "logits": lambda: F.log_softmax(x, -1)}[kind]()
    if x.numel() == 0:
        return x.sum((0, 2))
    frames, sizes = lengths(tensors)
    own = F.ctc_loss(log_p, tensors["target"], frames, sizes, options.get("blank", 0), "none",
                     options.get("zero_infinity", False))
    if not exact:
        return own
    losses = exact_losses(x if kind == "probabilities" else x.exp(), tensors, options)
    if not torch.allclose(losses, own, rtol=VALUE_TOLERANCE, atol=VALUE_TOLERANCE):
        raise ValueError(f"the recursion gives {losses}, torch {own}")
    return losses


def mean_factor(tensors, options):
    return 1 / lengths(tensors)[1].clamp(min=1) if options.get("mean_by_target_length", True) else None


def ctc(tensors, options, reduction):
    losses = unreduced(batched(tensors), options)
    losses = losses.reshape(tensors["input"].shape[1:-1])
    factor = mean_factor(tensors, options)
    return reduced(losses if reduction != "mean" or factor is None else losses * factor, reduction)


def allowance(answer):
    """The contract's allowance for CTC gradients grows with the loss."""
    numbers = torch.tensor([abs(float(x)) for x in (lambda v: v if isinstance(v, list) else [v])(answer["loss"])])
    numbers = numbers[numbers.isfinite()]
    largest = max([1.0, *numbers.tolist(), abs(float(answer.get("numerator", 0.0)))]) if numbers.numel() else 1.0
    if "gradients" not in answer or largest == 1.0:
        return None
    return float(f"{1e-14 * largest:.3e}"), "gradients of CTC: 1e-14 times the loss"


# ---- cases ----

INTERVALS = {"log_probabilities": None, "logits": (-2.0, 2.0), "probabilities": (0.05, 0.95)}


def scores(draw, kind, shape):
    """logits as drawn; log_probabilities their log_softmax rounded; probabilities in (0,1), not normalised."""
    if kind != "log_probabilities":
        low, high = INTERVALS[kind]
        return draw.uniform(*shape, low=low, high=high)
    return (F.log_softmax(draw.uniform(*shape, low=-2.0, high=2.0), -1) * 1e6).round() / 1e6


def labels(draw, classes, blank, *shape):
    drawn = draw.indices(classes - 1, *shape)
    return drawn + (drawn >= blank)


def sequences(suite, key, frames, batch, classes, size, blank=0, kind="log_probabilities"):
    draw = suite.draw(key)
    return {"input": scores(draw, kind, (frames, batch, classes)), "target": labels(draw, classes, blank, batch, size)}


def reductions(suite, name, roles, gradients=True, **options):
    suite.case(f"{name}, none", roles, gradients, reduction="none", **options)
    suite.case(f"{name}, mean", {**roles, **({"grad_output": 1.25} if gradients else {})}, gradients, **options)
    suite.case(f"{name}, sum", roles, gradients, reduction="sum", **options)


def ctc_cases(suite):
    shape_forms(suite)
    option_grid(suite)
    alignment_cases(suite)
    length_cases(suite)
    make = lambda key, *args, **more: sequences(suite, key, *args, **more)
    sample_weight_cases(suite, make("s", 5, 4, 4, 2))
    sample_weight_cases(suite, {**make("s lengths", 5, 4, 4, 3), "target_lengths": [1, 2, 0, 3]},
                        "plain mean, sample_weight", mean_by_target_length=False)
    sample_weight_cases(suite, make("s exact", 4, 4, 3, 2), "exact, sample_weight", ctc_gradient="exact")
    suite.case("large, mean", make("large", 24, 3, 8, 8))
    suite.case("large logits, none", make("large logits", 20, 3, 10, 6, kind="logits"), reduction="none", input_kind="logits")
    suite.case("long, mean", make("long", 120, 1, 3, 20))
    suite.case("gradient false", make("no", 4, 2, 3, 2), None)
    empty = {"input": torch.zeros(4, 0, 3), "target": torch.zeros(0, 2, dtype=torch.int64)}
    empty_cases(suite, {"(T,0,C)": empty})


def shape_forms(suite):
    """Padded and concatenated targets, with and without lengths; unbatched; a batch of one."""
    draw = Draw("CTCLoss/forms")
    base = sequences(suite, "forms", 6, 3, 4, 3)
    concatenated = labels(draw, 4, 0, 6)
    single = {"input": base["input"][:, 0], "target": base["target"][0]}
    forms = {
        "padded, full": base,
        "padded, input_lengths": {**base, "input_lengths": [6, 5, 4]},
        "padded, target_lengths": {**base, "target_lengths": [3, 1, 2]},
        "padded, both lengths": {**base, "input_lengths": [4, 6, 5], "target_lengths": [1, 3, 2]},
        "padding that is no label": {**base, "target": [[1, 2, -1], [3, -7, 99], [2, 1, 3]], "target_lengths": [2, 1, 3]},
        "concatenated": {**base, "target": concatenated, "target_lengths": [3, 1, 2]},
        "concatenated, one of them empty": {**base, "target": concatenated[:4], "target_lengths": [3, 0, 1]},
        "concatenated, both lengths": {**base, "target": concatenated, "target_lengths": [1, 3, 2], "input_lengths": [6, 6, 3]},
        "batch of one": {"input": base["input"][:, :1], "target": base["target"][:1]},
        "batch of one, concatenated": {"input": base["input"][:, :1], "target": base["target"][0], "target_lengths": [3]},
        "unbatched": single,
        "unbatched, lengths": {**single, "input_lengths": 5, "target_lengths": 2},
        "int32 targets and lengths": {"input": base["input"], "target": {"dtype": "int32", "data": base["target"].tolist()},
                                      "input_lengths": {"dtype": "int32", "data": [6, 5, 4]},
                                      "target_lengths": {"dtype": "uint8", "data": [3, 2, 1]}},
    }
    for name, roles in forms.items():
        reductions(suite, name, roles)
    reductions(suite, "unbatched, exact", single, ctc_gradient="exact")
    reductions(suite, "concatenated, exact", forms["concatenated, both lengths"], ctc_gradient="exact")


def option_grid(suite):
    """Input kinds, gradient conventions, blanks, and the mean's two meanings."""
    for kind in INTERVALS:
        for blank in (0, 2, 3):
            roles = {**sequences(suite, f"{kind} {blank}", 5, 2, 4, 2, blank, kind), "target_lengths": [2, 1]}
            reductions(suite, f"{kind}, blank {blank}", roles, input_kind=kind, blank=blank)
        roles = {**sequences(suite, f"{kind} mean", 5, 3, 4, 3, kind=kind), "target_lengths": [3, 0, 2], "input_lengths": [5, 4, 3]}
        for by_length in (False, True):
            suite.case(f"{kind}, mean_by_target_length {by_length}", {**roles, "grad_output": -0.75}, input_kind=kind,
                       mean_by_target_length=by_length)
    for convention in ("log_softmax", "exact"):
        for blank in (0, 2):
            roles = {**sequences(suite, f"{convention} {blank}", 6, 3, 4, 3, blank), "input_lengths": [6, 5, 4],
                     "target_lengths": [2, 3, 1]}
            reductions(suite, f"ctc_gradient {convention}, blank {blank}", roles, ctc_gradient=convention, blank=blank)
        # Not the logarithm of a distribution: the conventions differ by exp(input) in every frame.
        roles = {"input": suite.draw("unnormalised").uniform(4, 2, 3, low=-4.0, high=0.0), "target": [[1, 2], [2, 1]]}
        reductions(suite, f"ctc_gradient {convention}, not normalised", roles, ctc_gradient=convention)


def alignment_cases(suite):
    """Repeated labels need a blank between; too few frames; zero_infinity; probabilities of 0."""
    five = sequences(suite, "alignments", 5, 1, 3, 1)["input"]
    pair = sequences(suite, "alignments pair", 3, 2, 3, 1)["input"]
    for convention in ("log_softmax", "exact"):
        grad = {"ctc_gradient": convention}
        for target in ([1, 1], [1, 1, 1], [2, 2, 1], [1, 2, 1, 2], [1, 2, 1, 2, 1]):
            reductions(suite, f"{convention}: labels {target}", {"input": five, "target": [target]}, **grad)
        impossible = {"input": pair, "target": [[1, 1, 1], [1, 2, 1]]}
        reductions(suite, f"{convention}: impossible alignment, zero_infinity", impossible, **grad, zero_infinity=True)
        reductions(suite, f"{convention}: possible alignments, zero_infinity", {"input": five, "target": [[1, 2]]}, **grad,
                   zero_infinity=True)
    reductions(suite, "impossible alignment, values", impossible, None)
    suite.case("impossible alignment, none", impossible, reduction="none")
    suite.case("impossible alignment, mean", impossible)
    shorter = {**impossible, "target": [[1, 1], [1, 2]], "input_lengths": [2, 3]}
    suite.case("impossible alignment with padded frames, none", shorter, reduction="none")
    for kind in ("logits", "probabilities"):
        roles = {**impossible, "input": scores(Draw(f"CTCLoss/impossible {kind}"), kind, (3, 2, 3))}
        reductions(suite, f"{kind}: impossible alignment, zero_infinity", roles, input_kind=kind, zero_infinity=True)
    nothing = {"input": [[[0.0, 0.5, 0.5]], [[0.25, 0.0, 0.75]], [[1.0, 0.0, 0.0]]], "target": [[1, 2]]}
    reductions(suite, "probabilities of 0 and 1", nothing, input_kind="probabilities")
    logs = {"input": [[[-INF, -0.5, -0.75]], [[-1.5, -INF, -0.25]], [[0.0, -INF, -INF]]], "target": [[1, 2]]}
    reductions(suite, "log probabilities of -inf, exact", logs, ctc_gradient="exact")
    reductions(suite, "log probabilities of -inf, values", logs, None)  # torch's gradient has NaN there
    certain = {"input": [[[-1e300, 0.0, -1e300]], [[0.0, -1e300, -1e300]]], "target": [[1]]}
    reductions(suite, "log probabilities of -1e300, values", certain, None)


def length_cases(suite):
    """Target length 0, input length 0, a single frame, a single class."""
    base = sequences(suite, "lengths", 4, 3, 3, 2)
    for convention in ("log_softmax", "exact"):
        grad = {"ctc_gradient": convention}
        reductions(suite, f"{convention}: target lengths 0, 1, 2", {**base, "target_lengths": [0, 1, 2]}, **grad)
        reductions(suite, f"{convention}: no labels at all",
                   {"input": base["input"], "target": torch.zeros(3, 0, dtype=torch.int64)}, **grad)
        reductions(suite, f"{convention}: one frame", {"input": base["input"][:1], "target": base["target"][:, :1]}, **grad)
    # torch's value for an input of length 0 without labels; with labels it is infinite.
    reductions(suite, "input length 0, zero_infinity", {**base, "input_lengths": [4, 0, 3]}, zero_infinity=True)
    reductions(suite, "input length 0 with labels, values", {**base, "input_lengths": [4, 0, 3]}, None)
    reductions(suite, "input length 0 without labels", {**base, "input_lengths": [4, 0, 3], "target_lengths": [2, 0, 1]})
    reductions(suite, "only the blank", {"input": [[[-0.5]], [[-0.25]]], "target": torch.zeros(1, 0, dtype=torch.int64)})


LOSSES = (
    (Loss("CTCLoss", ("input",), ctc, ("target", "input_lengths", "target_lengths"), mean_factor=mean_factor,
          allowance=allowance), ctc_cases),
)
