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


def check_gradients(formula, loss, cases):
    """How many slopes were compared; fails at the first that differs by more than 1e-30."""
    mp.dps = 800
    compared = 0
    for case in cases:
        body = case["request"]
        request = Request(loss, body)
        roles = gradient_roles(request, DIFFERENTIABLE[loss])
        if case["kink"] or not roles:
            continue
        values, _, _, _, gradients = evaluate(formula, request, roles)
        if any(is_nan(value) or mpmath.isinf(value) for value in values):
            continue
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
