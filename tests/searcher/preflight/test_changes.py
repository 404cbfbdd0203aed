from dataclasses import replace
from pathlib import Path

import pytest

from search_spaces.parameters import Categorical, Float, Integer
from searcher.errors import SpecError
from searcher.plan import Plan, make_plan, started
from searcher.preflight import Preflight, look_ahead, refuse, with_notices
from searcher.preflight.changes import changes_from, left_over, with_changes
from searcher.preflight.narrowing import Narrowing
from searcher.preflight.trained import Trained
from searcher.spec import Spec
from tests.searcher.checks.cases import spec
from tests.searcher.preflight.training.broken import ROWS, Flawed, FlawedFirst

NAME = f"{Flawed.__module__}:Flawed"
PATH = f"families.{NAME}"


def plan(family: str = NAME, **changes) -> Plan:
    asked = spec(families={family: changes or None}, validation={"outer": 2, "inner": 2})
    return make_plan("search", asked, ROWS, base=Path())


def failed(parameter: str, value, default) -> Trained:
    return Trained(f"{PATH}.{parameter}", NAME, parameter, value, default, "failed", "why")


SOUND = Trained(PATH, NAME, None, None, None, "passed")
NARROWED = Narrowing(NAME, (1e-4, 100.0), (1e-4, 0.5), (), is_kept=False)


def test_what_fails_is_left_out_and_a_range_ends_at_the_default() -> None:
    asked = plan()
    trained = [SOUND, failed("flaw", "frozen", "none"), failed("flaw", "exploding", "none")]

    left = left_over(asked.candidates, [*trained, failed("depth", 4, 2)])

    assert left == {NAME: {"flaw": Categorical(choices=("none",)), "depth": Integer(low=1, high=2)}}
    assert left_over(asked.candidates, [SOUND, failed("depth", 1, 2)])[NAME]["depth"].low == 2


def test_the_changed_spec_makes_the_same_spaces_again_wherever_it_is_read() -> None:
    asked = plan(depth={"high": 3})
    left = left_over(asked.candidates, [SOUND, failed("flaw", "frozen", "none")])

    changed = with_changes(asked, changes_from(left, [NARROWED]))

    (found,) = changed.candidates
    assert found.space.parameters["flaw"] == Categorical(choices=("none", "exploding"))
    assert found.space.parameters["depth"] == Integer(low=1, high=3)
    assert found.space.parameters["learning_rate"] == Float(low=1e-4, high=0.5, log=True)
    stored = started(changed, {})
    again = make_plan("search", Spec.model_validate(stored.spec), ROWS, base=Path())
    assert again.candidates[0].space == found.space
    assert again.candidates[0].default == found.default
    assert with_changes(changed, {}) is changed


def test_a_range_of_rates_that_the_spec_gives_stays() -> None:
    assert changes_from({}, [replace(NARROWED, is_kept=True)]) == {}


def test_a_change_of_the_spec_that_can_no_longer_apply_is_refused_by_name() -> None:
    asked = plan("search_spaces.families.mlp:MLP", focal_gamma={"low": 1.0})
    changes = {"search_spaces.families.mlp:MLP": {"loss": ["cross_entropy"]}}

    with pytest.raises(SpecError, match="'focal_gamma' applies only when loss is 'focal'"):
        with_changes(asked, changes)


def test_a_search_leaves_out_what_can_not_be_trained_and_says_so() -> None:
    asked = plan()

    found = look_ahead(asked, exports=False)
    refuse(found)
    changed = with_notices(asked, found)

    parameters = changed.candidates[0].space.parameters
    assert parameters["flaw"] == Categorical(choices=("none",))
    assert parameters["depth"] == Integer(low=1, high=2)
    assert parameters["learning_rate"].high < 100.0
    kinds = [each.kind for each in found.findings][-4:]  # behind those of the data
    assert kinds == ["training"] * 3 + ["learning_rate"]
    assert changed.notices == tuple(each.text for each in found.findings)
    assert changed.notices[-4] == (
        f"{PATH}.flaw: 'frozen' can't be trained and is left out: first.weight can't learn: "
        f"requires_grad is False. What is searched of {PATH}.flaw: none"
    )
    _, note = found.notes("search")
    assert note.payload["changes"] == found.changes
    assert len(note.payload["trainings"]) == len(found.trainings)


def test_looking_ahead_twice_finds_the_same() -> None:
    one, other = (look_ahead(plan(), exports=False) for _ in range(2))

    assert one.changes == other.changes
    assert one.findings == other.findings


def test_a_family_whose_default_can_not_be_trained_is_refused() -> None:
    found = look_ahead(plan(f"{FlawedFirst.__module__}:FlawedFirst"))

    assert found.exports == ()
    with pytest.raises(SpecError, match="its default configuration can't be trained"):
        refuse(found)


def test_training_need_not_be_tried() -> None:
    assert look_ahead(plan(), exports=False, training=False) == Preflight((), ())
