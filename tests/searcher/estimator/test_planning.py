"""What the parameters of a search ask for."""

import warnings
from typing import Any

import numpy as np
import pytest

from searcher.errors import SpecError
from searcher.estimator import NestedSearchCV
from searcher.estimator.planning import (
    choose_folds,
    draw_seed,
    plan_search,
    with_sound_networks,
)
from searcher.estimator.rows import read_answers, read_dataset


def dataset(counts: list[int], *, groups: bool = False, in_time: bool = False) -> Any:
    y = np.repeat(np.arange(len(counts)), counts)
    X = np.arange(2.0 * len(y)).reshape(-1, 2)
    answers = read_answers(NestedSearchCV(), y, wanted="auto")
    names = np.arange(len(y)) % 9 if groups else None
    return read_dataset(X, y, answers, groups=names, in_time=in_time)


@pytest.mark.parametrize(
    ("smallest", "folds"), [(9, (3, 3)), (6, (3, 3)), (5, (3, 3)), (4, (3, 2)), (3, (3, 2))]
)
def test_a_small_class_makes_fewer_folds_which_all_have_it(
    smallest: int, folds: tuple[int, int]
) -> None:
    data = dataset([smallest, 20])

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        plan = plan_search(NestedSearchCV(), data)

    assert (plan.spec.validation.outer, plan.spec.validation.inner) == folds
    assert bool(said) == (folds != (3, 3))
    for fold in plan.folds:
        assert (data.y[fold.train] == 0).any()


def test_a_class_too_small_for_any_folds_is_refused_by_name() -> None:
    with pytest.raises(SpecError, match=r"fewer rows in class 0 \(2\)"):
        plan_search(NestedSearchCV(), dataset([2, 20]))


def test_other_splitters_keep_the_folds_that_were_asked_for() -> None:
    data = dataset([3, 20])

    assert choose_folds(data, "kfold", outer=3, inner=3) == (3, 3)
    assert choose_folds(dataset([3, 20], groups=True), "auto", outer=3, inner=3) == (3, 3)


def test_time_trains_on_the_rows_before_those_it_tests_on() -> None:
    plan = plan_search(NestedSearchCV(splitter="time"), dataset([20] * 21, in_time=True))

    folds = [fold for fold in plan.folds if len(fold.test)]
    assert folds
    assert all(fold.train.max() < fold.test.min() for fold in folds)


def test_groups_stay_together() -> None:
    data = dataset([40, 40], groups=True)

    for fold in plan_search(NestedSearchCV(), data).folds:
        assert not set(data.groups[fold.train]) & set(data.groups[fold.test])


def test_a_spec_says_everything_that_was_asked() -> None:
    search = NestedSearchCV(
        {"ridge": {"alpha": {"high": 10.0}}},
        scoring=["r2", "neg_mean_absolute_error"],
        strategy={"kind": "asha", "searcher": "tpe"},
        trials=7,
        outer=4,
        inner=2,
        time_s=5.0,
        random_state=11,
    )

    spec = plan_search(search, dataset([2] * 21)).spec

    assert spec.model_dump(mode="json") | {"strategy": None} == spec.model_dump(mode="json") | {
        "name": "NestedSearchCV",
        "metric": ["r2", "neg_mean_absolute_error"],
        "families": {"ridge": {"alpha": {"high": 10.0}}},
        "strategy": None,
        "validation": {"outer": 4, "inner": 2, "splitter": "auto", "repeats": 1},
        "budget": {"trials": 7, "time_s": 5.0, "trial_time_s": None, "resource": {}},
        "seed": 11,
    }
    assert spec.strategy.kind == "asha"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"families": ["ridgee"]}, "ridge"),
        ({"families": ["ridge"]}, "learns regression targets"),
        ({"scoring": "acuracy"}, "accuracy"),
        ({"strategy": "grids"}, "grid"),
        ({"outer": 1}, "validation.outer"),
        ({"trials": 2}, "budget.trials: found 2"),
        ({"splitter": "group"}, "group"),
        ({"random_state": -1}, "seed"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_starts(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        plan_search(NestedSearchCV(**changes), dataset([20, 20]))


def test_seeds_are_kept_and_generators_drawn_from() -> None:
    assert draw_seed(np.int64(3)) == 3
    drawn = [draw_seed(np.random.RandomState(5)) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert 0 <= draw_seed(None) < 2**31


BROKEN = "tests.searcher.preflight.training.broken"


def planned(family: str) -> Any:
    y = np.arange(120) % 2
    X = np.random.default_rng(0).normal(size=(120, 3))
    answers = read_answers(NestedSearchCV(), y, wanted="auto")
    return plan_search(NestedSearchCV([f"{BROKEN}:{family}"]), read_dataset(X, y, answers))


def test_choices_of_networks_that_can_not_be_trained_are_left_out_with_a_notice() -> None:
    asked = planned("Flawed")

    plan, notes = with_sound_networks(asked, asked=True)

    assert plan.candidates[0].space.parameters["flaw"].choices == ("none",)
    left_out = [line for line in plan.notices if "is left out" in line]
    assert len(left_out) == 3
    assert [note.kind for note in notes] == ["check", "preflight"]


def test_a_family_of_networks_whose_default_can_not_be_trained_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="its default configuration can't be trained"):
        with_sound_networks(planned("FlawedFirst"), asked=True)


def test_trainings_are_not_tried_unasked_or_without_networks() -> None:
    asked, tables = planned("Flawed"), plan_search(NestedSearchCV(), dataset([20, 20]))

    assert with_sound_networks(asked, asked=False) == (asked, ())
    assert with_sound_networks(tables, asked=True) == (tables, ())
