"""Values that remember their derivatives: a formula written once gives its gradient by the chain rule.

Every operation states its partial derivatives by hand. Where a derivative is not unique the operation states the
subgradient that the losses promise; where a factor of the chain is exactly 0 the product is 0, even against infinity.
"""
from mpmath import mp, mpf, isinf

from textbook_number import INF, divide, is_nan, log as real_log


class Var:
    """A number and its partial derivatives: parts is a list of (Var, derivative with respect to it)."""

    __slots__ = ("value", "parts")

    def __init__(self, value, parts=()):
        self.value, self.parts = mpf(value), parts

    def __add__(self, other):
        other = lift(other)
        return Var(self.value + other.value, [(self, mpf(1)), (other, mpf(1))])

    def __sub__(self, other):
        other = lift(other)
        return Var(self.value - other.value, [(self, mpf(1)), (other, mpf(-1))])

    def __mul__(self, other):
        other = lift(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __truediv__(self, other):
        other = lift(other)
        slope = -divide(divide(self.value, other.value), other.value)
        return Var(divide(self.value, other.value), [(self, divide(mpf(1), other.value)), (other, slope)])

    def __neg__(self):
        return Var(-self.value, [(self, mpf(-1))])

    def __rsub__(self, other):
        return lift(other) - self

    __radd__ = __add__
    __rmul__ = __mul__


def lift(value):
    return value if isinstance(value, Var) else Var(value)


def total(terms):
    result = Var(0)
    for term in terms:
        result = result + term
    return result


def weigh(coefficient, term):
    """coefficient x term, where a coefficient of exactly 0 makes the product 0 even against infinity."""
    coefficient, term = lift(coefficient), lift(term)
    if coefficient.value == 0 and isinf(term.value):
        return Var(0, [(coefficient, term.value), (term, mpf(0))])
    return coefficient * term


def exp(x):
    value = mp.exp(x.value)
    return Var(value, [(x, value)])


def log(x):
    return Var(real_log(x.value), [(x, divide(mpf(1), x.value))])


def x_log_x(x):
    """x log x, 0 at 0, where its derivative is the one-sided limit -inf."""
    return Var(mpf(0) if x.value == 0 else x.value * real_log(x.value), [(x, real_log(x.value) + 1)])


def log_gamma(x):
    return Var(mp.loggamma(x.value), [(x, mp.digamma(x.value))])


def softplus(x):
    """log(1 + e^x)."""
    return Var(real_log(1 + mp.exp(x.value)), [(x, 1 / (1 + mp.exp(-x.value)))])


def square(x):
    return Var(x.value ** 2, [(x, 2 * x.value)])


def sign(value):
    return mpf((value > 0) - (value < 0))


def absolute(x):
    """|x|, derivative 0 at 0."""
    return Var(abs(x.value), [(x, sign(x.value))])


def clamp_full(x):
    """max(0, x), whose derivative exactly at 0 is 1."""
    return Var(x.value if is_nan(x.value) or x.value > 0 else 0, [(x, mpf(x.value >= 0))])


def clamp_open(x):
    """max(0, x), whose derivative exactly at 0 is 0."""
    return Var(x.value if is_nan(x.value) or x.value > 0 else 0, [(x, mpf(x.value > 0))])


def smaller(x, y):
    """min(x, y); a tie gives each half of the derivative."""
    if is_nan(x.value) or is_nan(y.value):
        return x + y
    share = mpf(1) / 2 if x.value == y.value else mpf(x.value < y.value)
    return Var(min(x.value, y.value), [(x, share), (y, 1 - share)])


def norm(vector, p):
    """The p-norm; derivative 0 at the zero vector and at zero coordinates, ties of the maximum norm split equally."""
    sizes = [abs(x.value) for x in vector]
    if any(map(is_nan, sizes)):
        return total(vector)
    if p == INF:
        largest = max(sizes)
        ties = sizes.count(largest)
        slopes = [sign(x.value) / ties if s == largest else mpf(0) for x, s in zip(vector, sizes)]
        return Var(largest, list(zip(vector, slopes)))
    value = sum((s ** p for s in sizes if s), mpf(0)) ** (1 / p)
    slopes = [sign(x.value) * (s / value) ** (p - 1) if s else mpf(0) for x, s in zip(vector, sizes)]
    return Var(value, list(zip(vector, slopes)))


def log_softmax(row):
    """x_c - log sum exp x."""
    log_sum = real_log(sum((mp.exp(x.value) for x in row), mpf(0)))
    shares = [mp.exp(x.value - log_sum) for x in row]
    log_sum = Var(log_sum, list(zip(row, shares)))
    return [x - log_sum for x in row]


def root(x):
    value = mp.sqrt(x.value)
    return Var(value, [(x, 1 / (2 * value))])


def cosine(x, y, eps):
    """x.y / sqrt((|x|^2 + eps) (|y|^2 + eps)); with eps 0 a zero vector has cosine 0 and derivative 0."""
    squares = [total(map(square, vector)) + eps for vector in (x, y)]
    if 0 in (squares[0].value, squares[1].value):
        return total(weigh(0, v) for v in x + y)
    dot = total(a * b for a, b in zip(x, y))
    return dot / root(squares[0] * squares[1])


def derivatives(result):
    """{Var: d result / d Var} for every Var without parts that result was computed from."""
    order, seen, stack = [], set(), [(result, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((parent, False) for parent, _ in node.parts)
    slopes = {id(node): mpf(0) for node in order}
    slopes[id(result)] = mpf(1)
    for node in reversed(order):
        for parent, partial in node.parts:
            if slopes[id(node)] != 0 and partial != 0:
                slopes[id(parent)] += slopes[id(node)] * partial
    return {node: slopes[id(node)] for node in order if not node.parts}
