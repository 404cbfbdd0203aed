import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from search_spaces.parameters import Categorical, Float, Integer, Parameter
from tests.search_spaces.generators import floats, integers, parameters, seeds

ADAPTER: TypeAdapter[Parameter] = TypeAdapter(Parameter)
ranges = st.one_of(floats(), integers())


@given(parameters, seeds)
def test_a_drawn_value_is_always_allowed_and_plain_json(parameter, seed):
    value = parameter.sample(np.random.default_rng(seed))

    parameter.check(value)
    assert json.loads(json.dumps(value)) == value


@given(parameters, seeds)
def test_the_same_seed_draws_the_same_value(parameter, seed):
    first, second = (parameter.sample(np.random.default_rng(seed)) for _ in range(2))

    assert first == second
    assert type(first) is type(second)


@given(parameters)
def test_json_gives_the_same_parameter_back(parameter):
    restored = ADAPTER.validate_json(ADAPTER.dump_json(parameter))

    assert restored == parameter
    assert repr(restored) == repr(parameter)  # 1, 1.0 and True are equal, and not the same


@given(ranges, st.integers(1, 12))
def test_grid_values_are_allowed_ascending_and_no_more_than_asked(parameter, points):
    grid = parameter.grid(points)

    for value in grid:
        parameter.check(value)
    assert grid == sorted(set(grid))
    assert 1 <= len(grid) <= points


@given(ranges, st.integers(2, 12))
def test_a_grid_reaches_both_ends(parameter, points):
    grid = parameter.grid(points)

    assert grid[0] == parameter.low
    assert grid[-1] == parameter.high


@given(parameters, seeds, st.floats(0.01, 1))
def test_the_neighbourhood_holds_its_centre_and_stays_inside(parameter, seed, share):
    rng = np.random.default_rng(seed)
    centre = parameter.sample(rng)

    near = parameter.around(centre, share=share)

    near.check(centre)
    for _ in range(5):
        parameter.check(near.sample(rng))


@given(floats(), seeds, st.floats(0.01, 1))
def test_the_neighbourhood_is_no_wider_than_its_share(parameter, seed, share):
    def on_scale(value):
        return math.log(value) if parameter.log else value

    near = parameter.around(parameter.sample(np.random.default_rng(seed)), share=share)

    width = on_scale(near.high) - on_scale(near.low)
    slack = parameter.step or 1e-9 * (1 + abs(on_scale(parameter.high)) + abs(on_scale(near.low)))
    assert width <= share * (on_scale(parameter.high) - on_scale(parameter.low)) + slack


@given(parameters, st.one_of(st.floats(), st.integers(-200, 200), st.text("ab"), st.none()))
def test_the_nearest_value_is_always_allowed(parameter, value):
    parameter.check(parameter.nearest(value))


@given(parameters, seeds)
def test_an_allowed_value_is_its_own_nearest(parameter, seed):
    value = parameter.sample(np.random.default_rng(seed))

    assert parameter.nearest(value) == value


def test_a_log_grid_is_evenly_spaced_in_the_logarithm_with_readable_numbers():
    grid = Float(low=1e-4, high=1e4, log=True).grid(9)

    assert grid == [0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0]


def test_a_linear_grid_is_evenly_spaced():
    assert Float(low=0, high=1).grid(5) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert Integer(low=0, high=100, step=10).grid(3) == [0, 50, 100]


def test_a_grid_of_one_point_is_the_middle_of_the_scale():
    assert Float(low=0.01, high=100, log=True).grid(1) == [1.0]
    assert Integer(low=1, high=9).grid(1) == [5]


def test_a_grid_of_whole_numbers_has_no_duplicates():
    assert Integer(low=1, high=3).grid(10) == [1, 2, 3]


def test_steps_are_decimal_steps():
    assert Float(low=0.1, high=0.5, step=0.1).grid(5) == [0.1, 0.2, 0.3, 0.4, 0.5]


def test_a_categorical_grid_has_all_choices():
    assert Categorical(choices=("a", "b", "c")).grid(1) == ["a", "b", "c"]


def test_half_of_log_draws_lie_below_the_geometric_mean():
    parameter, rng = Float(low=1e-4, high=1e4, log=True), np.random.default_rng(0)

    below = sum(parameter.sample(rng) < 1 for _ in range(2000))

    assert abs(below - 1000) < 4 * math.sqrt(500)  # four standard deviations of a fair coin


def test_log_integers_have_the_probabilities_of_rounded_log_draws():
    parameter, rng = Integer(low=1, high=4, log=True), np.random.default_rng(0)

    counts = np.bincount([parameter.sample(rng) for _ in range(4000)], minlength=5)[1:]

    edges = np.log([0.5, 1.5, 2.5, 3.5, 4.5])
    expected = np.diff(edges) / (edges[-1] - edges[0]) * 4000
    assert np.all(np.abs(counts - expected) < 4 * np.sqrt(expected))


