"""lossd.torch against torch: signatures, values and gradients."""

import copy
import inspect

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lossd
import lossd.torch

DEPRECATED = {"size_average", "reduce"}
EXTRA = {"client"}
REDUCTIONS = ["mean", "sum", "none"]


@pytest.fixture(autouse=True)
def remote(client):
    torch.manual_seed(0)
    lossd.torch.set_client(client)
    yield
    lossd.torch.set_client(None)


def real(*shape):
    return torch.randn(shape, dtype=torch.float64)


def unit(*shape):
    return torch.rand(*shape, dtype=torch.float64) * 0.9 + 0.05


def signs(*shape):
    return torch.randint(0, 2, shape).double() * 2 - 1


def classes(*shape):
    return torch.randint(0, 4, shape)


def ctc():
    lengths = torch.tensor([8, 7, 8]), torch.tensor([3, 2, 1])
    return (real(8, 3, 4).log_softmax(-1), torch.randint(1, 4, (3, 3)), *lengths)


# function, module, its tensors, its options, those of which functions alone know
CASES = [
    ("l1_loss", "L1Loss", lambda: (real(5, 4), real(5, 4)), {}, {}),
    ("l1_loss", "L1Loss", lambda: (real(5, 4), real(5, 4)), {}, {"weight": unit(5, 4)}),
    ("mse_loss", "MSELoss", lambda: (real(5, 4), real(5, 4)), {}, {}),
    ("mse_loss", "MSELoss", lambda: (real(5, 4), real(5, 4)), {}, {"weight": unit(5, 4)}),
    ("cross_entropy", "CrossEntropyLoss", lambda: (real(5, 4), classes(5)), {"label_smoothing": 0.1}, {}),
    ("cross_entropy", "CrossEntropyLoss", lambda: (real(5, 4), classes(5)), {"weight": unit(4), "ignore_index": 2}, {}),
    ("cross_entropy", "CrossEntropyLoss", lambda: (real(5, 4, 3), real(5, 4, 3).softmax(1)), {}, {}),
    ("ctc_loss", "CTCLoss", ctc, {}, {}),
    ("ctc_loss", "CTCLoss", ctc, {"zero_infinity": True}, {}),
    ("nll_loss", "NLLLoss", lambda: (real(5, 4).log_softmax(1), classes(5)), {"weight": unit(4)}, {}),
    ("poisson_nll_loss", "PoissonNLLLoss", lambda: (real(5), unit(5) * 4), {"full": True}, {}),
    ("poisson_nll_loss", "PoissonNLLLoss", lambda: (unit(5), unit(5)), {"log_input": False, "eps": 1e-3}, {}),
    ("gaussian_nll_loss", "GaussianNLLLoss", lambda: (real(5, 4), real(5, 4), unit(5)), {"full": True}, {}),
    ("gaussian_nll_loss", "GaussianNLLLoss", lambda: (real(5, 4), real(5, 4), 0.3), {"eps": 0.5}, {}),
    ("kl_div", "KLDivLoss", lambda: (real(5, 4).log_softmax(1), real(5, 4).softmax(1)), {}, {}),
    ("kl_div", "KLDivLoss", lambda: (real(5, 4).log_softmax(1), real(5, 4).log_softmax(1)), {"log_target": True}, {}),
    ("binary_cross_entropy", "BCELoss", lambda: (unit(5, 4), unit(5, 4)), {"weight": unit(4)}, {}),
    (
        "binary_cross_entropy_with_logits",
        "BCEWithLogitsLoss",
        lambda: (real(5, 4), unit(5, 4)),
        {"weight": unit(5, 1), "pos_weight": unit(4)},
        {},
    ),
    ("margin_ranking_loss", "MarginRankingLoss", lambda: (real(5), real(5), signs(5)), {"margin": 0.2}, {}),
    ("hinge_embedding_loss", "HingeEmbeddingLoss", lambda: (real(5), signs(5)), {"margin": 0.5}, {}),
    ("multilabel_margin_loss", "MultiLabelMarginLoss", lambda: (real(2, 4), torch.tensor([[3, 0, -1, 1]] * 2)), {}, {}),
    ("huber_loss", "HuberLoss", lambda: (real(5, 4), real(5, 4)), {"delta": 0.5}, {"weight": unit(5, 4)}),
    ("smooth_l1_loss", "SmoothL1Loss", lambda: (real(5, 4), real(5, 4)), {"beta": 0.5}, {}),
    ("soft_margin_loss", "SoftMarginLoss", lambda: (real(5), signs(5)), {}, {}),
    (
        "multilabel_soft_margin_loss",
        "MultiLabelSoftMarginLoss",
        lambda: (real(5, 4), unit(5, 4).round()),
        {"weight": unit(4)},
        {},
    ),
    ("cosine_embedding_loss", "CosineEmbeddingLoss", lambda: (real(5, 4), real(5, 4), signs(5)), {"margin": 0.1}, {}),
    ("multi_margin_loss", "MultiMarginLoss", lambda: (real(5, 4), classes(5)), {"p": 2, "weight": unit(4)}, {}),
    (
        "triplet_margin_loss",
        "TripletMarginLoss",
        lambda: (real(5, 4), real(5, 4), real(5, 4)),
        {"swap": True, "p": 3},
        {},
    ),
    (
        "triplet_margin_with_distance_loss",
        "TripletMarginWithDistanceLoss",
        lambda: (real(5, 4), real(5, 4), real(5, 4)),
        {"margin": 0.5, "swap": True},
        {},
    ),
]
NAMES = sorted({(function, module) for function, module, *_ in CASES})
# Tensors that lossd has no gradient for.
FACTORS = {"margin_ranking_loss", "hinge_embedding_loss", "soft_margin_loss", "cosine_embedding_loss"}


