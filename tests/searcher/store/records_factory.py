"""Records of a search that looks like a real one, without running anything.

``make_records()`` is what a nested search of three families over three outer folds says, from
SearchStarted to SearchEnded; ``fill(url, make_records())`` puts it into a store. Everything follows
from the arguments: equal arguments give equal records, times included.

>>> from tests.searcher.store.records_factory import fill, make_records
>>> url = fill("sqlite:///searcher.db", make_records("a1"), make_records("b2", state="running"))
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from statistics import fmean
from typing import Any

import numpy as np

from searcher.records import (
    FINAL,
    Artifact,
    Decision,
    Fold,
    FoldScore,
    InnerSearchEnded,
    Note,
    OuterPredictions,
    OuterScore,
    ParityChecked,
    ParityVerdict,
    Record,
    SearchEnded,
    SearchStarted,
    SearchState,
    TrialEnded,
    TrialStarted,
)
from searcher.store import Writer

SEARCH_ID = "20260131-120000-a1b2c3"
START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
FAMILIES = ("logistic_regression", "random_forest", "xgboost")
LEVEL = {"dummy": 0.5, "logistic_regression": 0.80, "random_forest": 0.83, "xgboost": 0.84}


def fill(url: str, *searches: list[Record]) -> str:
    """Write the records of each search into the store at ``url``; return the url."""
    with Writer(url) as writer:
        for records in searches:
            for record in records:
                writer.add(record)
    return url


def make_records(
    search_id: str = SEARCH_ID,
    *,
    name: str = "churn",
    state: SearchState = "completed",
    outer: int = 3,
    inner: int = 3,
    trials: int = 8,
    n_samples: int = 90,
    metric: str = "roc_auc",
    second_metric: str = "accuracy",
    seed: int = 7,
    start: datetime = START,
) -> list[Record]:
    """Return what a search says.

    Every inner search tries the dummy (number 0), the default of each family (1, 2, 3) and then
    proposals, the last of which fails. After one inner fold the worse half of the proposals is
    stopped. ``state="running"`` and ``"interrupted"`` end in the middle of the final inner
    search, with two trials running; ``"failed"`` ends there with an error and no result.
    """
    made = _Search(search_id, metric, second_metric, inner, np.random.default_rng(seed), start)
    folds = make_folds(outer, inner, n_samples, made.rng)
    made.records.append(_started(made, name, folds, n_samples, seed))
    made.note("data", {"notices": ["column 'id' is constant and was dropped"]})
    for outer_fold in [str(i) for i in range(outer)]:
        made.inner_search(outer_fold, trials)
        made.outer_scores(outer_fold)
        made.outer_predictions(folds, outer_fold)
    if state == "completed":
        made.inner_search(FINAL, trials)
        made.release()
    else:
        made.unfinished()
    if state != "running":
        made.end(state)
    return made.records


def make_folds(
    outer: int, inner: int, n_samples: int, rng: np.random.Generator
) -> tuple[Fold, ...]:
    """Return K-fold splits: per outer fold the outer split, then its inner splits."""
    rows = np.arange(n_samples)
    parts = np.array_split(rng.permutation(n_samples), outer)
    folds = []
    for outer_fold, test in [*((str(i), part) for i, part in enumerate(parts)), (FINAL, rows[:0])]:
        train = np.setdiff1d(rows, test)
        folds.append(Fold(outer_fold, None, train, np.sort(test)))
        for i, held_out in enumerate(np.array_split(rng.permutation(train), inner)):
            folds.append(Fold(outer_fold, i, np.setdiff1d(train, held_out), np.sort(held_out)))
    return tuple(folds)


@dataclass
class _Search:
    """A search that is being told."""

    search_id: str
    metric: str
    second_metric: str
    inner: int
    rng: np.random.Generator
    now: datetime
    records: list[Record] = field(default_factory=list)
    scores: dict[str, tuple[float, TrialStarted]] = field(default_factory=dict)
    winners: dict[str, tuple[float, TrialStarted]] = field(default_factory=dict)
    outer: dict[str, list[float]] = field(default_factory=lambda: {"winner": [], "default": []})

    def tick(self, seconds: float = 0.25) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    def note(self, kind: str, payload: dict[str, Any]) -> None:
        self.records.append(Note(self.search_id, kind, payload, at=self.tick()))

    def start_trial(self, outer_fold: str, number: int) -> TrialStarted:
        origin = "dummy" if number == 0 else "default" if number <= len(FAMILIES) else "strategy"
        family = "dummy" if number == 0 else FAMILIES[(number - 1) % len(FAMILIES)]
        trial = TrialStarted(
            trial_id=f"{self.search_id}.{outer_fold}.{number}",
            search_id=self.search_id,
            outer_fold=outer_fold,
            number=number,
            family=family,
            configuration=_configuration(family, origin, self.rng),
            origin=origin,
            at=self.tick(),
        )
        self.records.append(trial)
        return trial

    def score_fold(self, trial: TrialStarted, inner_fold: int) -> float:
        score = float(np.clip(LEVEL[trial.family] + self.rng.normal(0, 0.02), 0, 1))
        fold_score = FoldScore(
            trial_id=trial.trial_id,
            resource=inner_fold + 1,
            inner_fold=inner_fold,
            scores={self.metric: score, self.second_metric: round(0.9 * score, 3)},
            fit_s=0.2,
            score_s=0.01,
            cpu_s=0.25,
            at=self.tick(),
        )
        self.records.append(fold_score)
        return score

    def inner_search(self, outer_fold: str, trials: int) -> None:
        completed = []
        for number in range(trials):
            trial = self.start_trial(outer_fold, number)
            if number == trials - 1 and trial.origin == "strategy":
                self.fail(trial)
            elif (score := self.race(trial, rivals=number)) is not None:
                completed.append((score, trial))
                if trial.origin == "default":
                    self.scores.setdefault(outer_fold, (score, trial))
        best, winner = max(completed, key=lambda pair: pair[0])
        self.winners[outer_fold] = best, winner
        end = InnerSearchEnded(self.search_id, outer_fold, winner.trial_id, best, at=self.tick())
        self.records.append(end)

    def race(self, trial: TrialStarted, *, rivals: int) -> float | None:
        """Score fold after fold; stop a proposal that is below its family's level after one."""
        scores: list[float] = []
        for inner_fold in range(self.inner):
            scores.append(self.score_fold(trial, inner_fold))
            cutoff = LEVEL[trial.family] - 0.01
            stops = trial.origin == "strategy" and inner_fold == 0 and scores[0] < cutoff
            if trial.origin == "strategy" and inner_fold == 0:
                self.decide(trial, scores[0], stops=stops, rivals=rivals, cutoff=cutoff)
            if stops:
                self.end_trial(trial, "stopped", fmean(scores), 1, reason="below the cutoff")
                return None
        self.end_trial(trial, "completed", fmean(scores), self.inner)
        return fmean(scores)

    def decide(
        self, trial: TrialStarted, score: float, *, stops: bool, rivals: int, cutoff: float
    ) -> None:
        decision = Decision(
            trial_id=trial.trial_id,
            resource=1,
            score=score,
            decision="stop" if stops else "continue",
            reason="below the cutoff" if stops else "among the better half",
            rank=rivals if stops else 1,
            rivals=rivals,
            cutoff=cutoff,
            at=self.tick(),
        )
        self.records.append(decision)

    def fail(self, trial: TrialStarted) -> None:
        self.end_trial(
            trial,
            "failed",
            None,
            0,
            reason="ValueError: Solver lbfgs supports only 'l2'",
            traceback="Traceback (most recent call last):\n  ...\nValueError: Solver lbfgs",
        )

    def end_trial(
        self, trial: TrialStarted, state: Any, score: float | None, resource: int, **why: str
    ) -> None:
        end = TrialEnded(trial.trial_id, state, score, resource, **why, at=self.tick())
        self.records.append(end)

    def outer_scores(self, outer_fold: str) -> None:
        dummy = next(
            record
            for record in self.records
            if isinstance(record, TrialStarted)
            and (record.outer_fold, record.origin) == (outer_fold, "dummy")
        )
        winner, default = self.winners[outer_fold], self.scores[outer_fold]
        told = (
            ("winner", winner[1], winner[0] - 0.02),
            ("default", default[1], default[0] - 0.01),
            ("dummy", dummy, 0.5),
        )
        for role, trial, score in told:
            scores = {self.metric: score, self.second_metric: round(0.9 * score, 3)}
            outer = OuterScore(
                self.search_id, outer_fold, role, trial.trial_id, scores, 0.3, at=self.tick()
            )
            self.records.append(outer)
            if role in self.outer:
                self.outer[role].append(score)

    def outer_predictions(self, folds: tuple[Fold, ...], outer_fold: str) -> None:
        """Say of a third of the rows that they are of the second class; mostly rightly."""
        (rows,) = (f.test for f in folds if (f.outer_fold, f.inner_fold) == (outer_fold, None))
        truth = (rows % 3 == 0).astype(np.int64)
        rng = np.random.default_rng(len(self.records))
        positive = np.clip(0.3 + 0.4 * truth + rng.normal(0, 0.2, len(rows)), 0.01, 0.99)
        self.records.append(
            OuterPredictions(
                search_id=self.search_id,
                outer_fold=outer_fold,
                role="winner",
                trial_id=self.winners[outer_fold][1].trial_id,
                rows=rows,
                truth=truth,
                predicted=(positive > 0.5).astype(np.int64),
                probabilities=np.column_stack([1 - positive, positive]),
                at=self.now,
            )
        )

    def release(self) -> None:
        trial_id = self.winners[FINAL][1].trial_id
        folder = f"searcher-output/{self.search_id}"
        checked = ParityChecked(self.search_id, trial_id, make_verdict(), at=self.tick())
        model, report = (
            Artifact(
                search_id=self.search_id,
                kind=kind,
                path=f"{folder}/{file}",
                sha256=sha256(file.encode()).hexdigest(),
                size_bytes=48_213,
                trial_id=trial_id if kind == "model" else None,
                at=self.tick(),
            )
            for kind, file in (("model", "model.onnx"), ("report", "report.html"))
        )
        self.records += [checked, model, report]

    def unfinished(self) -> None:
        self.race(self.start_trial(FINAL, 0), rivals=0)
        scored, fresh = self.start_trial(FINAL, 1), self.start_trial(FINAL, 2)
        self.score_fold(scored, 0)
        del fresh

    def end(self, state: SearchState) -> None:
        if state != "completed":
            error = "MemoryError: the driver ran out of memory" if state == "failed" else None
            self.records.append(SearchEnded(self.search_id, state, error=error, at=self.tick()))
            return
        mean = fmean(self.outer["winner"])
        inner = fmean(best for fold, (best, _) in self.winners.items() if fold != FINAL)
        difference = mean - fmean(self.outer["default"])
        end = SearchEnded(
            self.search_id,
            "completed",
            outer_mean=mean,
            interval=(mean - 0.03, mean + 0.03),
            optimism=inner - mean,
            default_difference=difference,
            default_interval=(difference - 0.02, difference + 0.02),
            at=self.tick(),
        )
        self.records.append(end)


