"""Which configurations stand for a whole space: each structural choice once, around the default."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from search_spaces.families.base import Family
from search_spaces.parameters import Categorical, Integer, Parameter, is_same
from search_spaces.space import Configuration
from searcher.candidates import Candidate
from searcher.preflight.networks import LOSS, OF_TRAINING

SMALL = 10
"""Whole numbers above it (trees, rounds, neighbours) are brought down to it: what a converter makes
of a model does not depend on how often a part is repeated."""

ONE_EPOCH: Configuration = {"epochs": 1}
"""What a converter makes of a network does not depend on how long it was trained."""

ValuesOf = Callable[[str, Parameter], Sequence[Any]]


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

    @property
    def name(self) -> str:
        """Where, and what: ``families.xgboost.encode: 'onehot'``."""
        return self.path if self.parameter is None else f"{self.path}: {self.value!r}"


def structural_choices(candidate: Candidate, *, is_network: bool = False) -> Iterator[Choice]:
    """Walk through the default configuration, then through each other choice of each parameter.

    A choice that applies only beside another is tried beside it. Of choices that are numbers only
    the smallest and the largest are tried, of ranges none: they change a model's numbers, not what
    it is made of. Nor does how a network is trained.
    """

    def values_of(name: str, parameter: Parameter) -> Sequence[Any]:
        if not isinstance(parameter, Categorical) or (is_network and name in OF_TRAINING):
            return ()
        return _structural(parameter)

    fixed = ONE_EPOCH if is_network else {}
    yield from _each(candidate, values_of, fixed=fixed, largest=SMALL)


def training_choices(candidate: Candidate) -> Iterator[Choice]:
    """Walk through what a network's module and loss are made of: the default, then each choice.

    As ``structural_choices``, but whole numbers stay as they are, and both ends of their ranges are
    choices too.
    """

    def values_of(name: str, parameter: Parameter) -> Sequence[Any]:
        if name in OF_TRAINING - LOSS:
            return ()
        if isinstance(parameter, Integer):
            return (parameter.low, parameter.high)
        return _structural(parameter) if isinstance(parameter, Categorical) else ()

    yield from _each(candidate, values_of, fixed={}, largest=None)


def together(
    candidate: Candidate, choices: Sequence[Choice]
) -> Iterator[tuple[Configuration, tuple[Choice, ...]]]:
    """Put choices into few configurations: yield each with the choices that it has.

    There are about as many as the parameter with the most values has values.
    """
    left = list(choices)
    while left:
        first, wanted = left[0], {str(c.parameter): c.value for c in reversed(left)}
        held = {name: first.configuration[name] for name in _with_ancestors(candidate, first)}
        made = _configuration(candidate, {**first.configuration, **wanted, **held}, SMALL)
        yield made, tuple(choice for choice in left if choice is first or _has(made, choice))
        left = [choice for choice in left[1:] if not _has(made, choice)]


def _with_ancestors(candidate: Candidate, choice: Choice) -> list[str]:
    """Name a choice's parameter, and all that it depends on."""
    names = [str(choice.parameter)]
    for name in names:  # grows meanwhile
        conditions = candidate.space.conditions.get(name, ())
        names += [c.parameter for c in conditions if c.parameter not in names]
    return names


def _has(configuration: Configuration, choice: Choice) -> bool:
    name = str(choice.parameter)
    return name in configuration and is_same(configuration[name], choice.value)


def _each(
    candidate: Candidate, values_of: ValuesOf, *, fixed: Configuration, largest: int | None
) -> Iterator[Choice]:
    default = _configuration(candidate, fixed, largest)
    yield Choice(candidate.reference, candidate.family, None, None, default)
    for name, parameter in candidate.space.parameters.items():
        for value in values_of(name, parameter):
            choice = Choice(candidate.reference, candidate.family, name, value, {})
            forced = _with_parents(candidate, default, choice)
            configuration = _configuration(candidate, {**fixed, **forced}, largest)
            if name in configuration and configuration != default:
                yield replace(choice, configuration=configuration)


def _structural(parameter: Categorical) -> list[Any]:
    numbers = [
        c for c in parameter.choices if isinstance(c, int | float) and not isinstance(c, bool)
    ]
    ends = {min(numbers), max(numbers)} if numbers else set()
    return [c for c in parameter.choices if c not in numbers or c in ends]


def _configuration(
    candidate: Candidate, forced: Configuration, largest: int | None
) -> Configuration:
    def choose(name: str, parameter: Parameter) -> Any:
        if name in forced:
            return forced[name]
        return _small(candidate, name, parameter, largest)

    return candidate.space.walk(choose)


def _small(candidate: Candidate, name: str, parameter: Parameter, largest: int | None) -> Any:
    value = candidate.default.get(name)
    if isinstance(parameter, Integer) and value is not None and largest is not None:
        value = min(value, largest)
    return parameter.nearest(value)


def _with_parents(candidate: Candidate, default: Configuration, choice: Choice) -> Configuration:
    """Choose a value, and of its parents those under which it applies."""
    name = str(choice.parameter)
    forced = {name: choice.value}
    waiting = [name]
    while waiting:
        for condition in candidate.space.conditions.get(waiting.pop(), ()):
            parent = condition.parameter
            if parent not in forced and not condition.holds(default):
                forced[parent] = condition.values[0]
                waiting.append(parent)
    return forced
