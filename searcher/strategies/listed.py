"""Propose configurations from an iterator: what grid, random and their mixture have in common."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np
from ray.tune.search import Searcher

from search_spaces.grid import Grid
from search_spaces.space import Configuration, Space
from searcher.errors import RecallError
from searcher.strategies.base import Problem

# A finite space may be nearly used up; redrawing this often and always finding an old
# configuration means that fewer than about 1 in 50 are left.
REDRAWS = 200
LARGEST_SHUFFLE = 10**6  # positions held in memory: 8 MB


class ListedSearcher(Searcher):
    """The initial configurations, then whatever the iterator gives, never one twice."""

    def __init__(self, problem: Problem, configurations: Iterable[Configuration]) -> None:
        super().__init__(metric="score", mode="max")
        self._space = problem.space
        self._list = chain(problem.initial, configurations)
        self._known: set[str] = set()
        self._given: set[str] = set()  # taken over and not drawn here yet

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """Next configuration, or FINISHED when there is none left."""
        configuration = self._next()
        return str(Searcher.FINISHED) if configuration is None else configuration

    def recall(self, trial_id: str, configuration: Configuration, *, own: bool = True) -> None:
        """Draw what was drawn then; a configuration taken over is skipped when its turn comes."""
        if own:
            check_recalled(trial_id, configuration, now=self._next())
            return
        check_is_in(self._space, trial_id, configuration)
        if key(configuration) not in self._known:
            self._known.add(key(configuration))
            self._given.add(key(configuration))

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Nothing to learn."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""

    def _next(self) -> Configuration | None:
        repeats = 0
        for configuration in self._list:
            text = key(configuration)
            if text not in self._known:
                self._known.add(text)
                return configuration
            if text in self._given:
                self._given.remove(text)  # its turn; a second time it counts as a repeat
                continue
            repeats += 1
            if repeats > REDRAWS:
                return None
        return None


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
    grid = Grid(space, points)
    size = grid.size
    if size > LARGEST_SHUFFLE:
        while True:
            yield grid[int(rng.integers(size))]
    for position in rng.permutation(size):
        yield grid[int(position)]


def key(configuration: Configuration) -> str:
    """Text that is equal for equal configurations, also for one that was stored as JSON."""
    return json.dumps(
        {name: _plain(value) for name, value in configuration.items()}, sort_keys=True
    )


def check_is_in(space: Space, trial_id: str, configuration: Configuration) -> None:
    """Refuse to recall what the space does not contain.

    Raises
    ------
    RecallError
        Naming the trial and what is wrong with its configuration.
    """
    try:
        space.validate_configuration(configuration)
    except ValueError as error:
        raise RecallError(f"trial {trial_id} is not in the search's space: {error}") from error


def check_recalled(
    trial_id: str, configuration: Configuration, *, now: Configuration | None
) -> None:
    """Refuse to go on with a search that was proposed otherwise.

    Raises
    ------
    RecallError
        If ``configuration``, which was proposed then, is not what is proposed ``now``.
    """
    if now is not None and key(now) == key(configuration):
        return
    found = "nothing" if now is None else key(now)
    raise RecallError(
        f"trial {trial_id} tried {key(configuration)}, and where it was proposed the strategy now "
        f"proposes {found}; was the search begun with another version of this package or of Optuna?"
    )


def _plain(value: Any) -> Any:
    """1.0 and 1 are one value, however they were written; True is another."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
