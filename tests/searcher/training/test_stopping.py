"""Early stopping on rows held out."""

import math

import numpy as np
import pytest
from torch import nn

from search_spaces.networks import Network, TrainingSettings
from searcher.training import Trainer
from searcher.training.stopping import Stopping
from tests.searcher.training.networks import N_CLASSES, N_FEATURES, classes, same, train, trainer


def after(losses: list[float], *, patience: int) -> Stopping:
    stopping = Stopping(patience)
    for loss in losses:
        stopping.see(loss, nn.Linear(1, 1))
    return stopping


@pytest.mark.parametrize(
    ("losses", "stopped"),
    [
        ([3.0, 2.0, 1.0], False),
        ([1.0, 2.0], False),
        ([1.0, 2.0, 1.5], True),
        ([1.0, 2.0, 0.9, 1.0], False),
        ([1.0, 1.0, 1.0], True),
        ([1.0, math.nan, math.nan], True),
    ],
)
def test_training_stops_after_two_epochs_without_a_better_loss(
    losses: list[float], stopped: bool
) -> None:
    assert after(losses, patience=2).has_stopped is stopped


def test_without_patience_nothing_stops() -> None:
    assert not after([1.0, 2.0, 3.0, 4.0], patience=0).has_stopped


def test_what_answers_is_the_best_epoch_and_not_the_last() -> None:
    it = trainer(patience=3, learning_rate=0.3, optimizer="rmsprop", epochs=60, batch_size=16)
    best, losses = None, []
    while not it.done:
        result = it.train_epoch()
        assert result.held_out_loss is not None
        assert result.rows == 81
        if result.held_out_loss < min(losses, default=math.inf):
            best = it.state()["learner"]["module"]
        losses.append(result.held_out_loss)

    assert it.epoch == len(losses) < 60
    assert int(np.argmin(losses)) == len(losses) - 4
    assert best is not None
    trained = it.trained().state_dict()
    assert all(np.array_equal(trained[name], best[name]) for name in best)
    assert not same(it.trained(), it.module)


def test_what_is_averaged_is_not_stopped() -> None:
    it = trainer(patience=3, epochs=8, average_weights=True, learning_rate=0.01)

    results = [it.train_epoch() for _ in range(8)]

    assert [result.held_out_loss is None for result in results] == [False] * 6 + [True] * 2


def test_too_few_rows_to_hold_one_out_train_to_the_end() -> None:
    X, y = classes(5)
    settings = TrainingSettings(patience=1, epochs=4)
    network = Network(nn.Linear(N_FEATURES, N_CLASSES), settings)
    it = Trainer(network, X, y, n_classes=N_CLASSES, seed=1)

    assert len(train(it)) == 4
