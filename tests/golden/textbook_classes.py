"""The formulas of the losses over classes: cross entropy, negative log-likelihood, the multi-margins."""
from mpmath import mpf

from textbook_evaluate import Unreduced
from textbook_var import clamp_open, log, log_softmax, square, total, weigh


def class_axis(x):
    """(C, shape without C, function that gives the row of classes at an index of that shape)."""
    axis = 0 if len(x.shape) == 1 else 1
    shape = x.shape[:axis] + x.shape[axis + 1:]
    classes = x.shape[axis]
    return classes, shape, lambda index: [x.at(index[:axis] + (c,) + index[axis:]) for c in range(classes)]


def cross_entropy(request):
    x = request.floating("input")
    classes, shape, row = class_axis(x)
    weight = request.constants("weight", [1] * classes).items
    smoothing = request.number("label_smoothing")
    kinds = {
        "logits": log_softmax, "probabilities": lambda values: [log(p) for p in values],
        "log_probabilities": lambda values: values}
    log_probabilities = kinds[request["input_kind"]]

    def against(coefficients, index):
        logs = log_probabilities(row(index))
        return -total(weigh(c, weigh(w, value)) for c, w, value in zip(coefficients, weight, logs))

    if request.rank("target") == request.rank("input"):
        target_row = class_axis(request.floating("target"))[2]
        return Unreduced(shape, lambda index: against(
            [(1 - smoothing) * y + smoothing / classes for y in target_row(index)], index))

    target = request.integers("target")

    def element(index):
        y = target.at(index)
        if y == request["ignore_index"]:
            return None
        return against([(1 - smoothing) * (c == y) + smoothing / classes for c in range(classes)], index)

    return Unreduced(shape, element, indexed_count(target, weight, request["ignore_index"]))


def indexed_count(target, weight, ignored):
    return lambda index: mpf(0) if target.at(index) == ignored else weight[target.at(index)]


def nll(request):
    classes, shape, row = class_axis(request.floating("input"))
    weight, target = request.constants("weight", [1] * classes).items, request.integers("target")

    def element(index):
        y = target.at(index)
        if y == request["ignore_index"]:
            return None
        value = row(index)[y]
        return -weigh(weight[y], log(value) if request["input_kind"] == "probabilities" else value)

    return Unreduced(shape, element, indexed_count(target, weight, request["ignore_index"]))


def multi_margin(request):
    x, target = request.floating("input"), request.integers("target")
    classes, margin = x.shape[-1], request.number("margin")
    weight = request.constants("weight", [1] * classes).items
    power = square if request["p"] == 2 else lambda value: value

    def element(index):
        row, y = x.row(index), target.at(index)
        others = [c for c in range(classes) if c != y]
        return weigh(weight[y], total(power(clamp_open(margin + row[c] - row[y])) for c in others)) / classes

    return Unreduced(x.shape[:-1], element)


def multi_label_margin(request):
    x, target = request.floating("input"), request.integers("target")
    classes = x.shape[-1]

    def correct_classes(labels):
        """The correct classes, duplicates and all."""
        if request["target_kind"] == "multi_hot":
            return [c for c, label in enumerate(labels) if label == 1]
        end = next((k for k, label in enumerate(labels) if label < 0), classes)
        return labels[:end]

    def element(index):
        row, correct = x.row(index), correct_classes(target.row(index))
        wrong = [c for c in range(classes) if c not in correct]
        return total(clamp_open(1 - (row[i] - row[j])) for i in correct for j in wrong) / classes

    return Unreduced(x.shape[:-1], element)
