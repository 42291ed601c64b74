"""Every gradient against central differences of the same formula, wherever the formula is smooth."""
import mpmath
from mpmath import mp, mpf

from textbook_evaluate import Request, evaluate, gradient_roles
from textbook_number import indices, is_nan
from textbook_options import DIFFERENTIABLE


def scalar(formula, request, roles):
    """The number whose gradient is asked for: the loss against grad_output."""
    values, shape, _, _, _ = evaluate(formula, request, ())
    cotangent = request.constants("grad_output")
    return sum((cotangent.at(index) * value for index, value in zip(indices(shape), values)), mpf(0))


def moved(formula, body, loss, role, place, step):
    request = Request(loss, body)
    request.floating(role).items[place].value += step
    return scalar(formula, request, ())


def is_true_derivative(request):
    """Not so of CTC's log_softmax convention, whose gradient is that of the logits behind the input."""
    kind = request.options.get("input_kind")
    return not (kind == "log_probabilities" and request.options.get("ctc_gradient") == "log_softmax")


def check_case(formula, loss, case):
    """How many slopes of a case were compared; fails at the first that differs by more than 1e-30."""
    body, compared = case["request"], 0
    request = Request(loss, body)
    roles = gradient_roles(request, DIFFERENTIABLE[loss])
    if case["kink"] or not is_true_derivative(request):
        return 0
    values, _, _, _, gradients = evaluate(formula, request, roles)
    if any(is_nan(value) or mpmath.isinf(value) for value in values):
        return 0
    for role in roles:
        for place, slope in enumerate(gradients[role]):
            x = request.floating(role).items[place].value
            if is_nan(x) or mpmath.isinf(x):
                continue
            step = mpf("1e-40") * (abs(x) or 1)
            rise = moved(formula, body, loss, role, place, step) - moved(formula, body, loss, role, place, -step)
            error = abs(rise / (2 * step) - slope)
            assert error <= mpf("1e-30") * max(1, abs(slope)), f"{loss}: {case['name']}: {role}[{place}]"
            compared += 1
    return compared


def check_gradients(formula, loss, cases):
    with mp.workdps(800):
        return sum(check_case(formula, loss, case) for case in cases)
