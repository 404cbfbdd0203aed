"""On what grounds a trial is stopped or goes on: in words, and among how many rivals."""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ray.tune.schedulers import TrialScheduler

from searcher.records import Decision, Unit
from searcher.tuning.trial import Proposal


@dataclass(slots=True)
class Rivals:
    """The scores that trials of one inner search were compared by so far, at each resource."""

    seen: dict[tuple[Unit, int], list[float]] = field(default_factory=lambda: defaultdict(list))

    def decision(
        self,
        proposal: Proposal,
        result: Mapping[str, Any],
        scheduler: TrialScheduler,
        *,
        action: str,
        reason: str,
    ) -> Decision:
        """Write down what was decided about a result, which is a rival of later ones."""
        resource, score = int(result["resource"]), float(result["score"])
        seen = self.seen[proposal.unit, resource]
        insort(seen, score)
        cutoff = getattr(scheduler, "cutoff", None)
        return Decision(
            trial_id=proposal.trial_id,
            resource=resource,
            score=score,
            decision="stop" if action == TrialScheduler.STOP else "continue",
            reason=reason,
            rank=1 + len(seen) - bisect_right(seen, score),
            rivals=len(seen),
            cutoff=None if cutoff is None else cutoff(proposal.trial_id, resource),
        )


def reason_of(scheduler: TrialScheduler, trial_id: str, resource: int, action: str) -> str | None:
    """Say why a scheduler decided as it did; None where nothing was compared."""
    explain = getattr(scheduler, "reason", None)
    if explain is not None:
        said: str | None = explain(trial_id, resource)
        return said
    rungs = getattr(scheduler, "rungs", None)
    if rungs is None:
        return None if action == TrialScheduler.CONTINUE else "the strategy stopped it"
    if resource not in rungs(trial_id):
        return None
    return "below the cutoff" if action == TrialScheduler.STOP else "at or above the cutoff"
