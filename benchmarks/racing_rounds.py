"""Racing over folds and boosting rounds: what is trained, counted in rounds."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from benchmarks.racing_policies import race
from benchmarks.racing_results import Told, told
from benchmarks.racing_tables import Floats, Table
from searcher.racing import RoundsRace
from searcher.racing.rounds import TOLERANCE

SHARES = (6, 3, 1.5)  # of a whole fit, upside down: where short fits are scored


def rounds_race(
    table: Table, *, tolerance: float = TOLERANCE, goes_on: bool = True
) -> tuple[float, int]:
    """Ours; return the rounds trained and the choice.

    ``goes_on`` says whether a fit that is trained further costs only what is added.
    """
    curves = _curves(table)
    n_rounds = curves.shape[2]
    sizes = [*(int(n_rounds / share) for share in SHARES), n_rounds]
    running = RoundsRace(table.places, curves.shape[1], sizes=sizes, seed=0, tolerance=tolerance)
    reached, spent = np.zeros(curves.shape[:2], dtype=int), 0.0
    while (stretch := running.next()) is not None:
        place = stretch.configuration, stretch.fold
        spent += stretch.size - (reached[place] if goes_on else 0)
        reached[place] = stretch.size
        upto = [size - 1 for size in sizes if size <= stretch.size]
        running.observe(stretch, curves[place][upto].tolist())
    if running.winner is None:
        raise ValueError("no configuration was fitted on all folds, so there is none to choose")
    return spent, running.winner


def rounds_halving(table: Table, *, factor: int) -> tuple[float, int]:
    """Halving over rounds on one fold, then over folds; a fit that goes on costs what is added."""
    curves = _curves(table)
    n, n_folds, n_rounds = curves.shape
    rungs = [(1, n_rounds // factor**2), (1, n_rounds // factor), (1, n_rounds)]
    folds = factor
    while folds < n_folds:
        rungs.append((folds, n_rounds))
        folds *= factor
    left, spent, before = np.arange(n), 0.0, (0, 0)
    for rung in rungs:
        spent += len(left) * (rung[0] * rung[1] - before[0] * before[1])
        means = curves[left][:, : rung[0], rung[1] - 1].mean(axis=1)
        left = left[np.argsort(-means, kind="stable")[: -(-len(left) // factor)]]
        before = rung
    spent += len(left) * (n_folds * n_rounds - before[0] * before[1])
    return spent, int(left[table.scores[left].mean(axis=1).argmax()])


def folds_only(table: Table) -> tuple[float, int]:
    """Our race, whose fits are all whole."""
    outcome = race(table)
    return float(outcome.fitted.sum() * _curves(table).shape[2]), outcome.chosen


POLICIES: dict[str, Callable[[Table], tuple[float, int]]] = {
    "race over folds and rounds": rounds_race,
    "the same, tolerance 0.01": partial(rounds_race, tolerance=0.01),
    "the same, fits begin again": partial(rounds_race, goes_on=False),
    "race over folds": folds_only,
    "halving over rounds and folds, 3": partial(rounds_halving, factor=3),
    "halving over rounds and folds, 2": partial(rounds_halving, factor=2),
}


def measure(
    tables: Sequence[Table], n_orders: int, *, configurations: int | None, folds: int | None
) -> dict[str, dict[str, Told]]:
    """Replay every policy on the tables that have curves; by policy and table."""
    found: dict[str, dict[str, Told]] = {name: {} for name in POLICIES}
    for table in (table for table in tables if table.curves is not None):
        orders = list(table.orders(n_orders, configurations=configurations, folds=folds))
        for name, policy in POLICIES.items():
            runs = [(order, *policy(order)) for order in orders]
            found[name][table.name] = np.mean(
                [told(order, spent / _curves(order).size, chosen) for order, spent, chosen in runs],
                axis=0,
            )
    return found


def _curves(table: Table) -> Floats:
    if table.curves is None:
        raise ValueError(f"the table {table.name} has no scores after each boosting round")
    return table.curves
