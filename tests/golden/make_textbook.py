#!/usr/bin/env python3
"""Write tests/golden/textbook/<Loss>.jsonl: requests with the answers the formulas give, in high precision.

    python3 tests/golden/make_textbook.py            write all vectors and refusals.jsonl
    python3 tests/golden/make_textbook.py --check    compare every gradient with central differences as well

Needs mpmath. Seeds are fixed: the same bytes each run. Neither lossd nor PyTorch takes part.
"""
import argparse
import json
import pathlib

import textbook_cases_binary
import textbook_cases_ctc
import textbook_cases_difference
import textbook_cases_entropy
import textbook_cases_likelihood
import textbook_cases_margin
import textbook_cases_vectors
import textbook_classes as classes
import textbook_ctc
import textbook_embeddings as embeddings
import textbook_pointwise as pointwise
import textbook_refusals
from textbook_cases import Cases
from textbook_differences import check_gradients
from textbook_evaluate import Request, answer
from textbook_options import DIFFERENTIABLE

HERE = pathlib.Path(__file__).resolve().parent

FORMULAS = {
    "L1Loss": pointwise.l1,
    "MSELoss": pointwise.mse,
    "CrossEntropyLoss": classes.cross_entropy,
    "CTCLoss": textbook_ctc.ctc,
    "NLLLoss": classes.nll,
    "PoissonNLLLoss": pointwise.poisson_nll,
    "GaussianNLLLoss": pointwise.gaussian_nll,
    "KLDivLoss": pointwise.kl_div,
    "BCELoss": pointwise.bce,
    "BCEWithLogitsLoss": pointwise.bce_with_logits,
    "MarginRankingLoss": pointwise.margin_ranking,
    "HingeEmbeddingLoss": pointwise.hinge_embedding,
    "MultiLabelMarginLoss": classes.multi_label_margin,
    "HuberLoss": pointwise.huber,
    "SmoothL1Loss": pointwise.smooth_l1,
    "SoftMarginLoss": pointwise.soft_margin,
    "MultiLabelSoftMarginLoss": pointwise.multi_label_soft_margin,
    "CosineEmbeddingLoss": embeddings.cosine_embedding,
    "MultiMarginLoss": classes.multi_margin,
    "TripletMarginLoss": embeddings.triplet_margin,
    "TripletMarginWithDistanceLoss": embeddings.triplet_margin_with_distance,
}

CASES = (
    textbook_cases_difference.CASES | textbook_cases_entropy.CASES | textbook_cases_likelihood.CASES
    | textbook_cases_binary.CASES | textbook_cases_margin.CASES | textbook_cases_vectors.CASES
    | textbook_cases_ctc.CASES)


def holds_nan(tree):
    if isinstance(tree, dict):
        return any(map(holds_nan, tree.values()))
    return any(map(holds_nan, tree)) if isinstance(tree, list) else tree == "NaN"


def expected(loss, case):
    """The case's answer; a NaN gradient that neither the loss nor the case explains is a mistake here."""
    given = answer(FORMULAS[loss], Request(loss, case["request"]), DIFFERENTIABLE[loss])
    explained = holds_nan(given["loss"]) or case["nan_gradient"]
    assert explained or not holds_nan(given.get("gradients", {})), f"{loss}: {case['name']}: NaN gradient"
    return given


def line(case, expect):
    members = {"name": case["name"], "request": case["request"], "expect": expect}
    if case["why"]:
        members["why"] = case["why"]
    return json.dumps(members, allow_nan=False) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("losses", nargs="*")
    arguments = parser.parse_args()
    (HERE / "textbook").mkdir(exist_ok=True)
    for loss, build in CASES.items():
        if arguments.losses and loss not in arguments.losses:
            continue
        cases = Cases(loss)
        build(cases)
        text = "".join(line(case, expected(loss, case)) for case in cases)
        (HERE / "textbook" / f"{loss}.jsonl").write_text(text)
        checked = f", {check_gradients(FORMULAS[loss], loss, cases)} slopes checked" if arguments.check else ""
        print(f"{loss}: {len(cases)} cases, {len(text)} bytes{checked}")
    counts, size = textbook_refusals.write(HERE / "refusals.jsonl")
    print(f"refusals: {sum(counts.values())}, at least {min(counts.values())} a loss, {size} bytes")


if __name__ == "__main__":
    main()
