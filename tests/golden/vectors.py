"""Records reference cases of a loss: the request as a client posts it, and what PyTorch answers.

A case is evaluated from the tensors decoded from its own JSON text, so that the reference sees exactly the
decimal numbers that a reader of the file sees. PyTorch computes in float64 on one thread.

What losses.md adds to PyTorch is done here, once for all losses:
- sample_weight multiplies the unreduced loss and enters the denominator;
- what is left out (weight 0, ignored target) is cut out before anything is summed;
- a denominator of 0 gives NaN with gradients of 0, an empty sum 0.
"""

import itertools
import json
import math
import random
from dataclasses import dataclass
from typing import Callable

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

FLOATING = {"float64": torch.float64, "float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
INTEGER = {"int64": torch.int64, "int32": torch.int32, "int16": torch.int16, "int8": torch.int8, "uint8": torch.uint8,
           "bool": torch.bool}
DTYPE_NAMES = {dtype: name for name, dtype in {**FLOATING, **INTEGER}.items()}
NOT_ROLES = ("options", "gradients")
REDUCTION_TOLERANCE = 1e-13  # torch's own mean and sum against numerator and denominator


@dataclass(frozen=True)
class Loss:
    """One loss, as PyTorch computes it.

    call(tensors, options, reduction): the loss; tensors are float64, or int64 for index roles.
    counts(tensors, options, unreduced): what each element adds to the denominator, before sample_weight.
    ignored(tensors, options): the mask of ignored elements, shaped as the unreduced loss.
    mean_factor(tensors, options): extra factor of each element in the mean's numerator.
    batch_size(tensors): batchmean's denominator, before sample_weight.
    allowance(answer): (tolerance, why) that the contract grants the answer beyond the common bound.
    """

    name: str
    differentiable: tuple
    call: Callable
    index_roles: tuple = ()
    counts: Callable = lambda tensors, options, unreduced: torch.ones_like(unreduced)
    ignored: Callable = lambda tensors, options: None
    mean_factor: Callable = lambda tensors, options: None
    batch_size: Callable = None
    allowance: Callable = lambda answer: None

    def is_index(self, role, request):
        """An index role holds class indices; CrossEntropyLoss decides by the rank of its target."""
        if self.name == "CrossEntropyLoss" and role == "target":
            return rank(request["target"]) != rank(request["input"])
        return role in self.index_roles


# ---- JSON <-> tensors ----


def rank(wire):
    if isinstance(wire, dict):
        return len(wire["shape"]) if "shape" in wire else rank(wire["data"])
    return 1 + rank(wire[0]) if isinstance(wire, list) else 0


def number_text(value):
    """A number as JSON: non-finite ones as the contract's strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def nested(value):
    return [nested(item) for item in value] if isinstance(value, list) else number_text(value)


def encode_tensor(value, index_role):
    """Plain nested arrays where they say everything, else the object form."""
    if isinstance(value, dict):  # spelled out by the case
        return {**value, "data": nested(value["data"])}
    if not isinstance(value, torch.Tensor):
        return nested(value)
    plain = torch.int64 if index_role else torch.float64
    if value.numel() == 0:
        return {"dtype": DTYPE_NAMES[value.dtype], "shape": list(value.shape), "data": []}
    if value.dtype != plain:
        return {"dtype": DTYPE_NAMES[value.dtype], "data": nested(value.tolist())}
    return nested(value.tolist())


def read_numbers(data):
    return [read_numbers(item) for item in data] if isinstance(data, list) else (
        float(data) if isinstance(data, str) else data)


def decode_tensor(wire, index_role):
    """(tensor in float64 or int64, whether its dtype on the wire is floating)."""
    name = "int64" if index_role else "float64"
    shape = None
    if isinstance(wire, dict):
        name, shape, wire = wire.get("dtype", name), wire.get("shape"), wire["data"]
    tensor = torch.tensor(read_numbers(wire), dtype={**FLOATING, **INTEGER}[name])
    if shape is not None:
        tensor = tensor.reshape(shape)
    return tensor.to(torch.int64 if index_role else torch.float64), name in FLOATING


# ---- evaluation ----


def reduced(unreduced, reduction):
    return {"none": lambda: unreduced, "mean": unreduced.mean, "sum": unreduced.sum}[reduction]()


@dataclass
class Parts:
    value: torch.Tensor
    elements: torch.Tensor  # the unreduced loss with sample_weight, 0 where left out
    numerator: torch.Tensor
    denominator: torch.Tensor


def parts(loss, tensors, options, reduction):
    """The loss with its numerator and denominator, from the unreduced loss alone."""
    unreduced = loss.call(tensors, options, "none")
    weight = tensors.get("sample_weight", torch.ones(())).expand(unreduced.shape)
    kept = weight != 0
    ignored = loss.ignored(tensors, options)
    if ignored is not None:
        kept = kept & ~ignored
    weighted = torch.zeros_like(unreduced).masked_scatter(kept, unreduced[kept] * weight[kept])
    addends = weighted
    factor = loss.mean_factor(tensors, options)
    if reduction == "mean" and factor is not None:
        addends = weighted * factor
    numerator = addends[kept].sum()
    denominator = (loss.counts(tensors, options, unreduced) * weight)[kept].sum()
    if reduction == "batchmean":
        denominator = denominator * loss.batch_size(tensors) / max(unreduced.numel(), 1)
    value = {"none": weighted, "sum": numerator}.get(reduction)
    if value is None:
        value = numerator / denominator if denominator != 0 else numerator * 0 + math.nan
    return Parts(value, weighted, numerator, denominator)


def agree(a, b):
    if torch.equal(a.isnan(), b.isnan()) and torch.equal(a.isinf(), b.isinf()):
        finite = a.isfinite()
        return bool(((a - b).abs()[finite] <= REDUCTION_TOLERANCE * (1 + b.abs()[finite])).all())
    return False


def torch_value(loss, tensors, options, reduction, own):
    """PyTorch's own reduction where it has the notion; it must agree with the parts."""
    empty = loss.ignored(tensors, options)
    nothing = own.denominator == 0 or own.numerator.isnan() or (empty is not None and bool(empty.all()))
    if "sample_weight" in tensors or nothing:
        return own.value
    value = loss.call(tensors, options, reduction)
    if not agree(value.detach(), own.value.detach()):
        raise ValueError(f"torch's {reduction} {value} differs from numerator / denominator {own.value}")
    return value


def without_unread_nan(tensors):
    """NaN replaced by a number in the domain of every loss."""
    return {role: torch.where(t.isnan(), 0.5, t) if t.is_floating_point() else t for role, t in tensors.items()}


def check_unread(loss, tensors, clean, options):
    """NaN may be replaced only where the left-out elements alone would have read it."""
    dirty = parts(loss, tensors, options, "none").value
    if not torch.equal(dirty, parts(loss, clean, options, "none").value):
        raise ValueError("a NaN is read by an element that is not left out")


def check_nan(loss, elements, role, gradient):
    """The service's gradients are NaN exactly where the loss is; a case where torch differs is refused."""
    if bool(gradient.isnan().any()) and not bool(elements.isnan().any()) and loss.name != "CTCLoss":
        raise ValueError(f"torch's gradient of {role} is NaN where the loss is not")
    if loss.name != "NLLLoss" and gradient.shape[:elements.dim()] == elements.shape:
        if not bool(gradient[elements.isnan()].isnan().all()):
            raise ValueError(f"torch's gradient of {role} swallows the NaN of the loss")


def decode_request(loss, request):
    tensors, floating = {}, set()
    for role, wire in request.items():
        if role not in NOT_ROLES:
            tensors[role], is_floating = decode_tensor(wire, loss.is_index(role, request))
            floating |= {role} if is_floating else set()
    return tensors, floating


def own_options(request):
    """The loss's own options; numbers that are not finite come as strings."""
    return {name: float(value) if value in ("NaN", "Infinity", "-Infinity") else value
            for name, value in request["options"].items() if name not in ("definition", "reduction")}


def wanted_roles(loss, request, floating):
    available = [role for role in loss.differentiable if role in floating]
    asked = request.get("gradients", [])
    asked = available if asked is True else asked
    if not set(asked) <= set(available):
        raise ValueError(f"no gradient for {set(asked) - set(available)}")
    return [role for role in available if role in asked]


def evaluate(loss, request, left_out_nan=False):
    """What PyTorch answers to the request, as {loss, numerator, denominator, gradients}.

    left_out_nan: the request hides NaN in elements that are left out, which PyTorch would read.
    """
    tensors, floating = decode_request(loss, request)
    options = own_options(request)
    reduction = request["options"].get("reduction", "mean")
    cotangent = tensors.pop("grad_output", None)
    if left_out_nan:
        clean = without_unread_nan(tensors)
        check_unread(loss, tensors, clean, options)
        tensors = clean
    wanted = wanted_roles(loss, request, floating)
    leaves = [tensors[role].requires_grad_() for role in wanted]
    own = parts(loss, tensors, options, reduction)
    value = torch_value(loss, tensors, options, reduction, own)
    answer = {"loss": nested(value.detach().tolist())}
    if reduction != "none":
        answer["numerator"] = nested(own.numerator.item())
        answer["denominator"] = nested(own.denominator.item())
    if wanted:
        cotangent = torch.ones_like(value) if cotangent is None else cotangent
        if reduction == "none" or own.denominator != 0 or reduction == "sum":
            gradients = torch.autograd.grad(value, leaves, cotangent, allow_unused=True)
        else:
            gradients = [None] * len(leaves)
        gradients = [torch.zeros_like(leaf) if g is None else g for leaf, g in zip(leaves, gradients)]
        for role, gradient in zip(wanted, gradients):
            check_nan(loss, own.elements.detach(), role, gradient)
        answer["gradients"] = {role: nested(gradient.tolist()) for role, gradient in zip(wanted, gradients)}
    return answer


# ---- drawing numbers ----


class Draw:
    """Random numbers of few decimals, the same for the same key on every machine."""

    def __init__(self, key, decimals=4):
        self.random, self.decimals = random.Random(key), decimals

    def fill(self, shape, number):
        flat = [number() for _ in range(math.prod(shape))]
        return torch.tensor(flat, dtype=torch.int64 if flat and isinstance(flat[0], int) else torch.float64
                            ).reshape(shape)

    def uniform(self, *shape, low=-3.0, high=3.0):
        return self.fill(shape, lambda: round(self.random.uniform(low, high), self.decimals))

    def signs(self, *shape):
        return self.fill(shape, lambda: self.random.choice((-1.0, 1.0)))

    def bits(self, *shape):
        return self.fill(shape, lambda: self.random.choice((0.0, 1.0)))

    def indices(self, classes, *shape):
        return self.fill(shape, lambda: self.random.randrange(classes)).to(torch.int64)

    def cotangent(self, *shape):
        """Never 0, of both signs, no two alike to speak of."""
        return self.fill(shape, lambda: round(self.random.choice((-1, 1)) * self.random.uniform(0.25, 2.5), 4))

    def weights(self, *shape, zero_every=3):
        """Positive, and 0 at every third place."""
        place = itertools.count(1)
        return self.fill(shape, lambda: 0.0 if zero_every and next(place) % zero_every == 0
                         else round(self.random.uniform(0.25, 2.0), 3))


# ---- recording ----


class Suite:
    """The cases of one loss, in the order they were recorded."""

    def __init__(self, loss):
        self.loss, self.lines, self.names, self.nan_left_out = loss, [], set(), []

    def draw(self, key):
        return Draw(f"{self.loss.name}/{key}")

    def unreduced_shape(self, roles, options):
        request = self.request(roles, options, None)
        tensors, _ = decode_request(self.loss, request)
        with torch.no_grad():
            return tuple(self.loss.call(tensors, own_options(request), "none").shape)

    def request(self, roles, options, gradients):
        # A case may give None for a role to leave it out of a shared set of roles.
        roles = {role: value for role, value in roles.items() if value is not None}
        ranks = {role: encode_tensor(value, False) for role, value in roles.items()}
        request = {role: encode_tensor(value, self.loss.is_index(role, ranks)) for role, value in roles.items()}
        request["options"] = {"definition": "pytorch", **nested_options(options)}
        if gradients:
            request["gradients"] = gradients
        return request

    def case(self, name, roles, gradients=True, left_out_nan=False, **options):
        """Evaluate and record. With reduction none a non-uniform cotangent is sent unless the case has one."""
        if name in self.names:
            raise ValueError(f"{self.loss.name}: two cases are named {name!r}")
        self.names.add(name)
        roles = dict(roles)
        if gradients and options.get("reduction") == "none" and "grad_output" not in roles:
            shape = self.unreduced_shape(roles, options)
            roles["grad_output"] = self.draw(f"cotangent of {name}").cotangent(*shape)
        request = json.loads(json.dumps(self.request(roles, options, gradients)))
        try:
            line = {"name": name, "request": request, "expect": evaluate(self.loss, request, left_out_nan)}
        except Exception as error:
            raise RuntimeError(f"{self.loss.name}: case {name!r}: {error}") from error
        allowance = self.loss.allowance(line["expect"])
        if allowance:
            line["tolerance"], line["why"] = allowance
        self.lines.append(line)
        self.nan_left_out.append(left_out_nan)

    def extremes(self, name, roles, gradients=True, **options):
        """The case with its huge rows apart, since the size of the inputs widens the bound on all of its answers."""
        encoded = {role: encode_tensor(value, True) for role, value in roles.items()}
        rows = list(zip(*encoded.values(), strict=True))
        huge = [row for row in rows if largest_finite(row) > 1e3]
        for label, part in {"huge ": huge, "": [row for row in rows if row not in huge]}.items():
            if part:
                self.case(f"{label}{name}", dict(zip(roles, map(list, zip(*part)))), gradients, **options)

    def text(self):
        return "".join(json.dumps(line, allow_nan=False, separators=(",", ":")) + "\n" for line in self.lines)

    def verify(self, text):
        """Evaluating the written text again gives the same bits."""
        for line, left_out_nan in zip(text.splitlines(), self.nan_left_out, strict=True):
            case = json.loads(line)
            again = json.dumps(evaluate(self.loss, case["request"], left_out_nan))
            if again != json.dumps(case["expect"]):
                raise RuntimeError(f"{self.loss.name}: {case['name']!r} differs when it is read back")


def largest_finite(data):
    """The largest finite magnitude in nested JSON data."""
    if isinstance(data, (list, tuple)):
        return max(map(largest_finite, data), default=0.0)
    return abs(data) if isinstance(data, (int, float)) and math.isfinite(data) else 0.0


def nested_options(options):
    return {name: number_text(value) for name, value in options.items()}
