"""One request evaluated by the plain formulas: options, left-out elements, reduction, gradients.

A formula is a function of a Request that gives an Unreduced loss; it is written in textbook_formulas_*.py.
"""
from mpmath import mpf

from textbook_number import NAN, Tensor, exact, indices, is_nan, nearest_double, nest, size
from textbook_options import DEFAULTS
from textbook_var import Var, derivatives


class Unreduced:
    """The loss before reduction.

    element(index) gives its value as a Var, or None where the target is ignored; count(index) is what the element
    adds to the mean's denominator; mean_factor(index) multiplies it under reduction mean; the denominator of
    batchmean is batchmean(sum of s, sample_weight given).
    """

    def __init__(self, shape, element, count=None, mean_factor=None, batchmean=None):
        self.shape, self.element = tuple(shape), element
        self.count = count or (lambda index: mpf(1))
        self.mean_factor = mean_factor or (lambda index: mpf(1))
        self.batchmean = batchmean


class Request:
    """The members of a request: floating tensors of Var, index tensors of int, resolved options."""

    def __init__(self, loss, body):
        self.loss, self.body = loss, body
        given = body.get("options", {})
        column = 1 if given.get("definition") == "pytorch" else 0
        self.options = {name: defaults[column] for name, defaults in DEFAULTS[loss].items()} | given
        self.floats = {}

    def __getitem__(self, option):
        return self.options[option]

    def number(self, option):
        return exact(self.options[option])

    def has(self, role):
        return role in self.body

    def rank(self, role):
        return len(Tensor.from_json(self.body[role]).shape)

    def floating(self, role):
        """A floating role's tensor of Var; the same Vars at every call."""
        if role not in self.floats:
            tensor = Tensor.from_json(self.body[role])
            tensor.items = [Var(exact(item)) for item in tensor.items]
            self.floats[role] = tensor
        return self.floats[role]

    def integers(self, role):
        tensor = Tensor.from_json(self.body[role])
        return Tensor(tensor.shape, [int(item) for item in tensor.items], True)

    def constants(self, role, otherwise=1):
        """A tensor without derivatives (a weight, say), rank 0 and `otherwise` where it is not given."""
        tensor = Tensor.from_json(self.body.get(role, otherwise))
        return Tensor(tensor.shape, [exact(item) for item in tensor.items])


def denominator_of(request, loss, weights):
    counts = [weight * loss.count(index) for index, weight in weights.items() if weight != 0]
    total = sum(counts, mpf(0))
    return loss.batchmean(total, request.has("sample_weight")) if request["reduction"] == "batchmean" else total


def evaluate(formula, request, roles):
    """(loss, numerator, denominator, {role: gradient}) as flat lists of mpf; numerator None when not reduced."""
    loss = formula(request)
    weight = request.constants("sample_weight")
    weights = {index: weight.at(index) for index in indices(loss.shape)}
    elements = {index: loss.element(index) if weights[index] != 0 else None for index in weights}
    reduction = request["reduction"]
    denominator = denominator_of(request, loss, weights)
    averaged = reduction in ("mean", "batchmean")
    factor = loss.mean_factor if reduction == "mean" else lambda index: mpf(1)
    values = [mpf(0) if e is None else weights[i] * factor(i) * e.value for i, e in elements.items()]
    cotangent = request.constants("grad_output")
    gradients = {role: [mpf(0)] * size(request.floating(role).shape) for role in roles}
    places = {id(var): (role, i) for role in roles for i, var in enumerate(request.floating(role).items)}
    for index, element in elements.items():
        if element is None or not roles or averaged and denominator == 0:
            continue
        scale = weights[index] * factor(index) * cotangent.at(index if reduction == "none" else ())
        scale = scale / denominator if averaged else scale
        for var, slope in derivatives(element).items():
            if id(var) in places:
                role, i = places[id(var)]
                part = NAN if is_nan(element.value) else mpf(0) if scale == 0 or slope == 0 else scale * slope
                gradients[role][i] += part
    if reduction == "none":
        return values, loss.shape, None, None, gradients
    numerator = sum(values, mpf(0))
    value = numerator if not averaged else NAN if denominator == 0 else numerator / denominator
    return [value], (), numerator, denominator, gradients


def has_gradient(request, role):
    """Whether a differentiable role is here in a form that has a gradient: not integers, not class indices."""
    if not request.has(role) or Tensor.from_json(request.body[role]).integer:
        return False
    indexed = request.loss == "CrossEntropyLoss" and role == "target"
    return not indexed or request.rank("target") == request.rank("input")


def gradient_roles(request, differentiable):
    wanted = request.body.get("gradients", [])
    return [role for role in differentiable if has_gradient(request, role) and (wanted is True or role in wanted)]


def answer(formula, request, differentiable):
    """The expected answer of a request, as JSON."""
    roles = gradient_roles(request, differentiable)
    values, shape, numerator, denominator, gradients = evaluate(formula, request, roles)
    expect = {"loss": nest([nearest_double(value) for value in values], shape)}
    if numerator is not None:
        expect["numerator"] = nearest_double(numerator)
        expect["denominator"] = nearest_double(denominator)
    if request.body.get("gradients"):
        expect["gradients"] = {
            role: nest([nearest_double(value) for value in gradients[role]], request.floating(role).shape)
            for role in roles
        }
    return expect
