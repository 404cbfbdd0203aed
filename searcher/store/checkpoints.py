"""Where the state of a long trial is kept, so that little is lost when its process dies."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from searcher.errors import StoreError
from searcher.failpoints import failpoint
from searcher.files import TEMPORARY, Written, explained, fresh_file, sync_folder
from searcher.records import utc_now
from searcher.store.checkpoint_files import (
    SUFFIX,
    Checkpoint,
    Entry,
    Loaded,
    Part,
    entries_in,
    is_whole,
    load,
    safe_name,
    score_of,
    write_archive,
)
from searcher.store.values import count, finite, number

Tell = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of saving."""

    checkpoint: Checkpoint
    removed: tuple[str, ...]  # paths of older checkpoints that are no longer there


class Checkpoints:
    """The checkpoints of trials in one folder.

    Of each trial the last ``keep_last`` whole ones are kept and the ``keep_best`` best by score.
    One process at a time saves for a trial.

    Parameters
    ----------
    folder
        Made when it is first needed.
    keep_last
        At least 2, so that a damaged one has another before it.
    """

    def __init__(self, folder: Path, *, keep_last: int = 2, keep_best: int = 1) -> None:
        if keep_last < 2 or keep_best < 0:  # noqa: PLR2004
            raise StoreError(
                f"keep_last is {keep_last}, keep_best {keep_best}; allowed: from 2, and from 0"
            )
        self._folder = Path(folder).absolute()  # rows outlive the current folder
        self._keep_last, self._keep_best = keep_last, keep_best

    def folder_of(self, trial_id: str) -> Path:
        """Return the folder of a trial's checkpoints, whatever characters the id is made of."""
        return self._folder / safe_name(trial_id)

    def save(
        self,
        trial_id: str,
        resource: int,
        payload: Mapping[str, Part],
        *,
        score: float | None = None,
        at: datetime | None = None,
    ) -> Saved:
        """Write a checkpoint; only when it is durable, older ones are removed.

        Parameters
        ----------
        resource
            Training budget that is in it: epochs, rounds, inner folds.
        payload
            Parts by name (letters, digits, ``.``, ``_``, ``-``).
        score
            Larger is better; None, NaN and infinities are none.

        Raises
        ------
        StoreError
            When it can't be written, for instance on a full disk. The checkpoints before it are
            there as they were.
        """
        told = Checkpoint(
            trial_id=str(trial_id),
            resource=count(resource, "resource"),
            path="",
            sha256="",
            size_bytes=0,
            score=finite(number(score, "a checkpoint's score")),
            created_at=at or utc_now(),
        )
        try:
            written = self._write(told, payload)
        except OSError as error:
            raise StoreError(
                f"no checkpoint of trial {told.trial_id!r} at resource {told.resource}: "
                f"{explained(error)}"
            ) from error
        checkpoint = replace(
            told,
            path=str(written.path),
            sha256=written.sha256,
            size_bytes=written.size_bytes,
        )
        return Saved(checkpoint, self._remove_older(checkpoint))

    def newest_valid(
        self,
        trial_id: str,
        *,
        above: int = -1,
        up_to: int | None = None,
        recorded: Iterable[Checkpoint] = (),
        notice: Tell = str,
    ) -> Loaded | None:
        """Load the checkpoint with the most resource that is whole; None if there is none.

        Parameters
        ----------
        above, up_to
            Those with another resource are left alone: others may still need them.
        recorded
            What the rows say, to tell what is missing too.
        notice
            Called with a sentence for each that is torn, changed or missing. Nothing is raised.
        """
        entries = self._entries(trial_id)
        there = {entry.sha256 for entry in entries}
        for row in recorded:
            if row.sha256 not in there:
                notice(f"the checkpoint at resource {row.resource} is missing: {row.path}")
        for entry in entries:
            if entry.resource <= above or (up_to is not None and entry.resource > up_to):
                continue
            try:
                return load(entry, trial_id)
            except (StoreError, OSError) as error:
                notice(f"the checkpoint at resource {entry.resource} can't be used: {error}")
        return None

    def _write(self, told: Checkpoint, payload: Mapping[str, Part]) -> Written:
        folder = self.folder_of(told.trial_id)
        with fresh_file(folder, f"{told.resource:010d}") as file:
            write_archive(file, told, payload)
            file.sync()
            failpoint("checkpoint.before_rename")
            written = file.publish(folder / f"{told.resource:010d}-{file.sha256}{SUFFIX}")
        failpoint("checkpoint.after_rename")
        return written

    def _remove_older(self, newest: Checkpoint) -> tuple[str, ...]:
        """Remove what nobody needs any more; a folder that refuses keeps more than it should."""
        entries = self._entries(newest.trial_id)
        kept = self._kept(entries, newest)
        folder = self.folder_of(newest.trial_id)
        removed = []
        with suppress(OSError):
            for torn in folder.glob(f".*{TEMPORARY}"):  # nobody else saves for this trial
                torn.unlink(missing_ok=True)
            for entry in entries:
                if entry.path not in kept:
                    entry.path.unlink(missing_ok=True)
                    removed.append(str(entry.path))
            sync_folder(folder)
        return tuple(removed)

    def _kept(self, entries: list[Entry], newest: Checkpoint) -> set[Path]:
        others = [e for e in entries if e.resource != newest.resource]
        last = {Path(newest.path)}
        for entry in others:  # what is damaged must not push out what is whole
            if len(last) == self._keep_last:
                break
            if is_whole(entry):
                last.add(entry.path)
        scored = [
            (score, entry.resource, entry.path)
            for entry in entries
            if (score := score_of(entry)) is not None
            and (entry.resource != newest.resource or entry.sha256 == newest.sha256)
        ]
        best = sorted(scored, key=lambda one: one[:2], reverse=True)[: self._keep_best]
        return last | {path for _, _, path in best}

    def _entries(self, trial_id: str) -> list[Entry]:
        """List a trial's files, those with the most resource first, of equal ones the newest."""
        try:
            found = list(entries_in(self.folder_of(trial_id)))
        except OSError:
            return []
        return sorted(found, key=lambda e: (e.resource, e.changed_ns, e.sha256), reverse=True)
