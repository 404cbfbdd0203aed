"""Trials of a real store, evaluated by the real code, run once more in a process of their own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from searcher import search
from searcher.data import load_dataset
from searcher.environment import describe_environment
from searcher.errors import DataError, NotFoundError, SpecError
from searcher.evaluation import FeatureCache, evaluate
from searcher.folds import make_folds
from searcher.plan import make_plan, started
from searcher.plugins import load_family
from searcher.records import FoldScore, TrialEnded, TrialStarted
from searcher.reproduction import TOLERANCE, _agree, _same_failure, reproduce
from searcher.rerun import DIED, Failed
from searcher.spec import load_spec
from searcher.store import Store, Writer

pytestmark = pytest.mark.slow  # each runs a trial in a process of its own

LATE = "TrialTimeoutError: took longer than budget.trial_time_s = 2 s"
TROUBLED = "tests.searcher.tuning.troubled_families"
FAMILIES = ("ridge", "random_forest", "xgboost", f"{TROUBLED}:Raises", f"{TROUBLED}:Crashes")


def make_rows(n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "size": rng.normal(100, 20, n).round(2),
            "age": rng.integers(0, 90, n),
            "colour": rng.choice(["red", "green", "blue"], n),
        }
    )
    frame["value"] = (frame["size"] / 20 + rng.normal(0, 0.5, n)).round(3)
    return frame


def make_spec(folder: Path, **changes: Any) -> dict[str, Any]:
    usual = {
        "name": "again",
        "data": {"path": str(folder / "rows.csv"), "target": "value"},
        "metric": ["neg_root_mean_squared_error", "r2"],
        "families": list(FAMILIES),
        "validation": {"outer": 2, "inner": 3},
        "budget": {"trials": 8},
        "seed": 11,
    }
    return usual | changes


class Kept:
    """A store with one trial of each family, as a search would have kept it."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        make_rows().to_csv(folder / "rows.csv", index=False)
        self.folder, self.url = folder, f"sqlite:///{folder}/searcher.db"
        spec = load_spec(make_spec(folder, **changes))
        self.plan = make_plan("again-1", spec, load_dataset(spec.data, base=folder), base=folder)
        self.environment = describe_environment(cpus=1, base=folder)

    def keep(self, *trials: list[Any]) -> str:
        with Writer(self.url) as writer:
            writer.add(started(self.plan, self.environment))
            for records in trials:
                for record in records:
                    writer.add(record)
        return self.url

    def trial(
        self,
        number: int,
        family: str,
        *,
        folds: int = 3,
        end: str = "completed",
        change: Callable[[float], float] = lambda score: score,
        reason: str | None = None,
        configuration: dict[str, Any] | None = None,
    ) -> list[Any]:
        """Records of a trial of the final inner search, whose scores are really computed."""
        loaded = load_family(family)
        trial_id = f"again-1.final.{number}"
        configuration = configuration or loaded.default(self.plan.dataset.profile)
        results = evaluate(
            loaded,
            configuration,
            self.plan.rows,
            self.plan.inner_folds("final")[:folds],
            metrics=self.plan.metrics,
            seed=self.plan.spec.seed,
            cpus=1,
            cache=FeatureCache(),
        )
        scored = [
            FoldScore(
                trial_id=trial_id,
                resource=i + 1,
                inner_fold=result.inner_fold,
                scores={name: change(score) for name, score in result.scores.items()},
                fit_s=result.fit_s,
                score_s=result.score_s,
                cpu_s=result.cpu_s,
            )
            for i, result in enumerate(results)
        ]
        mean = float(np.mean([fold.scores[self.plan.metrics[0]] for fold in scored] or [0.0]))
        score = None if end == "failed" else mean
        return [
            TrialStarted(
                trial_id, "again-1", "final", number, loaded.name, configuration, "strategy"
            ),
            *scored,
            TrialEnded(trial_id, end, score, len(scored), reason=reason),
        ]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


@pytest.mark.parametrize("family", ["ridge", "random_forest", "xgboost"])
def test_a_trial_comes_out_bit_by_bit_as_it_was(kept: Kept, family: str) -> None:
    url = kept.keep(kept.trial(0, family))
    with Store(url) as store:
        before = store.trials("again-1"), store.trial_history("again-1.final.0")

    found = reproduce("again-1.final.0", store=url)

    with Store(url) as store:
        after = store.trials("again-1"), store.trial_history("again-1.final.0")
    assert before == after  # it writes nothing
    assert found.agreement == "bit-equal"
    assert len(found.scores) == 3 * 2
    assert [score.metric for score in found.scores[:2]] == list(kept.plan.metrics)
    assert all(score.difference == 0 for score in found.scores)
    assert (found.same_failure, found.failure_again) == (None, None)


