"""How a search's spaces get smaller by what was found out: as a spec would say it.

What is searched is written into the spec that is stored, so that a resume, an extension, a fork and
the report find the same spaces without trying anything again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from search_spaces.parameters import Categorical, Integer, Parameter, is_same
from searcher.candidates import Candidate, families_asked, resolve_candidates
from searcher.checks import Finding
from searcher.errors import SpecError
from searcher.plan import Plan
from searcher.preflight.narrowing import RATE, Narrowing
from searcher.preflight.trained import Trained, failures
from searcher.spec import load_spec

Changes: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Of each family, by its reference: parameter -> what a spec may say of it."""


def left_over(
    candidates: Sequence[Candidate], trained: Sequence[Trained]
) -> dict[str, dict[str, Parameter]]:
    """Say of each parameter of which choices failed what is left of it, by family and name."""
    left: dict[str, dict[str, Parameter]] = {}
    spaces = {candidate.reference: candidate.space for candidate in candidates}
    for failed in failures(trained):
        name, of_family = str(failed.parameter), left.setdefault(failed.family, {})
        before = of_family.get(name, spaces[failed.family].parameters[name])
        of_family[name] = without(before, failed)
    return left


def changes_from(
    left: Mapping[str, Mapping[str, Parameter]], narrowings: Sequence[Narrowing]
) -> Changes:
    """Write down what is left, and the learning rates that some optimiser can use."""
    changes = {
        reference: {name: parameter.model_dump(mode="json") for name, parameter in of.items()}
        for reference, of in left.items()
    }
    for narrowing in narrowings:
        if narrowing.is_applied:
            changes.setdefault(narrowing.reference, {})[RATE] = dict(narrowing.change)
    return changes


def without(parameter: Parameter, failed: Trained) -> Parameter:
    """Leave a value out of a parameter; a range ends at the default's value, which is sound."""
    if isinstance(parameter, Categorical):
        left = tuple(c for c in parameter.choices if not is_same(c, failed.value))
        return Categorical(choices=left)
    if not isinstance(parameter, Integer):
        raise TypeError(f"{failed.path} is not of choices: {parameter.describe()}")
    default = parameter.nearest(failed.default)
    if failed.value <= default:
        return parameter.model_copy(update={"low": default})
    return parameter.model_copy(update={"high": default})


def changed_families(
    asked: Mapping[str, Mapping[str, Any] | None], changes: Changes
) -> dict[str, dict[str, Any] | None]:
    """Say what a spec would say of its families with the changes."""
    return {
        reference: {**(of or {}), **changes.get(reference, {})} or None
        for reference, of in asked.items()
    }


def with_changes(plan: Plan, changes: Changes) -> Plan:
    """Search smaller spaces.

    Raises
    ------
    SpecError
        If the spec changes a parameter that then no longer applies.
    """
    if not changes:
        return plan
    profile = plan.dataset.profile
    families = changed_families(families_asked(plan.spec, profile), changes)
    spec = load_spec({**plan.spec.model_dump(mode="json"), "families": families})
    try:
        return replace(plan, spec=spec, candidates=resolve_candidates(spec, profile))
    except ValueError as error:
        raise SpecError(f"without what can't be trained, {error}") from error


def finding_of(failed: Trained, left: Mapping[str, Mapping[str, Parameter]]) -> Finding:
    """Say that a choice is left out, why, and what remains."""
    after = left[failed.family][str(failed.parameter)].describe()
    return Finding(
        kind="training",
        severity="warning",
        columns=(),
        numbers={},
        sentence=f"{failed.name} can't be trained and is left out: {failed.reason}",
        advice=f"What is searched of {failed.path}: {after}",
    )