def test_every_step_is_drawn_about_equally_often():
    parameter, rng = Integer(low=10, high=40, step=10), np.random.default_rng(0)

    counts = np.bincount([parameter.sample(rng) // 10 for _ in range(4000)])[1:]

    assert np.all(np.abs(counts - 1000) < 4 * math.sqrt(750))


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        (Float(low=1e-4, high=1e4), -1, "must be between 0.0001 and 10000, got -1"),
        (Float(low=0, high=1), "0.5", "must be a number between 0 and 1, got '0.5'"),
        (Float(low=0, high=1), float("nan"), "must be a number between 0 and 1, got nan"),
        (Float(low=0, high=1), True, "must be a number between 0 and 1, got True"),
        (Integer(low=1, high=20), 2.5, "must be a whole number between 1 and 20, got 2.5"),
        (Integer(low=1, high=20), np.int64(21), "must be between 1 and 20, got 21"),
        (
            Integer(low=100, high=500, step=50),
            120,
            "must be 100 plus a multiple of 50, at most 500, got 120",
        ),
        (Categorical(choices=("l1", "l2")), "l3", "must be one of 'l1', 'l2', got 'l3'"),
        (Categorical(choices=(1, 2)), True, "must be one of 1, 2, got True"),
        (Categorical(choices=("mean",)), "median", "must be 'mean', got 'median'"),
    ],
)
def test_a_refused_value_is_told_what_is_allowed(parameter, value, message):
    with pytest.raises(ValueError, match="must be") as error:
        parameter.check(value)

    assert str(error.value) == message


def test_a_choice_of_one_is_not_true_but_is_one_point_zero():
    assert Categorical(choices=(1, True)).choices == (1, True)
    Categorical(choices=(1,)).check(1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Float(low=2, high=1), "low 2 is above high 1"),
        (lambda: Float(low=0, high=1, log=True), "a log scale needs low above 0, got 0"),
        (lambda: Float(low=1, high=2, log=True, step=0.1), "a log scale has no step"),
        (lambda: Integer(low=1, high=9, log=True, step=2), "a log scale has no step"),
        (lambda: Float(low=0, high=1, step=0.3), "in steps of 0.3; 0.9 can"),
        (lambda: Float(low=0, high=1, step=1e-300), "step 1e-300 is too small"),
        (lambda: Float(low=-1.7e308, high=1.7e308), "is too wide to draw from"),
        (lambda: Float(low=0, high=float("inf")), "finite"),
        (lambda: Integer(low=0, high=2**60), "less than or equal to"),
        (lambda: Integer(low=0, high=3, step=0), "greater than or equal to 1"),
        (lambda: Categorical(choices=()), "at least 1 item"),
        (lambda: Categorical(choices=("a", "a")), "'a' is there twice"),
        (lambda: Categorical(choices=(1, 1.0)), "1 is there twice"),
        (lambda: Categorical(choices=(float("nan"),)), "finite"),
        (lambda: Categorical(choices=([1],)), "valid"),
        (lambda: Float(low=0, high=1, log_scale=True), "Extra inputs are not permitted"),
    ],
)
def test_an_impossible_parameter_is_refused_when_it_is_made(make, message):
    with pytest.raises(ValidationError, match=message):
        make()


def test_numpy_choices_become_plain_ones():
    choices = Categorical(choices=(np.int64(3), np.float64(0.5), np.bool_(True))).choices

    assert [type(choice) for choice in choices] == [int, float, bool]


def test_parameters_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Float(low=0, high=1).low = 0.5


@pytest.mark.parametrize("parameter", [Float(low=0, high=1), Categorical(choices=("a",))])
def test_a_share_or_a_number_of_points_that_makes_no_sense_is_refused(parameter):
    value = parameter.grid(1)[0]

    with pytest.raises(ValueError, match="share must be above 0 and at most 1, got 0"):
        parameter.around(value, share=0)
    with pytest.raises(ValueError, match="at least 1 point, got 0"):
        parameter.grid(0)


@pytest.mark.parametrize("parameter", [Float(low=0, high=1), Categorical(choices=("a",))])
def test_the_neighbourhood_of_a_forbidden_value_is_refused(parameter):
    with pytest.raises(ValueError, match="must be"):
        parameter.around(7, share=0.5)


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        (Float(low=1e-4, high=1e4, log=True), "0.0001 to 10000, log"),
        (Float(low=0, high=1, step=0.1), "0 to 1 in steps of 0.1"),
        (Float(low=0, high=3, step=1), "0 to 3 in steps of 1"),
        (Integer(low=1, high=20), "1 to 20"),
        (Categorical(choices=("l1", 2, 0.5, True, None)), "l1, 2, 0.5, True, None"),
    ],
)
def test_a_parameter_describes_itself(parameter, words):
    assert parameter.describe() == words
