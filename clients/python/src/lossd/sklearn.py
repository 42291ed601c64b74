"""Scorers for scikit-learn: losses computed by a lossd server, for cross_val_score, GridSearchCV and the like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sklearn.metrics
from numpy.typing import ArrayLike

from lossd._client import Client
from lossd._losses import Option


@dataclass(frozen=True)
class Metric:
    """A function of (y_true, y_pred, *, sample_weight=None), as sklearn.metrics has them. Can be pickled."""

    client: Client
    loss: str
    """The class name of a loss of `input` and `target`, such as "HuberLoss"."""
    options: Mapping[str, Option] = field(default_factory=dict)

    @property
    def __name__(self) -> str:
        return self.loss

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
        tensors = {"input": y_pred, "target": y_true, "sample_weight": sample_weight}
        return float(self.client.evaluate(self.loss, tensors, {"reduction": "mean", **self.options}).loss)


def scorer(client: Client, loss: str, *, response_method: str = "predict", **options: Option) -> Any:
    """A scorer: the negative mean loss, since scikit-learn maximises.

    `response_method` is what the loss takes: "predict" for HuberLoss and its kind, "predict_proba" for NLLLoss and
    BCELoss, "decision_function" for CrossEntropyLoss and BCEWithLogitsLoss. Class labels are 0, 1, ... C - 1.
    """
    return sklearn.metrics.make_scorer(
        Metric(client, loss, options), greater_is_better=False, response_method=response_method
    )