def leaves(function, tensors):
    """Copies, of which those with a gradient ask for it."""
    floating = [torch.is_tensor(t) and t.is_floating_point() for t in tensors]
    if function in FACTORS:
        floating[-1] = False
    copies = [t.detach().clone() if torch.is_tensor(t) else t for t in tensors]
    return [t.requires_grad_() if wanted else t for t, wanted in zip(copies, floating, strict=True)]


def assert_same(function, ours, theirs, tensors, **tolerance):
    mine, local = leaves(function, tensors), leaves(function, tensors)
    loss, expected = ours(*mine), theirs(*local)
    torch.testing.assert_close(loss, expected, **tolerance)
    cotangent = torch.rand_like(expected) + 0.5
    loss.backward(cotangent)
    expected.backward(cotangent)
    for got, want in zip(mine, local, strict=True):
        if torch.is_tensor(got) and got.requires_grad:
            torch.testing.assert_close(got.grad, want.grad, **tolerance)


def test_every_loss_has_a_function_and_a_module(client):
    assert len(NAMES) == 21
    assert {module for _, module in NAMES} == {loss["name"] for loss in client.catalogue()}
    exported = set(lossd.torch.functional.__all__) | set(lossd.torch.modules.__all__)
    assert exported == {name for pair in NAMES for name in pair}


@pytest.mark.parametrize("function", [function for function, _ in NAMES])
def test_arguments_are_those_of_torch(function):
    def arguments(f, left_out):
        return [(p.name, p.kind, p.default) for p in inspect.signature(f).parameters.values() if p.name not in left_out]

    assert arguments(getattr(lossd.torch, function), EXTRA) == arguments(getattr(F, function), DEPRECATED)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("function", "module", "make", "options", "more"), CASES)
def test_functions_give_torchs_values_and_gradients(function, module, make, options, more, reduction):
    ours, theirs = getattr(lossd.torch, function), getattr(F, function)
    given = {**options, **more, "reduction": reduction}
    assert_same(function, lambda *t: ours(*t, **given), lambda *t: theirs(*t, **given), make(), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("function", "module", "make", "options", "more"), CASES)
def test_modules_give_torchs_values_and_gradients(function, module, make, options, more, reduction):
    given = {**options, "reduction": reduction}
    ours, theirs = getattr(lossd.torch, module)(**given), getattr(nn, module)(**given)
    assert_same(function, ours, theirs, make(), rtol=1e-11, atol=1e-12)


