"""Losses for Keras 3 on its PyTorch backend, computed by a lossd server and part of autograd.

>>> model.compile(optimizer="adam", loss=lossd.keras.Loss(client, "HuberLoss", delta=2.0))
"""

import keras
import torch

from lossd._client import Client
from lossd._losses import Option
from lossd.torch._remote import evaluate


class Loss(keras.losses.Loss):  # type: ignore[misc]
    """A loss of `input` (y_pred) and `target` (y_true), by its class name, with its options.

    Keras reduces the losses of the samples, with its own `reduction` and `sample_weight`; before, as in its own losses,
    those of an element each are averaged over the last axis. A y_true of one rank less than y_pred holds class
    indices. The definition is PyTorch's unless `definition="textbook"` is given.
    """

    def __init__(
        self,
        client: Client,
        loss: str,
        *,
        reduction: str = "sum_over_batch_size",
        name: str | None = None,
        **options: Option,
    ) -> None:
        if keras.backend.backend() != "torch":
            raise RuntimeError(f"lossd.keras needs KERAS_BACKEND=torch, found {keras.backend.backend()}")
        super().__init__(name=name or loss, reduction=reduction)
        self._client, self._loss, self._options = client, loss, options

    def call(self, y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        target = y_true.long() if y_true.ndim < y_pred.ndim else y_true
        tensors = {"input": y_pred, "target": target}
        losses = evaluate(self._client, self._loss, tensors, **{**self._options, "reduction": "none"})
        return losses.mean(-1) if losses.ndim == y_pred.ndim else losses
