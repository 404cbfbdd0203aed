"""Which configurations stand for a whole space: each structural choice once, around the default."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from search_spaces.families.base import Family
from search_spaces.parameters import Categorical, Integer, Parameter
from search_spaces.space import Configuration
from searcher.candidates import Candidate

SMALL = 10
"""Whole numbers above it (trees, rounds, neighbours) are brought down to it: what a converter makes
of a model does not depend on how often a part is repeated."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of one parameter, with all others as in the default where that is possible."""

    reference: str  # of the family, as written in the spec
    family: Family
    parameter: str | None  # None: the default configuration itself
    value: Any
    configuration: Configuration

    @property
    def path(self) -> str:
        """Where the spec may change it."""
        path = f"families.{self.reference}"
        return path if self.parameter is None else f"{path}.{self.parameter}"


def structural_choices(candidate: Candidate) -> Iterator[Choice]:
    """Walk through the default configuration, then through each other choice of each parameter.

    A choice that applies only beside another is tried beside it. Of choices that are numbers only
    the smallest and the largest are tried, of ranges none: they change a model's numbers, not what
    it is made of.
    """
    default = _configuration(candidate, {})
    yield Choice(candidate.reference, candidate.family, None, None, default)
    for name, parameter in candidate.space.parameters.items():
        if not isinstance(parameter, Categorical):
            continue
        for value in _structural(parameter):
            configuration = _configuration(
                candidate, _with_parents(candidate, default, name, value)
            )
            if name in configuration and configuration != default:
                yield Choice(candidate.reference, candidate.family, name, value, configuration)


def _structural(parameter: Categorical) -> list[Any]:
    numbers = [
        c for c in parameter.choices if isinstance(c, int | float) and not isinstance(c, bool)
    ]
    ends = {min(numbers), max(numbers)} if numbers else set()
    return [c for c in parameter.choices if c not in numbers or c in ends]


def _configuration(candidate: Candidate, forced: Configuration) -> Configuration:
    def choose(name: str, parameter: Parameter) -> Any:
        if name in forced:
            return forced[name]
        value = candidate.default.get(name)
        if isinstance(parameter, Integer) and value is not None:
            value = min(value, SMALL)
        return parameter.nearest(value)

    return candidate.space.walk(choose)


def _with_parents(
    candidate: Candidate, default: Configuration, name: str, value: Any
) -> Configuration:
    """Choose a value, and of its parents those under which it applies."""
    forced = {name: value}
    waiting = [name]
    while waiting:
        for condition in candidate.space.conditions.get(waiting.pop(), ()):
            parent = condition.parameter
            if parent not in forced and not condition.holds(default):
                forced[parent] = condition.values[0]
                waiting.append(parent)
    return forced
