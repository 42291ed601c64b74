#!/usr/bin/env python3
"""Trains a small classifier on scikit-learn's handwritten digits and writes its predictions as a request.

digits.json is the body of a POST to /v1/losses/CrossEntropyLoss: the logits of a softmax regression for all 1,797
images, rounded to four decimals, and the true digits. expected.json is what PyTorch gives for exactly these numbers.

    pip install scikit-learn torch && python3 examples/digits/make.py
"""

import json
import pathlib

import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

HERE = pathlib.Path(__file__).parent


def main():
    images, digits = load_digits(return_X_y=True)
    pixels = StandardScaler().fit_transform(images)
    # Fitted on the first half only, so that the second half has mistakes to see.
    half = len(pixels) // 2
    model = LogisticRegression(C=0.05, max_iter=2000).fit(pixels[:half], digits[:half])
    logits = [[round(float(x), 4) for x in row] for row in model.decision_function(pixels)]
    target = [int(d) for d in digits]

    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in logits)
    (HERE / "digits.json").write_text(f'{{"input": [\n{lines}\n],\n"target": {json.dumps(target, separators=(",", ":"))}}}\n')

    x = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(x, torch.tensor(target))
    loss.backward()
    expected = {"torch": torch.__version__.split("+")[0], "loss": loss.item(), "gradients": {"input": x.grad[:2].tolist()}}
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    accuracy = (x.argmax(1) == torch.tensor(target)).double().mean().item()
    print(f"{len(target)} digits, accuracy {accuracy:.4f}, loss {loss.item()!r}")


if __name__ == "__main__":
    main()
