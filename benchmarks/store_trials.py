"""The trial of the store's benchmarks: 4 parameters, 5 fold scores, one final value."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from searcher.records import (
    FINAL,
    Fold,
    FoldScore,
    InnerSearchEnded,
    Record,
    SearchStarted,
    TrialEnded,
    TrialStarted,
)

FOLDS = 5
BOOSTERS = ("gbtree", "dart")
OUTER = ("0", "1", "2", FINAL)
START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def draw(rng: random.Random) -> tuple[dict[str, Any], list[float]]:
    """Return a configuration and its scores on the folds; the best learning rate is 0.1."""
    learning_rate = 10 ** rng.uniform(-4, 0)
    configuration = {
        "learning_rate": learning_rate,
        "max_depth": rng.randint(2, 12),
        "subsample": rng.uniform(0.5, 1.0),
        "booster": rng.choice(BOOSTERS),
    }
    level = 0.9 - 0.05 * abs(np.log10(learning_rate) + 1)
    return configuration, [float(level + rng.gauss(0, 0.01)) for _ in range(FOLDS)]


def start_search(search_id: str) -> SearchStarted:
    """Begin a search of four inner searches over 90 rows."""
    rows = np.arange(90)
    folds = []
    for number, outer_fold in enumerate(OUTER):
        test = rows[:0] if outer_fold == FINAL else rows[number::3]
        train = np.setdiff1d(rows, test)
        folds.append(Fold(outer_fold, None, train, test))
        for i in range(FOLDS):
            held_out = train[i::FOLDS]
            folds.append(Fold(outer_fold, i, np.setdiff1d(train, held_out), held_out))
    spec = {"name": search_id, "metric": "roc_auc", "seed": 0}
    data = {"rows": 90, "classes": [{"name": "no"}, {"name": "yes"}]}
    kept: dict[str, Any] = {"spec": spec, "data": data, "environment": {"python": "3"}}
    return SearchStarted(
        search_id, "benchmark", metric="roc_auc", task="binary", fingerprint="f" * 64,
        folds=tuple(folds), at=START, **kept,
    )  # fmt: skip


def trial_records(
    search_id: str, number: int, rng: random.Random, *, at: datetime | None = None
) -> Iterator[Record]:
    """Yield the seven records of a trial; the trials take turns between the inner searches."""
    configuration, scores = draw(rng)
    outer_fold = OUTER[number % len(OUTER)]
    trial_id = f"{search_id}.{outer_fold}.{number // len(OUTER)}"
    moment: dict[str, Any] = {} if at is None else {"at": at}
    yield TrialStarted(
        trial_id, search_id, outer_fold, number // len(OUTER), "xgboost", configuration,
        "strategy", **moment,
    )  # fmt: skip
    for fold, score in enumerate(scores):
        yield FoldScore(trial_id, fold + 1, fold, {"roc_auc": score}, 0.2, 0.01, 0.25, **moment)
    yield TrialEnded(trial_id, "completed", sum(scores) / FOLDS, FOLDS, **moment)


def search_records(search_id: str, n_trials: int, *, seed: int = 0) -> Iterator[Record]:
    """Yield everything that a search of ``n_trials`` says whose inner searches have all chosen."""
    rng = random.Random(seed)  # noqa: S311  (no secret)
    yield start_search(search_id)
    best: dict[str, tuple[float, str]] = {}
    for number in range(n_trials):
        for record in trial_records(search_id, number, rng, at=START + timedelta(seconds=number)):
            yield record
        assert isinstance(record, TrialEnded)  # noqa: S101
        assert record.score is not None  # noqa: S101
        outer_fold = OUTER[number % len(OUTER)]
        best[outer_fold] = max(best.get(outer_fold, (-1.0, "")), (record.score, record.trial_id))
    at = START + timedelta(seconds=n_trials)
    for outer_fold, (score, trial_id) in best.items():
        yield InnerSearchEnded(search_id, outer_fold, trial_id, score, at=at)
