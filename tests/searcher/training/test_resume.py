"""A training that is saved and loaded between two epochs is the one that goes on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from search_spaces.columns import Shape
from search_spaces.networks import Network, TrainingSettings
from searcher.errors import StoreError
from searcher.training import Trainer, read_state, save_state
from tests.searcher.training.networks import (
    N_CLASSES,
    Values,
    perceptron,
    same,
    seeded,
    train,
    trainer,
    values,
)

EPOCHS = 6
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "momentum": {"optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.95},
    "rmsprop": {"optimizer": "rmsprop", "momentum": 0.5, "schedule": "step"},
    "adam": {"optimizer": "adam", "schedule": "one_cycle", "clip_norm": 0.1},
    "warmup": {"schedule": "cosine", "warmup": 0.4, "accumulate": 3},
    "plateau": {"schedule": "plateau", "learning_rate": 0.3},
    "mixup": {"mixup": 0.4, "class_weight": "balanced"},
    "averaging": {"average_weights": True, "epochs": 8},
    "stopping": {"patience": 2, "learning_rate": 0.1, "schedule": "plateau"},
    "focal": {"loss": "focal", "focal_gamma": 1.5},
    "bfloat16": {"precision": "bfloat16"},
    "float16": {"precision": "float16"},
    "everything": {
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "schedule": "plateau",
        "warmup": 0.1,
        "mixup": 0.2,
        "average_weights": True,
        "patience": 3,
        "accumulate": 2,
        "epochs": 8,
    },
}


def fresh(settings: dict[str, Any]) -> Trainer:
    module = perceptron(dropout=0.2, batch_norm=True)
    return trainer(module, **{"epochs": EPOCHS, "batch_size": 16, **settings})


def boundaries(whole: Trainer) -> list[tuple[dict[str, Any], float]]:
    """The state before each epoch, with the epoch's loss."""
    found = []
    while not whole.done:
        state = whole.state()
        found.append((state, whole.train_epoch().loss))
    return found


@pytest.mark.parametrize("name", SETTINGS)
def test_a_training_loaded_at_any_epoch_goes_on_bit_by_bit(name: str, tmp_path: Path) -> None:
    whole = fresh(SETTINGS[name])
    states = boundaries(whole)
    losses = [loss for _, loss in states]

    for epoch, (state, _) in enumerate(states):
        again = fresh(SETTINGS[name])
        again.load_state(read_state(save_state(state, tmp_path / "state.pt").path))
        assert again.epoch == epoch
        assert train(again) == losses[epoch:]
        assert same(again.module, whole.module)
        assert same(again.trained(), whole.trained())
    assert len(states) > 2


def test_images_that_are_moved_are_moved_the_same_way_again() -> None:
    def picture_trainer() -> Trainer:
        module = seeded(lambda: nn.Sequential(nn.Unflatten(1, (1, 5, 4)), nn.Conv2d(1, 3, 3)))
        module.add_module("head", nn.Sequential(nn.Flatten(), nn.Linear(18, N_CLASSES)))
        module.shape = Shape("image", (1, 5, 4))
        rng = np.random.default_rng(0)
        X, y = rng.random((40, 20), dtype=np.float32), rng.integers(0, N_CLASSES, 40)
        settings = TrainingSettings(epochs=4, batch_size=8, augment="crop", mixup=0.2)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            module.head[1].reset_parameters()
        return Trainer(Network(module, settings), X, y, n_classes=N_CLASSES, seed=1)

    whole, again = picture_trainer(), picture_trainer()
    states = boundaries(whole)

    again.load_state(states[2][0])

    assert train(again) == [loss for _, loss in states[2:]]
    assert same(again.module, whole.module)


def test_values_go_on_bit_by_bit() -> None:
    X, y = values()
    network = Network(seeded(Values), TrainingSettings(loss="huber", epochs=4, batch_size=16))
    whole, again = (Trainer(network, X, y, n_classes=0, seed=1) for _ in range(2))
    states = boundaries(whole)

    again.load_state(states[1][0])
    train(again)

    assert np.array_equal(again.predict(X), whole.predict(X))


def test_a_state_is_a_copy_that_training_leaves_alone() -> None:
    one, other, third = (fresh(SETTINGS["everything"]) for _ in range(3))
    for _ in range(7):
        one.train_epoch()
    state = one.state()

    for it in (one, other, third):  # each goes on from the same state
        it.load_state(state)
        train(it)

    assert same(one.module, third.module)
    assert same(other.trained(), third.trained())
    assert state["epoch"] == 7


def test_a_state_goes_on_under_the_settings_of_the_trainer_that_loads_it() -> None:
    one = fresh({"optimizer": "sgd", "learning_rate": 0.1})
    one.train_epoch()
    same_rate = fresh({"optimizer": "sgd", "learning_rate": 0.1})
    slow = fresh({"optimizer": "sgd", "learning_rate": 1e-7, "weight_decay": 0.0})
    other_kind = fresh({"optimizer": "adamw", "learning_rate": 0.01})
    before = one.state()["learner"]["module"]["4.weight"]

    for it in (same_rate, slow, other_kind):
        it.load_state(one.state())
        it.train_epoch()

    moved = {
        name: (it.module.state_dict()["4.weight"] - before).abs().max().item()
        for name, it in {"same": same_rate, "slow": slow, "other": other_kind}.items()
    }
    assert moved["same"] > 1e-2
    assert moved["slow"] < 1e-6
    assert moved["other"] > 1e-3


def test_the_state_of_another_network_is_refused() -> None:
    wide = trainer(nn.Linear(6, N_CLASSES))

    with pytest.raises(StoreError, match="not of this network"):
        wide.load_state(fresh({}).state())
    with pytest.raises(StoreError, match="format 1, not None"):
        wide.load_state({"epoch": 3})
