"""Which trial an inner search chooses, from what the store says of it."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from searcher.errors import NoTrialSucceededError
from searcher.records import Origin, TrialState


class Candidate(Protocol):
    """What choosing needs to know of a trial."""

    @property
    def number(self) -> int:
        """Order of proposal."""
        ...

    @property
    def state(self) -> TrialState:
        """How it ended."""
        ...

    @property
    def origin(self) -> Origin:
        """Who proposed it."""
        ...

    @property
    def score(self) -> float | None:
        """Mean over its inner folds; larger is better."""
        ...


Trial = TypeVar("Trial", bound=Candidate)


def choose_winner(trials: Iterable[Trial]) -> Trial:
    """Best completed trial; of equals the one proposed first.

    Only trials that saw every inner fold compete: the mean over fewer folds is of other rows. The
    dummy competes too: when nothing beats it, that is the answer.

    Raises
    ------
    NoTrialSucceededError
        If no trial completed.
    """
    trials = list(trials)
    best = _best(trials)
    if best is None:
        raise NoTrialSucceededError(
            f"none of {len(trials)} trials completed: "
            f"{sum(t.state == 'failed' for t in trials)} failed, "
            f"{sum(t.state == 'stopped' for t in trials)} were stopped early"
        )
    return best


def choose_default(trials: Iterable[Trial]) -> Trial | None:
    """Best of the families' default configurations: what one would have had without a search."""
    return _best([trial for trial in trials if trial.origin == "default"])


def find_dummy(trials: Iterable[Trial]) -> Trial | None:
    """Completed trial of the dummy model: what no learning at all gives."""
    return _best([trial for trial in trials if trial.origin == "dummy"])


def _best(trials: Iterable[Trial]) -> Trial | None:
    completed = [t for t in trials if t.state == "completed" and t.score is not None]
    return min(completed, key=lambda t: (-_score(t), t.number), default=None)


def _score(trial: Candidate) -> float:
    return float("-inf") if trial.score is None else trial.score
