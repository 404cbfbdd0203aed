"""A network as a scikit-learn estimator."""

import numpy as np
import pytest
import torch
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import get_scorer

from search_spaces.networks import Network, TrainingSettings
from searcher.training import NetworkEstimator
from tests.searcher.training.networks import (
    N_CLASSES,
    Values,
    classes,
    perceptron,
    same,
    seeded,
    trainer,
    values,
)
from tests.searcher.training.networks import train as train_all

SETTINGS = {"learning_rate": 0.01, "batch_size": 16, "epochs": 12}


def classifier() -> NetworkEstimator:
    network = Network(perceptron(batch_norm=True), TrainingSettings(**SETTINGS))
    return NetworkEstimator(network, n_classes=N_CLASSES, seed=1)


def regressor() -> NetworkEstimator:
    settings = TrainingSettings(loss="mse", learning_rate=0.03, batch_size=16, epochs=30)
    return NetworkEstimator(Network(seeded(Values), settings), n_classes=0, seed=1)


def test_fit_trains_all_epochs() -> None:
    X, y = classes()
    it = trainer(perceptron(batch_norm=True), **SETTINGS)
    train_all(it)

    fitted = classifier().fit(X, y)

    assert same(fitted.module_, it.trained())
    assert np.array_equal(fitted.predict_proba(X), it.predict_proba(X))


@pytest.mark.parametrize("name", ["accuracy", "roc_auc_ovr", "neg_log_loss"])
def test_scorers_of_classes_take_it(name: str) -> None:
    X, y = classes()
    fitted = classifier().fit(X, y)

    score = get_scorer(name)(fitted, X, y)

    assert is_classifier(fitted)
    assert score > {"accuracy": 0.85, "roc_auc_ovr": 0.9, "neg_log_loss": -0.5}[name]


def test_scorers_of_values_take_it() -> None:
    X, y = values()
    fitted = regressor().fit(X, y)

    assert is_regressor(fitted)
    assert not hasattr(fitted, "predict_proba")
    assert get_scorer("r2")(fitted, X, y) > 0.9


def test_it_can_be_cloned_and_fitted_again_to_the_same_model() -> None:
    X, y = classes()
    fitted = classifier().fit(X, y)

    again = clone(fitted).fit(X, y)

    assert same(again.module_, fitted.module_)
    assert same(fitted.fit(X, y).module_, again.module_)


def test_a_class_without_a_training_row_keeps_its_column() -> None:
    X, y = classes()
    fitted = classifier().fit(X[y != 1], y[y != 1])

    found = fitted.predict_proba(X)

    assert found.shape == (len(y), N_CLASSES)
    assert fitted.classes_.tolist() == [0, 1, 2]
    assert found[y != 1, 1].mean() < 0.1


def test_what_is_exported_is_in_evaluation_mode_on_the_cpu() -> None:
    fitted = classifier().fit(*classes())

    assert not any(part.training for part in fitted.module_.modules())
    assert {tensor.device.type for tensor in fitted.module_.state_dict().values()} == {"cpu"}
    assert type(fitted.module_[1]) is torch.nn.BatchNorm1d


def test_threads_are_given_back() -> None:
    X, y = classes()
    network = Network(perceptron(), TrainingSettings(epochs=1))

    NetworkEstimator(network, n_classes=N_CLASSES, seed=1, cpus=2).fit(X, y).predict(X)

    assert torch.get_num_threads() == 1
