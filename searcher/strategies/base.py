"""What a strategy is given and what it gives back: the plug-in point ``searcher.strategy``.

A strategy is one file: a ``searcher.spec.Strategy`` (its fields are what a spec may say of it)
with ``build``, which makes the two halves that Ray Tune needs for one inner search.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from search_spaces.space import Configuration, Space


@dataclass(frozen=True, slots=True)
class Problem:
    """One inner search, as a strategy sees it: nothing of the data, nothing of other folds."""

    space: Space  # joint: `family`, and `<family>.<parameter>` conditional on it
    initial: tuple[Configuration, ...]  # the families' defaults, to be proposed first
    trials: int  # how many proposals will be asked for, initial ones included
    max_resource: int  # inner folds of a trial that is not stopped
    seed: int


class TuneParts(NamedTuple):
    """What Ray Tune needs from a strategy.

    ``searcher`` is a ``ray.tune.search.Searcher`` whose ``suggest`` returns joint configurations;
    ``scheduler`` a ``ray.tune.schedulers.TrialScheduler`` over the result keys ``score`` (larger
    is better) and ``resource``, or None to let every trial run to its end.
    """

    searcher: Any
    scheduler: Any | None = None


class HasRungs(Protocol):
    """A scheduler that can say on what grounds it decided; the decision log asks it."""

    def rungs(self, trial_id: str) -> tuple[int, ...]:
        """Resources at which the trial is compared with others."""
        ...

    def cutoff(self, trial_id: str, resource: int) -> float | None:
        """Score that a trial needed at this rung to go on; None where nobody was there before."""
        ...
