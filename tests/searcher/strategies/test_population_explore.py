"""A configuration explored in training stays in the space, and changes only where it may."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.parameters import Categorical, Float, Integer, Parameter
from search_spaces.space import Condition, Space, join_family
from searcher.strategies.population_explore import explore, perturb

NETWORK = Space(
    parameters={
        "width": Integer(low=8, high=512, log=True),
        "rate": Float(low=1e-4, high=1.0, log=True),
        "batch": Categorical(choices=(16, 32, 64, 128)),
        "dropout": Float(low=0.0, high=0.8),
        "optimizer": Categorical(choices=("adam", "sgd")),
        "momentum": Float(low=0.5, high=0.99),
        "nesterov": Categorical(choices=(True, False)),
    },
    conditions={
        "momentum": (Condition(parameter="optimizer", values=("sgd",)),),
        "nesterov": (Condition(parameter="optimizer", values=("sgd",)),),
    },
)
SPACE = Space.join({"network": NETWORK})
START = join_family(
    "network", {"width": 64, "rate": 0.01, "batch": 32, "dropout": 0.1, "optimizer": "adam"}
)
ALL = frozenset(SPACE.parameters) - {"family", "network.width"}


def explored(seed: int, **changes: Any) -> dict[str, Any]:
    usual = {"mutable": ALL, "resample_probability": 0.25, "configuration": START}
    return explore(SPACE, **(usual | changes), rng=np.random.default_rng(seed))


def steps(parameter: Parameter, value: Any) -> Counter[Any]:
    return Counter(perturb(parameter, value, np.random.default_rng(seed)) for seed in range(100))


@given(seed=st.integers(0, 10**6), probability=st.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_what_is_explored_is_another_configuration_of_the_space(
    seed: int, probability: float
) -> None:
    found = explored(seed, resample_probability=probability)
    again = explored(seed + 1, resample_probability=probability, configuration=found)

    for configuration in (found, again):
        SPACE.validate_configuration(configuration)
        assert configuration["network.width"] == 64
    assert found != START
    assert again != found


def test_only_what_may_change_does() -> None:
    changed = {
        name
        for seed in range(50)
        for name, value in explored(seed, mutable={"network.rate"}).items()
        if value != START[name]
    }

    assert changed == {"network.rate"}


def test_what_a_changed_choice_makes_applicable_is_drawn_and_what_it_excludes_goes() -> None:
    to_sgd = [explored(seed, mutable={"network.optimizer"}) for seed in range(20)]
    back = [
        explored(seed, mutable={"network.optimizer"}, configuration=to_sgd[seed])
        for seed in range(20)
    ]

    assert all(c["network.optimizer"] == "sgd" for c in to_sgd)
    assert len({c["network.momentum"] for c in to_sgd}) == 20
    assert all(c == START for c in back)


def test_a_configuration_that_can_not_change_comes_back() -> None:
    fixed = Space.join({"network": Space(parameters={"rate": Float(low=0.1, high=0.1)})})
    start = join_family("network", {"rate": 0.1})

    found = explore(
        fixed,
        start,
        mutable={"network.rate"},
        resample_probability=0.25,
        rng=np.random.default_rng(1),
    )

    assert found == start


@pytest.mark.parametrize("log", [False, True])
def test_a_number_is_multiplied_by_one_of_the_factors_on_any_scale(log: bool) -> None:
    found = steps(Float(low=1e-4, high=1.0, log=log), 0.01)

    assert sorted(found) == pytest.approx([0.008, 0.012])
    assert min(found.values()) > 30


def test_a_number_stays_in_its_range() -> None:
    assert sorted(steps(Float(low=0.0, high=0.8), 0.7)) == pytest.approx([0.56, 0.8])
    assert set(steps(Integer(low=4, high=10), 10)) == {8, 10}


@pytest.mark.parametrize(
    ("parameter", "value", "neighbours"),
    [
        (Integer(low=1, high=9), 2, {1, 3}),
        (Integer(low=1, high=64, log=True), 2, {1, 3}),
        (Integer(low=8, high=128, step=8), 16, {8, 24}),
        (Float(low=0.1, high=0.9, step=0.2), 0.3, {0.1, 0.5}),
    ],
)
def test_a_number_with_steps_moves_by_one_at_least(
    parameter: Parameter, value: Any, neighbours: set[Any]
) -> None:
    assert set(steps(parameter, value)) == neighbours


def test_zero_which_no_factor_moves_is_drawn_anew() -> None:
    assert len(steps(Float(low=0.0, high=0.8), 0.0)) == 100


def test_a_choice_gives_way_to_a_neighbour() -> None:
    assert set(steps(Categorical(choices=(16, 32, 64, 128)), 64)) == {32, 128}
    assert set(steps(Categorical(choices=(16, 32, 64, 128)), 128)) == {64, 128}


def test_parameters_are_drawn_anew_with_the_probability_asked_for() -> None:
    rates = [
        explored(seed, mutable={"network.rate"}, resample_probability=0.25)["network.rate"]
        for seed in range(400)
    ]

    near = [rate for rate in rates if any(np.isclose(rate, 0.01 * f) for f in (0.8, 1.2))]

    assert 270 < len(near) < 330
