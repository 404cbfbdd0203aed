"""How a configuration is changed while its model trains: resampled or perturbed, and valid."""

from collections.abc import Collection
from typing import Any

import numpy as np

from search_spaces.parameters import Categorical, Parameter, is_same
from search_spaces.space import Configuration, Space

FACTORS = (0.8, 1.2)
"""What numbers are multiplied by: Jaderberg et al. 2017, section 4.1.1."""

ATTEMPTS = 20
"""Draws until a configuration differs from the one it came from.

At the end of a range a step may lead nowhere, and a copy with the same weights and the same
configuration would learn the same again.
"""


def explore(
    space: Space,
    configuration: Configuration,
    *,
    mutable: Collection[str],
    resample_probability: float,
    rng: np.random.Generator,
) -> Configuration:
    """Change the parameters in ``mutable``, each by itself; leave the others.

    As Ray does (2.60, tune/schedulers/pbt.py, ``_explore``): with ``resample_probability`` drawn
    anew, else a number is multiplied by 0.8 or 1.2, and a choice gives way to a neighbour in the
    list of choices. What a change makes applicable is drawn; what it makes inapplicable goes.

    Returns
    -------
    A configuration of ``space``; the same one again only if the space leaves (nearly) no other.
    """

    def choose(name: str, parameter: Parameter) -> Any:
        if name not in configuration:
            return parameter.sample(rng)
        value = configuration[name]
        if name not in mutable:
            return value
        if rng.random() < resample_probability:
            return parameter.sample(rng)
        return perturb(parameter, value, rng)

    for _ in range(ATTEMPTS):
        explored = space.walk(choose)
        if explored != configuration:
            break
    return explored


def perturb(parameter: Parameter, value: Any, rng: np.random.Generator) -> Any:
    """Move ``value`` a little, up or down, within the parameter's range.

    A number that has steps (a whole number has) moves by one at least. Zero, which no factor
    moves, is drawn anew. At the end of the range, outwards, the value stays.
    """
    up = bool(rng.integers(2))
    if isinstance(parameter, Categorical):
        return _neighbour(parameter, value, up=up)
    if value == 0:
        return parameter.sample(rng)
    moved = parameter.nearest(value * FACTORS[up])
    if moved == value and parameter.step is not None:
        moved = parameter.nearest(value + (parameter.step if up else -parameter.step))
    return moved


def _neighbour(parameter: Categorical, value: Any, *, up: bool) -> Any:
    places = [i for i, choice in enumerate(parameter.choices) if is_same(choice, value)]
    place = places[0] + (1 if up else -1)
    return parameter.choices[min(max(place, 0), len(parameter.choices) - 1)]
