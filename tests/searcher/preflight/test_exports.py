import time

import numpy as np
import pytest

from searcher.candidates import Candidate
from searcher.preflight.choices import structural_choices
from searcher.preflight.exporting import Exporting
from searcher.preflight.exports import Tried, refusals, try_exports
from searcher.preflight.sample import EACH_CLASS, N_ROWS, draw
from searcher.preflight.steps import Steps
from tests.searcher.checks.cases import dataset, numbers
from tests.searcher.preflight import families

ROWS = dataset(numbers(600), (numbers(600)["x0"] > 0).astype(np.int64))


def candidate(family) -> Candidate:
    name = type(family).__name__
    space = family.space(ROWS.profile)
    return Candidate(family.name, f"mine:{name}", family, space, family.default(ROWS.profile))


def tried(family, **options) -> tuple[Tried, ...]:
    return try_exports([candidate(family)], ROWS, seed=0, **options)


def outcomes(found) -> dict:
    return {each.value: each.outcome for each in found}


@pytest.mark.slow
def test_steps_that_no_file_can_hold_are_named_and_the_others_pass() -> None:
    found = tried(families.Steps())

    assert outcomes(found) == {
        None: "passed",
        "knn_imputer": "refused",
        "spline": "refused",
        "quantile": "refused",
    }
    lines = list(refusals(found))
    assert len(lines) == 3
    assert lines[1].startswith("families.mine:Steps.step: 'spline' can't be exported: ")
    assert lines[1].endswith("; what can: 'standard'")


@pytest.mark.slow
def test_boosters_whose_trees_are_none_are_named() -> None:
    found = tried(families.Boosters())

    assert outcomes(found) == {None: "passed", "gblinear": "refused", "linear_tree": "refused"}


def test_where_the_default_can_not_be_exported_the_value_to_blame_is_named() -> None:
    found = tried(families.SplineFirst())

    lines = list(refusals(found))
    assert outcomes(found)[None] == "refused"
    assert outcomes(found)["standard"] == "passed"
    assert [line.split(":")[2] for line in lines] == [
        " 'spline' can't be exported",
        " 'quantile' can't be exported",
    ]
    assert all(line.endswith("; what can: 'standard'") for line in lines)


def test_a_family_of_which_nothing_can_be_exported_is_named_as_a_whole() -> None:
    (line,) = refusals(tried(families.Unknown()))

    assert line.startswith(
        "families.mine:Unknown: its default configuration can't be exported: Majority "
    )


def test_a_file_that_computes_something_else_is_refused_with_the_row() -> None:
    plain, sharpened = try_exports([candidate(families.Wrong())], ROWS, seed=0)

    assert plain.outcome == "passed"
    assert sharpened.outcome == "refused"
    assert "the file says" in (sharpened.reason or "")
    assert sharpened.rows > 100


def test_where_the_file_that_choices_share_is_refused_each_is_tried_alone() -> None:
    plain, sharpened = structural_choices(candidate(families.Wrong()))
    steps, until = Steps("exports", 2, None), time.perf_counter() + 60
    exporting = Exporting(draw(ROWS, seed=0), until, 20.0, steps)

    found = list(exporting.together(sharpened.configuration, [sharpened, plain]))

    assert [(choice, found["outcome"]) for choice, found in found] == [
        (sharpened, "refused"),
        (plain, "passed"),
    ]


def test_what_can_not_be_fitted_on_few_rows_is_left_open() -> None:
    found = tried(families.Unfitted())

    assert outcomes(found) == {None: "passed", "fails": "not fitted"}
    assert "C" in (found[1].reason or "")
    assert list(refusals(found)) == []


def test_when_time_is_up_the_rest_is_not_tried() -> None:
    found = tried(families.Steps(), limit_s=0.0)

    assert set(outcomes(found).values()) == {"not tried"}


@pytest.mark.slow
def test_a_choice_that_takes_too_long_is_left_open_and_the_next_is_tried() -> None:
    found = try_exports(
        [candidate(families.Slow()), candidate(families.Wrong())], ROWS, seed=0, each_s=6.0
    )

    slow = next(each for each in found if each.value == "slow")
    assert slow.outcome == "not tried"
    assert str(slow.reason).startswith("it took more than 6 s")
    assert slow.seconds < 20
    assert [each.outcome for each in found if each.family == "mine:Wrong"] == ["passed", "refused"]


def test_few_rows_have_some_of_every_class() -> None:
    y = np.repeat([0, 1, 2], [2900, 60, 40])
    sample = draw(dataset(numbers(3000), y), seed=3)

    counts = np.bincount(y[sample.rows])
    assert len(sample.rows) == N_ROWS
    assert counts[1:].min() >= EACH_CLASS
    assert not set(sample.rows) & set(sample.held_out)


def test_many_classes_take_more_rows_and_a_class_of_few_gives_all_it_has() -> None:
    y = np.concatenate([np.repeat(np.arange(50), 20), np.full(3, 50)])
    sample = draw(dataset(numbers(1003), y), seed=3)

    counts = np.bincount(y[sample.rows])
    assert counts[:50].min() >= EACH_CLASS
    assert counts[50] == 3
