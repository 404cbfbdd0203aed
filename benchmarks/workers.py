"""Seconds an epoch of a network, trained by one worker, or by several that share rows or folds.

``python -m benchmarks.workers [--workers 2] [--epochs 7]`` prints a Markdown table (two minutes on
two cores). A trial of each network advances its two inner folds together, epoch by epoch, as in a
search: alone, with the rows of each batch divided (DistributedDataParallel over gloo), and with an
inner fold for each worker. Figures are medians over the epochs but the first, scoring included. The
digits are those that scikit-learn ships; images are made four times as wide and high.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cluster.ranks import Rank, RankGroup
from cluster.session import available_cpus, connect
from search_spaces.columns import Column, Profile, Shape
from search_spaces.space import Configuration
from searcher.evaluation import FeatureCache, Rows
from searcher.lockstep import Lockstep, Share, Task
from searcher.plugins import load_family
from searcher.records import Fold
from searcher.stepwise import Place

SIDE, LARGER, INNER = 8, 4, 2


class Contestant(NamedTuple):
    """A network, and how large the images are that it learns from."""

    family: str
    factor: int
    changes: Configuration


CONTESTANTS = {
    "mlp, 64 units, batches of 64": Contestant(
        "mlp", 1, {"width": 64, "depth": 2, "quantities": "plain", "batch_size": 64}
    ),
    "mlp, 512 units, batches of 64": Contestant(
        "mlp", 1, {"width": 512, "depth": 4, "quantities": "plain", "batch_size": 64}
    ),
    "cnn, 8 x 8, batches of 64": Contestant("cnn", 1, {"channels": 16, "batch_size": 64}),
    "cnn, 32 x 32, batches of 64": Contestant(
        "cnn", LARGER, {"channels": 16, "convolutions": 1, "batch_size": 64}
    ),
}


def rows_of(factor: int) -> Rows:
    """Digits, X (1797, (8 * factor)^2), y (1797,), each pixel repeated in both directions."""
    from sklearn.datasets import load_digits

    images, y = load_digits(return_X_y=True)
    images = images.reshape(-1, SIDE, SIDE).repeat(factor, axis=1).repeat(factor, axis=2)
    X = images.reshape(len(y), -1)
    columns = tuple(Column(f"pixel_{i}", "numeric") for i in range(X.shape[1]))
    shape = Shape("image", (1, SIDE * factor, SIDE * factor))
    profile = Profile("multiclass", columns, len(y), n_classes=10, shape=shape)
    return Rows(X, y, profile, "digit", tuple(range(10)))


def folds_of(y: NDArray[np.int64]) -> tuple[Fold, ...]:
    """Two inner folds of all rows."""
    order = np.random.default_rng(0).permutation(len(y))
    parts = np.array_split(order, INNER)
    return tuple(Fold("0", i, np.setdiff1d(order, part), part) for i, part in enumerate(parts))


def task_of(contestant: Contestant, epochs: int) -> Task:
    """Return the trial of a network: the family's default, changed."""
    family, rows = load_family(contestant.family), rows_of(contestant.factor)
    space = family.space(rows.profile)
    start = {**family.default(rows.profile), **contestant.changes, "epochs": epochs}
    applies = {name: start[name] for name in start if name != "bins"}
    space.override({"epochs": epochs}).validate_configuration(applies)
    folds = folds_of(rows.y)
    return Task(family, ((0, applies),), rows, folds, ("accuracy",), seed=0, cpus=1)


def begin(rank: Rank, task: Task, share: Share) -> None:
    """Begin the trial on a rank."""
    from threadpoolctl import threadpool_limits

    rank.kept["limits"] = threadpool_limits(limits=1)
    place = Place(rank.number, rank.world, rank.device)
    rank.kept["trial"] = Lockstep(task, cache=FeatureCache(), place=place, share=share)


def advance(rank: Rank) -> None:
    """Train and score an epoch."""
    rank.kept["trial"].advance()


def seconds(group: RankGroup, task: Task, share: Share, epochs: int) -> float:
    """Return the median seconds of an epoch of all inner folds, but the first."""
    group.run(begin, task, share)
    taken = []
    for _ in range(epochs):
        started = time.perf_counter()
        group.run(advance)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


def lines(workers: int, epochs: int) -> Iterator[str]:
    """Yield the table line by line."""
    tasks = {name: task_of(contestant, epochs) for name, contestant in CONTESTANTS.items()}
    found: dict[str, list[float]] = {name: [] for name in tasks}
    ways: list[tuple[int, Share]] = [(1, "rows"), (workers, "rows"), (workers, "folds")]
    with connect(cpus=workers + 1):
        for world, share in ways:
            with RankGroup(world) as group:
                for name, task in tasks.items():
                    found[name].append(seconds(group, task, share, epochs))
    yield f"{available_cpus()} cores, {epochs} epochs; seconds an epoch of two inner folds\n"
    yield f"| network | 1 worker | {workers} workers, rows | {workers} workers, folds |"
    yield "| --- " * 4 + "|"
    for name, taken in found.items():
        yield f"| {name} | {' | '.join(f'{one:.2f}' for one in taken)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=7, help="of each; the first is not counted")
    options = parser.parse_args()
    for line in lines(options.workers, options.epochs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
