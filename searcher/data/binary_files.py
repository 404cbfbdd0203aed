"""How parquet and npz files become columns."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from searcher.data.shaped_files import unfold
from searcher.data.table import Table, check_names, combine
from searcher.errors import DataError, near

_INDEX = "__index_level_"  # pandas' name for an index that it stores as a column


def read_parquet(file: Path) -> Table:
    """Read a parquet file; an index that pandas stored is left out, with a notice.

    Raises
    ------
    DataError
        If it is no parquet file, or two columns have the same name.
    """
    try:
        parquet = pq.ParquetFile(file)
        names = [str(name) for name in parquet.schema_arrow.names]
        check_names(names)
        table = parquet.read(use_pandas_metadata=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{file}: not a parquet file that can be read: {error}") from error
    kept = {name: table.column(i) for i, name in enumerate(names) if not name.startswith(_INDEX)}
    notices = [
        f"column {name!r} is an index that pandas stored: left out"
        for name in names
        if name not in kept
    ]
    arrays = {name: combine(column) for name, column in kept.items()}
    return Table(file.name, arrays, notices=tuple(notices))


def read_npz(file: Path, *, target: str | None) -> Table:
    """Read an npz file: ``X`` (n_rows, n_columns) and arrays (n_rows,), one of them the target.

    ``X`` may also hold sequences or images; see ``shaped_files.unfold``. Without a target, an array
    called ``y`` still counts as one. The optional array ``columns`` names the columns of ``X``;
    else they are x0, x1, ... Pickled objects are never loaded.

    Raises
    ------
    DataError
        If arrays are not there, have other shapes, or hold Python objects.
    """
    try:
        with zipfile.ZipFile(file):  # np.load also takes files that are no archives
            pass
        with np.load(file, allow_pickle=False) as archive:
            stored = {name: archive[name] for name in archive.files}
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise DataError(f"{file}: not an npz file that can be read: {error}") from error
    except ValueError as error:
        if "pickle" in str(error):
            raise DataError(f"{file}: holds Python objects; save numbers or strings") from error
        raise DataError(f"{file}: not an npz file that can be read: {error}") from error
    for needed in ("X", *([target] if target else [])):
        if needed not in stored:
            known = ", ".join(sorted(stored)) or "none"
            hint = near(needed, stored)
            raise DataError(f"{file}: has no array {needed!r}; there are {known}.{hint}")
    default = target or ("y" if "y" in stored else None)
    stored, shape = unfold(file, stored, target=default)
    return Table(file.name, _npz_columns(file, stored), default_target=default, shape=shape)


def _npz_columns(file: Path, stored: dict[str, Any]) -> dict[str, Any]:
    X = stored.pop("X")
    names = [str(name) for name in stored.pop("columns", [f"x{j}" for j in range(X.shape[1])])]
    if len(names) != X.shape[1]:
        raise DataError(f"{file}: {len(names)} names in 'columns', but X has {X.shape[1]} columns")
    for name, array in stored.items():
        if array.shape != (len(X),):
            raise DataError(
                f"{file}: {name} has the shape {array.shape}, and X has {len(X)} rows; every array "
                f"beside X and columns must have the shape ({len(X)},)"
            )
    check_names([*names, *stored])
    columns = {name: X[:, j] for j, name in enumerate(names)} | stored
    return {name: _from_numpy(file, name, values) for name, values in columns.items()}


def _from_numpy(file: Path, name: str, values: Any) -> Any:
    try:
        return pa.array(np.ascontiguousarray(values))
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise DataError(f"{file}: {name} holds {values.dtype}, which can't be used") from error
