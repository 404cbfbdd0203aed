"""Which families a search tries, in which spaces, starting from which defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search_spaces.columns import Profile
from search_spaces.families.base import Family
from search_spaces.space import Configuration, Space
from searcher.errors import SpecError
from searcher.plugins import load_family
from searcher.spec import Spec

DUMMY = "dummy"

USUAL = (
    "logistic_regression",
    "ridge",
    "random_forest",
    "xgboost",
    "k_means",
    "agglomerative",
    "dbscan",
)
"""What a spec that names no family gets: one linear model, one forest, one booster; or
every clustering. The others are for those who ask; each takes its share of the budget."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One family as this search tries it."""

    name: str  # as it calls itself
    reference: str  # as written in the spec: a name, or module:Class
    family: Family
    space: Space  # narrowed or overridden as the spec asks
    default: Configuration  # in ``space``


def resolve_candidates(spec: Spec, profile: Profile) -> tuple[Candidate, ...]:
    """Families of the spec, or the usual ones that can learn such a target.

    For a spec that ``checks.check_search`` has let pass.
    """
    asked = families_asked(spec, profile)
    return tuple(_resolve(reference, changes, profile) for reference, changes in asked.items())


def families_asked(spec: Spec, profile: Profile) -> Mapping[str, Mapping[str, Any] | None]:
    """Say what to load each family by, and how its space is changed."""
    if spec.families is not None:
        return spec.families
    return {name: None for name in USUAL if learns(load_family(name), profile)}


def joint_space(candidates: tuple[Candidate, ...]) -> Space:
    """Space of all families at once; the family is its first parameter."""
    return Space.join({candidate.name: candidate.space for candidate in candidates})


def references(candidates: tuple[Candidate, ...]) -> dict[str, str]:
    """Say what to load each family by, the dummy's included."""
    return {DUMMY: DUMMY} | {candidate.name: candidate.reference for candidate in candidates}


def learns(family: Family, profile: Profile) -> bool:
    """Whether a family is for such targets."""
    return profile.task in family.tasks


def reads(family: Family, profile: Profile) -> bool:
    """Whether a family is for rows of such a shape; most read everything as a table."""
    wanted = getattr(family, "shape", None)
    return wanted is None or (profile.shape is not None and profile.shape.kind == wanted)


def space_of(family: Family, reference: str, profile: Profile) -> Space:
    """Ask a family what can be tried on such data.

    Raises
    ------
    SpecError
        If it is not for such data: too many rows, say.
    """
    try:
        return family.space(profile)
    except ValueError as error:
        raise SpecError(f"families.{reference}: {error}") from error


def _resolve(reference: str, changes: Mapping[str, Any] | None, profile: Profile) -> Candidate:
    family = load_family(reference)
    space = space_of(family, reference, profile).override(changes or {})
    return Candidate(family.name, reference, family, space, space.nearest(family.default(profile)))
