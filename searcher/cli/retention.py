"""Commands that free space: delete, store gc."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searcher.cli.exits import WRONG_REQUEST
from searcher.cli.options import (
    DEFAULT_STORE,
    OutputFile,
    OutputFormat,
    Quiet,
    SearchId,
    StoreUrl,
)
from searcher.cli.output import Answer, Rows, check_format, deliver, note
from searcher.cli.tables import Column, layout, right
from searcher.cli.words import size

if TYPE_CHECKING:
    from searcher.store.deletion import Deletion
    from searcher.store.removal import Left
    from searcher.store.retention import Collection


def delete(
    search_id: SearchId,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Really delete it.")] = False,
    keep_files: Annotated[
        bool, typer.Option("--keep-files", help="Leave model, report and checkpoints on disk.")
    ] = False,
    store: StoreUrl = DEFAULT_STORE,
    form: OutputFormat = None,
    output: OutputFile = None,
    quiet: Quiet = False,
) -> None:
    """Delete a search: its rows, and its files as far as they are still what it wrote.

    Without --yes nothing is deleted: what would go is shown, and the exit code is 2. A search that
    is being driven is refused; `searcher stop` it first.
    """
    from searcher.cli.finding import find
    from searcher.store import Store
    from searcher.store.deletion import delete_search, plan_deletion

    check_format(form, output)
    with Store(store) as opened:
        found = opened.search(find(opened, search_id)).search_id
    act = delete_search if yes else plan_deletion
    deletion = act(store, found, keep_files=keep_files)
    deliver(_deletion(deletion, done=yes), form, output=output)
    if not yes:
        note("nothing was deleted; --yes deletes it", quiet=quiet)
        raise typer.Exit(WRONG_REQUEST)


def gc(
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Really free it.")] = False,
    keep_best: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Keep the checkpoints of the N best ended trials of each inner search.",
        ),
    ] = 3,
    store: StoreUrl = DEFAULT_STORE,
    form: OutputFormat = None,
    output: OutputFile = None,
    quiet: Quiet = False,
) -> None:
    """Show what a store keeps that nobody needs; free it with --yes.

    That is: files of which a killed process wrote a part, checkpoints of ended trials but the
    best, records spooled by searches that are completed, folds of no search, free pages of an
    SQLite file. What a running search uses is left, and so are files that are not what was written.
    """
    from searcher.store.retention import collect, plan_gc

    check_format(form, output)
    act = collect if yes else plan_gc
    collection = act(store, keep_best=keep_best)
    deliver(_collection(collection, done=yes), form, output=output)
    if collection.garbage and not yes:
        note(f"nothing was freed; --yes frees {size(collection.size_bytes)}", quiet=quiet)


def _deletion(deletion: "Deletion", *, done: bool) -> Answer:
    files = [(file.kind, str(file.path), file.size_bytes) for file in deletion.files]
    rows = sum(deletion.rows.values())
    lines = [("rows", f"{deletion.search_id}: {rows:,} rows", ""), *_sized(files)]
    return Answer(
        document=lambda: {
            "search_id": deletion.search_id,
            "deleted": done,
            "rows": deletion.rows,
            "size_bytes": deletion.size_bytes,
            "files": [_document(*file) for file in files],
            "left": deletion.left,
        },
        rows=lambda: Rows.of([_document(*file) for file in files], ("kind", "what", "size_bytes")),
        table=lambda terminal: _tabulate(lines, deletion.left, terminal=terminal),
    )


def _collection(collection: "Collection", *, done: bool) -> Answer:
    garbage = [(one.kind, one.what, one.size_bytes) for one in collection.garbage]
    total = [("in all", "", size(collection.size_bytes))] if garbage else []
    lines = [*_sized(garbage), *total]
    return Answer(
        document=lambda: {
            "freed": done,
            "size_bytes": collection.size_bytes,
            "garbage": [_document(*one) for one in garbage],
            "left": collection.left,
        },
        rows=lambda: Rows.of([_document(*one) for one in garbage], ("kind", "what", "size_bytes")),
        table=lambda terminal: (
            _tabulate(lines, collection.left, terminal=terminal) or "nothing to free\n"
        ),
    )


def _document(kind: str, what: str, size_bytes: int) -> dict[str, Any]:
    return {"kind": kind, "what": what, "size_bytes": size_bytes}


def _sized(found: Sequence[tuple[str, str, int]]) -> list[tuple[str, str, str]]:
    return [(kind, what, size(size_bytes)) for kind, what, size_bytes in found]


def _tabulate(
    lines: Sequence[tuple[str, str, str]], left: "Sequence[Left]", *, terminal: bool
) -> str:
    table = ""
    if lines:
        columns = [Column("kind", whole=True), Column("what"), right("size")]
        table = layout(columns, lines, terminal=terminal)
    if left:
        columns = [Column("left"), Column("because")]
        stays = [(one.what, one.why) for one in left]
        table += ("\n" if table else "") + layout(columns, stays, terminal=terminal)
    return table
