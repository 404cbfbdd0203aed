"""The layout of ``cv_results_``; claims from scikit-learn's own search tests where they apply.

After scikit-learn 1.9, ``model_selection/tests/test_search.py`` (BSD-3-Clause, the scikit-learn
developers): ``check_cv_results_array_types``, ``check_cv_results_keys``,
``test_search_cv_results_rank_tie_breaking``, ``test_grid_search_failing_classifier``.
"""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from searcher.estimator.results import tabulate
from searcher.records import FoldScore, Replaced
from searcher.store import StoredTrial

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def trial(number: int, scores: list[float], **changes: Any) -> StoredTrial:
    usual = {
        "trial_id": f"s.final.{number}",
        "search_id": "s",
        "outer_fold": "final",
        "number": number,
        "family": "ridge",
        "configuration": {"alpha": float(number)},
        "origin": "strategy",
        "state": "completed" if len(scores) == 2 else "stopped",
        "score": float(np.mean(scores)) if scores else None,
        "resource": len(scores),
        "reason": None,
        "traceback": None,
        "started_at": NOW,
        "ended_at": NOW,
        "seconds": 1.0,
        "fit_s": 1.0,
        "cpu_s": 1.0,
    }
    return StoredTrial(**(usual | changes))


def table(all_scores: list[list[float]], **options: Any) -> dict[str, Any]:
    folds = [
        FoldScore(
            trial_id=f"s.final.{number}",
            resource=fold + 1,
            inner_fold=fold,
            scores={"r2": score, "max_error": -score},
            fit_s=1.0 + fold,
            score_s=0.5,
            cpu_s=1.0,
        )
        for number, scores in enumerate(all_scores)
        for fold, score in enumerate(scores)
    ]
    elsewhere = [FoldScore("s.0.0", 1, 0, {"r2": 9.0, "max_error": 9.0}, 9.0, 9.0, 9.0)]
    trials = [trial(number, scores) for number, scores in enumerate(all_scores)]
    usual = {"metrics": ("r2",), "n_splits": 2, "multimetric": False}
    return tabulate(trials, folds + elsewhere, **(usual | options))


def test_every_trial_is_a_row_of_every_column() -> None:
    found = table([[0.1, 0.3], [0.5, 0.7], [0.9, 0.9]])

    assert {len(column) for column in found.values()} == {3}
    assert found["params"][1] == {"family": "ridge", "alpha": 1.0}
    assert isinstance(found["param_alpha"], np.ma.MaskedArray)
    assert found["param_alpha"].dtype == object
    assert found["split0_test_score"].tolist() == [0.1, 0.5, 0.9]
    assert found["mean_test_score"] == pytest.approx([0.2, 0.6, 0.9])
    assert found["std_test_score"] == pytest.approx([0.1, 0.1, 0.0])
    assert found["rank_test_score"].tolist() == [3, 2, 1]
    assert found["rank_test_score"].dtype == np.int32
    assert found["mean_fit_time"].tolist() == [1.5, 1.5, 1.5]
    assert found["std_fit_time"].tolist() == [0.5, 0.5, 0.5]
    assert found["mean_score_time"].tolist() == [0.5, 0.5, 0.5]
    assert not any("train" in name for name in found)


def test_equals_share_the_better_rank() -> None:
    assert table([[0.5, 0.5], [0.9, 0.9], [0.5, 0.5]])["rank_test_score"].tolist() == [2, 1, 2]


def test_trials_that_did_not_see_every_fold_have_no_mean_and_the_last_rank() -> None:
    found = table([[0.9], [0.2, 0.2], []])

    assert found["split0_test_score"].tolist()[:2] == [0.9, 0.2]
    assert np.isnan(found["split1_test_score"][[0, 2]]).all()
    assert np.isnan(found["mean_test_score"][[0, 2]]).all()
    assert found["rank_test_score"].tolist() == [2, 1, 2]
    assert found["mean_fit_time"][0] == 1.0
    assert np.isnan(found["mean_fit_time"][2])
    assert found["state"].tolist() == ["stopped", "completed", "stopped"]


def test_a_parameter_that_a_trial_does_not_have_is_masked() -> None:
    trials = [trial(0, [0.1, 0.1]), trial(1, [0.2, 0.2], configuration={"depth": 3})]

    found = tabulate(trials, [], metrics=("r2",), n_splits=2, multimetric=False)

    assert found["param_alpha"].mask.tolist() == [False, True]
    assert found["param_depth"].mask.tolist() == [True, False]
    assert found["rank_test_score"].tolist() == [1, 1]


def test_several_metrics_have_columns_of_their_own_names() -> None:
    found = table([[0.1, 0.3], [0.5, 0.7]], metrics=("r2", "max_error"), multimetric=True)

    assert found["rank_test_r2"].tolist() == [2, 1]
    assert found["rank_test_max_error"].tolist() == [1, 2]
    assert not any(name.endswith("_score") for name in found)


def test_members_of_populations_have_the_parameters_whose_score_they_have() -> None:
    trials = [trial(number, [0.1, 0.1]) for number in range(3)]
    lineage = [
        Replaced("s.final.1", 4, "s.final.2", {"alpha": 0.4}),
        Replaced("s.final.1", 2, "s.final.2", {"alpha": 0.2}),
        Replaced("s.0.1", 6, "s.0.2", {"alpha": 0.6}),
    ]

    found = tabulate(trials, [], metrics=("r2",), n_splits=2, multimetric=False, lineage=lineage)

    assert [each["alpha"] for each in found["params"]] == [0.0, 0.4, 2.0]
    assert found["param_alpha"].tolist() == [0.0, 0.4, 2.0]
    assert [each["alpha"] for each in found["first_params"]] == [0.0, 1.0, 2.0]
    assert found["first_params"][1]["family"] == "ridge"


def test_what_a_trial_began_with_is_told_only_where_a_member_was_replaced() -> None:
    elsewhere = [Replaced("s.0.1", 2, "s.0.2", {"alpha": 0.2})]

    assert "first_params" not in table([[0.1, 0.3], [0.5, 0.7]], lineage=elsewhere)