def test_a_difference_in_the_last_bits_is_within_tolerance(kept: Kept) -> None:
    url = kept.keep(kept.trial(0, "ridge", change=lambda score: score * (1 + 1e-12)))

    found = reproduce("again-1.final.0", store=url)

    assert found.agreement == "within tolerance"
    assert found.tolerance == TOLERANCE
    assert all(0 < abs(score.difference or 0.0) < 1e-11 for score in found.scores)


@pytest.mark.parametrize(
    ("stored", "again", "agreement"),
    [
        (0.5, 0.5, "bit-equal"),
        (0.5, 0.5 + 9e-7, "within tolerance"),
        (0.5, 0.5 + 2e-6, "different"),
        (-1000.0, -1000.0009, "within tolerance"),  # relative above 1
        (-1000.0, -1000.002, "different"),
        (0.0, -0.0, "bit-equal"),
        (None, 0.5, "different"),
        (0.5, None, "different"),
    ],
)
def test_the_tolerance_is_absolute_and_relative_above_one(
    stored: float | None, again: float | None, agreement: str
) -> None:
    assert _agree(stored, again, TOLERANCE) == agreement


def test_it_says_which_fold_and_metric_differ(kept: Kept) -> None:
    records = kept.trial(0, "ridge")
    scores = records[2].scores | {"r2": records[2].scores["r2"] + 0.01}
    records[2] = replace(records[2], scores=scores)
    url = kept.keep(records)

    found = reproduce("again-1.final.0", store=url)

    (different,) = found.different
    assert found.agreement == "different"
    assert (different.inner_fold, different.metric) == (records[2].inner_fold, "r2")
    assert different.difference == pytest.approx(-0.01)


def test_the_folds_are_those_in_the_store_whatever_would_be_made_now(kept: Kept) -> None:
    other = make_folds(kept.plan.dataset, kept.plan.spec.validation, seed=99)
    kept.plan = replace(kept.plan, folds=other)
    url = kept.keep(kept.trial(0, "ridge"))

    assert reproduce("again-1.final.0", store=url).agreement == "bit-equal"


def test_another_configuration_is_no_reproduction(kept: Kept) -> None:
    """The comparison is able to fail: the same scores under another configuration differ."""
    records = kept.trial(0, "ridge")
    configuration = records[0].configuration | {"alpha": 1000.0}
    url = kept.keep([replace(records[0], configuration=configuration), *records[1:]])

    assert reproduce("again-1.final.0", store=url).agreement == "different"


def test_a_stopped_trial_is_run_as_far_as_it_had_come(kept: Kept) -> None:
    url = kept.keep(kept.trial(0, "ridge", folds=1, end="stopped", reason="below the cutoff"))

    found = reproduce("again-1.final.0", store=url)

    assert found.agreement == "bit-equal"
    assert {score.inner_fold for score in found.scores} == {0}


def test_a_failure_is_reproduced_with_its_reason(kept: Kept) -> None:
    records = kept.trial(
        0, f"{TROUBLED}:Raises", folds=0, end="failed", reason="RuntimeError: no luck today"
    )
    url = kept.keep(records)

    found = reproduce("again-1.final.0", store=url)

    assert found.same_failure is True
    assert found.agreement == "bit-equal"
    assert found.failure_again == "RuntimeError: no luck today"


@pytest.mark.parametrize(
    ("then", "now", "same"),
    [
        ("ValueError: at 0x7f01ab", "ValueError: at 0x55ffee", True),
        ("ValueError: two\nlines", "ValueError: two lines", True),  # as the store keeps them
        ("the worker process died 3 times in inner fold number 1", f"{DIED} (exit code 3)", True),
        ("took longer than budget.trial_time_s = 2 s, and did not let go", LATE, True),
        ("the worker process died (out of memory, a crash, or a time limit)", LATE, True),
        (LATE, f"{DIED} (exit code 3)", False),
        ("ValueError: 3", "ValueError: 4", False),
        ("ValueError: 3", "TypeError: 3", False),
    ],
)
def test_reasons_are_the_same_but_for_what_no_two_runs_share(
    kept: Kept, then: str, now: str, same: bool
) -> None:
    url = kept.keep(kept.trial(0, f"{TROUBLED}:Raises", folds=0, end="failed", reason=then))
    with Store(url) as store:
        trial = store.trial("again-1.final.0")

    assert _same_failure(trial, 0, [], Failed(now)) is same


