"""Who lives on after a generation: what a strategy that evolves a population is told and says.

All members of a population train for ``interval`` units of resource: a generation. Then the
strategy says which of them go on from a copy of another member's state, with which configuration,
and the next generation trains. Everybody else goes on as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from search_spaces.space import Configuration


@dataclass(frozen=True, slots=True)
class Member:
    """One trial of a population at the end of a generation."""

    trial_id: str
    configuration: Configuration  # of the joint space, in force during this generation
    score: float | None  # mean over inner folds, larger is better; None: the member has failed
    fixed: bool = False  # a default: may be copied from, is never replaced


@dataclass(frozen=True, slots=True)
class Replacement:
    """How a member goes on: from the state of ``source``, trained by another configuration."""

    source: str  # trial id of the member whose state is copied, as it was before any copying
    configuration: Configuration  # of the joint space


class Population(Protocol):
    """Decides between generations. It has no clock and no random state of its own."""

    @property
    def interval(self) -> int:
        """Units of resource in a generation, at least 1."""
        ...

    def next_generation(
        self, generation: int, members: Sequence[Member]
    ) -> Mapping[str, Replacement]:
        """Say by trial id which members are replaced, and by what.

        To be called once for each generation, in order. What it returns follows from the seed,
        the generation and what was told so far, so that a search whose stored scores are told
        again to a new population gets the same answers.

        Parameters
        ----------
        generation
            1 for the one that trained from nothing, then one more each time.
        members
            All of them, failed ones included, in the order of their proposal.
        """
        ...
