"""Which of Optuna's distributions a parameter of ours has."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from search_spaces.parameters import Categorical, Float, Integer, Parameter, is_same
from search_spaces.space import FAMILY, Space
from searcher.store.types import dumps

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Values = list[Any]
SCALARS = (bool, int, float, str, type(None))


class Distributions:
    """One distribution for each parameter of a search, as Optuna wants it.

    Parameters
    ----------
    space
        What was searched; where it is not known, or does not hold what was tried (a dummy model,
        a default outside of it), the distribution is what was seen, and ``observed`` names it.
    seen
        Every different value of each parameter.
    """

    def __init__(self, space: Space | None, seen: Mapping[str, Values]) -> None:
        known = {} if space is None else space.parameters
        self.observed: list[str] = []
        self.of: dict[str, BaseDistribution] = {}
        for name, values in seen.items():
            parameter = known.get(name)
            if parameter is None or not _holds(parameter, values):
                first = list(parameter.choices) if isinstance(parameter, Categorical) else []
                self.of[name] = _seen(first, values)
                self.observed += [name] if name != FAMILY else []
            else:
                self.of[name] = _stated(parameter)


def simple(value: Any) -> Any:
    """Return a value as one of Optuna's choices can be: lists are their JSON."""
    return value if isinstance(value, SCALARS) else dumps(value)


def gather(configurations: Iterable[Mapping[str, Any]]) -> dict[str, Values]:
    """Collect the different values of each parameter."""
    found: dict[str, dict[Any, Any]] = {}
    for configuration in configurations:
        for name, value in configuration.items():
            plain = simple(value)
            found.setdefault(name, {})[type(plain) is bool, plain] = plain
    return {name: list(values.values()) for name, values in found.items()}


def _holds(parameter: Parameter, values: Values) -> bool:
    try:
        for value in values:
            parameter.check(value)
    except ValueError:
        return False
    return True


def _stated(parameter: Parameter) -> "BaseDistribution":
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if isinstance(parameter, Float):
        return FloatDistribution(
            parameter.low, parameter.high, log=parameter.log, step=parameter.step
        )
    if isinstance(parameter, Integer):
        return IntDistribution(
            parameter.low, parameter.high, log=parameter.log, step=parameter.step
        )
    return CategoricalDistribution(parameter.choices)


def _seen(first: Values, values: Values) -> "BaseDistribution":
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    numbers = all(isinstance(value, int | float) and type(value) is not bool for value in values)
    if first or not numbers:
        more = [v for v in values if not any(is_same(v, known) for known in first)]
        return CategoricalDistribution([*first, *more])
    if all(isinstance(value, int) for value in values):
        return IntDistribution(min(values), max(values))
    return FloatDistribution(float(min(values)), float(max(values)))
