"""What a worker process does: evaluate one trial after another, warm, one inner fold a step."""

import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from types import FrameType
from typing import Any

import numpy as np
from ray.tune import Trainable

from cluster.gate import Gate
from searcher.errors import TrialTimeoutError
from searcher.evaluation import FeatureCache, FoldResult, Rows, evaluate, make_scorer
from searcher.failpoints import failpoint
from searcher.plugins import load_family
from searcher.records import Fold
from searcher.tuning.inner import Proposal

# A fit that sits in compiled code hears no signal; this long after its time was up the process
# ends itself, Ray Tune reports a dead actor, and the trial has failed all the same.
GRACE_S = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What every trial of a search needs; put into Ray's object store once."""

    rows: Rows
    folds: dict[str, tuple[Fold, ...]]  # outer fold -> its inner folds
    families: dict[str, str]  # name -> what to load it by
    metrics: tuple[str, ...]  # the first is optimised
    seed: int
    cpus: int
    trial_time_s: float | None = None
    gate: Gate | None = None  # workers wait here for each other before their first step


@dataclass(slots=True)
class Running:
    """The trial that a worker is at."""

    results: Iterator[FoldResult]
    scores: list[float] = field(default_factory=list)  # of the optimised metric
    spent_s: float = 0.0


class TrialActor(Trainable):
    """Ray Tune's view of a trial: a step is an inner fold.

    The process stays warm between trials (``reuse_actors``): libraries are imported, rows are
    mapped, and folds that another configuration had preprocessed the same way are at hand.
    """

    def setup(self, config: dict[str, Any], work: Work) -> None:
        """Once a process: keep the shared work, pin the threads, begin the first trial."""
        from threadpoolctl import threadpool_limits

        self._work = work
        self._passed = False
        self._cache = FeatureCache()
        self._limits = threadpool_limits(limits=work.cpus)  # for as long as the process lives
        make_scorer(work.metrics)  # imports scikit-learn: a second that no trial should be charged
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin another trial in this process."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Evaluate the next inner fold: a score, or what went wrong.

        Trial code is foreign code: whatever it raises is this trial's failure, recorded with its
        traceback, and the search goes on.
        """
        self._wait_for_the_others()
        started = time.perf_counter()
        try:
            failpoint("worker.before_fold")
            with _time_limit(self._work.trial_time_s, spent_s=self._trial.spent_s):
                fold = next(self._trial.results)
            failpoint("worker.after_fold")
        except Exception as error:  # noqa: BLE001 - the border of the trial body (style.md)
            return self._report(None, time.perf_counter() - started, failure=_describe(error))
        return self._report(fold, time.perf_counter() - started)

    def _wait_for_the_others(self) -> None:
        """Let all workers start before the first one finishes a trial.

        Tune gives a worker that is free to a trial that waits for its own worker to start, and
        stops that one (2.60, tune_controller.py, ``_maybe_reuse_cached_actor``): with trials
        shorter than a worker's start, all would run one after another in the first worker.
        """
        if not self._passed and self._work.gate is not None:
            self._work.gate.pass_through()
        self._passed = True

    def _begin(self, config: dict[str, Any]) -> None:
        self._proposal = Proposal.from_config(config)
        self._trial = Running(self._evaluate(), list(self._proposal.scores))

    def _evaluate(self) -> Iterator[FoldResult]:
        """Evaluate as a generator, so that a family that can't be loaded fails in ``step``."""
        yield from evaluate(
            load_family(self._work.families[self._proposal.family]),
            self._proposal.configuration,
            self._work.rows,
            self._work.folds[self._proposal.outer_fold][len(self._proposal.scores) :],
            metrics=self._work.metrics,
            seed=self._work.seed,
            cpus=self._work.cpus,
            cache=self._cache,
        )

    def _report(
        self, fold: FoldResult | None, work_s: float, *, failure: dict[str, str] | None = None
    ) -> dict[str, Any]:
        trial = self._trial
        trial.spent_s += work_s
        if fold is not None:
            trial.scores.append(fold.scores[self._work.metrics[0]])
        n_folds = len(self._work.folds[self._proposal.outer_fold])
        return {
            "score": None if failure else float(np.mean(trial.scores)),
            "resource": len(trial.scores),
            "work_s": work_s,
            "fold": None if fold is None else asdict(fold),
            "fold_score": None if fold is None else trial.scores[-1],
            "failure": failure,
            "done": failure is not None or len(trial.scores) == n_folds,
        }


@contextmanager
def _time_limit(limit_s: float | None, *, spent_s: float) -> Iterator[None]:
    """Raise TrialTimeoutError in this block once the trial's seconds are up.

    A signal interrupts Python code, a watchdog thread ends the process where Python code is not
    reached in time.
    """
    if limit_s is None:
        yield
        return

    def on_alarm(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise TrialTimeoutError(f"took longer than budget.trial_time_s = {limit_s:g} s")

    left_s = max(limit_s - spent_s, 1e-3)
    watchdog = threading.Timer(left_s + GRACE_S, os._exit, args=(1,))
    watchdog.daemon = True
    before = signal.signal(signal.SIGALRM, on_alarm)
    watchdog.start()
    signal.setitimer(signal.ITIMER_REAL, left_s, 1.0)  # again, if a foreign ``except`` takes it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        watchdog.cancel()


def _describe(error: Exception) -> dict[str, str]:
    return {
        "reason": f"{type(error).__name__}: {error}",
        "traceback": "".join(traceback.format_exception(error)),
    }