def test_another_failure_is_a_difference(kept: Kept) -> None:
    records = kept.trial(
        0, f"{TROUBLED}:Raises", folds=0, end="failed", reason="MemoryError: 3 GiB"
    )
    url = kept.keep(records)

    found = reproduce("again-1.final.0", store=url)

    assert found.same_failure is False
    assert found.agreement == "different"


def test_a_failed_trial_that_succeeds_now_is_a_difference(kept: Kept) -> None:
    url = kept.keep(kept.trial(0, "ridge", folds=1, end="failed", reason="OSError: disk"))

    found = reproduce("again-1.final.0", store=url)

    assert found.same_failure is False
    assert found.failure_again is None
    assert found.agreement == "different"
    assert [score.stored is None for score in found.scores] == [False] * 2 + [True] * 4


def test_a_fit_that_takes_its_process_with_it_is_reproduced_and_harms_nobody(kept: Kept) -> None:
    reason = "the worker process died (out of memory, a crash, or a time limit)"
    url = kept.keep(kept.trial(0, f"{TROUBLED}:Crashes", folds=0, end="failed", reason=reason))

    found = reproduce("again-1.final.0", store=url)

    assert found.same_failure is True
    assert found.failure_again == "the worker process died (exit code 3)"


def test_a_trial_that_takes_too_long_is_ended_after_its_time(tmp_path: Path) -> None:
    kept = Kept(
        tmp_path, families=[f"{TROUBLED}:Sleeps"], budget={"trials": 3, "trial_time_s": 0.2}
    )
    reason = "TrialTimeoutError: took longer than budget.trial_time_s = 0.2 s"
    url = kept.keep(kept.trial(0, f"{TROUBLED}:Sleeps", folds=0, end="failed", reason=reason))

    found = reproduce("again-1.final.0", store=url)

    assert found.failure_again == reason
    assert found.same_failure is True


def test_other_rows_are_refused(kept: Kept) -> None:
    url = kept.keep(kept.trial(0, "ridge"))
    make_rows(121).to_csv(kept.folder / "rows.csv", index=False)

    with pytest.raises(DataError, match="are not those of search again-1"):
        reproduce("again-1.final.0", store=url)


def test_a_trial_without_scores_has_nothing_to_compare(kept: Kept) -> None:
    url = kept.keep(kept.trial(0, "ridge")[:1])

    with pytest.raises(SpecError, match="has no score to compare with"):
        reproduce("again-1.final.0", store=url)
    with pytest.raises(NotFoundError):
        reproduce("again-1.final.9", store=url)


def test_what_changed_in_the_environment_is_told(kept: Kept) -> None:
    versions = kept.environment["versions"] | {"scikit-learn": "1.0.0"}
    kept.environment |= {"versions": versions, "python": "3.11.0rc1"}
    url = kept.keep(kept.trial(0, "ridge"))

    found = {change.what: change for change in reproduce("again-1.final.0", store=url).environment}

    assert found["versions.scikit-learn"].a == "1.0.0"
    assert found["versions.scikit-learn"].b != "1.0.0"
    assert found["python"].a == "3.11.0rc1"
    assert "versions.numpy" not in found


@pytest.mark.ray
@pytest.mark.usefixtures("one_worker")
def test_every_trial_of_a_real_search_is_reproduced(tmp_path: Path) -> None:
    """What Ray's workers computed, the dummy's, the stopped and the failed trials included."""
    make_rows().to_csv(tmp_path / "rows.csv", index=False)
    families = ["ridge", "random_forest", "xgboost", f"{TROUBLED}:Raises"]
    strategy = {"kind": "asha", "min_resource": 1}
    spec = make_spec(tmp_path, families=families, strategy=strategy, budget={"trials": 6})
    url = f"sqlite:///{tmp_path}/searcher.db"
    options = {"output": tmp_path / "out", "report": False, "try_exports": False}
    ended = search(spec, store=url, **options)

    with Store(url) as store:
        trials = store.trials(ended.search_id, outer_fold="final")
    found = [reproduce(trial.trial_id, store=url) for trial in trials]

    assert len(found) == 6
    assert {each.agreement for each in found} == {"bit-equal"}
    assert "failed" in {each.trial.state for each in found}
    assert "dummy" in {each.trial.family for each in found}
