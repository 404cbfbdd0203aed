"""Rows whose answer is a matter of rounding are told from those whose answer is not."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from search_spaces.networks import Network, TrainingSettings
from searcher.export.networks.settled import settled_rows
from searcher.training import NetworkEstimator


class Narrow(nn.Linear):
    """Computes in float32 whatever it is asked in."""

    def forward(self, X):
        return super().forward(X.float())


def perceptron(n_outputs):
    torch.manual_seed(0)
    layers = [nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU()]
    last = nn.Linear(32, n_outputs or 1)
    return nn.Sequential(*layers, last, *([] if n_outputs else [nn.Flatten(0)]))


def fit(n_classes, *, scale=1.0, n=60):
    """An estimator that has been trained for an epoch."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4)).astype(np.float32)
    y = np.arange(n) % n_classes if n_classes else scale * X[:, 0]
    loss = "cross_entropy" if n_classes else "mse"
    training = TrainingSettings(epochs=1, loss=loss)
    network = Network(perceptron(n_classes), training)
    return NetworkEstimator(network, n_classes, seed=0).fit(X, y), X


@pytest.mark.parametrize("n_classes", [0, 2, 3])
def test_rows_like_those_of_the_data_are_settled(n_classes):
    estimator, X = fit(n_classes)

    assert settled_rows(estimator, X).all()


def logits_of(estimator, rows):
    with torch.no_grad():
        return estimator.module_(torch.from_numpy(rows.astype(np.float32))).double().numpy()


def test_rows_far_out_are_settled_where_one_class_is_far_ahead():
    estimator, _ = fit(3)
    rows = (1e6 * np.random.default_rng(1).normal(size=(4000, 4))).astype(np.float32)
    ahead = np.diff(np.sort(logits_of(estimator, rows), axis=1)[:, -2:], axis=1)[:, 0]

    settled = settled_rows(estimator, rows)

    assert settled.mean() > 0.99
    assert settled[ahead > 100].all()


def test_a_row_far_out_on_the_border_of_two_classes_is_not_settled():
    estimator, _ = fit(3)
    rows = 1e6 * np.random.default_rng(1).normal(size=(100, 4))
    labels = logits_of(estimator, rows).argmax(axis=1)
    left, right = rows[labels == labels[0]][0], rows[labels != labels[0]][0]
    for _ in range(60):
        middle = (left + right) / 2
        same = logits_of(estimator, middle[None]).argmax() == labels[0]
        left, right = (middle, right) if same else (left, middle)

    assert not settled_rows(estimator, np.stack([left, right])).any()


def test_a_row_between_two_classes_is_not_settled():
    estimator, X = fit(2)
    with torch.no_grad():
        last = estimator.module_[-1]
        last.weight[1], last.bias[1] = last.weight[0], last.bias[0]

    assert not settled_rows(estimator, X).any()


def test_values_that_cancel_are_not_settled():
    estimator, _ = fit(0, scale=1e4)
    rows = np.full((3, 4), 1e3, dtype=np.float32)
    with torch.no_grad():
        outputs = estimator.module_(torch.from_numpy(rows))
        estimator.module_[-2].bias -= outputs[0]  # what is left of thousands is rounding

    assert not settled_rows(estimator, rows).any()


def test_a_value_that_cancels_against_the_mean_is_not_settled_however_well_it_came_out():
    estimator, X = fit(0)
    with torch.no_grad():
        last = estimator.module_[-2]
        last.weight.zero_()
        last.bias.fill_(-1.0)  # exactly, in any arithmetic
    estimator.targets_ = replace(estimator.targets_, mean=1e3, scale=1e3)

    assert not settled_rows(estimator, X).any()


def test_rows_that_overflow_are_not_settled():
    estimator, _ = fit(2)
    rows = np.full((1, 4), 1e38, dtype=np.float32)
    with torch.no_grad():
        estimator.module_[0].weight.fill_(10.0)

    assert not settled_rows(estimator, rows).any()


def test_nothing_is_left_out_of_a_module_that_knows_float32_alone():
    module = Narrow(4, 2).eval()
    estimator, X = fit(2)
    estimator.module_ = module

    assert settled_rows(estimator, np.concatenate([X, 1e9 * X])).all()


def test_every_row_of_another_estimator_is_settled():
    X = np.random.default_rng(0).normal(size=(20, 2))
    estimator = LogisticRegression().fit(X, X[:, 0] > 0)

    assert settled_rows(estimator, X * 1e9).all()
