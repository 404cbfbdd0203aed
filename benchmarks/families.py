"""Which families there are, how they are exported, and how long their defaults take to train.

``python -m benchmarks.families`` prints the table at the head of docs/families.md: seconds of one
fit, preprocessing included, on 2,000 rows of adult (two classes, mixed columns), segment (seven
classes, numbers) and california_housing (quantities); clusterings on segment. Families that read
images or sequences get scikit-learn's digits, 8 x 8 pixels, as images or as eight steps of eight
channels: which digit it is, whether it is odd, or its value. One core, median of three.
``python -m benchmarks.families NAME ...`` prints the rows of these families alone.
"""

import statistics
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.parity import load
from benchmarks.real_data import require_data
from search_spaces import preprocessing
from search_spaces.columns import Column, Profile, Shape, Task
from search_spaces.families.base import Family
from searcher.data import Dataset, load_dataset
from searcher.export.estimators import EMITTERS, key_of
from searcher.fitting import untrained
from searcher.model import fit_model
from searcher.plugins import family_names, load_family
from searcher.spec import DataSpec

ROWS, REPEATS = 2_000, 3
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression", "clustering")
DATA: dict[Task, str] = {
    "binary": "adult",
    "multiclass": "segment",
    "regression": "california_housing",
    "clustering": "segment",
}
HOW = {
    "boosting": "own tree nodes, float64, rounds in order",  # in a wrapper that stops early
    "boosters": "own tree nodes, float32, rounds in order",
    "calibration": "own nodes, float64, sigmoids behind the decision",
    "clusters": "own nodes, float64",
    "constants": "constants",
    "ensembles": "its members, each as itself",
    "forests": "own tree nodes, float64, trees in order",
    "gradient_boosting": "own tree nodes, float64, rounds in order",
    "linear": "own nodes, float64",
    "networks": "traced by PyTorch, float32",
    "bayes": "own nodes, float64",
    "neighbours": "own nodes, exact distances, ties counted",
    "target": "own nodes, float64, the target scaled back",
}
"""What each file of ``searcher.export.emitters`` does."""

DIGITS = {"image": Shape("image", (1, 8, 8)), "sequence": Shape("sequence", (8, 8))}
"""How the columns of the digits are laid out."""

HEAD = (
    "| family | tasks | resource | exact export | seconds: binary | multiclass | regression "
    "| clustering |"
)


def facts(name: str) -> list[str]:
    """Say what the code says of a family: name, tasks, resource, and how it is exported."""
    family = load_family(name)
    tasks = [task for task in TASKS if task in family.tasks]
    return [f"[{name}](#{name})", ", ".join(tasks), family.resource, _exporter(family, tasks[0])]


def _exporter(family: Family, task: Task) -> str:
    columns: tuple[Column, ...] = (
        Column("a", "numeric"),
        Column("b", "categorical", categories=("", "x", "y")),
    )
    shape = DIGITS.get(getattr(family, "shape", ""))
    if shape is not None:
        columns = tuple(Column(f"x{i}", "numeric") for i in range(shape.n_columns))
    profile = Profile(task, columns, 100, {"binary": 2, "multiclass": 3}.get(task, 0), shape)
    rest = preprocessing.split(family.default(profile))[1]
    estimator = untrained(family, rest, profile, seed=0, cpus=1)
    module, _, function = EMITTERS[key_of(estimator)].partition(":")
    return HOW["target" if function == "add_transformed_target" else module]


def seconds(name: str, task: Task, dataset: Dataset) -> str:
    """Median seconds of fitting a family's default."""
    family = load_family(name)
    if task not in family.tasks:
        return ""
    shape = DIGITS.get(getattr(family, "shape", ""))
    dataset = dataset if shape is None else _digits(task, shape)
    taken = [_fit_s(family, dataset) for _ in range(REPEATS)]
    return f"{statistics.median(taken):.2g}"


def _fit_s(family: Any, dataset: Dataset) -> float:
    began = time.perf_counter()
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore")
        fit_model(
            family,
            family.default(dataset.profile),
            dataset.X,
            dataset.y,
            profile=dataset.profile,
            target=dataset.target,
            classes=dataset.classes,
            seed=1,
            cpus=1,
        )
    return time.perf_counter() - began


def _rows(task: Task) -> Dataset:
    dataset = load(DATA[task])
    chosen = np.sort(np.random.default_rng(1).permutation(dataset.n_samples)[:ROWS])
    X, y = dataset.X[chosen], dataset.y[chosen]
    if task == "clustering":
        return replace(dataset, X=X, y=np.zeros(len(X)), task=task, classes=())
    return replace(dataset, X=X, y=y)


def _digits(task: Task, shape: Shape) -> Dataset:
    spec = DataSpec.model_validate({"path": "sklearn:digits", "shape": shape.to_json()})
    dataset = load_dataset(spec, base=Path())
    if task == "multiclass":
        return dataset
    classes = ("even", "odd") if task == "binary" else ()
    y = dataset.y % 2 if task == "binary" else dataset.y.astype(np.float64)
    return replace(dataset, y=y, task=task, classes=classes)


def lines(names: Sequence[str]) -> Iterator[str]:
    """Yield the table, line by line."""
    yield HEAD
    yield "| --- " * 8 + "|"
    data = {task: _rows(task) for task in TASKS}
    for name in names or family_names():
        cells = [*facts(name), *(seconds(name, task, data[task]) for task in TASKS)]
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    require_data()
    for line in lines(sys.argv[1:]):
        print(line, flush=True)


if __name__ == "__main__":
    main()
