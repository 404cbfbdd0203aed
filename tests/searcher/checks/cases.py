"""Small datasets with one thing wrong, and their cases."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Column
from searcher.checks.case import Case
from searcher.data import Dataset
from searcher.folds import make_folds
from searcher.metrics import resolve_metrics
from searcher.spec import Spec, load_spec

N = 400


def numbers(n: int = N, *, n_columns: int = 3, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """Columns that say nothing."""
    rng = np.random.default_rng(seed)
    return {f"x{i}": rng.normal(size=n) for i in range(n_columns)}


def category(name: str, n_levels: int, *, missing: bool = False) -> Column:
    names = ("", *(f"level {i:04d}" for i in range(n_levels)))
    return Column(name, "categorical", missing, names)


def dataset(
    columns: dict[str, NDArray[np.float64]],
    y: NDArray[Any] | None = None,
    *,
    kinds: dict[str, Column] | None = None,
    **parts: Any,
) -> Dataset:
    """A dataset; without answers, of two classes at random."""
    X = np.column_stack(list(columns.values()))
    y = np.random.default_rng(1).permutation(np.arange(len(X)) % 2) if y is None else y
    n_classes = int(y.max()) + 1 if y.dtype.kind == "i" else 0
    described: dict[str, Any] = {
        "name": "t",
        "X": X,
        "y": y,
        "columns": tuple((kinds or {}).get(name, Column(name, "numeric")) for name in columns),
        "target": "label",
        "task": ("binary" if n_classes == 2 else "multiclass") if n_classes else "regression",
        "classes": tuple(f"c{i}" for i in range(n_classes)),
        "groups": None,
        "times": None,
        "fingerprint": "0" * 64,
        "notices": (),
    }
    return Dataset(**{**described, **parts})


def spec(**changes: Any) -> Spec:
    request: dict[str, Any] = {"name": "t", "data": {"path": "t.csv", "target": "label"}, "seed": 0}
    data = {**request["data"], **changes.pop("data", {})}
    return load_spec({**request, **changes, "data": data})


def case(rows: Dataset, **changes: Any) -> Case:
    asked = spec(**changes)
    return Case.of(
        asked,
        rows,
        metrics=resolve_metrics(asked.metric, rows.task),
        folds=make_folds(rows, asked.validation, seed=asked.seed),
    )
