"""Losses as scorers of scikit-learn."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, mean_absolute_error
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lossd.sklearn import Metric, scorer

DIGITS = load_digits(return_X_y=True)


def test_a_metric_is_scikit_learns_number(client):
    y, prediction, weight = np.random.default_rng(0).uniform(size=(3, 50))
    metric = Metric(client, "L1Loss")
    assert metric(y, prediction) == pytest.approx(mean_absolute_error(y, prediction), rel=1e-14)
    weighted = mean_absolute_error(y, prediction, sample_weight=weight)
    assert metric(y, prediction, sample_weight=weight) == pytest.approx(weighted, rel=1e-14)


def test_probabilities_score_as_log_loss(client):
    x, y = DIGITS[0][:400] / 16, DIGITS[1][:400]
    model = LogisticRegression(max_iter=500).fit(x, y)
    score = scorer(client, "NLLLoss", response_method="predict_proba")(model, x, y)
    assert score == pytest.approx(-log_loss(y, model.predict_proba(x)), rel=1e-12)


def test_decisions_score_as_logits(client):
    x, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    score = scorer(client, "BCEWithLogitsLoss", response_method="decision_function")(model, x, y)
    assert score == pytest.approx(-log_loss(y, model.predict_proba(x)), rel=1e-9)


def test_searches_take_a_scorer(client):
    x, y = DIGITS[0][:300] / 16, DIGITS[1][:300].astype(float)
    score = scorer(client, "HuberLoss", delta=2.0)
    search = GridSearchCV(LinearRegression(), {"fit_intercept": [True, False]}, scoring=score, cv=3).fit(x, y)
    assert search.best_score_ == cross_val_score(search.best_estimator_, x, y, scoring=score, cv=3).mean() < 0


def test_a_scorer_can_be_pickled_for_other_processes(client):
    x, y = DIGITS[0][:100], DIGITS[1][:100].astype(float)
    model, score = LinearRegression().fit(x, y), scorer(client, "MSELoss")
    other = pickle.loads(pickle.dumps(score))
    with other._score_func.client:
        assert other(model, x, y) == score(model, x, y)
