"""Where a search stands, worked out from its records alone: no clock, no screen."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from searcher.records import (
    FINAL,
    Artifact,
    FoldScore,
    InnerSearchEnded,
    OuterScore,
    ParityChecked,
    Record,
    SearchEnded,
    SearchStarted,
    TrialEnded,
    TrialStarted,
)

Phase = Literal["starting", "searching", "refitting", "exporting", "ended"]

ENOUGH = 0.1
"""Share of the trials that must be over before they say how long the rest takes: the first ones
are the dummies and the defaults, which are no fair sample."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best complete trial of an inner search; its score flatters."""

    score: float
    number: int
    family: str
    trial_id: str

    def beats(self, other: "Best | None") -> bool:
        """Whether it is chosen before ``other``: larger score, or equal and earlier."""
        return other is None or (-self.score, self.number) < (-other.score, other.number)


@dataclass(slots=True)
class Inner:
    """One inner search."""

    trials: int = 0  # budget
    running: int = 0
    completed: int = 0
    stopped: int = 0
    failed: int = 0
    spent_s: float = 0.0  # what counts against budget.time_s
    best: Best | None = None
    chosen: bool = False

    @property
    def over(self) -> int:
        """Trials that have ended."""
        return self.completed + self.stopped + self.failed


@dataclass(slots=True)
class ProgressState:
    """A search as its records tell it; feed it every record, in order."""

    search: SearchStarted | None = None
    inner: dict[str, Inner] = field(default_factory=dict)  # by outer fold, "final" last
    outer_scores: dict[str, float] = field(default_factory=dict)  # the winners'
    reasons: Counter[str] = field(default_factory=Counter)  # why trials failed
    phase: Phase = "starting"
    first_trial_at: datetime | None = None
    live: dict[str, TrialStarted] = field(default_factory=dict)

    def update(self, record: Record) -> None:
        """Take in what happened."""
        match record:
            case SearchStarted():
                self._start(record)
            case TrialStarted():
                self._start_trial(record)
            case FoldScore():
                self._spend(record)
            case TrialEnded():
                self._end_trial(record)
            case InnerSearchEnded():
                self.phase = "refitting"
                self.inner.setdefault(record.outer_fold, Inner()).chosen = True
            case OuterScore(role="winner") if self.search is not None:
                self.outer_scores[record.outer_fold] = record.scores[self.search.metric]
                if len(self.outer_scores) == sum(fold != FINAL for fold in self.inner):
                    self.phase = "exporting"
            case ParityChecked() | Artifact():
                self.phase = "exporting"
            case SearchEnded():
                self.phase = "ended"
            case _:
                pass

    def _start(self, record: SearchStarted) -> None:
        self.search, self.phase = record, "searching"
        trials = int(record.spec.get("budget", {}).get("trials", 0))
        names = dict.fromkeys(fold.outer_fold for fold in record.folds)
        self.inner = {name: Inner(trials=trials) for name in names}

    def _start_trial(self, record: TrialStarted) -> None:
        if record.trial_id in self.live:
            return  # its worker was started once more
        self.first_trial_at = self.first_trial_at or record.at
        self.live[record.trial_id] = record
        self.inner.setdefault(record.outer_fold, Inner()).running += 1

    def _spend(self, record: FoldScore) -> None:
        trial = self.live.get(record.trial_id)
        if trial is not None:
            self.inner[trial.outer_fold].spent_s += record.fit_s + record.score_s

    def _end_trial(self, record: TrialEnded) -> None:
        trial = self.live.pop(record.trial_id, None)
        if trial is None:
            return
        inner = self.inner[trial.outer_fold]
        inner.running -= 1
        if record.state == "completed":
            inner.completed += 1
            self._consider(inner, trial, record.score)
        elif record.state == "stopped":
            inner.stopped += 1
        else:
            inner.failed += 1
            self.reasons[record.reason or "no reason was given"] += 1

    @staticmethod
    def _consider(inner: Inner, trial: TrialStarted, score: float | None) -> None:
        if score is None:
            return
        best = Best(score, trial.number, trial.family, trial.trial_id)
        if best.beats(inner.best):
            inner.best = best

    @property
    def totals(self) -> Inner:
        """Every inner search taken together; its best is that of ``final``, which is released."""
        every = self.inner.values()
        return Inner(
            trials=sum(inner.trials for inner in every),
            running=sum(inner.running for inner in every),
            completed=sum(inner.completed for inner in every),
            stopped=sum(inner.stopped for inner in every),
            failed=sum(inner.failed for inner in every),
            spent_s=sum(inner.spent_s for inner in every),
            best=self.inner[FINAL].best if FINAL in self.inner else None,
        )

    def elapsed_s(self, now: datetime) -> float:
        """Seconds since the search started."""
        return 0.0 if self.search is None else (now - self.search.at).total_seconds()

    def left_s(self, now: datetime) -> float | None:
        """Guess the seconds that the trials still take; None while it would be a wild guess.

        As long a trial as until now for each that is left, or, if that comes first, what is left
        of ``budget.time_s``. Refits and export come on top.
        """
        totals = self.totals
        if self.phase != "searching" or self.first_trial_at is None:
            return None
        if not totals.over or totals.over < ENOUGH * totals.trials:
            return None
        searching_s = (now - self.first_trial_at).total_seconds()
        by_trials = searching_s * (totals.trials - totals.over) / totals.over
        by_time = self._left_by_time_s(searching_s)
        return max(0.0, by_trials if by_time is None else min(by_trials, by_time))

    def _left_by_time_s(self, searching_s: float) -> float | None:
        budget = self.search.spec.get("budget", {}) if self.search else {}
        limit_s: float | None = budget.get("time_s")
        spent_s = self.totals.spent_s
        if limit_s is None or not spent_s:
            return None
        left_s = sum(max(0.0, limit_s - inner.spent_s) for inner in self.inner.values())
        return left_s * searching_s / spent_s  # at the pace so far, parallel trials included
