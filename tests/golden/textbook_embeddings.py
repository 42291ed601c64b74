"""The formulas of the losses of whole vectors: cosine embedding and the triplets."""
from mpmath import mpf

from textbook_evaluate import Unreduced
from textbook_number import broadcast
from textbook_var import clamp_full, cosine, norm, smaller, square, total


def cosine_embedding(request):
    x1, x2, y = (request.floating(role) for role in ("input1", "input2", "target"))
    margin, eps = request.number("margin"), request.number("eps")

    def element(index):
        value = cosine(x1.row(index), x2.row(index), eps)
        return 1 - value if y.at(index).value == 1 else clamp_full(value - margin)

    return Unreduced(broadcast(x1.shape[:-1], x2.shape[:-1], y.shape), element)


def triplet(request, distance):
    """max(0, d(a, p) - d(a, n) + margin); swap takes the nearer of d(a, n) and d(p, n)."""
    tensors = [request.floating(role) for role in ("anchor", "positive", "negative")]

    def element(index):
        a, p, n = (tensor.row(index) for tensor in tensors)
        far = smaller(distance(a, n), distance(p, n)) if request["swap"] else distance(a, n)
        return clamp_full(distance(a, p) - far + request.number("margin"))

    return Unreduced(broadcast(*(tensor.shape[:-1] for tensor in tensors)), element)


def apart(a, b, eps=0):
    return [x - y + eps for x, y in zip(a, b)]


def triplet_margin(request):
    p, eps = request.number("p"), request.number("eps")

    def distance(a, b):
        if request["squared"] and p == 2:
            return total(map(square, apart(a, b, eps)))
        value = norm(apart(a, b, eps), p)
        return square(value) if request["squared"] else value

    return triplet(request, distance)


def triplet_margin_with_distance(request):
    p, eps = request.number("p"), request.number("eps")
    distances = {
        "euclidean": lambda a, b: norm(apart(a, b, eps), mpf(2)),
        "squared_euclidean": lambda a, b: total(map(square, apart(a, b))),
        "manhattan": lambda a, b: norm(apart(a, b), mpf(1)),
        "chebyshev": lambda a, b: norm(apart(a, b), mpf("inf")),
        "minkowski": lambda a, b: norm(apart(a, b, eps), p),
        "cosine": lambda a, b: 1 - cosine(a, b, 0),
    }
    return triplet(request, distances[request["distance"]])
