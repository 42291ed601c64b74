"""CTC by its definition: the sum over all alignments, one by one where they are few, by the forward recursion else."""
import itertools

from mpmath import mp, mpf

from textbook_evaluate import Unreduced
from textbook_number import INF, Tensor, is_nan
from textbook_var import Var, log_softmax

FEW_ALIGNMENTS = 4096


def collapse(path, blank):
    """The labels that an alignment spells: repeats merged, then blanks dropped."""
    return [label for label, _ in itertools.groupby(path) if label != blank]


def by_enumeration(frames, labels, blank):
    """(P, dP/dp[t][c]) over every path of the classes, each path's own emission left out of its derivative."""
    classes = range(len(frames[0])) if frames else range(0)
    likelihood, slopes = mpf(0), [[mpf(0) for _ in frame] for frame in frames]
    for path in itertools.product(classes, repeat=len(frames)):
        if collapse(path, blank) != labels:
            continue
        emissions = [frame[c] for frame, c in zip(frames, path)]
        likelihood += mp.fprod(emissions)
        for t, c in enumerate(path):
            slopes[t][c] += mp.fprod(emissions[:t] + emissions[t + 1:])
    return likelihood, slopes


def by_recursion(frames, labels, blank):
    """The same by prefixes and suffixes of the labels with blanks between."""
    states = [blank]
    for label in labels:
        states += [label, blank]

    def sources(s, step):
        found = [s, s - step]
        if 0 <= s - 2 * step < len(states) and states[s] != blank and states[s] != states[s - 2 * step]:
            found.append(s - 2 * step)
        return [k for k in found if 0 <= k < len(states)]

    def sweep(order, ends, step):
        """Per frame, the sum over partial paths that reach each state, this frame's emission left out."""
        reached, emitted = {}, None
        for t in order:
            if emitted is None:
                arriving = [mpf(s in ends) for s in range(len(states))]
            else:
                arriving = [sum((emitted[k] for k in sources(s, step)), mpf(0)) for s in range(len(states))]
            reached[t] = arriving
            emitted = [value * frames[t][states[s]] for s, value in enumerate(arriving)]
        return reached, emitted

    last = len(states) - 1
    if not frames:
        return mpf(not labels), []
    before, final = sweep(range(len(frames)), {0, min(1, last)}, 1)
    after, _ = sweep(range(len(frames) - 1, -1, -1), {last, max(last - 1, 0)}, -1)
    slopes = [[mpf(0) for _ in frame] for frame in frames]
    for t in range(len(frames)):
        for s, label in enumerate(states):
            slopes[t][label] += before[t][s] * after[t][s]
    return sum((final[s] for s in {last, max(last - 1, 0)}), mpf(0)), slopes


def likelihood_and_slopes(frames, labels, blank):
    quick = by_recursion(frames, labels, blank)
    if not frames or len(frames[0]) ** len(frames) > FEW_ALIGNMENTS:
        return quick
    slow = by_enumeration(frames, labels, blank)
    assert is_nan(slow[0]) or abs(slow[0] - quick[0]) <= mpf("1e-100") * slow[0], "the two ways differ"
    return slow


def sequence_loss(request, frames, labels):
    """-log P of one sequence; frames[t][c] are Vars of the input kind."""
    kind = request["input_kind"]
    if kind == "logits":
        frames = [log_softmax(frame) for frame in frames]
    emissions = [[v.value if kind == "probabilities" else mp.exp(v.value) for v in frame] for frame in frames]
    likelihood, slopes = likelihood_and_slopes(emissions, labels, request["blank"])
    convention = kind == "log_probabilities" and request["ctc_gradient"] == "log_softmax"

    def partial(t, c):
        if likelihood == 0:
            return mpf(0) if request["zero_infinity"] else mpf("nan")
        if kind == "probabilities":
            return -slopes[t][c] / likelihood
        occupancy = emissions[t][c] * slopes[t][c] / likelihood
        return emissions[t][c] - occupancy if convention else -occupancy

    parts = [(v, partial(t, c)) for t, frame in enumerate(frames) for c, v in enumerate(frame)]
    if likelihood == 0:
        return Var(0 if request["zero_infinity"] else INF, parts)
    return Var(-mp.log(likelihood), parts)


def ctc(request):
    x, target = request.floating("input"), request.integers("target")
    batched = len(x.shape) == 3
    count = x.shape[1] if batched else 1
    concatenated = batched and len(target.shape) == 1

    def lengths(role, full):
        given = request.integers(role) if request.has(role) else Tensor((), [full])
        return [int(given.at((n,) if given.shape else ())) for n in range(count)]

    input_lengths = lengths("input_lengths", x.shape[0])
    target_lengths = lengths("target_lengths", target.shape[-1])

    def labels(n):
        start = sum(target_lengths[:n]) if concatenated else n * target.shape[-1]
        return target.items[start:start + target_lengths[n]]

    def frames(n):
        return [x.row((t, n) if batched else (t,)) for t in range(input_lengths[n])]

    def mean_factor(index):
        length = target_lengths[index[0] if index else 0]
        return 1 / mpf(max(length, 1)) if request["mean_by_target_length"] else mpf(1)

    def element(index):
        n = index[0] if index else 0
        return sequence_loss(request, frames(n), labels(n))

    return Unreduced((count,) if batched else (), element, mean_factor=mean_factor)
