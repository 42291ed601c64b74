"""Building blocks of the cases: seeded numbers, and the cases that every loss has."""
import random


def zero_size(*shape, dtype="float64"):
    return {"dtype": dtype, "shape": list(shape), "data": []}


class Draw:
    """Seeded numbers of few digits, nested to a shape."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def fill(self, shape, one):
        if not shape:
            return one()
        return [self.fill(shape[1:], one) for _ in range(shape[0])]

    def real(self, *shape, low=-2.0, high=2.0):
        return self.fill(shape, lambda: round(self.random.uniform(low, high), 3))

    def probability(self, *shape):
        return self.real(*shape, low=0.02, high=0.98)

    def index(self, *shape, below):
        return self.fill(shape, lambda: self.random.randrange(below))

    def pick(self, *shape, among):
        return self.fill(shape, lambda: self.random.choice(among))

    def distribution(self, *shape):
        """Rows of shape[-1] probabilities in steps of 1/64, each row summing to exactly 1, none 0."""
        def row():
            counts = [1] * shape[-1]
            for _ in range(64 - shape[-1]):
                counts[self.random.randrange(shape[-1])] += 1
            return [count / 64 for count in counts]
        return self.fill(shape[:-1], row)


class Cases(list):
    """The cases of one loss. A case is a dict: name, request, why, kink, nan_gradient."""

    def __init__(self, loss):
        super().__init__()
        self.loss = loss
        self.draw = Draw(f"textbook {loss}")

    def add(self, name, why=None, kink=False, nan_gradient=False, gradients=True, options=None, **members):
        """kink: finite differences do not apply. nan_gradient: NaN gradients are right though the loss is not NaN."""
        assert name not in {case["name"] for case in self}, name
        request = dict(members)
        if options:
            request["options"] = options
        if gradients:
            request["gradients"] = gradients
        self.append(
            {"name": name, "request": request, "why": why, "kink": kink or nan_gradient, "nan_gradient": nan_gradient})

    def both(self, name, why=None, options=None, **rest):
        """The case under both definitions."""
        self.add(name, why, options=options, **rest)
        self.add(f"{name}, pytorch", why, options={"definition": "pytorch"} | (options or {}), **rest)

    def common(self, roles, shape, pytorch=None, reductions=("none", "mean", "sum"), gradient=None):
        """What every loss is asked: roles() and pytorch() draw fresh tensors whose unreduced loss has `shape`."""
        draw = self.draw
        for definition, fresh in (("textbook", roles), ("pytorch", pytorch or roles)):
            chosen = {} if definition == "textbook" else {"definition": "pytorch"}
            self.add(f"{definition} defaults", options=dict(chosen), **fresh())
            for reduction in reductions:
                options = chosen | {"reduction": reduction}
                cotangent = draw.real(*shape if reduction == "none" else ())
                self.add(f"{definition} {reduction}, grad_output", options=options, grad_output=cotangent, **fresh())
                weight = draw.pick(*shape, among=(0, 0.5, 1, 2.25))
                self.add(f"{definition} {reduction}, sample_weight", options=options, sample_weight=weight, **fresh())
        self.add("value alone", gradients=None, **roles())
        if gradient:
            self.add(f"gradient of {gradient} alone", gradients=[gradient], **roles())
        self.add("sample_weight of rank 0", sample_weight=0.5, **roles())
        if shape:
            one = draw.real(*(1 for _ in shape[1:]), shape[-1], low=0.1, high=3.0)
            self.add("sample_weight broadcasts", sample_weight=one, **roles())
        for reduction in reductions:
            self.add(
                f"everything left out, {reduction}", options={"reduction": reduction}, sample_weight=0,
                why=None if reduction == "sum" else "denominator 0: the value is NaN, gradients are 0"
                if reduction != "none" else "left-out elements have loss 0", **roles())

    def empty(self, reductions=("none", "mean", "sum"), **members):
        for reduction in reductions:
            self.add(f"empty batch, {reduction}", options={"reduction": reduction}, **members)
