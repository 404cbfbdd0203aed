"""Everything that is looked into before a search starts, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from searcher.candidates import Candidate
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
from searcher.preflight.sample import Sample, draw
from searcher.preflight.steps import OnStep, Steps
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


def look_ahead(
    plan: Plan, *, exports: bool = True, training: bool = True, on_step: OnStep | None = None
) -> Preflight:
    """Inspect the data and, if asked for, try to train networks and to export each choice.

    What can't be trained is not exported either.

    Parameters
    ----------
    on_step
        Told what is tried next, which can take seconds.
    """
    findings = inspect_data(plan.spec, plan.dataset, metrics=plan.metrics, folds=plan.folds)
    found = try_networks(plan, on_step=on_step) if training else Preflight((), ())
    found = replace(found, findings=(*findings, *found.findings))
    if exports and not list(hopeless(found.trainings)):
        left = with_changes(plan, found.changes).candidates
        tried = try_exports(left, plan.dataset, seed=plan.spec.seed, on_step=on_step)
        found = replace(found, exports=tried)
    return found


def try_networks(plan: Plan, *, on_step: OnStep | None = None) -> Preflight:
    """Try to train the plan's networks, and test their learning rates; nothing if it has none."""
    profile, seed = plan.dataset.profile, plan.spec.seed
    references = networks_among(plan.candidates, profile, seed=seed)
    networks = [c for c in plan.candidates if c.reference in references]
    if not networks:
        return Preflight((), ())
    from searcher.preflight.training import try_trainings  # torch

    sample = draw(plan.dataset, seed=seed)
    trainings = try_trainings(networks, sample, on_step=on_step)
    left = left_over(networks, trainings)
    sound = [c for c in networks if _is_sound(c.reference, trainings)]
    narrowings = _narrow(plan, sound, sample, on_step)
    failed = [finding_of(each, left) for each in failures(trainings)]
    return Preflight(
        findings=(*failed, *(narrowing.finding for narrowing in narrowings)),
        exports=(),
        trainings=trainings,
        changes=changes_from(left, narrowings),
    )


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


def _narrow(
    plan: Plan, networks: Sequence[Candidate], sample: Sample, on_step: OnStep | None
) -> list[Narrowing]:
    from searcher.preflight.training import narrow_rates

    asked: Mapping[str, Any] = plan.spec.families or {}
    steps, n_rows = Steps("learning rates", len(networks), on_step), plan.dataset.n_samples
    found = []
    for candidate in networks:
        steps.begin(f"families.{candidate.reference}")
        is_kept = RATE in (asked.get(candidate.reference) or {})
        narrowing = narrow_rates(candidate, sample, n_rows=n_rows, is_kept=is_kept)
        found += [] if narrowing is None else [narrowing]
    return found


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