def test_kl_div_takes_batchmean():
    tensors = real(5, 4).log_softmax(1), real(5, 4).softmax(1)
    ours, theirs = (lambda *t, f=f: f(*t, reduction="batchmean") for f in (lossd.torch.kl_div, F.kl_div))
    assert_same("kl_div", ours, theirs, tensors)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_narrow_types_go_out_and_come_back(dtype, reduction):
    tensors = real(6, 4).to(dtype), classes(6)
    ours, theirs = (lambda *t, f=f: f(*t, reduction=reduction) for f in (lossd.torch.cross_entropy, F.cross_entropy))
    loose = {} if dtype == torch.float32 else {"rtol": 0.02, "atol": 0.02}
    assert_same("cross_entropy", ours, theirs, tensors, **loose)


def test_views_shared_memory_and_scalars_are_welcome():
    x = real(6, 4)
    assert_same("l1_loss", lossd.torch.l1_loss, F.l1_loss, (x[::2].T, x[1::2].T))
    assert lossd.torch.mse_loss(x, x).item() == 0
    assert_same("mse_loss", lossd.torch.mse_loss, F.mse_loss, (real(), real()))


def test_gradients_flow_on_into_the_model():
    model, x, y = nn.Linear(4, 3).double(), real(5, 4), torch.tensor([0, 1, 2, 0, 1])
    twin = copy.deepcopy(model)
    (3 * lossd.torch.cross_entropy(model(x), y)).backward()
    (3 * F.cross_entropy(twin(x), y)).backward()
    torch.testing.assert_close(model.weight.grad, twin.weight.grad)


def test_autograd_checks_the_gradient_by_differences():
    target = torch.tensor([1, 0, 3])
    x = real(3, 4).requires_grad_()
    for reduction in REDUCTIONS:
        assert torch.autograd.gradcheck(lambda t, r=reduction: lossd.torch.cross_entropy(t, target, reduction=r), x)


def test_a_reduced_loss_and_its_gradient_are_one_request(server):
    def served():
        text = server.get("/metrics").body.decode()
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in text.splitlines()
            if line.startswith("http_server_request_duration_seconds_count") and 'http_request_method="POST"' in line
        )

    for reduction, requests in (("mean", 1), ("none", 2)):
        before = served()
        lossd.torch.mse_loss(real(3).requires_grad_(), real(3), reduction=reduction).sum().backward()
        assert served() - before == requests


def test_no_gradient_is_asked_for_where_none_is_needed():
    with torch.no_grad():
        assert not lossd.torch.mse_loss(real(3).requires_grad_(), real(3)).requires_grad


def test_gradients_of_gradients_are_refused():
    x = real(3).requires_grad_()
    (gradient,) = torch.autograd.grad(lossd.torch.mse_loss(x, real(3)), x, create_graph=True)
    with pytest.raises(RuntimeError):
        gradient.sum().backward()


def test_a_tensor_without_a_gradient_is_refused_by_name():
    with pytest.raises(lossd.ProblemError) as caught:
        lossd.torch.soft_margin_loss(real(3), signs(3).requires_grad_())
    assert caught.value.code == "not_differentiable"


@pytest.mark.parametrize(
    ("given", "local"),
    [
        (nn.PairwiseDistance(p=3.0, eps=1e-3), nn.PairwiseDistance(p=3.0, eps=1e-3)),
        ("manhattan", lambda a, b: (a - b).abs().sum(-1)),
        ("sum((a - b)^2)", lambda a, b: ((a - b) ** 2).sum(-1)),
    ],
)
def test_distances_are_modules_names_or_expressions(given, local):
    tensors = real(5, 4), real(5, 4), real(5, 4)
    ours = lossd.torch.TripletMarginWithDistanceLoss(distance_function=given)
    theirs = nn.TripletMarginWithDistanceLoss(distance_function=local)
    assert_same("", ours, theirs, tensors)


def test_a_distance_that_is_python_is_refused():
    with pytest.raises(TypeError, match="expression"):
        lossd.torch.triplet_margin_with_distance_loss(
            real(2, 2), real(2, 2), real(2, 2), distance_function=lambda a, b: (a - b).sum(-1)
        )


def test_without_a_client_the_error_says_what_to_do(client):
    lossd.torch.set_client(None)
    with pytest.raises(RuntimeError, match="set_client"):
        lossd.torch.mse_loss(real(2), real(2))
    assert lossd.torch.mse_loss(real(2), real(2), client=client) > 0
