"""Client and AsyncClient: arrays in, answers out."""

import asyncio
import inspect
import json
import math
import os
import pickle
import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import ml_dtypes
import numpy as np
import pytest
from conftest import Server
from server import evaluate

import lossd
from lossd._losses import Losses
from lossd._wire import server_timing

METHODS = [name for name, member in vars(Losses).items() if inspect.isfunction(member) and name != "evaluate"]


def method_of(client, loss):
    """The client's method that evaluates the loss of this class name."""
    return next(getattr(client, name) for name in METHODS if f'"{loss}"' in inspect.getsource(getattr(Losses, name)))


def examples(client):
    return [(loss["name"], loss["example"]) for loss in client.catalogue()]


def numbers(value):
    """A JSON result's numbers as floats: NaN and infinities come quoted."""
    return [numbers(item) for item in value] if isinstance(value, list) else float(value)


def json_answer(server, loss, example):
    return server.ask(evaluate(json.dumps(example).encode(), loss)).json()


def arguments(example):
    tensors = {k: v for k, v in example.items() if k not in ("options", "gradients", "id")}
    return {**tensors, **example.get("options", {}), "gradients": example["gradients"]}


def test_there_is_a_method_for_each_loss_of_the_server(client):
    assert len(METHODS) == len(client.catalogue()) == 21


def test_each_method_answers_its_example_as_json_does(server, client):
    for loss, example in examples(client):
        expected = json_answer(server, loss, example)
        answer = method_of(client, loss)(**arguments(example))
        assert answer.loss.tolist() == expected["loss"], loss
        assert (answer.numerator, answer.denominator) == (expected["numerator"], expected["denominator"]), loss
        expected_gradients = {role: numbers(value) for role, value in expected["gradients"].items()}
        assert {k: v.tolist() for k, v in answer.gradients.items()} == expected_gradients, loss


def test_each_async_method_gives_the_bits_of_the_blocking_one(server, client):
    async def all_at_once():
        async with lossd.AsyncClient(server.url) as other:
            calls = [method_of(other, loss)(**arguments(example)) for loss, example in examples(client)]
            return await asyncio.gather(*calls), await other.catalogue()

    answers, catalogue = asyncio.run(all_at_once())
    assert catalogue == client.catalogue()
    for (loss, example), answer in zip(examples(client), answers, strict=True):
        blocking = method_of(client, loss)(**arguments(example))
        assert answer.loss.tobytes() == blocking.loss.tobytes()
        assert {k: v.tobytes() for k, v in answer.gradients.items()} == {
            k: v.tobytes() for k, v in blocking.gradients.items()
        }


def test_each_method_says_what_it_takes(client):
    for loss in client.catalogue():
        method = method_of(client, loss["name"])
        parameters = inspect.signature(method).parameters
        for part in loss["roles"] + loss["options"]:
            assert part["name"] in parameters
            assert f"\n{part['name']}\n" in inspect.getdoc(method)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
def test_gradients_have_the_type_of_their_tensor(client, dtype):
    answer = client.mse_loss(np.array([1, 2], dtype), np.array([1, 4], dtype), gradients=["input"])
    assert answer.gradients["input"].dtype == dtype
    assert answer.gradients["input"].astype(float).tolist() == [0, -2]
    assert answer.loss.dtype == (np.float64 if dtype == np.float64 else np.float32)


def test_arrays_may_be_strided_big_endian_or_of_rank_0(client):
    x = np.arange(12.0).reshape(3, 4)
    for given in (x.T, x[::-1, ::2], x.astype(">f8"), np.asfortranarray(x), x.astype(">f8").T, np.float64(3)):
        answer = client.l1_loss(given, np.zeros_like(given, "<f8"), reduction="none")
        np.testing.assert_array_equal(answer.loss, given)


def test_numbers_without_a_dtype_are_float64_but_class_indices(client):
    assert client.mse_loss([1, 2], [1, 4], gradients=True).gradients.keys() == {"input", "target"}
    assert client.nll_loss([[0.5, 0.5]], [1]).loss == math.log(2)


