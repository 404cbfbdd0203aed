"""How a spec's data become a dataset: read, find the answers, code columns, identify the rows."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from searcher.data.cells import Cells
from searcher.data.coding import further_spellings
from searcher.data.dataset import Dataset
from searcher.data.features import read_features, read_groups, read_times
from searcher.data.fingerprint import fingerprint
from searcher.data.reading import read_table
from searcher.data.shaped import find_shape, read_shaped
from searcher.data.table import Table
from searcher.data.target import no_target, read_target
from searcher.errors import DataError, near
from searcher.spec import DataSpec


def load_dataset(spec: DataSpec, *, base: Path) -> Dataset:
    """Read, check and code the data of a spec.

    Parameters
    ----------
    spec : DataSpec
        Which rows and columns, and how they are to be read.
    base : Path
        Folder that a relative ``spec.path`` starts at.

    Raises
    ------
    DataError
        In plain words, if the data can't be used as asked.
    """
    target = None if spec.task == "clustering" else spec.target or "y"
    return build_dataset(read_table(spec.path, base=base, target=target), spec)


def build_dataset(table: Table, spec: DataSpec) -> Dataset:
    """Code a table's columns; see ``load_dataset``."""
    target_name = _check_roles(table, spec)
    words = further_spellings(spec.missing)
    if spec.task == "clustering":
        target = no_target(table.n_rows, table.default_target)
    else:
        target = read_target(Cells(target_name, table.arrays[target_name], words), spec)

    def cells(name: str) -> Cells:
        """Get a column without the rows that have no answer."""
        array = table.arrays[name]
        if len(target.kept) == table.n_rows:
            return Cells(name, array, words)
        return Cells(name, array.take(pa.array(target.kept)), words, rows=target.kept + 1)

    shape = find_shape(table, spec)
    parts = [cells(name) for name in _feature_names(table, spec, target_name)]
    features = read_features(parts, spec) if shape is None else read_shaped(parts, spec, shape)
    groups = None if spec.groups is None else read_groups(cells(spec.groups))
    times = read_times([cells(name) for name in spec.time], spec) if spec.time else None
    return Dataset(
        name=table.name,
        X=features.X,
        y=target.y,
        columns=features.columns,
        target=target_name,
        task=target.task,
        classes=target.classes,
        groups=groups,
        times=times,
        fingerprint=fingerprint(
            features.X,
            target.y,
            columns=features.columns,
            target=target_name,
            classes=target.classes,
            others=(groups, times),
            shape=shape,
        ),
        notices=(*table.notices, *target.notices, *features.notices),
        shape=shape,
    )


def _check_roles(table: Table, spec: DataSpec) -> str:
    """Name of the target, "" if there is none; every column that the spec names must be there."""
    target = "" if spec.task == "clustering" else spec.target or table.default_target
    if target is None:
        raise DataError(
            f"data.target: required; the columns of {table.name!r} are {_list(table.arrays)}"
        )
    roles: dict[str, Iterable[str]] = {
        "target": (target,) if target else (),
        "drop": spec.drop,
        "groups": () if spec.groups is None else (spec.groups,),
        "time": spec.time,
        "kinds": spec.kinds,
    }
    lines = [
        f"data.{role}: no column {name!r}; there are {_list(table.arrays)}."
        f"{near(name, table.arrays)}"
        for role, names in roles.items()
        for name in names
        if name not in table.arrays
    ]
    if lines:
        raise DataError("\n".join(lines))
    return target


def _list(names: Iterable[str], most: int = 20) -> str:
    names = list(names)
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + rest


def _feature_names(table: Table, spec: DataSpec, target: str) -> list[str]:
    without = table.default_target if not target else None
    others = {target, without, spec.groups, *spec.drop}
    names = [name for name in table.arrays if name not in others]
    if not names:
        raise DataError(f"no column is left to learn from beside {_list(table.arrays)}")
    return names
