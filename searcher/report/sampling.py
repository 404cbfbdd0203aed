"""Which of many points are drawn, so that a page of any search stays small."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

from searcher.report.numbers import plural
from searcher.store import StoredTrial

Item = TypeVar("Item")

FENCE = 3.0
"""In interquartile ranges: what lies further below the lower quartile is off the axis at first.

Tukey, J. W. (1977), Exploratory Data Analysis, calls what lies beyond "far out".
"""


def evenly(items: Sequence[Item], limit: int) -> list[Item]:
    """At most ``limit`` of the items, evenly spaced, the first and the last among them."""
    if len(items) <= limit:
        return list(items)
    positions = np.linspace(0, len(items) - 1, limit).round().astype(int)
    return [items[position] for position in dict.fromkeys(positions.tolist())]


def incumbents(trials: Iterable[StoredTrial]) -> list[StoredTrial]:
    """Completed trials that were better than all before them, in order of proposal."""
    best, found = -np.inf, []
    for trial in trials:
        if trial.state == "completed" and trial.score is not None and trial.score > best:
            best = trial.score
            found.append(trial)
    return found


def keep(
    trials: Sequence[StoredTrial], always: Iterable[StoredTrial], limit: int
) -> list[StoredTrial]:
    """Those in ``always``, filled up to ``limit`` evenly from the rest; in order of proposal."""
    wanted = {trial.trial_id: trial for trial in evenly(list(always), limit)}
    others = [trial for trial in trials if trial.trial_id not in wanted]
    wanted |= {trial.trial_id: trial for trial in evenly(others, limit - len(wanted))}
    return sorted(wanted.values(), key=lambda trial: trial.number)


def completed(trials: Iterable[StoredTrial]) -> list[StoredTrial]:
    """Trials that saw every inner fold: only their scores compare."""
    return [trial for trial in trials if trial.state == "completed" and trial.score is not None]


def scores_of(trials: Iterable[StoredTrial]) -> list[float]:
    """Scores of the trials that have one."""
    return [trial.score for trial in trials if trial.score is not None]


def note_below(scores: Iterable[float], seen: tuple[float, float] | None) -> str:
    """Say how many of the scores are below the axis, if any are."""
    below = sum(score < seen[0] for score in scores) if seen else 0
    if not below:
        return ""
    return f"{plural(below, 'trial')} scored below the axis; a double click shows everything."


def focus(scores: Sequence[float], always: Sequence[float] = ()) -> tuple[float, float] | None:
    """Range of an axis that shows the good scores, not only how bad the worst one was.

    Parameters
    ----------
    scores
        What is drawn; the far-out low ones may fall below the range.
    always
        What must be seen.

    Returns
    -------
    (low, high) with a margin, or None for no scores.
    """
    drawn = np.asarray([*scores, *always], dtype=np.float64)
    if not len(drawn):
        return None
    lower, upper = np.quantile(np.asarray(scores or always), (0.25, 0.75))
    fence = lower - FENCE * (upper - lower)
    low = min([*(drawn[drawn >= fence]), *always])
    high = float(drawn.max())
    margin = 0.06 * (high - low) or max(abs(high) * 0.01, 1e-6)
    return float(low) - margin, high + margin
