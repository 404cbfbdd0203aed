"""Propose configurations from an iterator: what grid, random and their mixture have in common."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from ray.tune.search import Searcher

from search_spaces.space import Configuration, Space
from searcher.strategies.base import Problem

# A finite space may be nearly used up; redrawing this often and always finding an old
# configuration means that fewer than about 1 in 50 are left.
REDRAWS = 200
LARGEST_SHUFFLE = 10**6  # positions held in memory: 8 MB


class ListedSearcher(Searcher):
    """The initial configurations, then whatever the iterator gives, never one twice."""

    def __init__(self, problem: Problem, configurations: Iterable[Configuration]) -> None:
        super().__init__(metric="score", mode="max")
        self._configurations = _distinct([*problem.initial], configurations)

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """Next configuration, or FINISHED when there is none left."""
        return next(self._configurations, Searcher.FINISHED)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Nothing to learn."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""


def draw(space: Space, *, seed: int) -> Iterator[Configuration]:
    """Independent draws from ``space``, for ever."""
    rng = np.random.default_rng(seed)
    while True:
        yield space.sample(rng)


def shuffled_grid(space: Space, *, points: int, seed: int) -> Iterator[Configuration]:
    """Every point of the grid once, in random order: a budget that ends early saw a fair part.

    A grid too large to shuffle is drawn from instead, and repeats are for the caller to skip.
    """
    rng = np.random.default_rng(seed)
    size = space.size(points)
    if size > LARGEST_SHUFFLE:
        while True:
            yield space.grid_at(points, int(rng.integers(size)))
    for position in rng.permutation(size):
        yield space.grid_at(points, int(position))


def key(configuration: Configuration) -> str:
    """Text that is equal for equal configurations."""
    return json.dumps(configuration, sort_keys=True)


def _distinct(
    initial: Iterable[Configuration], rest: Iterable[Configuration]
) -> Iterator[Configuration]:
    seen: set[str] = set()
    repeats = 0
    for source in (initial, rest):
        for configuration in source:
            if key(configuration) in seen:
                repeats += 1
                if repeats > REDRAWS:
                    return
                continue
            repeats = 0
            seen.add(key(configuration))
            yield configuration