def make_verdict(**changes: Any) -> ParityVerdict:
    """Return a parity verdict that passed, but for ``changes``."""
    probe = {"name": "held out", "rows": 18, "labels_unequal": 0, "worst": 0.01}
    passed: dict[str, Any] = {
        "passed": True,
        "rows": 118,
        "labels_unequal": 0,
        "worst": 0.012,
        "worst_absolute": 1.2e-7,
        "rtol": 1e-5,
        "atol": 1e-5,
        "probes": (probe | {"worst_absolute": 1e-7}, probe | {"name": "random", "rows": 100}),
        "seconds": 1.5,
    }
    return ParityVerdict(**(passed | changes))


def _configuration(family: str, origin: str, rng: np.random.Generator) -> dict[str, Any]:
    if family == "dummy":
        return {"strategy": "prior"}
    default = origin == "default"
    prepare = {"impute": "median", "encode": "onehot" if default else "ordinal"}
    if family == "logistic_regression":
        penalty = 1.0 if default else float(10 ** rng.uniform(-3, 2))
        return prepare | {"C": penalty, "penalty": "l2"}
    if family == "random_forest":
        depth = None if default else int(rng.integers(2, 20))
        return prepare | {"n_estimators": 100, "max_depth": depth, "bootstrap": True}
    rate = 0.3 if default else float(10 ** rng.uniform(-3, 0))
    return prepare | {"learning_rate": rate, "max_depth": 6, "n_estimators": 100}


