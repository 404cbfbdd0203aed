"""The one place where Ray Tune's events become records."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ray import cloudpickle
from ray.tune import Callback

from cluster.ranks import NodeLeavesError
from searcher.failpoints import failpoint
from searcher.records import (
    CheckpointSaved,
    FoldScore,
    Note,
    Record,
    TrialAgain,
    TrialEnded,
    UnitScore,
)
from searcher.tuning.handle import TrialHandle
from searcher.tuning.inner import InnerSearch


class Recorder(Callback):
    """Say in records what Tune reports of each trial.

    Tune calls this in the driver process, after the scheduler and the searcher. What ``emit``
    raises ends the search, on purpose: a search whose store can't be written has no result.

    Parameters
    ----------
    emit
        Takes each record; called in the driver's thread only.
    inner
        Inner searches by outer fold.
    stopping
        Whether the search is being stopped: Ray Tune then ends trials that only pause.
    """

    def __init__(
        self,
        emit: Callable[[Record], None],
        *,
        inner: Mapping[str, InnerSearch],
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._emit, self._inner, self._stopping = emit, inner, stopping
        self._last: dict[str, dict[str, Any]] = {}  # our trial id -> its last result
        self._in_trouble = False  # whether it was said that checkpoints can't be saved
        self.failure: Exception | None = None  # Tune wraps what callbacks raise; this is it

    def record(self, record: Record) -> None:
        """Emit, and remember what that raised."""
        try:
            self._emit(record)
        except Exception as error:
            self.failure = error
            raise

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Note that a worker has begun."""
        live = self._inner[trial.config["outer_fold"]].live.get(trial.config["trial_id"])
        if live is not None:
            live.progress()

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Record the score of a step, or keep that the trial failed on it."""
        trial_id, attempt = trial.config["trial_id"], trial.config["attempt"]
        self._last[trial_id] = result
        inner = self._inner[trial.config["outer_fold"]]
        live = inner.live.get(trial_id)
        if result["unit"] is not None:
            if live is not None:
                live.reach(result["resource"])
            self.record(_unit_score(trial_id, attempt, result))
            self._keep_checkpoint(inner, trial_id, result["checkpoint"])
            failpoint("driver.result_recorded")
        if result["fold"] is None:
            return
        fold = FoldScore(trial_id, resource=result["resource"], attempt=attempt, **result["fold"])
        if live is not None:
            live.add(result["fold_score"])
        self.record(fold)
        failpoint("driver.result_recorded")

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Record that it ran to its end, failed in its own code, or was stopped at a rung."""
        _forget_statistics(trial)
        trial_id = trial.config["trial_id"]
        result = self._last.pop(trial_id, None)
        if result is None:
            return  # it has no result yet: the search is being stopped, and the trial pauses
        inner = self._inner[trial.config["outer_fold"]]
        pauses = result["failure"] is None and not result["complete"] and self._stopping()
        if not pauses and not result["waits"]:
            self.record(ended(trial_id, result, whole=inner.whole(trial.config["unit"])))
            failpoint("driver.trial_ended")
        if not self._stopping():
            self._turn(inner)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Record that its worker died, and that it is to go on in another one.

        That is the machine's failure and teaches the strategy nothing, unless the trial is at
        fault: it outlived its time, or worker after worker dies of it. A node that was drained is
        no fault of anybody's.
        """
        trial_id = trial.config["trial_id"]
        inner = self._inner[trial.config["outer_fold"]]
        self._last.pop(trial_id, None)
        if self._stopping() or trial_id not in inner.live:
            return
        live = inner.live[trial_id]
        lost_s = time.monotonic() - live.since
        drained = _was_drained(trial)
        fault = None if drained else inner.lose(trial_id)
        if drained:
            inner.again(trial_id)
        if fault is None:
            reason = "its node was drained" if drained else "its worker process died"
            self.record(TrialAgain(trial_id, live.proposal.attempt, reason, lost_s))
            return
        resource = live.resource or len(live.scores)
        inner.retire(TrialHandle.of(trial_id, live.proposal.origin), None)
        inner.conclude(trial_id, None)
        self.record(
            TrialEnded(
                trial_id, "failed", None, resource, reason=fault, traceback=_rays_words(trial)
            )
        )
        self._turn(inner)

    def _turn(self, inner: InnerSearch) -> None:
        """Begin the next generation of a population if this was the last member to come."""
        for record in inner.turn():
            self.record(record)

    def _keep_checkpoint(
        self, inner: InnerSearch, trial_id: str, saved: dict[str, Any] | None
    ) -> None:
        if saved is None:
            return
        if "unusable" in saved:  # each has cost something
            self._note(inner, saved.pop("unusable"))
        if "trouble" in saved:
            if not self._in_trouble:
                self._note(inner, saved["trouble"])
            self._in_trouble = True
        elif saved:
            self.record(CheckpointSaved(**saved | {"removed": tuple(saved["removed"])}))

    def _note(self, inner: InnerSearch, error: str) -> None:
        self.record(Note(inner.search_id, "checkpoint", {"error": error}))


def ended(trial_id: str, result: Mapping[str, Any], *, whole: str) -> TrialEnded:
    """Say how a trial ended whose last result this is.

    Parameters
    ----------
    whole
        What it would have come to: ``5 inner folds``, ``epochs``.
    """
    resource = int(result["resource"])
    if result["failure"] is not None:
        return TrialEnded(trial_id, "failed", None, resource, **result["failure"])
    if not result["complete"]:
        reason = f"stopped after {resource} of {whole}"
        return TrialEnded(trial_id, "stopped", result["score"], resource, reason=reason)
    return TrialEnded(trial_id, "completed", result["score"], resource)


def _unit_score(trial_id: str, attempt: int, result: Mapping[str, Any]) -> UnitScore:
    unit, resource = result["unit"], result["resource"]
    return UnitScore(
        trial_id,
        resource=resource,
        score=result["score"],
        folds=tuple(
            FoldScore(trial_id, resource=number, attempt=attempt, **fold)
            for number, fold in enumerate(unit["folds"], start=1)
        ),
        is_last=unit["is_last"],
        fit_s=unit["fit_s"],
        score_s=unit["score_s"],
        cpu_s=unit["cpu_s"],
        attempt=attempt,
    )


def _was_drained(trial: Any) -> bool:
    """Whether a trial left its node, or was on it when it went, as was announced."""
    path = Path(trial.pickled_error_file or "")
    if not path.is_file():
        return False
    error = cloudpickle.loads(path.read_bytes())  # Ray Tune wrote it, in this process
    left = isinstance(getattr(error, "cause", error), NodeLeavesError)
    return left or bool(getattr(error, "preempted", False))


def _forget_statistics(trial: Any) -> None:
    """Drop what Ray Tune (2.60) keeps of each number in a trial's results, 2 kB, for ever.

    Nobody reads its means of the last five; the snapshot that it writes at its end would hold them.
    """
    trial.metric_analysis.clear()
    trial.metric_n_steps.clear()


def _rays_words(trial: Any) -> str | None:
    """Read what Ray wrote about a trial's dead worker."""
    path = Path(trial.error_file or "")
    return path.read_text(encoding="utf-8") if path.is_file() else None
