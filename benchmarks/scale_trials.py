"""Trivial trials, by a search of ours and by Ray Tune alone: what ``benchmarks.scale`` measures.

Tune's trials do the same fits and scores, in a class trainable whose processes are reused, without
loggers and snapshots, and with as many trials at once as there are CPUs.
"""

import os
import resource
import sqlite3
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import psutil
from numpy.typing import NDArray
from ray import tune
from sklearn.base import BaseEstimator, ClassifierMixin

from benchmarks.measure import TreeClock
from cluster.session import connect
from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.parameters import Float
from search_spaces.space import Configuration, Space
from searcher import search
from searcher.evaluation import make_scorer, quietly, score
from searcher.records import Record, TrialEnded
from searcher.tuning.run import TUNE_ENVIRONMENT

FAMILY = "benchmarks.scale_trials:Constant"
INNER_SEARCHES, FOLDS, ROWS, FIFTHS = 3, 2, 60, 5


class Shares(ClassifierMixin, BaseEstimator):
    """The shares of the classes, whatever the features are."""

    def __init__(self, weight: float = 1.0) -> None:
        self.weight = weight

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> Self:
        """Count the classes of y (n_samples,)."""
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = counts / counts.sum()
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Class codes, shape (n_samples,)."""
        return np.full(len(X), self.classes_[self.shares_.argmax()])

    def predict_proba(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Probabilities, shape (n_samples, n_classes)."""
        return np.tile(self.shares_, (len(X), 1))


class Constant:
    """A family with one parameter that changes nothing, fitted in microseconds."""

    name: ClassVar[str] = "constant"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """One number."""
        return Space(parameters={"weight": Float(low=1e-6, high=1.0, log=True)})

    def default(self, profile: Profile) -> Configuration:
        """In the middle."""
        return {"weight": 1e-3}

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``Shares``."""
        return Shares(weight=configuration["weight"])


@dataclass(frozen=True)
class Mark:
    """How far the trials are, and what they have taken so far."""

    ended: int  # trials
    at_s: float  # of the clock
    driver_s: float  # CPU seconds of the driver
    writer_s: float  # of which in the thread that writes the store
    tree_s: float  # CPU seconds of the driver and all that it has started
    rss_mb: float  # of the driver


class Marks:
    """Marks at the ends of fifths of the trials; the first and the last few are in none.

    In those, workers start, warm up and end: four a CPU, but no more than a quarter of all.
    """

    def __init__(self, trials: int, cpus: int) -> None:
        left_out = min(4 * cpus, trials // 4)
        edges = np.linspace(left_out, trials - left_out, FIFTHS + 1)
        self._edges = {int(edge) for edge in edges}
        self._me, self._clock = psutil.Process(), TreeClock()
        self._tree_s, self._ended = 0.0, 0
        self.marks: list[Mark] = []

    def end_trial(self, at_s: float) -> None:
        """Note that one more trial has ended, and when."""
        self._ended += 1
        if self._ended not in self._edges:
            return
        self._tree_s += self._clock.lap().cpu_s
        rss_mb = self._me.memory_info().rss / 2**20
        self.marks.append(
            Mark(self._ended, at_s, time.process_time(), self._writer_s(), self._tree_s, rss_mb)
        )

    def _writer_s(self) -> float:
        ids = {thread.native_id for thread in threading.enumerate() if "writer" in thread.name}
        return sum(t.user_time + t.system_time for t in self._me.threads() if t.id in ids)


def make_rows() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Two columns of noise, X (60, 2), and y (60,), of which a third are 1."""
    return np.random.default_rng(0).normal(size=(ROWS, 2)), np.arange(ROWS) % 3 // 2


def run_ours(trials: int, cpus: int, folder: Path) -> dict[str, Any]:
    """Run a search of three inner searches."""
    X, y = make_rows()
    path, store = folder / "rows.csv", folder / "searcher.db"
    header = "a,b,target"
    np.savetxt(path, np.column_stack([X, y]), "%g", delimiter=",", header=header, comments="")
    spec = {
        "name": "scale",
        "data": {"path": str(path), "target": "target"},
        "metric": "accuracy",
        "families": [FAMILY],
        "strategy": {"kind": "random"},
        "validation": {"outer": INNER_SEARCHES - 1, "inner": FOLDS},
        "budget": {"trials": trials // INNER_SEARCHES},
        "seed": 0,
    }
    marks = Marks(trials, cpus)

    def observe(record: Record) -> None:
        if isinstance(record, TrialEnded):
            marks.end_trial(record.at.timestamp())

    found = search(
        spec,
        store=f"sqlite:///{store}",
        output=folder / "output",
        observe=observe,
        cpus=cpus,
        report=False,
        try_exports=False,
    )
    if found.trials["completed"] != trials:
        raise RuntimeError(f"{trials} trials were to complete: {found.trials}")
    return told(marks) | {"rows": count_rows(store) / trials}


def count_rows(store: Path) -> int:
    """Count the rows that belong to a trial."""
    with sqlite3.connect(store) as connection:
        tables = connection.execute("select name from sqlite_master where type = 'table'")
        belonging = [
            name
            for (name,) in tables.fetchall()
            if any(c[1] == "trial_id" for c in connection.execute(f"pragma table_info({name})"))
        ]
        counts = (f"select count(*) from {name}" for name in belonging)  # noqa: S608 - its own names
        return sum(connection.execute(count).fetchone()[0] for count in counts)


class Trial(tune.Trainable):
    """The fits and scores of a trial of ours, an inner fold a step, and nothing else."""

    def setup(self, config: dict[str, Any]) -> None:
        """Once a process: make the rows and the scorer."""
        X, y = make_rows()
        self._folds = [(X[i::FOLDS], y[i::FOLDS]) for i in range(FOLDS)]
        self._scorer = make_scorer(["accuracy"])
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin another trial in this process."""
        self._config, self._scores = new_config, [0.0][:0]
        return True

    def step(self) -> dict[str, Any]:
        """Fit on one half of the rows and score on the other."""
        train, test = self._folds[len(self._scores) - 1], self._folds[len(self._scores)]
        model = quietly(Shares(weight=self._config["weight"]).fit, *train)
        self._scores.append(score(model, *test, scorer=self._scorer)["accuracy"])
        mean = float(np.mean(self._scores))
        return {"score": mean, "done": len(self._scores) == FOLDS}


def run_tune(trials: int, cpus: int, folder: Path) -> dict[str, Any]:
    """Run as many trials by Ray Tune alone."""
    marks = Marks(trials, cpus)

    class Watch(tune.Callback):
        """Notes the ends of trials."""

        def on_trial_complete(self, *about: Any, **more: Any) -> None:
            marks.end_trial(time.time())

    os.environ.update(TUNE_ENVIRONMENT)
    with connect(cpus=cpus):
        found = tune.run(
            Trial,
            config={"weight": tune.loguniform(1e-6, 1.0)},
            metric="score",
            mode="max",
            num_samples=trials,
            max_concurrent_trials=cpus,
            callbacks=[Watch()],
            storage_path=str(folder),
            reuse_actors=True,
            resources_per_trial={"cpu": 1},
            verbose=0,
        )
    if len(found.trials) != trials or any(trial.status != "TERMINATED" for trial in found.trials):
        raise RuntimeError(f"{trials} trials were to complete")
    return told(marks) | {"best": found.best_result["score"]}


def told(marks: Marks) -> dict[str, Any]:
    """Say it in numbers; the peak is that of the process from its start to now."""
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return {"marks": [asdict(mark) for mark in marks.marks], "peak_mb": peak_mb}
