"""Everything that is looked into before a search starts, and what is refused because of it."""

from dataclasses import asdict, dataclass, replace

from searcher.checks import Finding, inspect_data
from searcher.errors import SpecError
from searcher.plan import Plan
from searcher.preflight.exports import Tried, refusals, try_exports
from searcher.records import Note


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was found."""

    findings: tuple[Finding, ...]
    exports: tuple[Tried, ...]  # () if exports were not tried

    @property
    def notices(self) -> tuple[str, ...]:
        """What people should know, a line each."""
        return (*(f"{each.text}" for each in self.findings), *_left_open(self.exports))

    def notes(self, search_id: str) -> tuple[Note, ...]:
        """Everything, for the store."""
        findings = [asdict(each) for each in self.findings]
        exports = [asdict(each) for each in self.exports]
        return (
            Note(search_id, "check", {"findings": findings}),
            *([Note(search_id, "preflight", {"exports": exports})] if exports else []),
        )


def look_ahead(plan: Plan, *, exports: bool = True) -> Preflight:
    """Inspect the data and, if asked for, try to export each structural choice."""
    findings = inspect_data(plan.spec, plan.dataset, metrics=plan.metrics, folds=plan.folds)
    tried = try_exports(plan.candidates, plan.dataset, seed=plan.spec.seed) if exports else ()
    return Preflight(findings, tried)


def refuse(found: Preflight) -> None:
    """Refuse a search some of whose models could not be released.

    Raises
    ------
    SpecError
        With one line for each choice that can't be exported.
    """
    problems = list(refusals(found.exports))
    if problems:
        raise SpecError("\n".join(problems))


def with_notices(plan: Plan, found: Preflight) -> Plan:
    """Add what was found to the plan's notices."""
    return replace(plan, notices=(*plan.notices, *found.notices))


def _left_open(tried: tuple[Tried, ...]) -> list[str]:
    """Say of which choices it is not known whether they can be exported."""
    return [
        f"whether {each.name} can be exported is not known: {each.reason}"
        for each in tried
        if each.outcome in {"not fitted", "not tried"}
    ]
