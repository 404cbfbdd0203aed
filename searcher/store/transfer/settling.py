"""Where files that come with a search are put, and what their rows say then."""

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import TracebackType
from typing import Any, Self

from searcher.errors import StoreError
from searcher.store.transfer.placing import placed
from searcher.store.transfer.unpacking import Unpacker

Row = list[Any]


class Settling:
    """Files go to one folder, under names made here; they are taken back if the rows fail."""

    def __init__(self, unpacker: Unpacker, folder: Path) -> None:
        self._unpacker, self._folder = unpacker, folder
        self._known = {part.sha256 for part in unpacker.manifest.files}
        self._placed: dict[tuple[str, str], Path] = {}
        self._new: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            for path in self._new:
                path.unlink(missing_ok=True)

    @property
    def files(self) -> tuple[Path, ...]:
        """What was written."""
        return tuple(self._new)

    def settler(self, columns: tuple[str, ...]) -> Callable[[Row], None]:
        """Return what writes a row's file and makes the row point at it.

        A row whose file did not come along keeps its path: that is where the file was.
        """
        at_path, at_sha = columns.index("path"), columns.index("sha256")

        def settle(row: Row) -> None:
            if row[at_sha] in self._known:
                row[at_path] = str(self._settle(row[at_path], row[at_sha]))

        return settle

    def _settle(self, path: str, sha: str) -> Path:
        name = safe_name(path)
        if (name, sha) not in self._placed:
            self._placed[name, sha] = self._place(name, sha)
        return self._placed[name, sha]

    def _place(self, name: str, sha: str) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._folder / name
        if target.exists() or target in self._new:
            target = self._folder / f"{sha[:12]}-{name}"
        if target.exists():
            raise StoreError(f"{target} exists already; --folder DIR puts files elsewhere")
        with placed(target, overwrite=False) as temporary:
            self._unpacker.unpack(sha, temporary)
        self._new.append(target)
        return target


def safe_name(path: str) -> str:
    """Return a file's name, made harmless: no folder, nothing hidden, nothing odd."""
    last = PureWindowsPath(PurePosixPath(path).name).name
    cleaned = re.sub(r"[^A-Za-z0-9._-]", "_", last).lstrip(".")[-120:]
    return cleaned or "file"
