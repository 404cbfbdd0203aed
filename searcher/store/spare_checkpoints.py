"""Which checkpoints nobody needs: those of trials that have ended, but for the best."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from searcher.store.checkpoint_files import FILE_NAME, manifest_of
from searcher.store.removal import Left, Recorded, Removable, inspect
from searcher.store.schema import checkpoints, trials

KEEP_BEST = 3
"""Of how many ended trials of each inner search checkpoints are kept."""

ENDED = ("completed", "stopped", "failed")


@dataclass(frozen=True, slots=True)
class Spare:
    """A checkpoint that can go: its row, its file, or both."""

    path: Path
    file: Removable | Left | None
    row: tuple[str, int] | None  # trial, resource


def spare_checkpoints(
    connection: Connection, search_id: str, *, keep_best: int = KEEP_BEST
) -> Iterator[Spare]:
    """Find the checkpoints that a search does not need.

    Trials that run or are paused need all of theirs. Of those that have ended the ``keep_best``
    best of each inner search keep two: the newest and the best by score. A file without a row, as
    a process leaves it that dies between the two, goes when its trial has ended.
    """
    rows = connection.execute(_checkpoints_of(search_id)).all()
    recorded = {row.sha256 for row in rows}
    needed = _needed(rows, keep_best)
    for row in rows:
        if row.state in ENDED and (row.trial_id, row.resource) not in needed:
            path = Path(row.path)
            file = inspect(Recorded("checkpoint", path, frozenset([row.sha256])))
            yield Spare(path, file, (row.trial_id, row.resource))
    states: dict[str, str] | None = None
    for path, sha256 in _files_beside(rows):
        if sha256 in recorded:
            continue
        if states is None:
            states = _states(connection, search_id)
        owner = (manifest_of(path) or {}).get("trial_id")
        file = inspect(Recorded("checkpoint", path, frozenset([sha256])))
        if states.get(str(owner)) in ENDED and isinstance(file, Removable):
            yield Spare(path, file, None)


def _checkpoints_of(search_id: str) -> Any:
    of_trial = trials.c.trial_id == checkpoints.c.trial_id
    return (
        select(
            checkpoints,
            trials.c.outer_fold,
            trials.c.state,
            trials.c.number,
            trials.c.score.label("trial_score"),
        )
        .join(trials, of_trial)
        .where(trials.c.search_id == search_id)
        .order_by(checkpoints.c.trial_id, checkpoints.c.resource)
    )


def _needed(rows: Any, keep_best: int) -> set[tuple[str, int]]:
    """Return trial and resource of what the best ended trials keep."""
    of_trial: dict[str, list[Row[Any]]] = defaultdict(list)
    of_fold: dict[str, dict[str, tuple[float, int]]] = defaultdict(dict)
    for row in rows:
        of_trial[row.trial_id].append(row)
        if row.state in ENDED and row.trial_score is not None:
            of_fold[row.outer_fold][row.trial_id] = (row.trial_score, -row.number)
    needed = set()
    for ranks in of_fold.values():
        for trial_id in sorted(ranks, key=lambda one: ranks[one], reverse=True)[:keep_best]:
            own = of_trial[trial_id]
            newest = max(own, key=lambda row: row.resource)
            scored = [row for row in own if row.score is not None] or [newest]
            best = max(scored, key=lambda row: (row.score or 0.0, row.resource))
            needed |= {(trial_id, newest.resource), (trial_id, best.resource)}
    return needed


def _files_beside(rows: Any) -> Iterator[tuple[Path, str]]:
    """Find checkpoints in the folders that the rows speak of and in the folders beside those."""
    for root in sorted({Path(row.path).parent.parent for row in rows}):
        with suppress(OSError):
            for folder in sorted(root.iterdir()):
                if folder.is_dir() and not folder.is_symlink():
                    for path in sorted(folder.iterdir()):
                        if match := FILE_NAME.fullmatch(path.name):
                            yield path, match[2]


def _states(connection: Connection, search_id: str) -> dict[str, str]:
    known = select(trials.c.trial_id, trials.c.state).where(trials.c.search_id == search_id)
    return {row.trial_id: row.state for row in connection.execute(known)}
