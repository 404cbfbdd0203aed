"""Searches of the real families' spaces, told in records without fitting anything.

The records factory beside the store's tests says a little of everything; here are searches of any
size whose scores depend on their parameters, as those of a real search do.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import numpy as np

from search_spaces.columns import Column, Profile
from search_spaces.space import Configuration, Space
from searcher.plugins import load_family
from searcher.records import (
    FINAL,
    Artifact,
    Decision,
    FoldScore,
    InnerSearchEnded,
    Note,
    OuterPredictions,
    OuterScore,
    ParityChecked,
    Record,
    SearchEnded,
    SearchStarted,
    TrialEnded,
    TrialStarted,
)
from searcher.statistics import corrected_interval, optimism
from tests.searcher.report.surroundings import (
    COLUMNS,
    ENVIRONMENT,
    N_ROWS,
    TRACEBACK,
    describe_data,
    fingerprint_of,
    predict_rows,
    true_answers,
)
from tests.searcher.store.records_factory import make_folds, make_verdict

SEARCH_ID = "telco-churn-3f9a2c"
FAMILIES = ("logistic_regression", "random_forest", "xgboost")
LEVEL = {
    **{"logistic_regression": 0.842, "ridge": 0.842, "random_forest": 0.846, "xgboost": 0.849},
    "dummy": 0.5,
}
KINDS: dict[str, dict[str, Any]] = {
    "binary": {},
    "multiclass": {"classes": ("low", "middle", "high"), "metrics": ["balanced_accuracy"]},
    "regression": {
        "classes": (),
        "metrics": ["r2"],
        "families": ("ridge", "random_forest", "xgboost"),
    },
}
"""Task -> what a story of it is told with."""


class Story:
    """A nested search that is being told.

    Parameters
    ----------
    trials
        Of each inner search.
    metrics
        The first is optimised.
    families
        Installed ones.
    stopping
        Whether trials are compared at rungs 1 and 2, as ASHA with a reduction factor of 2 does.
    name, columns, classes
        What a user may have called things.
    task
        ``KINDS`` has what goes with it.
    """

    def __init__(
        self,
        *,
        search_id: str = SEARCH_ID,
        trials: int = 40,
        outer: int = 5,
        inner: int = 4,
        metrics: Sequence[str] = ("roc_auc", "accuracy", "neg_log_loss"),
        families: Sequence[str] = FAMILIES,
        stopping: bool = True,
        failing: float = 0.03,
        name: str = "telco-churn",
        columns: Sequence[dict[str, Any]] = COLUMNS,
        classes: Sequence[str] = ("No", "Yes"),
        reason: str = "ValueError: Input X contains infinity",
        task: Any = "binary",
        seed: int = 7,
    ) -> None:
        self.search_id, self.metrics, self.families = search_id, tuple(metrics), tuple(families)
        self.trials, self.outer, self.inner = trials, outer, inner
        self.stopping, self.failing, self.reason = stopping, failing, reason
        self.rng = np.random.default_rng(seed)
        self.now = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
        self.records: list[Record] = []
        self.name, self.columns, self.classes, self.seed = name, columns, classes, seed
        self.task = task
        self.spaces = self._spaces()
        self.winners: dict[str, tuple[float, TrialStarted]] = {}
        self.baselines: dict[str, dict[str, tuple[float, TrialStarted]]] = {}

    def tell(self) -> list[Record]:
        """Tell it all, from SearchStarted to SearchEnded."""
        self.start()
        folds = [str(i) for i in range(self.outer)]
        for fold in [*folds, FINAL]:
            self.inner_search(fold)
        for fold in folds:
            self.judge(fold)
        self.release()
        self.end()
        return self.records

    def start(self) -> None:
        """Begin, with a spec that has all its fields."""
        folds = self.folds = make_folds(self.outer, self.inner, N_ROWS, self.rng)
        self.records += [
            SearchStarted(
                search_id=self.search_id,
                name=self.name,
                spec=self._spec(),
                metric=self.metrics[0],
                task=self.task,
                fingerprint=fingerprint_of(self.name),
                data=describe_data(self.name, self.columns, self.classes, self.task),
                environment=ENVIRONMENT,
                folds=folds,
                at=self._tick(),
            ),
            Note(self.search_id, "data", {"columns": 6}, at=self._tick()),
        ]

    def inner_search(self, fold: str, *, only: str | None = None) -> None:
        """Try configurations; ``only="failed"`` makes every one of them fail."""
        spread = self.rng.normal(0, 0.008, self.inner)  # inner folds are not equally hard
        done: list[tuple[float, TrialStarted]] = []
        rungs: dict[int, list[float]] = {1: [], 2: []}
        for number in range(self.trials):
            trial = self._start(fold, number)
            score = self._run(trial, spread, rungs, fails=only == "failed")
            if score is not None:
                done.append((score, trial))
        if done:
            best, winner = max(done, key=lambda pair: (pair[0], -pair[1].number))
            self.winners[fold] = best, winner
            self.baselines[fold] = {
                origin: max((p for p in done if p[1].origin == origin), key=lambda p: p[0])
                for origin in ("default", "dummy")
                if any(trial.origin == origin for _, trial in done)
            }
            self.records.append(
                InnerSearchEnded(self.search_id, fold, winner.trial_id, best, at=self._tick())
            )

    def judge(self, fold: str) -> None:
        """Score an outer fold's winner, its best default and the dummy on the outer test rows."""
        # From numbers of its own: how many the trials drew hangs on the installed families.
        luck = float(np.random.default_rng([self.seed, int(fold)]).normal(0, 0.012))
        chosen = {"winner": self.winners[fold], **self.baselines[fold]}
        for role, (inner_score, trial) in chosen.items():
            flattery = {"winner": 0.006, "default": 0.001}.get(role, 0.0)
            score = inner_score if role == "dummy" else inner_score - flattery + luck
            self.records.append(
                OuterScore(
                    self.search_id,
                    fold,
                    role,  # type: ignore[arg-type]
                    trial.trial_id,
                    self._scores(score),
                    0.4,
                    at=self._tick(),
                )
            )

        self.predict(fold)

    def predict(self, fold: str) -> None:
        """Say what the winner says of the outer test rows."""
        (rows,) = (f.test for f in self.folds if (f.outer_fold, f.inner_fold) == (fold, None))
        truth = true_answers(self.task, len(self.classes))[rows]
        predicted, told = predict_rows(self.task, truth, len(self.classes), int(fold))
        winner = self.winners[fold][1].trial_id
        at = self._tick()
        self.records.append(
            OuterPredictions(
                self.search_id, fold, "winner", winner, rows, truth, predicted, told, at=at
            )
        )

    def release(self) -> None:
        """Say that the model passed the gate."""
        trial_id = self.winners[FINAL][1].trial_id
        names = {
            "data": 900,
            "random": 500,
            "missing": 28,
            "unseen": 12,
            "extreme": 40,
            "single": 1,
        }
        probes = tuple(
            {"name": n, "rows": rows, "labels_unequal": 0, "worst": 0.011, "worst_absolute": 1.2e-7}
            for n, rows in names.items()
        )
        verdict = make_verdict(rows=sum(names.values()), probes=probes)
        self.records += [
            ParityChecked(self.search_id, trial_id, verdict, at=self._tick()),
            Artifact(
                search_id=self.search_id,
                kind="model",
                path=f"searcher-output/{self.search_id}/model.onnx",
                sha256=sha256(b"model").hexdigest(),
                size_bytes=482_113,
                trial_id=trial_id,
                at=self._tick(),
            ),
            Note(
                self.search_id,
                "latency",
                {
                    "batches": [1, 100, 10_000],
                    "onnx_ms": [0.021, 0.11, 8.4],
                    "native_ms": [1.9, 2.4, 31.0],
                    "size_bytes": 482_113,
                },
                at=self._tick(),
            ),
        ]

    def end(self) -> None:
        """Conclude as ``searcher.conclusion`` does."""
        told = {role: self._outer(role) for role in ("winner", "default")}
        winners = list(told["winner"].values())
        default = told["default"]
        differences = [told["winner"][fold] - default[fold] for fold in default]
        fraction = 1 / max(1, self.outer - 1)
        self.records.append(
            SearchEnded(
                self.search_id,
                "completed",
                outer_mean=float(np.mean(winners)),
                interval=corrected_interval(winners, test_fraction=fraction),
                optimism=optimism([self.winners[f][0] for f in told["winner"]], winners),
                default_difference=float(np.mean(differences)) if differences else None,
                default_interval=corrected_interval(differences, test_fraction=fraction),
                at=self._tick(),
            )
        )

    def _outer(self, role: str) -> dict[str, float]:
        return {
            record.outer_fold: record.scores[self.metrics[0]]
            for record in self.records
            if isinstance(record, OuterScore) and record.role == role
        }

    def _tick(self, seconds: float = 0.31) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    def _spec(self) -> dict[str, Any]:
        strategy = {"kind": "asha", "searcher": "tpe"} if self.stopping else {"kind": "tpe"}
        return {
            "name": self.name,
            "data": {
                "path": "telco_churn.csv.gz",
                "target": "Churn",
                "positive": "Yes",
                "missing": ["1e-3", "n/a"],
            },
            "metric": list(self.metrics),
            "families": dict.fromkeys(self.families),
            "strategy": strategy,
            "validation": {"outer": self.outer, "inner": self.inner, "splitter": "auto"},
            "budget": {"trials": self.trials, "time_s": None},
            "hardware": {"cpus": 1, "gpus": 0, "workers": 1},
            "seed": self.seed,
        }

    def _spaces(self) -> dict[str, Space]:
        kinds = [Column(f"x{i}", c["kind"], bool(c["missing"])) for i, c in enumerate(COLUMNS)]
        self.profile = Profile(self.task, tuple(kinds), N_ROWS, len(self.classes))
        return {name: load_family(name).space(self.profile) for name in ("dummy", *self.families)}

    def _start(self, fold: str, number: int) -> TrialStarted:
        defaults = len(self.families)
        origin = "dummy" if number == 0 else "default" if number <= defaults else "strategy"
        family = "dummy"
        if origin == "default":
            family = self.families[number - 1]
        elif origin == "strategy":
            # A strategy that learns: later proposals are more often of the better families.
            learnt = min(1.0, number / 40)
            weights = np.array([1 + 3 * learnt * i for i in range(defaults)])
            family = str(self.rng.choice(self.families, p=weights / weights.sum()))
        space = self.spaces[family]
        configuration = (
            space.sample(self.rng)
            if origin == "strategy"
            else load_family(family).default(self.profile)
        )
        trial = TrialStarted(
            trial_id=f"{self.search_id}.{fold}.{number}",
            search_id=self.search_id,
            outer_fold=fold,
            number=number,
            family=family,
            configuration=configuration,
            origin=origin,  # type: ignore[arg-type]
            at=self._tick(0.05),
        )
        self.records.append(trial)
        return trial

    def _run(
        self, trial: TrialStarted, spread: Any, rungs: dict[int, list[float]], *, fails: bool
    ) -> float | None:
        level = LEVEL[trial.family] - _loss(trial.family, trial.configuration)
        if fails or (trial.origin == "strategy" and self.rng.random() < self.failing):
            self._end(trial, "failed", None, 0, reason=self.reason, traceback=TRACEBACK)
            return None
        scores: list[float] = []
        for fold in range(self.inner):
            noise = (
                0.0 if trial.family == "dummy" else float(spread[fold] + self.rng.normal(0, 0.002))
            )
            scores.append(float(np.clip(level + noise, 0, 1)))
            self.records.append(
                FoldScore(
                    trial_id=trial.trial_id,
                    resource=fold + 1,
                    inner_fold=fold,
                    scores=self._scores(scores[-1]),
                    fit_s=0.2,
                    score_s=0.01,
                    cpu_s=0.25,
                    at=self._tick(0.21),
                )
            )
            if self._stops(trial, float(np.mean(scores)), fold + 1, rungs):
                reason = f"stopped after {fold + 1} of {self.inner} inner folds"
                self._end(trial, "stopped", float(np.mean(scores)), fold + 1, reason=reason)
                return None
        self._end(trial, "completed", float(np.mean(scores)), self.inner)
        return float(np.mean(scores))

    def _stops(
        self, trial: TrialStarted, mean: float, resource: int, rungs: dict[int, list[float]]
    ) -> bool:
        if not self.stopping or trial.origin == "dummy" or resource not in rungs:
            return False
        seen = rungs[resource]
        cutoff = float(np.quantile(seen, 0.5)) if seen else None
        seen.append(mean)
        stops = cutoff is not None and mean < cutoff and trial.origin == "strategy"
        self.records.append(
            Decision(
                trial_id=trial.trial_id,
                resource=resource,
                score=mean,
                decision="stop" if stops else "continue",
                reason="below the cutoff" if stops else "at or above the cutoff",
                rank=1 + sum(other > mean for other in seen),
                rivals=len(seen),
                cutoff=cutoff,
                at=self._tick(0.01),
            )
        )
        return stops

    def _end(
        self, trial: TrialStarted, state: Any, score: float | None, resource: int, **why: str
    ) -> None:
        at = self._tick(0.01)
        self.records.append(TrialEnded(trial.trial_id, state, score, resource, **why, at=at))

    def _scores(self, score: float) -> dict[str, float]:
        others = {"accuracy": 0.95 * score, "neg_log_loss": -0.9 + 0.55 * score}
        return {metric: others.get(metric, score) for metric in self.metrics}


def _loss(family: str, configuration: Configuration) -> float:
    """How much worse than the family's best a configuration is."""
    if family == "logistic_regression":
        return float(0.004 * abs(np.log10(configuration["C"]) + 1) ** 1.6)
    if family == "random_forest":
        depth = configuration.get("max_depth", 32)
        leaf = configuration["min_samples_leaf"]
        return float(0.0015 * abs(np.log2(depth) - 3) ** 2 + 0.003 * abs(np.log2(leaf) - 2))
    if family == "xgboost":
        rate, depth = configuration["learning_rate"], configuration["max_depth"]
        return float(0.02 * abs(np.log10(rate) + 1.5) + 0.0015 * abs(depth - 4))
    return 0.0
