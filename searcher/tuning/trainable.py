"""What a worker process does: evaluate one trial after another, warm, step by step."""

import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from types import FrameType
from typing import Any

import numpy as np
from ray.exceptions import RayActorError
from ray.tune import Trainable

from cluster.ranks import NodeLeavesError, Rank, RankDiedError, RankGroup
from cluster.ranks.leaving import LeavingNodes, node_of, own_node
from searcher.errors import TrialTimeoutError
from searcher.evaluation import FeatureCache, FoldResult, evaluate, make_scorer
from searcher.failpoints import failpoint
from searcher.plugins import load_family
from searcher.tuning.in_lockstep import LockstepTrial
from searcher.tuning.trial import FOLDS, Proposal
from searcher.tuning.work import Work
from searcher.warm_up import warm_up

# A fit that sits in compiled code hears no signal; this long after its time was up the process
# ends itself, Ray Tune reports a dead actor, and the trial has failed all the same.
GRACE_S = 5.0


@dataclass(slots=True)
class Running:
    """The trial that a worker is at, if it does one inner fold after the other."""

    results: Iterator[FoldResult]
    scores: list[float] = field(default_factory=list)  # of the optimised metric


class TrialActor(Trainable):
    """Ray Tune's view of a trial: a step is an inner fold, or a unit of all inner folds.

    The process stays warm between trials (``reuse_actors``): libraries are imported, rows are
    mapped, and folds that another configuration had preprocessed the same way are at hand. So do
    the ranks beside it, with which it trains networks.
    """

    def setup(self, config: dict[str, Any], work: Work) -> None:
        """Once a process: keep the shared work, pin the threads, begin the first trial."""
        from threadpoolctl import threadpool_limits

        self._work = work
        self._passed = self._is_ready = False
        self._warm: set[str] = set()  # families whose libraries are imported
        self._cache = FeatureCache()
        self._group: RankGroup | None = None
        self._leaving = LeavingNodes()
        self._shared: Any = work
        self._limits = threadpool_limits(limits=work.cpus)  # for as long as the process lives
        make_scorer(work.metrics)  # imports scikit-learn: a second that no trial should be charged
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin another trial in this process."""
        self._begin(new_config)
        return True

    def cleanup(self) -> None:
        """End the ranks beside this one."""
        if self._group is not None:
            self._group.close()

    def step(self) -> dict[str, Any]:
        """Go one step on: a score, or what went wrong.

        Trial code is foreign code: whatever it raises is this trial's failure, recorded with its
        traceback, and the search goes on. A rank that died is the machine's failure, not its own,
        and so is a node that is about to go: the trial leaves it once its state is safe.
        Its time is that of its work: waiting, imports and the start of other ranks are no part.
        """
        self._wait_for_the_others()
        leaves = self._work.joined and self._is_leaving()
        if leaves and (self._trial is None or self._trial.is_saved):
            raise NodeLeavesError("the node is drained")
        started = time.perf_counter()
        try:
            self._get_ready()
            started = time.perf_counter()
            with _time_limit(self._work.trial_time_s, spent_s=self._spent_s):
                in_lockstep = self._proposal.unit != FOLDS
                said = self._step_in_lockstep(save=leaves) if in_lockstep else self._fold()
        except RankDiedError:
            raise
        except Exception as error:  # noqa: BLE001 - the border of the trial body (style.md)
            said = {**self._nothing(), "failure": _describe(error), "done": True}
        said["work_s"] = time.perf_counter() - started
        self._spent_s += said["work_s"]
        return said

    def _wait_for_the_others(self) -> None:
        """Let all workers start before the first one finishes a trial.

        Tune gives a worker that is free to a trial that waits for its own worker to start, and
        stops that one (2.60, tune_controller.py, ``_maybe_reuse_cached_actor``): with trials
        shorter than a worker's start, all would run one after another in the first worker.
        """
        if not self._passed and self._work.gate is not None:
            with suppress(RayActorError):  # its node is gone, and with it who would be waited for
                self._work.gate.pass_through()
        self._passed = True

    def _is_leaving(self) -> bool:
        """Whether a node of this trial's processes is about to go."""
        leaving = self._leaving()
        if not leaving:
            return False
        others = self._group.run(node_of) if self._group is not None and self._group.is_open else []
        return not leaving.isdisjoint([own_node(), *others])

    def _get_ready(self) -> None:
        """Do once a process what a trial's first step needs: start the ranks, warm all up."""
        if self._is_ready:
            return
        name, in_lockstep = self._proposal.family, self._proposal.unit != FOLDS
        group = self._ranks() if in_lockstep else None
        if name not in self._warm:
            if group is None:
                _warm_up(self._work, name)
            else:
                group.run(_warm_up_on, self._shared, name)
            self._warm.add(name)
        self._is_ready = True

    def _begin(self, config: dict[str, Any]) -> None:
        self._proposal = Proposal.from_config(config)
        self._spent_s = self._proposal.spent_s
        self._resource = len(self._proposal.scores) or self._proposal.resource
        self._running = Running(self._evaluate(), list(self._proposal.scores))
        self._trial: LockstepTrial | None = None
        self._is_ready = False

    def _fold(self) -> dict[str, Any]:
        """Evaluate the next inner fold."""
        failpoint("worker.before_fold")
        fold = next(self._running.results)
        failpoint("worker.after_fold")
        scores = self._running.scores
        scores.append(fold.scores[self._work.metrics[0]])
        self._resource = len(scores)
        is_complete = len(scores) == len(self._work.folds[self._proposal.outer_fold])
        return self._nothing() | {
            "score": float(np.mean(scores)),
            "fold": asdict(fold),
            "fold_score": scores[-1],
            "complete": is_complete,
            "done": is_complete,
        }

    def _step_in_lockstep(self, *, save: bool) -> dict[str, Any]:
        """Train the next unit of all inner folds; ``save`` is to save its state in any case."""
        if self._trial is None:
            group = self._ranks()
            self._trial = LockstepTrial(self._proposal, self._work, group, self._shared)
        unit, saved = self._trial.step(save=save)
        self._resource = unit.resource
        metric, proposal = self._work.metrics[0], self._proposal
        waits = unit.resource == proposal.until and not unit.is_last
        return self._nothing() | {
            "score": float(np.mean([fold.scores[metric] for fold in unit.folds])),
            "unit": asdict(unit),
            "checkpoint": saved,
            "complete": unit.is_last,
            "waits": waits,
            "done": unit.is_last or waits,
        }

    def _ranks(self) -> RankGroup:
        """Return the ranks of this process, new ones if some had to be given up."""
        if self._group is None or not self._group.is_open:
            # Tune gives a trial's process to another one only if that asks for the same.
            asks = self._work.demand(self._proposal.family)
            self._group = RankGroup(asks.ranks, cpus=asks.cpus, gpus=asks.gpus)
            self._warm.clear()  # the new ranks are not
            if asks.ranks > 1:
                import ray

                self._shared = ray.put(replace(self._work, gate=None))
        return self._group

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

    def _nothing(self) -> dict[str, Any]:
        """Return what a step says that has brought nothing."""
        return {
            "score": None,
            "resource": self._resource,
            "fold": None,
            "fold_score": None,
            "unit": None,
            "checkpoint": None,
            "complete": False,
            "waits": False,
            "failure": None,
            "done": False,
        }


def _warm_up(work: Work, name: str) -> None:
    warm_up(load_family(work.families[name]), work.rows.profile, cpus=work.cpus)


def _warm_up_on(rank: Rank, work: Work, name: str) -> None:  # noqa: ARG001 - all ranks do the same
    _warm_up(work, name)


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
