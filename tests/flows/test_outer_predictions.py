"""What a real search keeps of the outer test rows: what its scores were computed from."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

import searcher.judging
from searcher import Store
from searcher.records import Fold, OuterPredictions
from tests.flows.test_search import folder, make_rows, make_spec, run

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("one_worker")]

__all__ = ["folder"]  # a fixture


def kept(folder: Path, search_id: str) -> tuple[list[OuterPredictions], dict[str, Fold]]:
    """What the store has, and its outer splits."""
    with Store(f"sqlite:///{folder}/store.db") as store:
        found = store.outer_predictions(search_id)
        folds = {f.outer_fold: f for f in store.folds(search_id) if f.inner_fold is None}
    return list(found), folds


@pytest.mark.parametrize(
    ("target", "metric", "families"),
    [("bought", "roc_auc", ["logistic_regression"]), ("value", "r2", ["ridge"])],
)
def test_the_outer_scores_follow_from_the_predictions_of_exactly_the_outer_test_rows(
    folder: Path, target: str, metric: str, families: list[str]
) -> None:
    spec = make_spec(folder, target, families=families, budget={"trials": 2}, metric=metric)

    result = run(folder, spec)

    found, folds = kept(folder, result.search_id)
    truth = make_rows()[target].to_numpy()
    assert [one.outer_fold for one in found] == ["0", "1"]
    for one in found:
        np.testing.assert_array_equal(one.rows, folds[one.outer_fold].test)
        expected: Any = truth[one.rows] == "yes" if target == "bought" else truth[one.rows]
        np.testing.assert_array_equal(one.truth, expected)
        score = result.scores("winner")[one.outer_fold]
        if one.probabilities is None:
            assert r2_score(one.truth, one.predicted) == pytest.approx(score)
        else:
            assert roc_auc_score(one.truth, one.probabilities[:, 1]) == pytest.approx(score)
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert ('id="roc"' in page) == (target == "bought")
    assert ('id="residuals"' in page) == (target == "value")


def test_of_many_rows_a_sample_is_kept_and_that_is_noted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searcher.judging, "MOST_PREDICTIONS", 40)
    spec = make_spec(folder, families=["logistic_regression"], budget={"trials": 2})

    first, again = (run(folder, spec, report=False, output=folder / name) for name in "ab")

    found, folds = kept(folder, first.search_id)
    assert [len(one.rows) for one in found] == [20, 20]
    assert all(np.isin(one.rows, folds[one.outer_fold].test).all() for one in found)
    for one, other in zip(found, kept(folder, again.search_id)[0], strict=True):
        np.testing.assert_array_equal(one.rows, other.rows)
    with Store(f"sqlite:///{folder}/store.db") as store:
        (note,) = (n for n in store.events(first.search_id) if n.kind == "outer_predictions")
    assert note.payload == {"rows": 160, "kept": 40}
