"""Population based training: members that fall behind go on from copies of those ahead."""

from collections.abc import Sequence
from typing import Literal

from searcher.strategies.population import Member, Population, Replacement
from searcher.strategies.population_explore import explore
from searcher.strategies.population_selection import stream, truncate
from searcher.strategies.population_strategy import Evolution, PopulationStrategy


class Pbt(PopulationStrategy):
    """Population based training (Jaderberg et al. 2017, arXiv:1711.09846), a generation at a time.

    Truncation selection, then each parameter that may change is perturbed or drawn anew. The
    quarter and the two probabilities are those of Ray (2.60, tune/schedulers/pbt.py). Ray's
    members do not wait for each other by default; here they do, so that what is decided follows
    from the scores alone.
    """

    kind: Literal["pbt"] = "pbt"

    def evolve(self, evolution: Evolution) -> Population:
        """Decide by the scores of the generation alone."""
        return Evolving(evolution)


class Evolving:
    """Truncation selection and random changes; it remembers nothing between generations."""

    def __init__(self, evolution: Evolution) -> None:
        self._evolution = evolution

    @property
    def interval(self) -> int:
        """Units of resource in a generation."""
        return self._evolution.interval

    def next_generation(self, generation: int, members: Sequence[Member]) -> dict[str, Replacement]:
        """Replace the lowest quantile, and those that failed."""
        it = self._evolution
        sources = truncate(members, quantile=it.quantile, seed=it.seed, generation=generation)
        return {
            member.trial_id: Replacement(
                sources[member.trial_id].trial_id,
                explore(
                    it.space,
                    sources[member.trial_id].configuration,
                    mutable=it.mutable,
                    resample_probability=it.resample_probability,
                    rng=stream(it.seed, generation, place, "explore"),
                ),
            )
            for place, member in enumerate(members)
            if member.trial_id in sources
        }
