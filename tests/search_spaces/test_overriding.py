import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.parameters import Categorical, Float, Integer
from search_spaces.space import Condition, Space
from tests.search_spaces.generators import narrowings, seeds, spaces

C = Float(low=1e-4, high=1e4, log=True)
PENALTY = Categorical(choices=("l1", "l2", "elasticnet"))
SPACE = Space(
    parameters={
        "penalty": PENALTY,
        "C": C,
        "l1_ratio": Float(low=0, high=1),
        "n": Integer(low=100, high=500, step=50),
    },
    conditions={"l1_ratio": (Condition(parameter="penalty", values=("elasticnet",)),)},
)


@given(spaces(), seeds, st.data())
def test_narrowing_never_leaves_the_old_space(space, seed, data):
    names = data.draw(st.lists(st.sampled_from(list(space.parameters)), unique=True, max_size=3))
    changes = {name: data.draw(narrowings(space.parameters[name])) for name in names}

    try:
        narrowed = space.override(changes)
    except ValueError:
        # One change may take another one's condition away, and nothing else may go wrong.
        changes = {name: changes[name] for name in names[:1]}
        narrowed = space.override(changes)

    for i in range(3):
        configuration = narrowed.sample(np.random.default_rng([seed, i]))
        space.validate_configuration(configuration)


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        (1, Categorical(choices=(1.0,))),
        ([0.1, 1, 10], Categorical(choices=(0.1, 1.0, 10.0))),
        ({"choices": [0.1, 1]}, Categorical(choices=(0.1, 1.0))),
        ({"low": 0.01}, Float(low=0.01, high=1e4, log=True)),
        ({"low": "1e-2", "high": 1}, Float(low=0.01, high=1, log=True)),
        ({"low": 1, "high": 2, "log": False}, Float(low=1, high=2)),
        ({"low": 1, "high": 2, "log": False, "step": 0.5}, Float(low=1, high=2, step=0.5)),
        ({"type": "float", "low": 1e-9, "high": 3}, Float(low=1e-9, high=3)),
        ({"type": "integer", "low": 1, "high": 3}, Integer(low=1, high=3)),
        (Float(low=1e-9, high=3), Float(low=1e-9, high=3)),
        ({}, C),
    ],
)
def test_a_change_fixes_narrows_or_replaces(change, parameter):
    changed = SPACE.override({"C": change}).parameters["C"]

    assert changed == parameter
    assert repr(changed) == repr(parameter)


def test_steps_may_only_get_coarser():
    assert SPACE.override({"n": {"step": 100}}).parameters["n"].grid(9) == [100, 200, 300, 400, 500]


def test_values_and_order_of_the_other_parameters_stay():
    changed = SPACE.override({"C": 1.0})

    assert list(changed.parameters) == list(SPACE.parameters)
    assert changed.parameters["n"] is SPACE.parameters["n"]


def test_a_parameter_that_can_no_longer_apply_is_dropped():
    changed = SPACE.override({"penalty": ["l1", "l2"]})

    assert "l1_ratio" not in changed.parameters
    assert changed.conditions == {}


def test_a_condition_keeps_the_values_that_are_still_tried():
    space = Space(
        parameters={"k": Integer(low=1, high=4), "w": Categorical(choices=("a", "b"))},
        conditions={"w": (Condition(parameter="k", values=(1, 3)),)},
    )

    narrowed = space.override({"k": {"low": 2}})

    assert narrowed.conditions["w"][0].values == (3,)


OUTSIDE = "; to try others, give the whole parameter with its type"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"C": -1}, f"parameter 'C' must be between 0.0001 and 10000, got -1{OUTSIDE}"),
        ({"C": {"low": 1e-9}}, f"'C' low must be between 0.0001 and 10000, got 1e-09{OUTSIDE}"),
        ({"C": [1, 1e9]}, f"'C' must be between 0.0001 and 10000, got 1000000000{OUTSIDE}"),
        ({"C": []}, "parameter 'C' needs at least one choice of 0.0001 to 10000, log"),
        ({"C": [1, 1.0]}, "parameter 'C' is not possible: choices: 1 is there twice"),
        ({"C": {"low": 10, "high": 1}}, "is not possible: low 10 is above high 1"),
        ({"C": {"low": "tiny"}}, "is not possible: low: Input should be a valid number"),
        ({"C": {"hihg": 1}}, "has no 'hihg'; known: low, high, log, step. Did you mean 'high'?"),
        ({"C": {"type": "float", "low": 1}}, "is not possible: high: Field required"),
        ({"C": {"type": "floot"}}, "'floot'"),
        ({"C": None}, "parameter 'C' must be a number between 0.0001 and 10000, got None"),
        ({"n": {"step": 25}}, "parameter 'n' step must be a multiple of 50, got 25"),
        ({"n": {"low": 120}}, "high 500 can't be reached from low 120 in steps of 50; 470 can"),
        ({"penalty": "l3"}, "parameter 'penalty' must be one of 'l1', 'l2', 'elasticnet'"),
        ({"penalty": {"low": 1}}, "'penalty' is one of l1, l2, elasticnet, not a range"),
        ({"c": 1}, "no parameter named 'c'; known: penalty, C, l1_ratio, n. Did you mean 'C'?"),
        ({"penalti": "l1"}, "Did you mean 'penalty'?"),
        (
            {"penalty": "l2", "l1_ratio": 0.5},
            "parameter 'l1_ratio' applies only when penalty is 'elasticnet', "
            "and that is no longer tried",
        ),
    ],
)
def test_a_wrong_change_is_refused_in_a_sentence(changes, message):
    with pytest.raises(ValueError, match="parameter") as error:
        SPACE.override(changes)

    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_step_can_be_taken_out_only_by_replacing_the_parameter():
    stepped = Space(parameters={"x": Float(low=0, high=1, step=0.1)})

    with pytest.raises(ValueError, match=r"step must be a multiple of 0\.1, got None"):
        stepped.override({"x": {"step": None}})
