"""Which files on disk belong to a search."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import CompoundSelect, Connection, select, text

from searcher.files import TEMPORARY
from searcher.store import spool
from searcher.store.removal import Left, Recorded, Removable, as_it_is, inspect, located
from searcher.store.schema import artifacts, checkpoints, searches, trials

ABANDONED_S = 3600.0
"""A file that is being written is touched more often than this, in seconds."""

TEMPORARY_NAME = re.compile(rf"\..+\.[a-z0-9_]{{8}}{re.escape(TEMPORARY)}")
"""As ``searcher.files`` names them."""

CHUNK = 500
"""Values in one ``IN (...)``: databases take more, and they are few anyway."""


def files_of(
    connection: Connection, search_id: str, environment: dict[str, Any]
) -> Iterator[Removable | Left | None]:
    """Look at every file that the rows speak of, each path once."""
    hashes: dict[tuple[str, Path], set[str]] = {}
    for kind, path, sha256 in connection.execute(_recorded(search_id)):
        hashes.setdefault((kind, located(path, environment)), set()).add(sha256)
    shared = _others(connection, search_id, {one for each in hashes.values() for one in each})
    for (kind, path), known in hashes.items():
        found = inspect(Recorded(kind, path, frozenset(known)))
        if isinstance(found, Removable) and (owner := shared.get(path)):
            found = Left(str(path), f"search {owner} recorded the same file")
        yield found
    yield spool_of(search_id, environment)
    for folder in folders_of(environment, [path for _, path in hashes]):
        yield from temporaries_in(folder)


def folders_of(environment: dict[str, Any], files: list[Path]) -> list[Path]:
    """Return the folders that a search wrote to, as far as the rows know."""
    output = environment.get("output")
    named = [Path(output)] if isinstance(output, str) else []
    return list(dict.fromkeys([*named, *(path.parent for path in files)]))


def temporaries_in(folder: Path) -> Iterator[Removable]:
    """Find files that were being written when a process died: nobody has touched them for long."""
    newest = time.time() - ABANDONED_S
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            abandoned = TEMPORARY_NAME.fullmatch(path.name) and path.lstat().st_mtime < newest
            if abandoned and (found := as_it_is("temporary", path)) is not None:
                yield found


def spool_of(search_id: str, environment: dict[str, Any]) -> Removable | Left | None:
    """Look at the records that a search kept on disk while its database was away."""
    output = environment.get("output")
    path = Path(output, spool.NAME) if isinstance(output, str) else None
    if path is None or (found := as_it_is("spool", path)) is None:
        return None
    first: Any = next(spool.Spool(path).records(), None)
    of = str(getattr(first, "search_id", "") or getattr(first, "trial_id", ""))
    if first is not None and of != search_id and not of.startswith(f"{search_id}."):
        return Left(str(path), "it is of another search")
    return found


def _recorded(search_id: str) -> CompoundSelect[Any]:
    of_trials = select(trials.c.trial_id).where(trials.c.search_id == search_id)
    kept = select(text("'checkpoint'"), checkpoints.c.path, checkpoints.c.sha256)
    return (
        select(artifacts.c.kind, artifacts.c.path, artifacts.c.sha256)
        .where(artifacts.c.search_id == search_id)
        .union_all(kept.where(checkpoints.c.trial_id.in_(of_trials)))
    )


def _others(connection: Connection, search_id: str, hashes: set[str]) -> dict[Path, str]:
    """Return the files of such content that other searches recorded, with the search's id."""
    wanted = sorted(hashes)
    question = (
        select(artifacts.c.path, artifacts.c.search_id, searches.c.environment)
        .join(searches, searches.c.search_id == artifacts.c.search_id)
        .where(artifacts.c.search_id != search_id)
    )
    found = {}
    for start in range(0, len(wanted), CHUNK):
        some = artifacts.c.sha256.in_(wanted[start : start + CHUNK])
        for path, owner, environment in connection.execute(question.where(some)):
            found[located(path, environment)] = owner
    return found
