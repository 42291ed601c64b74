"""The losses of torch.nn.functional. See there for their meaning; `client` is by default that of set_client()."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lossd._client import Client
from lossd.torch._remote import evaluate

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_embedding_loss",
    "cross_entropy",
    "ctc_loss",
    "gaussian_nll_loss",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "margin_ranking_loss",
    "mse_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]

NAMED_DISTANCES = {"euclidean", "squared_euclidean", "manhattan", "chebyshev", "minkowski", "cosine"}


def l1_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    *,
    client: Client | None = None,
) -> Tensor:
    """Mean absolute error. `weight`, finite and >= 0, enters the mean's denominator, as in PyTorch."""
    tensors = {"input": input, "target": target, "sample_weight": weight}
    return evaluate(client, "L1Loss", tensors, reduction=reduction)


def mse_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    *,
    client: Client | None = None,
) -> Tensor:
    """Mean squared error. `weight`, finite and >= 0, enters the mean's denominator, as in PyTorch."""
    tensors = {"input": input, "target": target, "sample_weight": weight}
    return evaluate(client, "MSELoss", tensors, reduction=reduction)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    *,
    client: Client | None = None,
) -> Tensor:
    """Negative log-likelihood of log-probabilities."""
    tensors = {"input": input, "target": target, "weight": weight}
    return evaluate(client, "NLLLoss", tensors, ignore_index=ignore_index, reduction=reduction)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
    *,
    client: Client | None = None,
) -> Tensor:
    """Negative log-likelihood of counts; `full` adds Stirling's approximation."""
    tensors = {"input": input, "target": target}
    return evaluate(client, "PoissonNLLLoss", tensors, log_input=log_input, full=full, eps=eps, reduction=reduction)


def kl_div(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    log_target: bool = False,
    *,
    client: Client | None = None,
) -> Tensor:
    """Kullback-Leibler divergence; `input` holds log-probabilities."""
    tensors = {"input": input, "target": target}
    return evaluate(client, "KLDivLoss", tensors, reduction=reduction, log_target=log_target)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    *,
    client: Client | None = None,
) -> Tensor:
    """Binary cross-entropy of probabilities."""
    tensors = {"input": input, "target": target, "weight": weight}
    return evaluate(client, "BCELoss", tensors, reduction=reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
    *,
    client: Client | None = None,
) -> Tensor:
    """Binary cross-entropy of logits."""
    tensors = {"input": input, "target": target, "weight": weight, "pos_weight": pos_weight}
    return evaluate(client, "BCEWithLogitsLoss", tensors, reduction=reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    reduction: str = "mean",
    *,
    client: Client | None = None,
) -> Tensor:
    """How far pairs are from the right order."""
    tensors = {"input1": input1, "input2": input2, "target": target}
    return evaluate(client, "MarginRankingLoss", tensors, margin=margin, reduction=reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    reduction: str = "mean",
    *,
    client: Client | None = None,
) -> Tensor:
    """Hinge of distances; `target` is 1 or -1."""
    tensors = {"input": input, "target": target}
    return evaluate(client, "HingeEmbeddingLoss", tensors, margin=margin, reduction=reduction)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    *,
    client: Client | None = None,
) -> Tensor:
    """Margin of several classes; `target` lists them, ended by -1."""
    tensors = {"input": input, "target": target}
    return evaluate(client, "MultiLabelMarginLoss", tensors, reduction=reduction)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
    *,
    client: Client | None = None,
) -> Tensor:
    """Quadratic up to `delta`, then linear. `weight` multiplies only."""
    tensors = {"input": input, "target": target, "weight": weight}
    return evaluate(client, "HuberLoss", tensors, reduction=reduction, delta=delta)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    beta: float = 1.0,
    *,
    client: Client | None = None,
) -> Tensor:
    """Quadratic up to `beta`, then absolute."""
    tensors = {"input": input, "target": target}
    return evaluate(client, "SmoothL1Loss", tensors, reduction=reduction, beta=beta)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    *,
    client: Client | None = None,
) -> Tensor:
    """log(1 + exp(-target input))."""
    tensors = {"input": input, "target": target}
    return evaluate(client, "SoftMarginLoss", tensors, reduction=reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    *,
    client: Client | None = None,
) -> Tensor:
    """Binary cross-entropy of logits, averaged over the labels."""
    tensors = {"input": input, "target": target, "weight": weight}
    return evaluate(client, "MultiLabelSoftMarginLoss", tensors, reduction=reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    reduction: str = "mean",
    *,
    client: Client | None = None,
) -> Tensor:
    """Cosines of pairs; `target` is 1 or -1."""
    tensors = {"input1": input1, "input2": input2, "target": target}
    return evaluate(client, "CosineEmbeddingLoss", tensors, margin=margin, reduction=reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    reduction: str = "mean",
    *,
    client: Client | None = None,
) -> Tensor:
    """Margin of one class of several."""
    tensors = {"input": input, "target": target, "weight": weight}
    return evaluate(client, "MultiMarginLoss", tensors, p=p, margin=margin, reduction=reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
    *,
    client: Client | None = None,
) -> Tensor:
    """Anchors nearer to positives than to negatives, by a margin."""
    tensors = {"anchor": anchor, "positive": positive, "negative": negative}
    return evaluate(client, "TripletMarginLoss", tensors, margin=margin, p=p, eps=eps, swap=swap, reduction=reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    *,
    client: Client | None = None,
) -> Tensor:
    """Cross-entropy of logits with class indices or probabilities."""
    tensors = {"input": input, "target": target, "weight": weight}
    ignored = None if target.is_floating_point() and ignore_index < 0 else ignore_index
    return evaluate(
        client, "CrossEntropyLoss", tensors, ignore_index=ignored, reduction=reduction, label_smoothing=label_smoothing
    )


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
    *,
    client: Client | None = None,
) -> Tensor:
    """Connectionist temporal classification of log-probabilities; the gradient presumes a log_softmax before it."""
    tensors = {
        "input": log_probs,
        "target": targets,
        "input_lengths": torch.as_tensor(input_lengths),
        "target_lengths": torch.as_tensor(target_lengths),
    }
    return evaluate(client, "CTCLoss", tensors, blank=blank, reduction=reduction, zero_infinity=zero_infinity)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
    *,
    client: Client | None = None,
) -> Tensor:
    """Negative log-likelihood of means and variances."""
    tensors = {"input": input, "target": target, "var": torch.as_tensor(var, dtype=input.dtype)}
    return evaluate(client, "GaussianNLLLoss", tensors, full=full, eps=eps, reduction=reduction)


def _distance(function: object) -> dict[str, str | float]:
    """The options that say what a torch distance does."""
    if function is None:
        return {"distance": "euclidean"}
    if isinstance(function, torch.nn.PairwiseDistance):
        return {"distance": "minkowski", "p": float(function.norm), "eps": float(function.eps)}
    if isinstance(function, str):
        return {"distance": function} if function in NAMED_DISTANCES else {"distance_expression": function}
    raise TypeError(
        f"distance_function is {function!r}, which a server cannot run: expected None, torch.nn.PairwiseDistance(), "
        f"one of {', '.join(sorted(NAMED_DISTANCES))}, or an expression such as 'sum((a - b)^2)'"
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: str | Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
    client: Client | None = None,
) -> Tensor:
    """Triplet margin with a distance: None is the euclidean; see docs/distances.md for expressions."""
    tensors = {"anchor": anchor, "positive": positive, "negative": negative}
    options = _distance(distance_function)
    return evaluate(
        client, "TripletMarginWithDistanceLoss", tensors, **options, margin=margin, swap=swap, reduction=reduction
    )
