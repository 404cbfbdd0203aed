"""Proof that outer test rows reach no choice, and that outer scores are honest."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cluster.session import Session
from searcher import search
from searcher.data import load_dataset
from searcher.nested import Outcome, run_nested_search
from searcher.plan import Plan, make_plan, started
from searcher.records import FINAL, Decision, FoldScore, Record, TrialEnded, TrialStarted
from searcher.spec import load_spec
from searcher.store import Store, Writer

pytestmark = pytest.mark.ray

SPEC: dict[str, Any] = {
    "name": "leakage",
    "data": {"path": "sklearn:breast_cancer"},
    "metric": "roc_auc",
    "families": ["logistic_regression", "decision_tree"],
    "strategy": {"kind": "asha", "searcher": "tpe", "reduction_factor": 2},
    "validation": {"outer": 2, "inner": 3},
    "budget": {"trials": 10},
    "seed": 5,
}


def run(plan: Plan, session: Session, folder: Path) -> tuple[Outcome, list[Record]]:
    """Run a plan whose folds are made already; keep the records, in an order that is the same."""
    url = f"sqlite:///{folder / plan.search_id}.db"
    records: list[Record] = []
    with Writer(url) as writer:

        def emit(record: Record) -> None:
            records.append(record)
            writer.add(record)

        def trials_of(outer_fold: str) -> Any:
            writer.flush()
            with Store(url) as store:
                return store.trials(plan.search_id, outer_fold=outer_fold)

        emit(started(plan, {}))
        outcome = run_nested_search(plan, session=session, emit=emit, trials_of=trials_of)
    assert outcome is not None
    return outcome, records


def choices(records: list[Record], outer_fold: str) -> list[Any]:
    """Everything that was proposed, scored and decided in one outer fold, without the times."""
    kept: list[Any] = []
    for record in records:
        if not isinstance(record, TrialStarted | FoldScore | Decision | TrialEnded):
            continue
        if record.trial_id.split(".")[1] != outer_fold:
            continue
        values = {name: getattr(record, name) for name in record.__dataclass_fields__}
        for measured in ("at", "fit_s", "score_s", "cpu_s", "search_id", "trial_id"):
            values.pop(measured, None)
        kept.append((type(record).__name__, record.trial_id.split(".", 1)[1], values))
    return kept


def test_permuting_the_test_labels_of_an_outer_fold_changes_none_of_its_choices(
    one_worker: Session, tmp_path: Path
) -> None:
    spec = load_spec(SPEC)
    dataset = load_dataset(spec.data, base=tmp_path)
    plan = make_plan("before", spec, dataset, base=tmp_path)
    test = plan.outer["0"].test
    y = dataset.y.copy()
    y[test] = np.random.default_rng(0).permutation(y[test])
    permuted = replace(plan, search_id="after", dataset=replace(dataset, y=y))

    _, before = run(plan, one_worker, tmp_path)
    outcome, after = run(permuted, one_worker, tmp_path)

    assert choices(before, "0") == choices(after, "0")
    assert len([c for c in choices(before, "0") if c[0] == "TrialStarted"]) == 10
    # The same labels are training labels of the other outer fold and of the final search.
    assert choices(before, "1") != choices(after, "1")
    assert choices(before, FINAL) != choices(after, FINAL)
    honest = {s.outer_fold: s.scores["roc_auc"] for s in outcome.outer if s.role == "winner"}
    assert honest["0"] < 0.7  # of permuted labels nothing can be predicted


def test_with_shuffled_labels_outer_scores_are_at_chance_and_inner_ones_flatter(
    one_worker: Session, tmp_path: Path
) -> None:
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    np.savez(tmp_path / "null.npz", X=X, y=np.random.default_rng(3).permutation(y))
    spec = SPEC | {
        "data": {"path": str(tmp_path / "null.npz"), "target": "y"},
        "strategy": {"kind": "random"},
        "validation": {"outer": 4, "inner": 3},
        "budget": {"trials": 8},
    }

    url = f"sqlite:///{tmp_path}/s.db"
    result = search(spec, store=url, output=tmp_path / "out", report=False, try_exports=False)

    assert abs(result.outer_mean - 0.5) < 0.08
    assert result.optimism > 0
    low, high = result.default_interval
    assert low <= 0 <= high  # nothing is better than the default where nothing can be learnt
