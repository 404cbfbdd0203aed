import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from search_spaces.columns import Column
from search_spaces.space import Space
from searcher.checks import Checked, check_search
from searcher.data import Dataset
from searcher.errors import SpecError
from searcher.records import FINAL
from searcher.spec import Strategy, load_spec

TWINS = """
from search_spaces.families.ridge import Ridge
from search_spaces.families.xgboost import XGBoost

class Ridge2(Ridge): ...
class Broken: ...
"""


def dataset(y: Sequence[Any] | np.ndarray, **parts: Any) -> Dataset:
    answers = np.asarray(y)
    is_classes = answers.dtype.kind in "iu"
    n_classes = int(answers.max()) + 1 if is_classes else 0
    described: dict[str, Any] = {
        "name": "t",
        "X": np.random.default_rng(0).normal(size=(len(answers), 2)),
        "y": answers,
        "columns": (Column("a", "numeric"), Column("b", "numeric")),
        "target": "label",
        "task": ("binary" if n_classes == 2 else "multiclass") if is_classes else "regression",
        "classes": tuple(range(n_classes)),
        "groups": None,
        "times": None,
        "fingerprint": "0" * 64,
        "notices": ("something",),
    }
    return Dataset(**{**described, **parts})


BINARY = dataset([0, 1] * 40)
SEVEN = dataset(list(range(7)) * 10)
QUANTITY = dataset(np.linspace(-1, 1, 60))


def check(rows: Dataset, **changes: Any) -> Checked:
    request = {"name": "t", "data": {"path": "t.csv", "target": "label"}, "seed": 0, **changes}
    return check_search(load_spec(request), rows)


def refusal(rows: Dataset, **changes: Any) -> str:
    with pytest.raises(SpecError) as caught:
        check(rows, **changes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "metric"),
    [(BINARY, "roc_auc"), (SEVEN, "balanced_accuracy"), (QUANTITY, "neg_root_mean_squared_error")],
)
def test_a_search_that_works_is_worked_out(data: Dataset, metric: str) -> None:
    checked = check(data)

    assert checked.metrics == (metric,)
    assert [fold.outer_fold for fold in checked.folds if fold.inner_fold is None][-1] == FINAL
    assert checked.notices == ("something",)


def test_metrics_beside_the_first_are_kept_in_order() -> None:
    assert check(BINARY, metric=["auto", "accuracy"]).metrics == ("roc_auc", "accuracy")


@pytest.mark.parametrize(
    ("data", "metric", "line"),
    [
        (SEVEN, "roc_auc", "metric: found 'roc_auc'; does not fit a multiclass task"),
        (BINARY, ["roc_auc", "r2"], "metric[1]: found 'r2'; does not fit a binary task"),
        (QUANTITY, "accuracy", "metric: found 'accuracy'; does not fit a regression task"),
        (
            QUANTITY,
            "neg_mean_poisson_deviance",
            "metric: found 'neg_mean_poisson_deviance'; these targets have no such score: ",
        ),
        (BINARY, ["auto", "roc_auc"], "metric[1]: found 'roc_auc'; 'roc_auc' is there already"),
    ],
)
def test_a_metric_that_does_not_fit_is_refused(data: Dataset, metric: Any, line: str) -> None:
    assert refusal(data, metric=metric).startswith(line)


def test_a_family_that_cannot_learn_the_target_is_refused_with_those_that_can() -> None:
    said, _, names = refusal(BINARY, families=["ridge"]).partition(" such: ")

    assert said == (
        "families.ridge: learns regression targets, and this one is binary; families that learn"
    )
    assert {"dummy", "logistic_regression", "random_forest", "xgboost"} <= set(names.split(", "))
    assert not {"ridge", "lasso"} & set(names.split(", "))


def test_a_family_that_refuses_so_many_rows_is_a_problem_line() -> None:
    rows = dataset([0, 1] * 10_001)

    assert refusal(rows, families=["svm", "naive_bayes"]) == (
        "families.svm: svm learns from at most 20,000 rows, since its cost grows with their "
        "square; these are 20,002. linear_svm has no such limit"
    )


def test_by_default_only_families_that_fit_are_tried() -> None:
    assert refusal(QUANTITY, budget={"trials": 1}).startswith("budget.trials: found 1; the dummy")
    assert "3 families come first, so at least 4" in refusal(QUANTITY, budget={"trials": 1})