def test_lists_of_integers_that_are_no_indices_are_float64_too(client):
    x = np.array([[0.5, 2.0]], np.float32)
    assert client.cross_entropy(x, [[0, 1]], gradients=True).gradients.keys() == {"input", "target"}
    assert client.cross_entropy(x, [1], weight=[1, 2]).loss.dtype == np.float64
    assert client.mse_loss(x, x, sample_weight=[1, 2]).loss.dtype == np.float64
    assert client.margin_ranking_loss(x[0], x[0], [1, -1]).loss.dtype == np.float64


def test_correct_classes_may_be_marked_or_listed(client):
    scores = [[0.1, 0.2, 0.4, 0.8]]
    marked = client.multilabel_margin_loss(scores, [[1, 0, 0, 1]])
    for options in ({"definition": "pytorch"}, {"target_kind": "indices"}):
        assert client.multilabel_margin_loss(scores, [[3, 0, -1, 1]], **options).loss == marked.loss


def test_empty_lists_of_class_indices_are_integers(client):
    assert client.cross_entropy(np.zeros((0, 3)), [], reduction="sum").loss == 0
    assert client.nll_loss(np.zeros((0, 3)), [], reduction="sum").loss == 0
    blanks = np.log(np.full((2, 1, 3), 0.5))
    assert client.ctc_loss(blanks, [[]], [2], [0], reduction="sum").loss == pytest.approx(2 * math.log(2))


def test_gradients_come_in_the_order_of_the_tensors(client):
    vectors = {"anchor": [[0.0, 1.0]], "positive": [[1.0, 1.0]], "negative": [[0.0, 0.5]]}
    for _ in range(20):
        assert list(client.evaluate("TripletMarginLoss", vectors, gradients=True).gradients) == list(vectors)


def test_integer_arrays_stay_integers_and_have_no_gradient(client):
    answer = client.mse_loss(np.array([1.0, 2.0]), np.array([1, 4]), gradients=True)
    assert answer.gradients.keys() == {"input"}


def test_unreduced_answers_have_no_numerator(client):
    answer = client.mse_loss([1.0, 2.0], [1.0, 4.0], reduction="none", grad_output=[1.0, 10.0], gradients=["input"])
    assert answer.loss.tolist() == [0, 4]
    assert (answer.numerator, answer.denominator) == (None, None)
    assert answer.gradients["input"].tolist() == [0, -40]


def test_sample_weights_enter_the_denominator(client):
    answer = client.mse_loss([1.0, 2.0], [1.0, 4.0], sample_weight=[1.0, 3.0])
    assert (float(answer.loss), answer.numerator, answer.denominator) == (3, 12, 4)


def test_options_travel_whole(client):
    one, other = [[0.0, 0.0]], [[3.0, 4.0]]
    given = {"squared": False, "margin": np.float32(0), "swap": np.bool_(True)}
    assert client.triplet_margin_loss(one, other, one, p=math.inf, **given).loss == 4
    distance = "sqrt(sum((a - b)^2) + 1e-12)"
    assert client.triplet_margin_with_distance_loss(
        one, other, one, distance_expression=distance
    ).loss == pytest.approx(6)
    poisson = [client.poisson_nll_loss([2.0], [3.0], full=full).loss for full in (True, "stirling", False, "false")]
    assert poisson[0] == poisson[1] != poisson[2] == poisson[3]


def test_gradients_may_be_numpy_booleans(client):
    for wanted in (np.bool_(True), np.bool_(False)):
        assert bool(client.mse_loss([1.0], [2.0], gradients=wanted).gradients) == wanted


def test_a_loss_can_be_named_as_the_server_names_it(client):
    answer = client.evaluate(
        "HuberLoss", {"input": [3.0], "target": [0.0]}, {"delta": 2}, gradients="input", id="a b&1"
    )
    assert (float(answer.loss), answer.id) == (4, "a b&1")
    assert answer.gradients["input"].tolist() == [2]


