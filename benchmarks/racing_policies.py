"""Policies that decide which fits of a table are made: ours, and those of others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.racing_tables import Floats, Table
from searcher.racing import Race, Stream
from searcher.racing.race import TOLERANCE
from searcher.racing.stream import TOLERANCE as STREAM_TOLERANCE


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy did: cells that were fitted, shape of the scores, and its choice."""

    fitted: NDArray[np.bool_]
    chosen: int


Policy = Callable[[Table], Outcome]


def race(table: Table, *, tolerance: float = TOLERANCE, knows_places: bool = True) -> Outcome:
    """Ours, with all configurations known beforehand."""
    n_folds = table.scores.shape[1]
    places = table.places if knows_places else np.full((len(table.places), 1), np.nan)
    running = Race(places, n_folds, seed=0, tolerance=tolerance)
    fitted = np.zeros(table.scores.shape, dtype=bool)
    while (cell := running.next()) is not None:
        fitted[cell.configuration, cell.fold] = True
        running.observe(cell, float(table.scores[cell.configuration, cell.fold]))
    return Outcome(fitted, _known(running.winner))


def stream(
    table: Table,
    *,
    tolerance: float = STREAM_TOLERANCE,
    knows_places: bool = True,
    slots: int = 4,
) -> Outcome:
    """Ours, for configurations that arrive one by one, ``slots`` at once."""
    rule = Stream(table.scores.shape[1], n_columns=table.places.shape[1], tolerance=tolerance)

    def goes_on(configuration: int, fold: int, seen: Floats) -> bool:
        rule.add(str(configuration), table.places[configuration] if knows_places else None)
        return rule.observe(str(configuration), fold, float(seen[configuration, fold]))

    return replay(table.scores, goes_on, slots=slots)


def replay(scores: Floats, goes_on: Callable[[int, int, Floats], bool], *, slots: int) -> Outcome:
    """Let configurations arrive one by one, each a fold further in turn, ``slots`` at once.

    ``goes_on(configuration, fold, seen)`` decides from the scores seen, NaN where there is none.
    """
    n, n_folds = scores.shape
    seen = np.full(scores.shape, np.nan)
    waiting, running = iter(range(n)), list[tuple[int, int]]()
    while True:
        running += [(c, 0) for c in _next(waiting, slots - len(running))]
        if not running:
            break
        configuration, fold = running.pop(0)
        seen[configuration, fold] = scores[configuration, fold]
        if goes_on(configuration, fold, seen) and fold + 1 < n_folds:
            running.append((configuration, fold + 1))
    return best_complete(seen)


def best_complete(seen: Floats) -> Outcome:
    """Choose the best of the configurations that have all their scores."""
    means = seen.mean(axis=1)
    chosen = int(np.nanargmax(means)) if not np.isnan(means).all() else -1
    return Outcome(~np.isnan(seen), _known(None if chosen < 0 else chosen))


def everything(table: Table) -> Outcome:
    """Stop nothing."""
    return best_complete(table.scores)


def halving(table: Table, *, factor: int) -> Outcome:
    """Successive halving over folds (Jamieson and Talwalkar 2016), all together."""
    n, n_folds = table.scores.shape
    seen, left, rung = np.full(table.scores.shape, np.nan), np.arange(n), 1
    while True:
        seen[left, :rung] = table.scores[left, :rung]
        if rung == n_folds:
            return best_complete(seen)
        ranked = np.argsort(-seen[left, :rung].mean(axis=1), kind="stable")
        left = left[ranked[: -(-len(left) // factor)]]
        rung = min(rung * factor, n_folds)


def asha(table: Table, *, factor: int) -> Outcome:
    """Asynchronous halving over folds by its stopping rule (Li et al. 2020), as Ray Tune has it."""
    rungs: dict[int, list[float]] = {}
    rung = 1
    while rung < table.scores.shape[1]:
        rungs[rung] = []
        rung *= factor

    def goes_on(configuration: int, fold: int, seen: Floats) -> bool:
        if fold + 1 not in rungs:
            return True
        told, score = rungs[fold + 1], float(seen[configuration, : fold + 1].mean())
        cutoff = np.percentile(told, 100 * (1 - 1 / factor)) if told else -np.inf
        told.append(score)
        return bool(score >= cutoff)

    return replay(table.scores, goes_on, slots=4)


def _known(chosen: int | None) -> int:
    if chosen is None:
        raise ValueError("no configuration was fitted on all folds, so there is none to choose")
    return chosen


def _next(waiting: Iterator[int], number: int) -> Iterator[int]:
    for _ in range(number):
        try:
            yield next(waiting)
        except StopIteration:
            return


OURS: dict[str, Policy] = {
    "race": race,
    "race, places unknown": partial(race, knows_places=False),
    "stream": stream,
    "stream, places unknown": partial(stream, knows_places=False),
}
EVERYTHING: dict[str, Policy] = {"none": everything}
HALVING: dict[str, Policy] = {
    "halving, 3": partial(halving, factor=3),
    "halving, 2": partial(halving, factor=2),
    "ASHA over folds, 3": partial(asha, factor=3),
}
