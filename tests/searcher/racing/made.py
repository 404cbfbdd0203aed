"""Fold tables of many shapes, made from random numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.racing import Cell, Race, RoundsRace, Stream

Floats = NDArray[np.float64]


def plain(n: int = 40, k: int = 5, *, noise: float = 0.01, seed: int = 0) -> Floats:
    """Configurations that differ by 0.02, folds by 0.05, and noise."""
    rng = np.random.default_rng(seed)
    better, harder = rng.normal(0, 0.02, (n, 1)), rng.normal(0, 0.05, (1, k))
    return 0.8 + better + harder + rng.normal(0, noise, (n, k))


def heavy_tailed(n: int = 40, k: int = 5, *, seed: int = 0) -> Floats:
    return plain(n, k, noise=0, seed=seed) + 0.005 * np.random.default_rng(seed).standard_t(
        2, (n, k)
    )


def uneven_folds(n: int = 40, k: int = 5, *, seed: int = 0) -> Floats:
    noise = np.random.default_rng(seed).normal(0, 1, (n, k)) * np.geomspace(0.001, 0.03, k)
    return plain(n, k, noise=0, seed=seed) + noise


def with_disasters(n: int = 40, k: int = 5, *, seed: int = 0) -> Floats:
    scores = plain(n, k, seed=seed)
    scores[1::3] -= 0.4
    return scores


def coarse(n: int = 40, k: int = 5, *, seed: int = 0) -> Floats:
    return np.round(plain(n, k, seed=seed) * 20) / 20


def constant_fold(n: int = 40, k: int = 5, *, seed: int = 0) -> Floats:
    scores = plain(n, k, seed=seed)
    scores[:, 1] = 1.0
    return scores


SHAPES: dict[str, Callable[..., Floats]] = {
    make.__name__: make
    for make in (plain, heavy_tailed, uneven_folds, with_disasters, coarse, constant_fold)
}


def nowhere(n: int) -> Floats:
    return np.full((n, 1), np.nan)


def run(scores: Floats, places: Floats | None = None, **options: Any) -> tuple[Race, list[Cell]]:
    race = Race(
        nowhere(len(scores)) if places is None else places,
        scores.shape[1],
        **{"seed": 0} | options,
    )
    cells = []
    while (cell := race.next()) is not None:
        cells.append(cell)
        race.observe(cell, float(scores[cell.configuration, cell.fold]))
    return race, cells


def run_stream(scores: Floats, *, slots: int = 2, **options: Any) -> Floats:
    """Scores seen by a stream, NaN where there is none."""
    stream, seen = Stream(scores.shape[1], **options), np.full(scores.shape, np.nan)
    waiting, running = list(range(len(scores))), list[tuple[int, int]]()
    while waiting or running:
        while waiting and len(running) < slots:
            running.append((waiting.pop(0), 0))
        number, fold = running.pop(0)
        stream.add(str(number))
        seen[number, fold] = scores[number, fold]
        goes_on = stream.observe(str(number), fold, float(scores[number, fold]))
        if goes_on and fold + 1 < scores.shape[1]:
            running.append((number, fold + 1))
    return seen


def run_rounds(curves: Floats, places: Floats | None = None, **options: Any) -> tuple[Any, float]:
    """Race whose sizes are 1, 2, ... n_sizes, and what it trained in whole fits."""
    sizes = list(range(1, curves.shape[2] + 1))
    unknown = nowhere(len(curves)) if places is None else places
    race = RoundsRace(unknown, curves.shape[1], sizes=sizes, **{"seed": 0} | options)
    reached = np.zeros(curves.shape[:2])
    while (stretch := race.next()) is not None:
        place = stretch.configuration, stretch.fold
        assert stretch.size > reached[place]
        reached[place] = stretch.size
        race.observe(stretch, curves[place][: stretch.size].tolist())
    if race.winner is not None:
        assert (reached[race.winner] == len(sizes)).all()
    return race, float(reached.sum()) / len(sizes)


def regret(scores: Floats, chosen: int | None) -> float:
    assert chosen is not None
    means = scores.mean(axis=1)
    return float(np.nanmax(means) - means[chosen])
