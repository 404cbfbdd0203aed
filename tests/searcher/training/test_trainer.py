"""A training: what it learns, what it repeats, what it leaves alone."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from search_spaces.networks import Network, TrainingSettings
from searcher.errors import TrialError
from searcher.training import Trainer
from tests.searcher.training.networks import (
    N_CLASSES,
    N_FEATURES,
    Values,
    classes,
    perceptron,
    same,
    seeded,
    train,
    trainer,
    values,
)

OPTIMIZERS = ["adamw", "adam", "sgd", "rmsprop"]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns_classes(optimizer: str) -> None:
    X, y = classes()
    it = trainer(optimizer=optimizer, learning_rate=0.01, batch_size=16, epochs=15)

    losses = train(it)

    assert losses[-1] < losses[0] / 2
    assert (it.predict(X) == y).mean() > 0.85


@pytest.mark.parametrize("loss", ["mse", "l1", "huber"])
def test_values_are_learnt_standardised_and_answered_as_they_were(loss: str) -> None:
    X, y = values()
    settings = TrainingSettings(loss=loss, learning_rate=0.03, batch_size=16, epochs=30)
    it = Trainer(Network(seeded(Values), settings), X, y, n_classes=0, seed=1)

    first, *_, last = train(it)

    assert 0.2 < first < 2.0  # of a standardised target
    assert last < first / 3
    assert np.corrcoef(it.predict(X), y)[0, 1] > 0.95
    assert np.abs(it.predict(X) - y).mean() < 0.3 * y.std()
    with pytest.raises(TrialError, match="no class probabilities"):
        it.predict_proba(X)


def test_a_target_of_one_value_is_answered_by_it() -> None:
    X, _ = values()
    network = Network(seeded(Values), TrainingSettings(loss="mse", epochs=40, learning_rate=0.01))
    it = Trainer(network, X, np.full(len(X), 7.5), n_classes=0, seed=1)

    train(it)

    assert it.predict(X) == pytest.approx(7.5, abs=0.2)


def test_an_epoch_is_told_as_it_was() -> None:
    it = trainer(batch_size=16, epochs=3)

    results = [it.train_epoch() for _ in range(3)]

    assert [(result.epoch, result.steps, result.rows) for result in results] == [
        (1, 6, 90),
        (2, 6, 90),
        (3, 6, 90),
    ]
    assert all(result.seconds > 0 and result.held_out_loss is None for result in results)
    assert it.done
    with pytest.raises(TrialError, match="training ended after 3 of 3 epochs"):
        it.train_epoch()


def test_the_loss_of_an_epoch_of_one_step_is_the_loss_at_its_beginning() -> None:
    X, y = classes()
    module = perceptron()
    it = trainer(module, batch_size=90, epochs=1, label_smoothing=0.1)
    wanted = nn.functional.cross_entropy(
        module(torch.from_numpy(X)), torch.from_numpy(y), label_smoothing=0.1
    )

    assert it.train_epoch().loss == pytest.approx(wanted.item(), rel=1e-6)


def test_balanced_classes_weigh_as_scikit_learn_says() -> None:
    from sklearn.utils.class_weight import compute_sample_weight

    X, y = classes()
    module = perceptron()
    it = trainer(module, batch_size=90, epochs=1, class_weight="balanced")
    losses = nn.functional.cross_entropy(
        module(torch.from_numpy(X)), torch.from_numpy(y), reduction="none"
    )
    weight = compute_sample_weight("balanced", y)

    wanted = np.average(losses.detach().numpy(), weights=weight)
    assert it.train_epoch().loss == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("settings", [{}, {"class_weight": "balanced", "mixup": 0.0}])
def test_accumulated_batches_make_the_step_of_one_large_batch(settings: dict[str, object]) -> None:
    given = {"optimizer": "sgd", "learning_rate": 0.1, "epochs": 3, **settings}
    one = trainer(**given, batch_size=45)
    other = trainer(**given, batch_size=12, accumulate=4)

    assert train(one) == pytest.approx(train(other), rel=1e-5)
    for found, wanted in zip(one.module.parameters(), other.module.parameters(), strict=True):
        torch.testing.assert_close(found, wanted)


def test_clipping_bounds_a_step() -> None:
    before = perceptron()
    given = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "schedule": "constant"}
    it = trainer(before, **given, learning_rate=1.0, clip_norm=0.01, batch_size=90, epochs=1)

    it.train_epoch()

    changes = zip(it.module.parameters(), before.parameters(), strict=True)
    moved = torch.cat([(new - old).flatten() for new, old in changes])
    assert moved.norm().item() == pytest.approx(0.01, rel=1e-4)


def test_the_same_training_gives_the_same_bits_whatever_else_draws() -> None:
    given = {"epochs": 4, "batch_size": 16, "mixup": 0.3}
    one, other = (trainer(perceptron(dropout=0.3), **given) for _ in range(2))

    losses = train(one)
    torch.rand(17)

    assert train(other) == losses
    assert same(one.module, other.module)
    assert losses != train(trainer(perceptron(dropout=0.3), seed=2, **given))


def test_two_trainings_side_by_side_do_not_disturb_each_other() -> None:
    given = {"epochs": 3, "batch_size": 16}
    alone = trainer(perceptron(dropout=0.3), **given)
    one = trainer(perceptron(dropout=0.3), **given)
    other = trainer(perceptron(dropout=0.3), seed=9, **given)
    train(alone)

    while not one.done:
        one.train_epoch()
        other.train_epoch()

    assert same(one.module, alone.module)


def test_global_random_states_stay_as_they_are() -> None:
    torch.manual_seed(5)
    np.random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()

    train(trainer(perceptron(dropout=0.5), epochs=2, mixup=0.2))

    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


def test_the_network_that_is_given_stays_untrained() -> None:
    module = perceptron(batch_norm=True)
    before = copy.deepcopy(module)

    train(trainer(module, epochs=2))

    assert same(module, before)


def test_rows_that_cannot_be_written_to_are_taken() -> None:
    X, y = classes()
    X.setflags(write=False)
    y.setflags(write=False)

    it = Trainer(
        Network(perceptron(), TrainingSettings(epochs=1)), X, y, n_classes=N_CLASSES, seed=1
    )

    assert it.train_epoch().rows == len(y)


def test_a_remnant_of_one_row_does_not_break_batch_normalisation() -> None:
    X, y = classes(33)
    settings = TrainingSettings(epochs=1, batch_size=32)
    it = Trainer(Network(perceptron(batch_norm=True), settings), X, y, n_classes=N_CLASSES, seed=1)

    assert it.train_epoch().steps == 2


def test_training_that_diverges_says_so() -> None:
    it = trainer(
        nn.Linear(N_FEATURES, N_CLASSES), optimizer="sgd", learning_rate=1e38, clip_norm=0.0
    )

    with pytest.raises(TrialError, match="diverged: the loss of epoch"):
        train(it)


def test_weights_that_are_no_numbers_after_the_last_step_are_no_model() -> None:
    module = nn.Linear(N_FEATURES, N_CLASSES)
    it = trainer(
        module, optimizer="sgd", learning_rate=1e38, weight_decay=1e3, epochs=1, batch_size=90
    )

    with pytest.raises(TrialError, match="diverged: weights are infinite or NaN after epoch 1"):
        it.train_epoch()


def test_class_codes_that_the_network_does_not_know_are_refused() -> None:
    X, y = classes()

    with pytest.raises(TrialError, match="go from 0 to 2; a network of 2 outputs knows 0 to 1"):
        Trainer(Network(perceptron(), TrainingSettings()), X, y, n_classes=2, seed=1)


def test_probabilities_are_those_of_the_outputs_and_sum_to_one() -> None:
    X, _ = classes()
    it = trainer(perceptron(dropout=0.4, batch_norm=True), epochs=2)
    train(it)

    found = it.predict_proba(X)

    wanted = it.trained()(torch.from_numpy(X)).softmax(dim=1).detach().numpy()
    assert found == pytest.approx(wanted, abs=1e-6)
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-14
    assert np.array_equal(found.argmax(axis=1), it.predict(X))


class Centred(nn.Module):
    """Learns the mean of the training rows before anything else."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(N_FEATURES))
        self.linear = nn.Linear(N_FEATURES, N_CLASSES)

    def adapt(self, X: np.ndarray) -> None:
        self.mean = torch.as_tensor(X).mean(dim=0)

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        return self.linear(X - self.mean)


def test_a_module_adapts_to_the_rows_that_train_it_and_to_no_others() -> None:
    X, _ = classes()
    module = seeded(Centred)

    whole, part = trainer(module, epochs=1), trainer(module, epochs=1, patience=1)

    assert whole.trained().mean.numpy() == pytest.approx(X.mean(axis=0), abs=1e-6)
    assert not torch.equal(part.trained().mean, whole.trained().mean)
    assert not module.mean.any()


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_mixed_precision_learns_and_answers_in_float32(precision: str) -> None:
    X, y = classes()
    it = trainer(precision=precision, learning_rate=0.01, batch_size=16, epochs=15)

    losses = train(it)

    assert losses[-1] < losses[0] / 2
    assert (it.predict(X) == y).mean() > 0.85
    assert {tensor.dtype for tensor in it.trained().state_dict().values()} == {torch.float32}
    assert losses != train(trainer(learning_rate=0.01, batch_size=16, epochs=15))
