"""Propose for all inner searches at once: one Ray Tune searcher in front of K + 1."""

from collections.abc import Mapping
from typing import Any

from ray.tune.search import Searcher

from searcher.tuning.inner import InnerSearch


class NestedSearcher(Searcher):
    """Ask the inner search that is furthest behind; tell each only of its own trials.

    Parameters
    ----------
    inner
        Inner searches by outer fold; the scheduler works on the same ones.
    slots
        Trials that may run at once. Never more than there are workers: a proposal made before
        it can run is made without the results that come in meanwhile.
    """

    def __init__(self, inner: Mapping[str, InnerSearch], *, slots: int) -> None:
        super().__init__(metric="score", mode="max")
        self._inner, self._slots = inner, slots
        self._owner: dict[str, InnerSearch] = {}
        self._stopping = False

    def stop(self) -> None:
        """Propose nothing more."""
        self._stopping = True

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Config of a new Ray Tune trial; None to be asked later; FINISHED when all are done."""
        if self._stopping:
            return str(Searcher.FINISHED)
        if len(self._owner) >= self._slots:
            return None
        for inner in sorted(self._inner.values(), key=_progress):
            if inner.done:
                continue
            proposal = inner.propose(trial_id)
            if proposal is not None:
                self._owner[trial_id] = inner
                return proposal.to_config()
        all_done = all(inner.done for inner in self._inner.values())
        return str(Searcher.FINISHED) if all_done else None

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Count the seconds; pass a score on to the strategy that proposed the trial."""
        inner = self._owner[trial_id]
        inner.spent_s += result["work_s"]
        if inner.live[trial_id].origin != "dummy":
            inner.searcher.on_trial_result(trial_id, result)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Tell the strategy how its trial ended; a failed one teaches it no score.

        Tune passes a trial's last result here and not to ``on_trial_result``.
        """
        inner = self._owner.pop(trial_id)
        proposal = inner.finish(trial_id)
        if result is not None:
            inner.spent_s += result.get("work_s", 0.0)
        if proposal is None or proposal.origin == "dummy":
            return
        failed = error or result is None or result.get("score") is None
        inner.searcher.on_trial_complete(
            trial_id=trial_id, result=None if failed else result, error=failed
        )

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store, never from Ray's snapshots."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store, never from Ray's snapshots."""

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        """Nothing: Ray would pickle this object every few seconds."""


def _progress(inner: InnerSearch) -> tuple[int, float]:
    """Fewest running trials first, then the smallest part of its budget proposed."""
    return len(inner.live), inner.proposed / inner.trials
