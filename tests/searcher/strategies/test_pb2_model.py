"""The model of gains is the Gaussian process that it says, and forgets."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from search_spaces.parameters import Float, Integer
from searcher.strategies.pb2_model import NOISES, GainModel, to_unit, to_value

RNG = np.random.default_rng(5)
INPUTS = RNG.random((30, 3))
NOBODY = np.empty((0, 3))


def bell(inputs: Any) -> Any:
    """Largest where the second number is 0.7."""
    return -((inputs[:, 2] - 0.7) ** 2)


def line(places: Any) -> Any:
    """Inputs that differ in the last number alone."""
    return np.column_stack([np.full((len(places), 2), 0.5), places])


def model(times: Any = None, gains: Any = None) -> GainModel:
    times = np.ones(len(INPUTS)) if times is None else times
    return GainModel(times, INPUTS, bell(INPUTS) if gains is None else gains)


def test_bounds_are_those_of_scikit_learns_process_with_the_same_kernel() -> None:
    made = model()
    low, width = INPUTS[:, 0].min(), np.ptp(INPUTS[:, 0])
    scaled = INPUTS - [low, 0, 0]
    scaled[:, 0] /= width
    gains = bell(INPUTS)
    gains = np.clip((gains - gains.mean()) / gains.std(), -2, 2)
    share = 1 - made.noise
    theirs = GaussianProcessRegressor(
        RBF(made.length), alpha=made.noise / share, optimizer=None
    ).fit(scaled, gains)
    asked = line(np.linspace(0, 1, 7))
    there = asked - [low, 0, 0]
    there[:, 0] /= width

    found = made.upper_bounds(1.0, asked, NOBODY)

    mean, deviation = theirs.predict(there, return_std=True)
    beta = 0.2 + np.log(0.4 * 30)
    assert found == pytest.approx(mean + np.sqrt(beta) * share * deviation**2, rel=1e-6)


def test_the_settings_are_those_under_which_the_gains_are_most_likely() -> None:
    noise = np.random.default_rng(0).normal(size=30)

    assert model().noise == min(NOISES)
    assert model().length > 0.2
    assert model(gains=noise).noise == max(NOISES)


def test_the_most_promising_point_is_near_the_best() -> None:
    places = np.linspace(0, 1, 101)

    bounds = model().upper_bounds(1.0, line(places), NOBODY)

    assert places[np.argmax(bounds)] == pytest.approx(0.7, abs=0.1)


def test_gains_of_long_ago_count_less() -> None:
    generations = np.repeat([1.0, 21.0], 15)
    signs = np.where(generations == 1, -1.0, 1.0)
    made = model(generations, signs * bell(INPUTS))

    bad, good = (made.upper_bounds(t, line([0.1, 0.7]), NOBODY) for t in (1.0, 21.0))

    assert made.forgetting > 0.01
    assert bad[0] > bad[1]
    assert good[0] < good[1]


def test_a_point_that_is_being_tried_promises_less_to_others_nearby() -> None:
    made = model()
    places = line(np.linspace(0, 1, 11))

    alone, beside = (made.upper_bounds(1.0, places, tried) for tried in (NOBODY, places[3:4]))

    assert (beside <= alone + 1e-9).all()
    assert (alone - beside)[3] > (alone - beside)[[0, 7, 10]].max()


@pytest.mark.parametrize("gains", [np.zeros(30), np.full(30, 0.3)])
def test_equal_gains_make_a_model_that_promises_most_where_nothing_was_tried(gains: Any) -> None:
    bounds = model(gains=gains).upper_bounds(1.0, INPUTS[:3], NOBODY)
    far = model(gains=gains).upper_bounds(1.0, np.array([[0.5, 3.0, 3.0]]), NOBODY)

    assert np.isfinite(bounds).all()
    assert far > bounds.max()


def test_equal_scores_before_and_points_tried_twice_do_no_harm() -> None:
    twice = np.repeat(line(np.linspace(0, 1, 4)), 3, axis=0)

    bounds = GainModel(np.ones(12), twice, bell(twice)).upper_bounds(1.0, twice, twice)

    assert np.isfinite(bounds).all()


@given(place=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_a_place_on_a_scale_is_that_of_its_value(place: float) -> None:
    for parameter in (Float(low=-2.0, high=3.0), Float(low=1e-5, high=10.0, log=True)):
        assert to_unit(parameter, to_value(parameter, place)) == pytest.approx(place, abs=1e-9)
    whole = Integer(low=1, high=64, log=True)
    value = to_value(whole, place)
    assert isinstance(value, int)
    assert to_value(whole, to_unit(whole, value)) == value


def test_the_ends_of_a_scale_are_those_of_the_range() -> None:
    rate = Float(low=1e-4, high=1.0, log=True)

    assert [to_unit(rate, v) for v in (1e-4, 1e-2, 1.0)] == pytest.approx([0, 0.5, 1])
    assert [to_value(rate, p) for p in (0.0, 1.0)] == pytest.approx([1e-4, 1.0])
    assert to_unit(Float(low=0.5, high=0.5), 0.5) == 0
