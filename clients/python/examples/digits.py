"""Trains a small classifier on scikit-learn's digits twice: with PyTorch's cross-entropy, and with a lossd server's.

python digits.py [URL]: needs PyTorch and scikit-learn.
"""

import sys
from collections.abc import Callable

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

import lossd
import lossd.torch


def data() -> list[Tensor]:
    """Training images, test images, training labels, test labels."""
    images, labels = load_digits(return_X_y=True)
    parts = train_test_split(images / 16, labels, test_size=0.25, random_state=0, stratify=labels)
    return [torch.as_tensor(part) for part in parts]


def train(criterion: Callable[[Tensor, Tensor], Tensor], epochs: int = 20, batch: int = 128) -> tuple[float, float]:
    """The last epoch's mean loss, and the accuracy on the test images."""
    images, test_images, labels, test_labels = data()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).double()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(images)).split(batch):
            optimizer.zero_grad()
            loss = criterion(model(images[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
    with torch.no_grad():
        accuracy = (model(test_images).argmax(1) == test_labels).double().mean().item()
    return total / len(images), accuracy


def main(url: str) -> None:
    lossd.torch.set_client(lossd.Client(url))
    for name, criterion in {"local": nn.CrossEntropyLoss(), "remote": lossd.torch.CrossEntropyLoss()}.items():
        loss, accuracy = train(criterion)
        print(f"{name:6}  loss {loss:.10f}  accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:] or ["http://127.0.0.1:8080"])
