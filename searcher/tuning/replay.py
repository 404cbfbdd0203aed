"""Bring an inner search into the state that the store's events lead to: events in, state out.

What the strategy proposed is recalled, what it was told is told again, in the same order and by
the same methods as when it ran. So it goes on with the proposals that it would have made.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from ray.tune.schedulers import TrialScheduler

from search_spaces.space import join_family
from searcher.records import Record, TrialAgain, TrialEnded
from searcher.store.history import PastFold, PastTrial
from searcher.tuning.handle import TrialHandle
from searcher.tuning.inner import InnerSearch, Proposal
from searcher.tuning.recorder import ended

Result = dict[str, Any]


def replay(
    inner: InnerSearch, past: Sequence[PastTrial], *, seen_at: datetime | None = None
) -> list[Record]:
    """Replay an inner search's trials into a new one; return what is left to be said of them.

    Parameters
    ----------
    inner
        As ``make_inner_search`` returns it; nothing has been proposed.
    past
        Its trials as the store has them, in the order of their proposal.
    seen_at
        The last sign of life of the driver that was lost: until then its trials were worked on.

    Returns
    -------
    records
        The ends of trials that died between their last result and their end, and the new attempts
        of those that go on: these are what ``inner`` proposes next.

    Raises
    ------
    RecallError
        If the strategy can't have proposed what is stored.
    """
    state = _Replay(inner)
    by_id = {trial.trial_id: trial for trial in past}
    for _, trial_id, fold in sorted(_events(past), key=lambda event: event[0]):
        trial = by_id[trial_id]
        if fold is None:
            state.propose(trial)
        elif isinstance(fold, PastFold):
            state.result(trial, fold)
        else:
            state.end(trial)
    return [record for trial in past for record in state.leftover(trial, seen_at)]


def _events(past: Sequence[PastTrial]) -> Iterator[tuple[int, str, PastFold | str | None]]:
    """Proposals (None), results (a fold) and ends (a state), each with its place."""
    for trial in past:
        yield trial.sequence, trial.trial_id, None
        for fold in trial.folds:
            yield fold.sequence, trial.trial_id, fold
        if trial.ended_sequence is not None:
            yield trial.ended_sequence, trial.trial_id, trial.state


class _Replay:
    """The last result of each trial that has not ended, beside the inner search itself."""

    def __init__(self, inner: InnerSearch) -> None:
        self._inner = inner
        self._last: dict[str, Result] = {}
        self._over: set[str] = set()  # trials whose last result is their last

    def propose(self, trial: PastTrial) -> None:
        proposal = Proposal(
            trial.trial_id,
            trial.outer_fold,
            trial.number,
            trial.family,
            trial.configuration,
            trial.origin,
            trial.attempt,
        )
        self._inner.recall(proposal, join_family(trial.family, trial.configuration))

    def result(self, trial: PastTrial, fold: PastFold) -> None:
        live = self._inner.live[trial.trial_id]
        live.add(float("nan") if fold.score is None else fold.score)
        result: Result = {
            "score": float(np.mean(live.scores)),  # as the worker computes it, to the last bit
            "resource": len(live.scores),
            "work_s": fold.work_s,
            "failure": None,
        }
        self._last[trial.trial_id] = result
        if result["resource"] >= self._inner.max_resource:
            self._over.add(trial.trial_id)
            return
        handle = TrialHandle.of(trial.trial_id, trial.origin)
        action, _ = self._inner.judge(trial.trial_id, result, handle)
        if action == TrialScheduler.STOP:
            self._over.add(trial.trial_id)
        else:
            self._inner.learn(trial.trial_id, result)

    def end(self, trial: PastTrial) -> None:
        self._end(trial, None if trial.state == "failed" else self._last.get(trial.trial_id))

    def leftover(
        self, trial: PastTrial, seen_at: datetime | None
    ) -> Iterator[TrialEnded | TrialAgain]:
        if trial.trial_id not in self._inner.live:
            return
        if trial.trial_id in self._over:
            result = self._last[trial.trial_id]
            self._end(trial, result)
            yield ended(trial.trial_id, result, n_folds=self._inner.max_resource)
            return
        again = self._inner.again(trial.trial_id)
        reason = "paused with its search" if trial.state == "paused" else "its driver was lost"
        yield TrialAgain(trial.trial_id, again.attempt, reason, _lost_s(trial, seen_at))

    def _end(self, trial: PastTrial, result: Mapping[str, Any] | None) -> None:
        told = trial.trial_id in self._over  # else the strategy has heard of this result already
        if result is not None and not told:
            result = {**result, "work_s": 0.0}
        self._inner.retire(TrialHandle.of(trial.trial_id, trial.origin), result)
        self._inner.conclude(trial.trial_id, result)


def _lost_s(trial: PastTrial, seen_at: datetime | None) -> float:
    """Say how long a trial's worker did what has to be done again, as far as anybody saw."""
    if seen_at is None or trial.busy_since is None:
        return 0.0
    return max(0.0, (seen_at - trial.busy_since).total_seconds())
