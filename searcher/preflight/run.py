"""Everything that is looked into before a search starts, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from searcher.checks import Finding, inspect_data
from searcher.errors import SpecError
from searcher.plan import Plan
from searcher.preflight.changes import (
    Changes,
    changes_from,
    finding_of,
    left_over,
    with_changes,
)
from searcher.preflight.exports import Tried, refusals, try_exports
from searcher.preflight.narrowing import RATE, Narrowing
from searcher.preflight.networks import networks_among
from searcher.preflight.sample import draw
from searcher.preflight.trained import Trained, failures, hopeless
from searcher.records import Note


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was found."""

    findings: tuple[Finding, ...]
    exports: tuple[Tried, ...]  # () if exports were not tried
    trainings: tuple[Trained, ...] = ()  # () if there is no network, or none was tried
    changes: Changes = field(default_factory=dict)  # what is left out of the spaces

    @property
    def notices(self) -> tuple[str, ...]:
        """What people should know, a line each."""
        return (
            *(f"{each.text}" for each in self.findings),
            *_left_open(self.trainings, "trained"),
            *_left_open(self.exports, "exported"),
        )

    def notes(self, search_id: str) -> tuple[Note, ...]:
        """Everything, for the store."""
        findings = [asdict(each) for each in self.findings]
        tried = {
            "exports": [asdict(each) for each in self.exports],
            "trainings": [asdict(each) for each in self.trainings],
            "changes": {name: dict(changes) for name, changes in self.changes.items()},
        }
        kept = {name: found for name, found in tried.items() if found}
        return (
            Note(search_id, "check", {"findings": findings}),
            *([Note(search_id, "preflight", kept)] if kept else []),
        )


def look_ahead(plan: Plan, *, exports: bool = True, training: bool = True) -> Preflight:
    """Inspect the data and, if asked for, try to train networks and to export each choice.

    What can't be trained is not exported either.
    """
    findings = inspect_data(plan.spec, plan.dataset, metrics=plan.metrics, folds=plan.folds)
    found = Preflight(findings, ())
    if training:
        found = _with_training(plan, found)
    if exports and not list(hopeless(found.trainings)):
        left = with_changes(plan, found.changes).candidates
        found = replace(found, exports=try_exports(left, plan.dataset, seed=plan.spec.seed))
    return found


def refuse(found: Preflight) -> None:
    """Refuse a search some of whose models could not be trained or released.

    Raises
    ------
    SpecError
        With one line for each family whose default configuration can't be trained, and for each
        choice that can't be exported.
    """
    problems = [*hopeless(found.trainings), *refusals(found.exports)]
    if problems:
        raise SpecError("\n".join(problems))


def with_notices(plan: Plan, found: Preflight) -> Plan:
    """Leave out of the plan's spaces what is to be left out, and add what was found to notices."""
    plan = with_changes(plan, found.changes)
    return replace(plan, notices=(*plan.notices, *found.notices))


def _with_training(plan: Plan, found: Preflight) -> Preflight:
    profile, seed = plan.dataset.profile, plan.spec.seed
    references = networks_among(plan.candidates, profile, seed=seed)
    networks = [c for c in plan.candidates if c.reference in references]
    if not networks:
        return found
    from searcher.preflight.training import narrow_rates, try_trainings  # torch

    sample = draw(plan.dataset, seed=seed)
    trainings = try_trainings(networks, sample)
    left = left_over(networks, trainings)
    asked: Mapping[str, Any] = plan.spec.families or {}
    narrowings = [
        narrow_rates(
            candidate,
            sample,
            n_rows=plan.dataset.n_samples,
            is_kept=RATE in (asked.get(candidate.reference) or {}),
        )
        for candidate in networks
        if _is_sound(candidate.reference, trainings)
    ]
    told: Sequence[Narrowing] = [each for each in narrowings if each is not None]
    added = [finding_of(failed, left) for failed in failures(trainings)]
    findings = (*found.findings, *added, *(narrowing.finding for narrowing in told))
    return replace(found, findings=findings, trainings=trainings, changes=changes_from(left, told))


def _is_sound(reference: str, trainings: Sequence[Trained]) -> bool:
    defaults = (t for t in trainings if t.family == reference and t.parameter is None)
    return all(each.outcome == "passed" for each in defaults)


def _left_open(tried: Sequence[Tried] | Sequence[Trained], done: str) -> list[str]:
    """Say which choices nobody knows of whether they can be exported, or trained."""
    return [
        f"whether {each.name} can be {done} is not known: {each.reason}"
        for each in tried
        if each.outcome in {"not fitted", "not built", "not tried"}
    ]
