"""The formulas of the losses that work element by element."""
from mpmath import mp, mpf

from textbook_evaluate import Unreduced
from textbook_number import INF, broadcast, exact, log as real_log, size
from textbook_var import (
    Var, absolute, clamp_full, exp, log, log_gamma, norm, softplus, square, total, weigh, x_log_x)


def pointwise(request, point, roles=("input", "target")):
    """Elementwise loss over the broadcast of the floating roles: point(*elements)."""
    tensors = [request.floating(role) for role in roles]
    shape = broadcast(*(tensor.shape for tensor in tensors))
    return Unreduced(shape, lambda index: point(*(tensor.at(index) for tensor in tensors)))


def weighted_pointwise(request, point):
    """As pointwise, each element multiplied by the constant role `weight`."""
    loss, weight = pointwise(request, point), request.constants("weight")
    return Unreduced(loss.shape, lambda index: weigh(weight.at(index), loss.element(index)))


def l1(request):
    return pointwise(request, lambda x, y: absolute(x - y))


def mse(request):
    return pointwise(request, lambda x, y: square(x - y))


def huber(request):
    delta = request.number("delta")

    def point(x, y):
        d = x - y
        return square(d) / 2 if abs(d.value) <= delta else delta * absolute(d) - delta ** 2 / 2

    return weighted_pointwise(request, point)


def smooth_l1(request):
    beta = request.number("beta")

    def point(x, y):
        d = x - y
        return square(d) / (2 * beta) if abs(d.value) < beta else absolute(d) - beta / 2

    return pointwise(request, point)


def poisson_nll(request):
    eps, full = request.number("eps"), request["full"]

    def point(x, y):
        loss = exp(x) - weigh(y, x) if request["log_input"] else x - weigh(y, log(x + eps))
        if full in (True, "stirling") and y.value > 1:
            loss = loss + y * log(y) - y + log(2 * mp.pi * y) / 2
        return loss + log_gamma(y + 1) if full == "exact" else loss

    return pointwise(request, point)


def gaussian_nll(request):
    eps, weight = request.number("eps"), request.number("log_var_weight")
    constant = real_log(2 * mp.pi) / 2 if request["full"] else mpf(0)
    x, var = request.floating("input"), request.floating("var")
    if var.shape == x.shape[:-1] and len(x.shape) == len(var.shape) + 1:
        var = var.with_trailing_axis()
    target = request.floating("target")

    def element(index):
        v = var.at(index)
        if v.value < eps:
            v = Var(eps, [(v, mpf(1))])
        return square(x.at(index) - target.at(index)) / (2 * v) + weight * log(v) + constant

    return Unreduced(broadcast(x.shape, target.shape, var.shape), element)


def kl_div(request):
    shape = request.floating("input").shape

    def point(q, target):
        p_log_p = exp_times_self(target) if request["log_target"] else x_log_x(target)
        p = exp(target) if request["log_target"] else target
        return p_log_p - weigh(p, log(q) if request["input_kind"] == "probabilities" else q)

    loss = pointwise(request, point)

    def batchmean(weight_sum, weighted):
        rows = mpf(shape[0] if shape else 1)
        return weight_sum * rows / size(loss.shape) if weighted and size(loss.shape) else weight_sum if weighted else rows

    loss.batchmean = batchmean
    return loss


def exp_times_self(x):
    """x e^x, 0 at -inf."""
    if x.value == -INF:
        return Var(0, [(x, mpf(0))])
    return x * exp(x)


def bce(request):
    def clamped(y, p):
        """Logarithms no less than -100; derivative for p with the floor of torch, for y not clamped."""
        logs = [real_log(p.value), real_log(1 - p.value)]
        value = -(y.value * max(logs[0], mpf(-100)) + (1 - y.value) * max(logs[1], mpf(-100)))
        floor = max(p.value * (1 - p.value), exact(9.999999960041972e-13))
        return Var(value, [(p, (p.value - y.value) / floor), (y, logs[1] - logs[0])])

    def plain(y, p):
        return -(weigh(y, log(p)) + weigh(1 - y, log(1 - p)))

    point = clamped if request["clamp_log"] else plain
    return weighted_pointwise(request, lambda p, y: point(y, p))


def bce_of_sigmoid(x, y, pos_weight=1):
    """-(pos_weight y log s(x) + (1 - y) log(1 - s(x))), s the sigmoid."""
    return weigh(pos_weight, weigh(y, softplus(-x))) + weigh(1 - y, softplus(x))


def bce_with_logits(request):
    x, y = request.floating("input"), request.floating("target")
    weight, pos_weight = request.constants("weight"), request.constants("pos_weight")
    return Unreduced(x.shape, lambda i: weigh(
        weight.at(i), bce_of_sigmoid(x.at(i), y.at(i), pos_weight.at(i))))


def multi_label_soft_margin(request):
    x, y, weight = request.floating("input"), request.floating("target"), request.constants("weight")
    classes = x.shape[-1]

    def element(index):
        row = [index + (c,) for c in range(classes)]
        return total(weigh(weight.at(i), bce_of_sigmoid(x.at(i), y.at(i))) for i in row) / classes

    return Unreduced(x.shape[:-1], element)


def soft_margin(request):
    return pointwise(request, lambda x, y: softplus(-weigh(y, x)))


def margin_ranking(request):
    margin = request.number("margin")
    return pointwise(
        request, lambda x1, x2, y: clamp_full(margin - weigh(y, x1 - x2)), ("input1", "input2", "target"))


def hinge_embedding(request):
    margin, x, y = request.number("margin"), request.floating("input"), request.floating("target")
    l2 = request["norm"] == "l2"

    def element(index):
        size_of_x = norm(x.row(index), mpf(2)) if l2 else x.at(index)
        return size_of_x if y.at(index).value == 1 else clamp_full(margin - size_of_x)

    shape = x.shape[:-1] if l2 else x.shape
    return Unreduced(broadcast(shape, y.shape), element)
