"""Populations: members that wait for each other at the end of a generation, and take over states.

A member that has come to the end of its generation is no trial of Ray Tune's any more; it waits
here until all others have come, too, and goes on as another one, in whatever worker is free. So
what a population does follows from its scores and not from when they came.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from search_spaces.space import join_family, split_family
from searcher.lineage import Way
from searcher.records import Record, Replaced, TrialEnded
from searcher.strategies.population import Member, Population, Replacement
from searcher.tuning.handle import TrialHandle

if TYPE_CHECKING:
    from searcher.tuning.inner import InnerSearch
    from searcher.tuning.trial import Proposal


@dataclass(slots=True)
class Generations:
    """What a population of one inner search is at."""

    population: Population
    number: int = 0  # of the last generation that is complete
    waiting: dict[str, float] = field(default_factory=dict)  # members -> their score

    @property
    def interval(self) -> int:
        """Units in a generation."""
        return self.population.interval

    def turn(self, inner: "InnerSearch") -> list[Record]:
        """Begin the next generation, if all members have come to the end of this one.

        Returns
        -------
        What happened: members replaced, or stopped because the time of the inner search is up.
        """
        if not self.waiting or not inner.all_proposed or inner.running or inner.waiting:
            return []
        if inner.out_of_time:
            return list(self._stop(inner))
        self.number += 1
        scores, self.waiting = self.waiting, {}
        members = sorted(
            (_as_member(inner.live[one].proposal, score) for one, score in scores.items()),
            key=lambda member: inner.live[member.trial_id].proposal.number,
        )
        replaced = self.population.next_generation(self.number, members)
        ways = {member.trial_id: inner.live[member.trial_id].proposal.way for member in members}
        return list(self._begin(inner, ways, replaced))

    def _begin(
        self,
        inner: "InnerSearch",
        ways: Mapping[str, Way],
        replaced: Mapping[str, Replacement],
    ) -> Iterator[Record]:
        """Queue the members for the next generation; say which are others from now on."""
        for trial_id in ways:
            live = inner.live[trial_id]
            proposal = replace(
                live.proposal,
                until=(self.number + 1) * self.interval,
                resource=live.resource,
                spent_s=live.spent_s,
            )
            if trial_id in replaced:
                source = replaced[trial_id].source
                _, configuration = split_family(replaced[trial_id].configuration)
                proposal = replace(
                    proposal,
                    source=(source, live.resource),
                    schedule=(*ways[source], (live.resource, configuration)),
                )
                yield Replaced(trial_id, live.resource, source, configuration)
            live.proposal = proposal
            inner.waiting.append(proposal)

    def _stop(self, inner: "InnerSearch") -> Iterator[Record]:
        """End all members but the defaults, which go on to their end."""
        scores, self.waiting = self.waiting, {}
        for trial_id, score in scores.items():
            live = inner.live[trial_id]
            if live.proposal.origin == "default":
                live.proposal = replace(live.proposal, until=None, resource=live.resource)
                inner.waiting.append(live.proposal)
                continue
            result = {"score": score, "resource": live.resource, "work_s": 0.0}
            inner.retire(TrialHandle.of(trial_id, live.proposal.origin), result)
            inner.conclude(trial_id, result)
            reason = f"budget.time_s {inner.time_s:g} is spent"
            yield TrialEnded(trial_id, "stopped", score, live.resource, reason=reason)


def _as_member(proposal: "Proposal", score: float) -> Member:
    configuration = join_family(proposal.family, dict(proposal.way[-1][1]))
    return Member(proposal.trial_id, configuration, score, fixed=proposal.origin == "default")
