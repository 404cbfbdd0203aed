import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from search_spaces.parameters import Categorical, Float, Integer
from search_spaces.space import Condition, Space, join_family, split_family
from tests.search_spaces.generators import seeds, spaces

PENALTY = Categorical(choices=("l1", "l2", "elasticnet"))
LINEAR = Space(
    parameters={
        "penalty": PENALTY,
        "C": Float(low=1e-4, high=1e4, log=True),
        "l1_ratio": Float(low=0, high=1),
    },
    conditions={"l1_ratio": (Condition(parameter="penalty", values=("elasticnet",)),)},
)
TREES = Space(parameters={"n": Integer(low=1, high=3)})
JOINT = Space.join({"linear": LINEAR, "trees": TREES})


def elastic(**changes):
    return {"penalty": "elasticnet", "C": 1.0, "l1_ratio": 0.5} | changes


@given(spaces(), seeds)
def test_a_drawn_configuration_is_always_valid_and_plain_json(space, seed):
    configuration = space.sample(np.random.default_rng(seed))

    space.validate_configuration(configuration)
    assert json.loads(json.dumps(configuration)) == configuration


@given(spaces(), seeds)
def test_a_walk_visits_parents_first_and_only_what_applies(space, seed):
    rng, visited = np.random.default_rng(seed), {}

    def choose(name, parameter):
        for condition in space.conditions.get(name, ()):
            assert condition.holds(visited)
        visited[name] = parameter.sample(rng)
        return visited[name]

    configuration = space.walk(choose)

    assert configuration == visited
    skipped = [name for name in space.parameters if name not in visited]
    assert not any(space.applies(name, visited) for name in skipped)


@given(spaces())
def test_json_gives_the_same_space_back(space):
    restored = Space.model_validate_json(space.model_dump_json())

    assert restored == space
    assert list(restored.parameters) == list(space.parameters)


@given(spaces(), st.integers(1, 3))
def test_the_grid_is_valid_free_of_duplicates_and_as_large_as_it_says(space, points):
    grid = list(itertools.islice(space.grid(points), 3000))

    if len(grid) < 3000:
        assert space.size(points) == len(grid)
    assert len({json.dumps(configuration) for configuration in grid}) == len(grid)
    for configuration in grid[:50]:
        space.validate_configuration(configuration)


@given(spaces(), st.integers(1, 3), st.data())
def test_any_place_of_the_grid_is_found_without_walking_there(space, points, data):
    place = data.draw(st.integers(0, min(space.size(points), 200) - 1))

    found = space.grid_at(points, place)

    assert found == next(itertools.islice(space.grid(points), place, None))


@given(spaces(), seeds, st.floats(0.05, 1))
def test_the_neighbourhood_holds_its_centre_and_stays_inside(space, seed, share):
    rng = np.random.default_rng(seed)
    centre = space.sample(rng)

    near = space.around(centre, share=share)

    near.validate_configuration(centre)
    for _ in range(3):
        space.validate_configuration(near.sample(rng))


@given(spaces(), spaces(), seeds)
def test_whatever_another_space_offers_has_a_nearest_configuration_here(space, other, seed):
    foreign = other.sample(np.random.default_rng(seed))

    space.validate_configuration(space.nearest(foreign))


@given(spaces(), seeds)
def test_a_valid_configuration_is_its_own_nearest(space, seed):
    configuration = space.sample(np.random.default_rng(seed))

    assert space.nearest(configuration) == configuration


@given(st.lists(spaces(), min_size=1, max_size=3), seeds)
def test_a_joint_configuration_is_one_of_its_familys_own(members, seed):
    families = {f"f{i}": space for i, space in enumerate(members)}
    joint = Space.join(families)

    configuration = joint.sample(np.random.default_rng(seed))
    family, own = split_family(configuration)

    families[family].validate_configuration(own)
    assert join_family(family, own) == configuration


def test_grid_is_the_cross_product_within_each_active_combination():
    grid = list(LINEAR.grid(2))

    plain = [{"penalty": p, "C": c} for p in ("l1", "l2") for c in (1e-4, 1e4)]
    mixed = [elastic(C=c, l1_ratio=r) for c in (1e-4, 1e4) for r in (0.0, 1.0)]
    assert grid == plain + mixed


def test_a_joint_grid_adds_the_families_up():
    assert JOINT.size(2) == LINEAR.size(2) + TREES.size(2) == 10
    assert sum(1 for _ in JOINT.grid(2)) == 10


def test_the_size_of_a_grid_that_nobody_could_walk_is_exact():
    wide = Space(parameters={f"p{i}": Float(low=0, high=1) for i in range(60)})

    assert wide.size(7) == 7**60
    assert wide.grid_at(7, 7**60 - 1) == {f"p{i}": 1.0 for i in range(60)}


def test_the_grid_is_lazy():
    wide = Space(parameters={f"p{i}": Float(low=0, high=1) for i in range(60)})

    assert next(wide.grid(7)) == {f"p{i}": 0.0 for i in range(60)}


