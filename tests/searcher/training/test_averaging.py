"""Averaged weights, and the statistics that go with them."""

import torch
from torch import nn

from search_spaces.networks import TrainingSettings
from searcher.training.averaging import Averaging
from tests.searcher.training.networks import (
    N_CLASSES,
    N_FEATURES,
    classes,
    perceptron,
    same,
    train,
    trainer,
)


def test_the_answer_is_the_mean_of_the_weights_after_the_last_quarter_of_the_epochs() -> None:
    it = trainer(nn.Linear(N_FEATURES, N_CLASSES), epochs=8, average_weights=True)
    weights = []
    while not it.done:
        it.train_epoch()
        weights.append(it.module.weight.detach().clone())

    found = it.trained().weight

    torch.testing.assert_close(found, torch.stack(weights[-2:]).mean(dim=0))
    assert not torch.equal(found, weights[-1])


def test_before_that_the_last_weights_answer() -> None:
    it = trainer(epochs=8, average_weights=True)

    for _ in range(6):
        it.train_epoch()

    assert same(it.trained(), it.module)


def test_batch_normalisation_has_the_statistics_of_the_mean_weights() -> None:
    X, _ = classes()
    it = trainer(perceptron(batch_norm=True), epochs=8, average_weights=True, batch_size=90)
    train(it)

    trained = it.trained()

    inputs = trained[0](torch.from_numpy(X))
    torch.testing.assert_close(trained[1].running_mean, inputs.mean(dim=0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(trained[1].running_var, inputs.var(dim=0), rtol=1e-4, atol=1e-5)


def test_who_does_not_average_never_begins() -> None:
    assert Averaging(TrainingSettings(epochs=8)).begins_after == 8
    assert Averaging(TrainingSettings(epochs=8, average_weights=True)).begins_after == 6
    assert Averaging(TrainingSettings(epochs=1, average_weights=True)).begins_after == 0