@pytest.mark.parametrize(
    ("families", "line"),
    [
        (
            {"xgboost": {"max_dept": 3}},
            "families.xgboost.max_dept: unknown parameter; known: ",
        ),
        (
            {"xgboost": {"max_depth": {"low": 3, "hihg": 4}}},
            "families.xgboost.max_depth: found {'low': 3, 'hihg': 4}; ",
        ),
        ({"xgboost": {"max_depth": "deep"}}, "families.xgboost.max_depth: found 'deep'; "),
        ({"xgboost": {"max_depth": []}}, "families.xgboost.max_depth: found []; "),
        (
            {"xgboost": {"max_depth": {"low": 9, "high": 3}}},
            "families.xgboost.max_depth: found {'low': 9, 'high': 3}; ",
        ),
    ],
)
def test_a_change_that_leaves_no_valid_space_has_its_path(
    families: dict[str, Any], line: str
) -> None:
    assert refusal(BINARY, families=families).startswith(line)


def test_a_narrowed_and_a_fixed_parameter_are_fine() -> None:
    check(BINARY, families={"xgboost": {"max_depth": {"low": 2, "high": 4}, "subsample": 1.0}})


def test_families_that_cannot_be_told_apart_or_loaded_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "twin_families.py").write_text(TWINS)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    message = refusal(
        QUANTITY,
        families=["ridge", "twin_families:Ridge2", "twin_families:Broken", "twin_families:No"],
    )

    assert message.splitlines()[:3] == [
        "families.twin_families:Ridge2: another family is called 'ridge' too",
        "families.twin_families:Broken: family 'twin_families:Broken': Broken lacks name, tasks, "
        "resource, dtype, space, default, build; a family has name, tasks, resource, dtype, space, "
        "default, build (search_spaces.families.base.Family)",
        "families.twin_families:No: family 'twin_families:No': twin_families has no class named "
        "'No'.",
    ]


def test_folds_that_the_data_cannot_give_are_refused() -> None:
    assert refusal(dataset([0] * 40 + [1] * 2)).startswith("validation.outer: 5 folds, but fewer")


def test_training_in_several_processes_is_refused() -> None:
    assert refusal(BINARY, hardware={"workers": 2}).startswith("hardware.workers: found 2; no fam")


def test_gpus_that_nobody_uses_are_refused() -> None:
    assert refusal(BINARY, hardware={"gpus": 0.5}).startswith("hardware.gpus: found 0.5; no fam")


def test_all_problems_are_said_at_once() -> None:
    message = refusal(
        dataset([0] * 40 + [1] * 40 + [2] * 2),
        metric="roc_auc",
        families={"ridge": None, "xgboost": {"max_dept": 3}},
        budget={"trials": 1},
        hardware={"workers": 2},
    )

    assert [line.split(":")[0] for line in message.splitlines()] == [
        "metric",
        "families.ridge",
        "families.xgboost.max_dept",
        "budget.trials",
        "hardware.workers",
        "validation.outer",
    ]


def test_a_test_part_that_the_metric_cannot_judge_is_refused() -> None:
    groups = np.repeat(np.arange(10), 8)
    rows = dataset(np.repeat([0, 1], [48, 32]), groups=groups)
    request = {
        "data": {"path": "t", "target": "label", "groups": "g"},
        "validation": {"outer": 5, "inner": 2},
    }

    message = refusal(rows, metric="roc_auc", **request)

    assert message.startswith("metric: found 'roc_auc'; outer fold ")
    assert "different answers, and scikit-learn says" in message
    check(rows, metric="accuracy", **request)


def test_r2_of_single_rows_is_refused() -> None:
    data = dataset(np.linspace(0, 1, 8))

    message = refusal(data, metric="r2", validation={"outer": 4, "inner": 6})

    assert "inner fold 0 has 1 test rows with 1 different answers" in message
    check(data, metric="neg_mean_absolute_error", validation={"outer": 4, "inner": 6})


class Chatty(Strategy):
    kind: Literal["chatty"] = "chatty"

    def build(self, problem: Any) -> Any:
        return problem

    def remark(self, space: Space, *, trials: int) -> str | None:
        return f"{next(iter(space.parameters))} {trials}"


def test_a_strategys_remark_is_a_notice() -> None:
    assert check(BINARY, strategy=Chatty(), budget={"trials": 9}).notices[-1] == "family 9"
