"""Keras learns from a remote loss what it learns from its own."""

import keras
import numpy as np
import pytest

import lossd.keras


def learn(loss, outputs, target, sample_weight=None):
    """Losses of some epochs, and the weights."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).standard_normal((96, 5)).astype("float32")
    model = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(outputs)])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss)
    history = model.fit(x, target, epochs=3, batch_size=32, verbose=0, sample_weight=sample_weight)
    return [float(loss) for loss in history.history["loss"]], [
        weight.value.detach().numpy() for weight in model.weights
    ]


RANDOM = np.random.default_rng(1)
REAL, CLASSES = RANDOM.standard_normal((96, 3)).astype("float32"), RANDOM.integers(0, 3, 96)
ONE_HOT, BINARY = np.eye(3, dtype="float32")[CLASSES], RANDOM.integers(0, 2, (96, 3)).astype("float32")


@pytest.mark.parametrize(
    ("remote", "local", "target"),
    [
        (("MSELoss", {}), keras.losses.MeanSquaredError(), REAL),
        (("L1Loss", {}), keras.losses.MeanAbsoluteError(), REAL),
        (("HuberLoss", {"delta": 0.5}), keras.losses.Huber(0.5), REAL),
        (("BCEWithLogitsLoss", {}), keras.losses.BinaryCrossentropy(from_logits=True), BINARY),
        (("CrossEntropyLoss", {}), keras.losses.SparseCategoricalCrossentropy(from_logits=True), CLASSES),
        (("CrossEntropyLoss", {}), keras.losses.CategoricalCrossentropy(from_logits=True), ONE_HOT),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_model_learns_the_same_as_from_keras_own_loss(client, remote, local, target, weighted):
    name, options = remote
    sample_weight = np.linspace(0, 2, 96, dtype="float32") if weighted else None
    losses, weights = learn(lossd.keras.Loss(client, name, **options), 3, target, sample_weight)
    wanted_losses, wanted_weights = learn(local, 3, target, sample_weight)
    np.testing.assert_allclose(losses, wanted_losses, rtol=1e-5)
    assert losses[-1] < losses[0]
    for found, wanted in zip(weights, wanted_weights, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_a_wrong_option_is_the_servers_problem(client):
    with pytest.raises(lossd.ProblemError, match="delta is -1"):
        learn(lossd.keras.Loss(client, "HuberLoss", delta=-1.0), 3, REAL)


def test_the_name_is_the_losss(client):
    assert lossd.keras.Loss(client, "HuberLoss").name == "HuberLoss"
