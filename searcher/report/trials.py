"""The best trials of an inner search, and what went wrong in the failed ones of all."""

from collections.abc import Sequence
from dataclasses import dataclass

from searcher.report.material import Material
from searcher.report.numbers import cut, value_text
from searcher.store import StoredTrial

MAX_TRIALS = 50
MAX_FAILURES = 25  # kinds of failure
MAX_TRACEBACK = 8000  # characters
MAX_IDS = 5

STATES = ("completed", "stopped", "running", "paused", "failed")


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One trial, as the table shows it."""

    trial: StoredTrial
    settings: tuple[tuple[str, str, bool], ...]  # name, value, whether it is not the default
    is_winner: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """Trials that failed for the same reason."""

    family: str
    reason: str
    trial_ids: tuple[str, ...]  # the first few
    times: int
    traceback: str | None  # of the first of them


def trial_rows(material: Material) -> list[TrialRow]:
    """Return the best trials of the inner search that is shown; those without all folds last."""
    ordered = sorted(
        material.shown,
        key=lambda t: (
            STATES.index(t.state),
            t.score is None,
            -(t.score or 0.0),
            t.number,
        ),
    )
    winner = material.winner_of(material.shown_fold)
    defaults = {t.family: t.configuration for t in material.shown if t.origin == "default"}
    return [
        TrialRow(trial, settings(trial, defaults.get(trial.family)), trial.trial_id == winner)
        for trial in ordered[:MAX_TRIALS]
    ]


def settings(
    trial: StoredTrial, default: dict[str, object] | None
) -> tuple[tuple[str, str, bool], ...]:
    """Return a configuration for reading, with what differs from the family's default."""
    return tuple(
        (
            cut(name, 60),
            value_text(value),
            default is not None and (name not in default or default[name] != value),
        )
        for name, value in trial.configuration.items()
    )


def failures(material: Material) -> tuple[list[Failure], int]:
    """Return the kinds of failure, the most frequent first, and how many kinds are left out."""
    kinds: dict[tuple[str, str], list[StoredTrial]] = {}
    for trial in material.every_trial:
        if trial.state == "failed":
            reason = (trial.reason or "no reason is stored").strip()
            kinds.setdefault((trial.family, cut(reason, 500)), []).append(trial)
    ordered = sorted(kinds.items(), key=lambda kind: -len(kind[1]))
    found = [
        _failure(family, reason, trials) for (family, reason), trials in ordered[:MAX_FAILURES]
    ]
    return found, max(0, len(ordered) - MAX_FAILURES)


def _failure(family: str, reason: str, trials: Sequence[StoredTrial]) -> Failure:
    told = next((trial.traceback for trial in trials if trial.traceback), None)
    if told is not None and len(told) > MAX_TRACEBACK:
        half = MAX_TRACEBACK // 2
        told = f"{told[:half]}\n[...]\n{told[-half:]}"
    ids = tuple(trial.trial_id for trial in trials[:MAX_IDS])
    return Failure(family, reason, ids, len(trials), told)
