"""What a search takes along to a cluster: small data, and the modules of the user's families."""

import importlib.util
import shutil
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from searcher.errors import DataError, SpecError
from searcher.spec import Spec

MOST_BYTES = 50_000_000
"""Size of a data file that travels with a search; Ray (2.60) refuses folders above 512 MB."""

LEFT_OUT = (".git", ".venv", "venv", "__pycache__", "*.pyc", ".mypy_cache", "node_modules")


def pack(
    spec: Spec, folder: Path, *, base: Path, working_dir: Path | None = None, ships: bool = True
) -> str | None:
    """Copy what the cluster needs into an empty folder.

    Parameters
    ----------
    base
        Folder that the spec's relative data path starts at.
    working_dir
        A folder that goes along whole.
    ships
        Whether the rows travel; else they are where all nodes can read them.

    Returns
    -------
    Where the rows are, seen from the folder; None if they need not travel (``sklearn:...``).

    Raises
    ------
    DataError
        If the file is too large to travel.
    SpecError
        If the module of a family can't be found.
    """
    if working_dir is not None:
        shutil.copytree(
            working_dir, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*LEFT_OUT)
        )
    for module in _modules(spec):
        _copy_module(module, folder)
    path = str(spec.data.path)
    if not ships or path.startswith("sklearn:"):
        return None
    rows = (base / path).resolve()
    size = rows.stat().st_size
    if size > MOST_BYTES:
        raise DataError(
            f"{rows} has {size / 1e6:,.0f} MB; up to {MOST_BYTES / 1e6:.0f} MB travel with a "
            "search. Put it where all nodes can read it, and say where that is: --data PATH"
        )
    (folder / "data").mkdir(exist_ok=True)
    shutil.copy(rows, folder / "data" / rows.name)
    return f"data/{rows.name}"


def _modules(spec: Spec) -> Iterable[str]:
    """Name the top-level modules of families written ``module:Class``."""
    references = spec.families or {}
    return sorted({name.split(":")[0].split(".")[0] for name in references if ":" in name})


def _copy_module(name: str, folder: Path) -> None:
    """Copy a module or package that is not installed; those that are must be there, too."""
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # as ``load_plugin`` does
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise SpecError(f"families: no module {name!r} to take to the cluster")
    source = Path(found.origin).resolve()
    installed = {Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "stdlib")}
    if any(source.is_relative_to(place) for place in installed) or _is_ours(name):
        return
    if source.name == "__init__.py":
        ignored = shutil.ignore_patterns(*LEFT_OUT)
        shutil.copytree(source.parent, folder / name, dirs_exist_ok=True, ignore=ignored)
    else:
        shutil.copy(source, folder / source.name)


def _is_ours(name: str) -> bool:
    return name in ("searcher", "search_spaces", "cluster")
