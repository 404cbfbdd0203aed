"""Where configurations lie in their space, so that neighbours can tell of each other."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from search_spaces.parameters import Categorical, Parameter, is_same
from search_spaces.space import Space
from searcher.racing.kernel import Floats

APART = 1e6
"""Squared distance of configurations of which nothing is known: nobody's neighbours."""


def coordinates(
    space: Space, configurations: Sequence[Mapping[str, Any]], *, applied: int | None = None
) -> Floats:
    """Place configurations, shape (n_configurations, n_columns).

    A number has a column, from low to high on its scale; a choice has one for each of its values.
    A parameter that does not apply lies in the middle: what it depends on tells the difference.
    Two configurations that differ as much as can be in every parameter are 1 apart.

    Parameters
    ----------
    applied
        Parameters of a configuration that can vary, at most; None: as many as of any of these.
        Configurations that are placed one by one need the same number.
    """
    varied = [(name, p) for name, p in space.parameters.items() if not _is_fixed(p)]
    columns = [
        [_place(parameter, c[name]) if name in c else _nowhere(parameter) for c in configurations]
        for name, parameter in varied
    ]
    if not columns:
        return np.zeros((len(configurations), 1))
    if applied is None:
        applied = max((sum(name in c for name, _ in varied) for c in configurations), default=0)
    places: Floats = np.hstack([np.array(column, dtype=float) for column in columns])
    return places / math.sqrt(max(applied, 1))


def squared_distances(places: Floats, others: Floats) -> Floats:
    """Squared distances, shape (n, n_others); ``APART`` to places that are not known (NaN)."""
    squared: Floats = ((places[:, None, :] - others[None, :, :]) ** 2).sum(axis=-1)
    return np.where(np.isnan(squared), APART, squared)


def _is_fixed(parameter: Parameter) -> bool:
    if isinstance(parameter, Categorical):
        return len(parameter.choices) == 1
    return bool(parameter.low == parameter.high)


def _place(parameter: Parameter, value: Any) -> list[float]:
    if isinstance(parameter, Categorical):
        return [math.sqrt(0.5) * is_same(value, choice) for choice in parameter.choices]
    low, high, at = (
        (math.log(number) if parameter.log else float(number))
        for number in (parameter.low, parameter.high, value)
    )
    return [(at - low) / (high - low)]


def _nowhere(parameter: Parameter) -> list[float]:
    if isinstance(parameter, Categorical):
        return [math.sqrt(0.5) / len(parameter.choices)] * len(parameter.choices)
    return [0.5]