def test_the_time_on_the_server_is_told(client):
    assert client.mse_loss([1.0], [2.0]).server_timing.keys() == {"queue", "decode", "compute", "encode"}


def test_an_answer_without_server_timing():
    with Server("--no-server-timing") as quiet, lossd.Client(quiet.url) as client:
        assert client.mse_loss([1.0], [2.0]).server_timing == {}


def test_entries_of_a_proxy_in_server_timing_are_no_harm():
    lines = httpx.Headers(
        [
            ("Server-Timing", "queue;dur=0.5, decode;dur=1"),
            ("Server-Timing", 'hit, edge;desc="a;b";dur=x, cdn;dur=2;desc=z'),
        ]
    )
    assert server_timing(lines) == {"queue": 0.5, "decode": 1, "cdn": 2}


def test_threads_may_share_a_client(server):
    with lossd.Client(server.url, connections=2) as client, ThreadPoolExecutor(8) as pool:
        losses = pool.map(lambda i: float(client.l1_loss([float(i)], [0.0]).loss), range(64))
        assert list(losses) == list(range(64))


def test_a_forked_process_gets_a_connection_of_its_own():
    """Two processes on one would read each other's answers."""

    def connections():
        return float(re.search(r"^lossd_connections (\S+)$", alone.get("/metrics").body.decode(), re.M).group(1))

    with Server() as alone, lossd.Client(alone.url) as client:
        assert client.l1_loss([1.0], [0.0]).loss == 1
        child = os.fork()
        if child == 0:
            good = False
            try:
                good = client.l1_loss([2.0], [0.0]).loss == 2
                good = good and connections() == 3  # the parent's, this and the asker's
            finally:
                os._exit(0 if good else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert client.l1_loss([3.0], [0.0]).loss == 3


def test_a_pickled_client_connects_anew(server, client):
    with pickle.loads(pickle.dumps(client)) as other:
        assert other.mse_loss([1.0], [3.0]).loss == 4


def test_shards_merge_to_the_whole(client):
    x, y = np.random.default_rng(0).normal(size=(2, 1000))
    w = np.random.default_rng(1).uniform(size=1000)
    for reduction in ("mean", "sum"):
        whole = client.mse_loss(x, y, sample_weight=w, reduction=reduction)
        parts = [
            client.mse_loss(x[i : i + 64], y[i : i + 64], sample_weight=w[i : i + 64], reduction=reduction)
            for i in range(0, 1000, 64)
        ]
        merged = lossd.merge(parts, reduction)
        assert merged.loss == pytest.approx(whole.loss, rel=1e-14)
        assert merged.denominator == pytest.approx(whole.denominator, rel=1e-14)
        assert lossd.merge(reversed(parts), reduction).loss == merged.loss
        assert lossd.merge([lossd.merge(parts[:5]), lossd.merge(parts[5:])], reduction).loss == pytest.approx(
            merged.loss
        )


def test_merging_keeps_nan_and_infinity(client):
    empty = client.mse_loss(np.zeros(0), np.zeros(0))
    assert math.isnan(lossd.merge([empty, empty]).loss)
    assert lossd.merge([empty, client.mse_loss([1.0], [2.0])]).loss == 1
    infinite = client.mse_loss([math.inf], [0.0])
    assert lossd.merge([infinite, infinite]).loss == math.inf


def test_merge_refuses_nothing_and_unreduced_answers(client):
    with pytest.raises(ValueError, match="at least one"):
        lossd.merge([])
    with pytest.raises(ValueError, match="reduced"):
        lossd.merge([client.mse_loss([1.0], [2.0], reduction="none")])
    for reduction in ("none", "Sum", None):
        with pytest.raises(ValueError, match=f"no reduction {reduction!r}: expected one of mean, batchmean, sum"):
            lossd.merge([client.mse_loss([1.0], [2.0])], reduction)
