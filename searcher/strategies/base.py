"""What a strategy is given and what it gives back: the plug-in point ``searcher.strategy``.

A strategy is one file: a ``searcher.spec.Strategy`` (its fields are what a spec may say of it)
with ``build``, which makes the two halves that Ray Tune needs for one inner search.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from search_spaces.space import Configuration, Space

if TYPE_CHECKING:
    from searcher.strategies.population import Population


@dataclass(frozen=True, slots=True)
class Problem:
    """One inner search, as a strategy sees it: nothing of the data, nothing of other folds."""

    space: Space  # joint: `family`, and `<family>.<parameter>` conditional on it
    initial: tuple[Configuration, ...]  # the families' defaults, to be proposed first
    trials: int  # how many proposals will be asked for, initial ones included
    max_resource: int  # units of a trial that is not stopped
    seed: int
    first_trials: int | None = None  # `trials` when the search began; None: it was not extended
    evolves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Family -> parameters that may change while a model of it is trained."""
    mixes_units: bool = False  # families count in different units of resource

    @property
    def planned(self) -> int:
        """Proposals to divide up between phases: an extension may not change those made."""
        return self.trials if self.first_trials is None else self.first_trials


class TuneParts(NamedTuple):
    """What Ray Tune needs from a strategy.

    ``searcher`` is a ``ray.tune.search.Searcher`` whose ``suggest`` returns joint configurations;
    it can be resumed if it is ``Recalls`` too.
    ``scheduler`` a ``ray.tune.schedulers.TrialScheduler`` over the result keys ``score`` (larger
    is better) and ``resource``, or None to let every trial run to its end.
    ``population`` says after each generation who goes on from whose state; None if every trial is
    on its own.
    """

    searcher: Any
    scheduler: Any | None = None
    population: "Population | None" = None


@runtime_checkable
class Recalls(Protocol):
    """A searcher whose state follows from the stored trials: what a search is resumed with.

    The stored events of an inner search are replayed in their order into a new searcher:
    ``recall`` in place of ``suggest``, ``on_trial_result`` and ``on_trial_complete`` as they were.
    From then on it proposes what the old one would have proposed. So a proposal may depend on the
    seed, the proposals before it, what was told and what still runs, and on nothing else: not on
    the clock, nor on how often a random generator was used.
    """

    def recall(self, trial_id: str, configuration: Configuration, *, own: bool = True) -> None:
        """Be as if ``suggest(trial_id)`` had just returned ``configuration``.

        Parameters
        ----------
        trial_id
            By which the trial's results are told, as after ``suggest``.
        configuration
            Of the joint space.
        own
            Whether this searcher proposed it. If not (a trial taken over from another search),
            the searcher learns from it and never proposes it, and draws as many as before.

        Raises
        ------
        RecallError
            If the configuration is not in the space, or can't be what was proposed here.
        """
        ...


class Explains(Protocol):
    """A scheduler that says itself on what grounds it decided; it is not asked for rungs."""

    def reason(self, trial_id: str, resource: int) -> str | None:
        """Say why a trial was stopped or goes on there; None where nothing was compared."""
        ...


class HasRungs(Protocol):
    """A scheduler that can say on what grounds it decided; the decision log asks it."""

    def rungs(self, trial_id: str) -> tuple[int, ...]:
        """Resources at which the trial is compared with others."""
        ...

    def cutoff(self, trial_id: str, resource: int) -> float | None:
        """Score that a trial needed at this rung to go on; None where nobody was there before."""
        ...
