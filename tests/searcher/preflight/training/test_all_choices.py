import pytest

from searcher.preflight.sample import draw
from searcher.preflight.trained import failures, hopeless
from searcher.preflight.training import try_trainings
from tests.searcher.preflight.training.broken import FLAWS, ROWS, Flawed, FlawedFirst, candidate


class Everything(Flawed):
    flaws = tuple(FLAWS)


def test_every_broken_choice_is_named_and_the_sound_one_is_not() -> None:
    found = try_trainings([candidate(Everything())], draw(ROWS, seed=0))

    outcomes = {each.value: each.outcome for each in found if each.parameter == "flaw"}
    assert found[0].outcome == "passed"
    assert found[0].loss == pytest.approx(found[0].expected, rel=1.0)
    assert found[0].steps
    assert outcomes == dict.fromkeys([name for name in FLAWS if name != "none"], "failed")
    assert {each.value for each in failures(found)} == {*outcomes, 4}
    assert list(hopeless(found)) == []


def test_the_ends_of_whole_numbers_are_choices_and_what_only_trains_is_none() -> None:
    found = try_trainings([candidate()], draw(ROWS, seed=0))

    assert [(each.parameter, each.value, each.outcome) for each in found] == [
        (None, None, "passed"),
        ("flaw", "frozen", "failed"),
        ("flaw", "exploding", "failed"),
        ("depth", 1, "passed"),
        ("depth", 4, "failed"),
    ]


def test_a_family_whose_default_fails_is_hopeless_and_the_cure_is_named() -> None:
    found = try_trainings([candidate(FlawedFirst())], draw(ROWS, seed=0))

    (said,) = hopeless(found)
    path = f"families.{FlawedFirst.__module__}:FlawedFirst"
    assert said.startswith(f"{path}: its default configuration can't be trained: first.weight ")
    assert said.endswith(f"; what can: {path}.flaw: 'none'")
    assert list(failures(found)) == []


def test_when_time_is_up_the_rest_is_not_tried() -> None:
    found = try_trainings([candidate()], draw(ROWS, seed=0), limit_s=0.0)

    assert {each.outcome for each in found} == {"not tried"}
    assert list(failures(found)) == list(hopeless(found)) == []
