"""The one place where Ray Tune's events become records."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray.tune import Callback

from searcher.records import FoldScore, Record, TrialEnded, TrialStarted
from searcher.tuning.inner import Proposal


class Recorder(Callback):
    """Say in records what Tune reports of each trial.

    Tune calls this in the driver process, after the scheduler and the searcher. What ``emit``
    raises ends the search, on purpose: a search whose store can't be written has no result.

    Parameters
    ----------
    emit
        Takes each record; called in the driver's thread only.
    """

    def __init__(self, emit: Callable[[Record], None], *, search_id: str, n_folds: int) -> None:
        self._emit, self._search_id, self._n_folds = emit, search_id, n_folds
        self._last: dict[str, dict[str, Any]] = {}  # our trial id -> its last result
        self._ended: set[str] = set()
        self.failure: Exception | None = None  # Tune wraps what callbacks raise; this is it

    def record(self, record: Record) -> None:
        """Emit, and remember what that raised."""
        try:
            self._emit(record)
        except Exception as error:
            self.failure = error
            raise

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Record that a worker has begun; Tune calls this again on every restart."""
        proposal = Proposal.from_config(trial.config)
        self.record(TrialStarted(search_id=self._search_id, **proposal.to_config()))

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Record the score of an inner fold, or keep that the trial failed on it."""
        trial_id = trial.config["trial_id"]
        self._last[trial_id] = result
        if result["fold"] is not None:
            self.record(FoldScore(trial_id=trial_id, resource=result["resource"], **result["fold"]))

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Record that it ran to its end, failed in its own code, or was stopped at a rung."""
        trial_id = trial.config["trial_id"]
        result = self._last.pop(trial_id, None)
        if result is None:  # Tune ends it before its first result when the search is interrupted
            self._end(TrialEnded(trial_id, "stopped", None, 0, reason="search interrupted"))
        elif result["failure"] is not None:
            self._end(TrialEnded(trial_id, "failed", None, result["resource"], **result["failure"]))
        elif result["resource"] < self._n_folds:
            reason = f"stopped after {result['resource']} of {self._n_folds} inner folds"
            self._end(
                TrialEnded(trial_id, "stopped", result["score"], result["resource"], reason=reason)
            )
        else:
            self._end(TrialEnded(trial_id, "completed", result["score"], result["resource"]))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Record that its worker died: out of memory, a crash in compiled code, a time limit."""
        trial_id = trial.config["trial_id"]
        resource = self._last.pop(trial_id, {}).get("resource", 0)
        self._end(
            TrialEnded(
                trial_id,
                "failed",
                None,
                resource,
                reason="the worker process died (out of memory, a crash, or a time limit)",
                traceback=_rays_words(trial),
            )
        )

    def _end(self, ended: TrialEnded) -> None:
        if ended.trial_id not in self._ended:
            self._ended.add(ended.trial_id)
            self.record(ended)


def _rays_words(trial: Any) -> str | None:
    """Read what Ray wrote about a trial's dead worker."""
    path = Path(trial.error_file or "")
    return path.read_text(encoding="utf-8") if path.is_file() else None