@pytest.mark.parametrize("place", [-1, 8])
def test_a_place_outside_the_grid_is_refused(place):
    with pytest.raises(IndexError, match="the grid has 8 configurations"):
        LINEAR.grid_at(2, place)


def test_a_space_without_parameters_has_one_configuration():
    empty = Space(parameters={})

    assert list(empty.grid(3)) == [{}]
    assert empty.size(3) == 1
    assert empty.sample(np.random.default_rng(0)) == {}


def test_a_parameter_applies_only_if_its_parent_does():
    chain = Space(
        parameters={"a": Categorical(choices=(1, 2)), "b": PENALTY, "c": Integer(low=0, high=9)},
        conditions={
            "b": (Condition(parameter="a", values=(1,)),),
            "c": (Condition(parameter="b", values=("l1",)),),
        },
    )

    assert [sorted(c) for c in chain.grid(1)] == [["a", "b", "c"], ["a", "b"], ["a", "b"], ["a"]]


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (elastic(C=-1), "parameter 'C' must be between 0.0001 and 10000, got -1"),
        ({"penalty": "l2"}, "parameter 'C' is missing; it is 0.0001 to 10000, log"),
        (
            {"penalty": "l2", "C": 1.0, "l1_ratio": 0.5},
            "parameter 'l1_ratio' applies only when penalty is 'elasticnet'",
        ),
        (elastic(c=1), "no parameter named 'c'; known: penalty, C, l1_ratio. Did you mean 'C'?"),
        (elastic(l1ratio=1), "Did you mean 'l1_ratio'?"),
        (elastic(C=0, l1_ratio=2), "got 0; parameter 'l1_ratio' must be between 0 and 1, got 2"),
    ],
)
def test_a_wrong_configuration_is_told_what_is_wrong(configuration, message):
    with pytest.raises(ValueError, match="parameter") as error:
        LINEAR.validate_configuration(configuration)

    assert message in str(error.value)


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"b": ("c", (1,))}, "parameter 'b' depends on 'c', which must come before it"),
        ({"b": ("b", (1,))}, "parameter 'b' depends on 'b', which must come before it"),
        ({"a": ("b", (1,)), "b": ("a", (1,))}, "'a' depends on 'b', which must come before it"),
        ({"b": ("aa", (1,))}, "depends on parameter named 'aa'; known: a, b, c. Did you mean 'a'?"),
        ({"d": ("a", (1,))}, "a condition for parameter named 'd'; known: a, b, c."),
        ({"b": ("a", (7,))}, "parameter 'b' depends on 'a', which must be one of 1, 2, got 7"),
        ({"b": ("a", ())}, "at least 1 item"),
    ],
)
def test_conditions_that_can_never_hold_are_refused(conditions, message):
    numbers = Categorical(choices=(1, 2))

    with pytest.raises(ValidationError, match="validation error") as error:
        Space(
            parameters={"a": numbers, "b": numbers, "c": numbers},
            conditions={
                name: ({"parameter": parent, "values": values},)
                for name, (parent, values) in conditions.items()
            },
        )

    assert message in str(error.value)


def test_the_neighbourhood_fixes_choices_and_drops_what_no_longer_applies():
    near = LINEAR.around({"penalty": "l2", "C": 1.0}, share=0.5)

    assert near.parameters["penalty"] == Categorical(choices=("l2",))
    assert near.parameters["C"].low == pytest.approx(0.01)
    assert near.parameters["C"].high == pytest.approx(100)
    assert "l1_ratio" not in near.parameters


def test_the_neighbourhood_in_a_joint_space_stays_in_the_family():
    near = JOINT.around(join_family("trees", {"n": 2}), share=0.5)

    assert list(near.parameters) == ["family", "trees.n"]


def test_the_neighbourhood_of_an_invalid_configuration_is_refused():
    with pytest.raises(ValueError, match="parameter 'C' is missing"):
        LINEAR.around({"penalty": "l2"}, share=0.5)


def test_a_default_moves_into_a_narrowed_space():
    narrowed = LINEAR.override({"penalty": "elasticnet", "C": {"high": 0.1}})

    moved = narrowed.nearest({"penalty": "l2", "C": 1.0})

    assert moved == {"penalty": "elasticnet", "C": 0.1, "l1_ratio": 0.0}


def test_the_family_is_the_first_parameter_of_a_joint_space():
    assert list(JOINT.parameters) == [
        "family",
        "linear.penalty",
        "linear.C",
        "linear.l1_ratio",
        "trees.n",
    ]
    assert JOINT.parameters["family"] == Categorical(choices=("linear", "trees"))


def test_a_joint_configuration_may_name_a_family_by_its_module():
    family, own = split_family(join_family("my.models:Knn", {"k": 3}))

    assert (family, own) == ("my.models:Knn", {"k": 3})


def test_conditions_are_spelt_out():
    assert LINEAR.when("l1_ratio") == "penalty is 'elasticnet'"
    assert LINEAR.when("C") == ""
    assert JOINT.when("linear.l1_ratio") == "family is 'linear' and linear.penalty is 'elasticnet'"
