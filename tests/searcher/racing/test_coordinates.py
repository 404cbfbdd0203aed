"""Configurations lie where their values are on the scales of their parameters."""

import numpy as np
import pytest

from search_spaces.parameters import Categorical, Float, Integer
from search_spaces.space import Condition, Space
from searcher.racing.coordinates import APART, coordinates, squared_distances

SPACE = Space(
    parameters={
        "rate": Float(low=0.01, high=1.0, log=True),
        "depth": Integer(low=1, high=5),
        "kind": Categorical(choices=("a", "b", None)),
        "fixed": Categorical(choices=("only",)),
    }
)


def distances(space, *configurations):
    places = coordinates(space, configurations)
    return squared_distances(places, places)


def configuration(rate=0.01, depth=1, kind="a"):
    return {"rate": rate, "depth": depth, "kind": kind, "fixed": "only"}


def test_opposite_corners_are_one_apart() -> None:
    found = distances(SPACE, configuration(), configuration(1.0, 5, None))

    assert found == pytest.approx(np.array([[0, 1], [1, 0]]))


def test_a_logarithmic_scale_is_halved_at_its_middle() -> None:
    low, middle = configuration(), configuration(rate=0.1)

    assert distances(SPACE, low, middle)[0, 1] == pytest.approx(0.25 / 3)


def test_all_choices_are_equally_far_from_each_other() -> None:
    found = distances(SPACE, *(configuration(kind=kind) for kind in ("a", "b", None)))

    assert found[np.triu_indices(3, 1)] == pytest.approx(1 / 3)


def test_what_does_not_apply_lies_in_the_middle() -> None:
    space = Space(
        parameters={"kind": Categorical(choices=("a", "b")), "rate": Float(low=0, high=1)},
        conditions={"rate": (Condition(parameter="kind", values=("a",)),)},
    )

    found = distances(space, {"kind": "b"}, {"kind": "a", "rate": 0.5}, {"kind": "a", "rate": 0.0})

    assert found[0, 1] == pytest.approx(1 / 2)
    assert found[0, 2] == pytest.approx((1 + 0.25) / 2)


def test_a_space_of_fixed_values_has_one_place() -> None:
    space = Space(parameters={"fixed": Categorical(choices=(1,))})

    assert (distances(space, {"fixed": 1}, {"fixed": 1}) == 0).all()


def test_unknown_places_are_far_from_everything() -> None:
    places = np.array([[0.0], [np.nan]])

    assert squared_distances(places, places)[0, 1] == APART
