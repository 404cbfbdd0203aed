"""Where the columns come from: a csv, parquet or npz file, or what scikit-learn bundles."""

from dataclasses import replace
from pathlib import Path

from searcher.data.binary_files import read_npz, read_parquet
from searcher.data.bundled import PREFIX, read_bundled
from searcher.data.csv_files import read_csv
from searcher.data.table import Table
from searcher.errors import DataError, near

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".npz")


def read_table(path: str, *, base: Path, target: str | None = "y") -> Table:
    """Read a csv, csv.gz, parquet or npz file, or a bundled dataset ``sklearn:<name>``.

    Parameters
    ----------
    path
        Relative paths start at ``base``.
    target
        For npz: name of the array to predict; None if nothing is.

    Raises
    ------
    DataError
        If there is no such file, or it is not what its name says.
    """
    if path.startswith(PREFIX):
        return read_bundled(path.removeprefix(PREFIX))
    file = base / Path(path).expanduser()
    suffix = _suffix(file)
    _check_readable(file)
    try:
        if suffix == ".npz":
            table = read_npz(file, target=target)
        elif suffix == ".parquet":
            table = read_parquet(file)
        else:
            table = read_csv(file, compressed=suffix.endswith(".gz"))
    except PermissionError as error:
        raise DataError(f"{file}: this user may not read it") from error
    if not table.n_rows:
        raise DataError(f"{file}: there are columns, but no rows")
    return replace(table, name=file.name[: -len(suffix)])


def _suffix(file: Path) -> str:
    for suffix in SUFFIXES:
        if file.name.lower().endswith(suffix):
            return suffix
    hint = " Tab-separated text must be saved with commas." if file.suffix == ".tsv" else ""
    raise DataError(
        f"{file}: can't tell the format from this name; names end in {', '.join(SUFFIXES)}, "
        f"or a bundled dataset is meant, such as {PREFIX}iris.{hint}"
    )


def _check_readable(file: Path) -> None:
    if file.is_dir():
        raise DataError(f"{file}: a folder, not a file")
    if not file.exists():
        others = [other.name for other in file.parent.iterdir()] if file.parent.is_dir() else []
        where = "" if file.parent.is_dir() else f" (there is no folder {file.parent})"
        raise DataError(f"{file}: no such file{where}.{near(file.name, others)}")
    if not file.is_file():
        raise DataError(f"{file}: neither a file nor a folder")
    if file.stat().st_size == 0:
        raise DataError(f"{file}: empty, not even a header")