def _started(
    made: _Search, name: str, folds: tuple[Fold, ...], n_samples: int, seed: int
) -> SearchStarted:
    return SearchStarted(
        search_id=made.search_id,
        name=name,
        spec={
            "name": name,
            "data": {"path": "telco_churn.csv.gz", "target": "Churn"},
            "metric": [made.metric, made.second_metric],
            "families": list(FAMILIES),
            "strategy": {"kind": "asha", "searcher": "tpe"},
            "validation": {"outer": 3, "inner": made.inner, "splitter": "auto"},
            "budget": {"trials": 8},
            "seed": seed,
        },
        metric=made.metric,
        task="binary",
        fingerprint=sha256(name.encode()).hexdigest(),
        data={
            "rows": n_samples,
            "columns": [
                {"name": "tenure", "kind": "numeric", "missing": 0},
                {"name": "Contract", "kind": "categorical", "missing": 3, "categories": 3},
            ],
            "classes": [
                {"name": "No", "rows": n_samples - -(-n_samples // 3)},
                {"name": "Yes", "rows": -(-n_samples // 3)},
            ],
            "notices": ["column 'id' is constant and was dropped"],
        },
        environment={"python": "3.11.7", "searcher": "0.1.0", "platform": "Linux", "cpus": 2},
        folds=folds,
        at=made.now,
    )
