"""What the trials of each family count their training in, and how far they can come."""

from collections.abc import Iterator, Mapping
from typing import Any

from search_spaces.families.base import Family
from search_spaces.parameters import Categorical, Parameter
from search_spaces.space import Space
from searcher.records import Unit
from searcher.spec import Spec

LENGTHS: Mapping[str, tuple[str, int]] = {"epochs": ("epochs", 1), "rounds": ("n_estimators", 10)}
"""Unit -> the parameter that says how many there are, and how many of it are one unit."""


def unit_of(family: Family, spec: Spec) -> Unit:
    """Say what the trials of a family count in: what the spec says, else what the family does."""
    return spec.budget.resource.get(family.name, family.resource)


def units_to_choose(family: Family) -> tuple[Unit, ...]:
    """Say what the trials of a family can count in."""
    return tuple(getattr(family, "resources", (family.resource,)))


def longest(space: Space, unit: Unit, *, n_folds: int) -> int:
    """Units of the longest trial of a family.

    Parameters
    ----------
    n_folds
        Inner folds of a trial.
    """
    if unit == "inner_folds":
        return n_folds
    name, size = LENGTHS[unit]
    return -(-_largest(space.parameters[name]) // size)


def misfits(families: Mapping[str, Family], spec: Spec) -> Iterator[str]:
    """Say what of ``budget.resource`` can't be, with its path."""
    for name, unit in spec.budget.resource.items():
        if name not in families:
            known = ", ".join(families) or "none"
            yield f"budget.resource.{name}: no family of this search; those are: {known}"
        elif unit not in units_to_choose(families[name]):
            allowed = ", ".join(units_to_choose(families[name]))
            yield f"budget.resource.{name}: found {unit!r}; allowed: {allowed}"


def _largest(parameter: Parameter) -> int:
    if isinstance(parameter, Categorical):
        choices: tuple[Any, ...] = parameter.choices
        return int(max(choices))
    return int(parameter.high)
