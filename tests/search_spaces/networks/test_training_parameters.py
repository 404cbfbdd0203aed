import re
from dataclasses import asdict, fields

import numpy as np
import pytest

from search_spaces.columns import Profile
from search_spaces.networks import TrainingSettings
from search_spaces.networks.parameters import (
    ABOUT_CLASSES,
    BATCHES_AN_EPOCH,
    DEFAULT,
    TRAINING,
    training_settings,
    training_space,
    without_training,
)
from search_spaces.parameters import Categorical, Float

N_CLASSES = {"binary": 2, "multiclass": 5, "regression": 0}
FIXED = {name for name, one in TRAINING.items() if not one.is_searched}


def profile(task="binary", n_samples=10_000):
    return Profile(task, (), n_samples, N_CLASSES[task])


def test_every_setting_of_the_training_is_a_parameter():
    assert set(TRAINING) == {field.name for field in fields(TrainingSettings)}


@pytest.mark.parametrize("name", TRAINING)
def test_every_parameter_has_a_default_that_it_can_have_and_a_source(name):
    TRAINING[name].parameter.check(0.0 if name == "warmup" else DEFAULT[name])

    assert re.search(r"\b(19|20)\d\d\b", TRAINING[name].source)


@pytest.mark.parametrize("task", N_CLASSES)
def test_whatever_is_drawn_is_a_training(task):
    space, rng = training_space(profile(task), images=True), np.random.default_rng(0)

    for _ in range(50):
        drawn = space.sample(rng)
        assert asdict(training_settings(drawn, profile(task))).items() >= drawn.items()


@pytest.mark.parametrize("task", N_CLASSES)
def test_the_loss_is_for_the_task(task):
    loss = training_space(profile(task)).parameters["loss"]

    assert (set(loss.choices) == {"cross_entropy", "focal"}) is (task != "regression")
    assert training_settings({}, profile(task)).loss == loss.choices[0]


def test_a_loss_for_another_task_is_refused():
    with pytest.raises(ValueError, match="regression target is one of mse, huber, l1, not 'focal'"):
        training_settings({"loss": "focal"}, profile("regression"))


def test_values_have_no_parameters_of_classes():
    parameters = training_space(profile("regression")).parameters

    assert set(ABOUT_CLASSES).isdisjoint(parameters)


@pytest.mark.parametrize(
    ("name", "parent", "beside"),
    [
        ("momentum", "optimizer", {"sgd", "rmsprop"}),
        ("focal_gamma", "loss", {"focal"}),
        ("label_smoothing", "loss", {"cross_entropy"}),
        ("warmup", "schedule", {"cosine", "constant", "step", "plateau"}),
    ],
)
def test_a_parameter_applies_only_where_it_has_something_to_do(name, parent, beside):
    space, rng = training_space(profile()), np.random.default_rng(0)

    drawn = [space.sample(rng) for _ in range(200)]

    assert {one[parent] for one in drawn if name in one} == beside
    assert {one[parent] for one in drawn if name not in one}.isdisjoint(beside)


def test_what_rarely_matters_stays_at_its_default():
    space = training_space(profile(), default={"epochs": 12})

    fixed = {n: p.choices for n, p in space.parameters.items() if len(p.grid(2)) == 1}
    assert fixed == {n: (12 if n == "epochs" else DEFAULT[n],) for n in FIXED}


def test_a_spec_can_try_what_stays_at_its_default():
    space = training_space(profile())

    wider = space.override({"patience": {"type": "integer", "low": 3, "high": 9}})

    assert set(wider.parameters["patience"].grid(7)) == set(range(3, 10))


def test_a_family_can_try_more():
    assert isinstance(training_space(profile(), also=("warmup",)).parameters["warmup"], Float)


def test_a_family_that_fixes_a_choice_loses_what_hangs_on_the_others():
    space = training_space(profile(), optimizer=Categorical(choices=("adamw",)))

    assert "momentum" not in space.parameters


def test_only_images_are_moved():
    assert "augment" not in training_space(profile()).parameters
    assert "augment" in training_space(profile(), images=True).parameters


@pytest.mark.parametrize(("n_samples", "largest"), [(20, 16), (1_600, 100), (10**6, 512)])
def test_batches_are_no_larger_than_leaves_some_of_them(n_samples, largest):
    sizes = training_space(profile(n_samples=n_samples)).parameters["batch_size"]

    assert (sizes.low, sizes.high) == (16, largest)
    assert n_samples // sizes.high >= BATCHES_AN_EPOCH or sizes.high == sizes.low


def test_a_configuration_falls_into_structure_and_training():
    configuration = {"depth": 2, "learning_rate": 0.01, "epochs": 3}

    assert without_training(configuration) == {"depth": 2}
    assert training_settings(configuration, profile()) == TrainingSettings(
        learning_rate=0.01, epochs=3
    )
