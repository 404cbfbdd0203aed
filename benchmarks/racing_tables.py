"""Recorded fold tables: every configuration fitted on every fold, and what that cost."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.real_data import SHARED
from search_spaces.parameters import Categorical, Float, Integer, Parameter
from search_spaces.space import Space
from searcher.racing.coordinates import coordinates

TABLES = SHARED.parent / "folds"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """Scores of every configuration on every fold.

    Attributes
    ----------
    scores, seconds
        Scores, larger is better, and CPU seconds, shape (n_configurations, n_folds).
    places
        Where the configurations lie in their space, shape (n_configurations, n_columns).
    test
        Scores of the refits on held-out rows, shape (n_configurations,); None if not recorded.
    curves
        Scores after each boosting round, shape (n_configurations, n_folds, n_rounds), or None.
    """

    name: str
    dataset: str
    scores: Floats
    seconds: Floats
    places: Floats
    test: Floats | None = None
    curves: Floats | None = None

    def take(self, configurations: Sequence[int], folds: Sequence[int]) -> "Table":
        """Part of the table, in that order."""
        both = np.ix_(configurations, folds)
        return Table(
            self.name,
            self.dataset,
            self.scores[both],
            self.seconds[both],
            self.places[list(configurations)],
            None if self.test is None else self.test[list(configurations)],
            None if self.curves is None else self.curves[both],
        )

    def orders(
        self, n_orders: int, *, configurations: int | None, folds: int | None
    ) -> Iterator["Table"]:
        """Draw so many configurations and folds (None: all), in random orders, again and again."""
        for order in range(n_orders):
            rng = np.random.default_rng([order, *self.name.encode()])
            n_configurations, n_folds = self.scores.shape
            yield self.take(
                rng.permutation(n_configurations)[:configurations].tolist(),
                rng.permutation(n_folds)[:folds].tolist(),
            )


def read_tables(folder: Path) -> list[Table]:
    """Read all tables of a folder; end the benchmark, saying why, where there are none."""
    paths = sorted(folder.glob("folds_*.npz"))
    if not paths:
        sys.exit(f"this benchmark reads fold tables (folds_*.npz) in {folder}; there are none")
    return [read_table(path) for path in paths]


def read_table(path: Path) -> Table:
    """Read one table; its name is ``folds_<dataset>_<family>.npz``."""
    name = path.stem.removeprefix("folds_")
    with np.load(path, allow_pickle=False) as held:
        arrays = {key: held[key] for key in held.files}
    drawn = json.loads(str(arrays["configs"]))
    space = Space.model_validate_json(str(arrays["space"])) if "space" in arrays else around(drawn)
    whole = ~np.isnan(arrays["S"]).any(axis=1)  # a search, too, would not choose failed ones
    optional = {key: arrays.get(key) for key in ("test", "curves")}
    return Table(
        name,
        dataset_of(name),
        arrays["S"][whole],
        arrays["T"][whole],
        coordinates(space, drawn)[whole],
        **{k: None if v is None else v[whole].astype(float) for k, v in optional.items()},
    )


def dataset_of(name: str) -> str:
    """Say which dataset a table is of: what its name has before the family's."""
    families = ("_logistic_regression", "_k_neighbors", "_decision_tree", "_random_forest")
    for family in families:
        if name.endswith(family):
            return name.removesuffix(family)
    return name.rpartition("_")[0]


def around(drawn: Sequence[Mapping[str, Any]]) -> Space:
    """Space that configurations were drawn from, as far as they show it."""
    names = dict.fromkeys(name for configuration in drawn for name in configuration)
    values = {name: [c[name] for c in drawn if name in c] for name in names}
    return Space(parameters={name: _parameter(found) for name, found in values.items()})


def _parameter(found: Sequence[Any]) -> Parameter:
    if any(isinstance(value, str | bool) or value is None for value in found):
        return Categorical(choices=tuple(dict.fromkeys(found)))
    low, high = min(found), max(found)
    log = low > 0 and high / low > 10
    kind = Integer if all(isinstance(value, int) for value in found) else Float
    return kind(low=low, high=high, log=log)
