"""In which ranges each parameter was searched: as its family says, or as the trials suggest."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from search_spaces.columns import Column, Profile
from search_spaces.parameters import Categorical, Float, Integer, Parameter, is_same
from search_spaces.space import Space
from searcher.errors import SearcherError
from searcher.plugins import load_family
from searcher.store import StoredTrial

LOG_RATIO = 100
"""Positive numbers that span two orders of magnitude are taken to be on a log scale."""

MAX_CHOICES = 30
"""Of more different words than this no plot says anything."""

EDGE = 0.02
"""Share of a range that counts as its end."""


def declared_spaces(
    spec: Mapping[str, Any], data: Mapping[str, Any], tried: Iterable[str]
) -> dict[str, Space]:
    """Spaces of the installed families that a stored spec names, narrowed as it asks.

    Only families that are registered by an entry point are asked. A ``module:Class`` of somebody
    else's spec is not imported: reading a report must not run what a store's rows name.
    """
    families = spec.get("families")
    asked = families if isinstance(families, Mapping) else dict.fromkeys(families or tried)
    spaces = {}
    for reference, changes in asked.items():
        if ":" not in str(reference):
            space = _space(str(reference), changes, data)
            if space is not None:
                spaces[str(reference)] = space
    return spaces


def parameters_of(trials: Sequence[StoredTrial], space: Space | None) -> dict[str, Parameter]:
    """Parameter of each name in the trials' configurations, in the family's order.

    The declared one where all values fit it (the family may have changed since), else one that is
    inferred from the values. Parameters that nothing can be drawn of are left out.
    """
    values: dict[str, list[Any]] = {name: [] for name in space.parameters} if space else {}
    for trial in trials:
        for name, value in trial.configuration.items():
            values.setdefault(name, []).append(plain_value(value))
    found = {}
    for name, seen in values.items():
        declared = space.parameters.get(name) if space else None
        parameter = declared if declared and _fits(declared, seen) else infer(seen)
        if seen and parameter is not None:
            found[name] = parameter
    return found


def varying(trials: Sequence[StoredTrial], parameters: Mapping[str, Parameter]) -> list[str]:
    """Names of the parameters that have more than one value, or are not in all configurations."""
    names = []
    for name in parameters:
        seen = [t.configuration[name] for t in trials if name in t.configuration]
        if seen and any(not is_same(seen[0], other) for other in seen[1:]):
            names.append(name)
    return names


def infer(values: Sequence[Any]) -> Parameter | None:
    """Smallest parameter that has all the values; None if nothing can be said of them."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    try:
        if values and len(numbers) == len(values):
            return _range(numbers)
        choices = _distinct(values)
        return Categorical(choices=tuple(choices)) if 0 < len(choices) <= MAX_CHOICES else None
    except ValueError:  # a range too wide for float64
        return None


def plain_value(value: Any) -> Any:
    """Return a value as a parameter may have it: lists and mappings as their JSON."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return json.dumps(value, sort_keys=True)


def end_of_range(parameter: Parameter, value: Any) -> str | None:
    """Say at which end of its range a number lies: "low", "high" or None."""
    if isinstance(parameter, Categorical) or parameter.low == parameter.high:
        return None
    if not _fits(parameter, [value]):
        return None
    if isinstance(parameter, Integer):
        return "low" if value == parameter.low else "high" if value == parameter.high else None
    low, place, high = (
        math.log(number) if parameter.log else number
        for number in (parameter.low, value, parameter.high)
    )
    share = (place - low) / (high - low)
    return "low" if share <= EDGE else "high" if share >= 1 - EDGE else None


def _space(family: str, changes: Any, data: Mapping[str, Any]) -> Space | None:
    """Space of a registered family on such data; None when it can't be had any more."""
    try:
        space = load_family(family).space(_profile(data))
        return space.override(changes) if changes else space
    except (SearcherError, ValueError, TypeError, LookupError, AttributeError, ImportError):
        return None  # not installed here, or changed since: the values speak for themselves


def _profile(data: Mapping[str, Any]) -> Profile:
    columns = tuple(
        Column(str(column["name"]), column["kind"], has_missing=bool(column.get("missing")))
        for column in data["columns"]
    )
    return Profile(data["task"], columns, data["rows"], len(data.get("classes") or ()))


def _fits(parameter: Parameter, values: Sequence[Any]) -> bool:
    try:
        for value in values:
            parameter.check(value)
    except ValueError:
        return False
    return True


def _range(numbers: Sequence[int | float]) -> Parameter:
    low, high = min(numbers), max(numbers)
    log = bool(low > 0 and high / low >= LOG_RATIO)
    if all(isinstance(number, int) for number in numbers):
        return Integer(low=int(low), high=int(high), log=log)
    return Float(low=low, high=high, log=log)


def _distinct(values: Iterable[Any]) -> list[Any]:
    """Different values: numbers in their order, then words, booleans and none."""
    found: list[Any] = []
    for value in values:
        if len(found) > MAX_CHOICES:
            break
        if not any(is_same(value, other) for other in found):
            found.append(value)
    numeric = [v for v in found if isinstance(v, int | float) and not isinstance(v, bool)]
    others = [v for v in found if v is None or isinstance(v, bool | str)]
    return [*sorted(numeric), *sorted(others, key=repr)]
