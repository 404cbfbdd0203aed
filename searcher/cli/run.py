"""Command that searches: the spec in, progress on the way, the result at the end."""

import os
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from searcher.cli import documents, story
from searcher.cli.exits import NOT_RELEASED, RequestError
from searcher.cli.on_ray import OnRay
from searcher.cli.options import (
    DEFAULT_STORE,
    AllowUnauthenticated,
    AnswerFormat,
    Quiet,
    SkipExports,
    SkipTraining,
    SpecFile,
    StoreUrl,
)
from searcher.cli.output import Answer, Format, check_format, deliver, note
from searcher.cli.progress import progress

if TYPE_CHECKING:
    from searcher.store import StoredSearch

OutputFolder = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR",
        help="Folder for model.onnx and report.html.",
        show_default="searcher-output/ID",
    ),
]
GivenId = Annotated[
    str | None,
    typer.Option(
        "--search-id",
        metavar="ID",
        help="What to call it; if the store has it already, go on with it.",
        show_default="made up from its name",
    ),
]
Cpus = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Cores of the Ray that is started here.",
        show_default="all that this process may use",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        envvar="RAY_ADDRESS",
        help="A running Ray cluster to search on (auto, or host:port).",
        show_default="start Ray here",
    ),
]


def run(
    spec: SpecFile,
    *,
    output: OutputFolder = None,
    cpus: Cpus = None,
    address: Address = None,
    allow_unauthenticated: AllowUnauthenticated = False,
    search_id: GivenId = None,
    skip_exports: SkipExports = False,
    skip_training: SkipTraining = False,
    store: StoreUrl = DEFAULT_STORE,
    form: AnswerFormat = "table",
    quiet: Quiet = False,
) -> None:
    """Run a nested search and release its model.

    Inner folds choose, outer folds judge, the winner on all rows becomes an ONNX file that computes
    the same. Progress goes to stderr, the result to stdout. Ctrl-C stops cleanly: everything found
    so far is in the store.

    With --search-id the same command begins a search, goes on with it after a death, and shows it
    once it is completed: what a supervisor can start again and again.
    """
    check_format(form, None)
    if output is not None:
        _check_writable(output)
    ray = OnRay(address, cpus, allow_unauthenticated)
    ray.check(quiet=quiet)
    trying = "" if skip_exports else ", trying exports"
    note(f"reading {spec} and its data{trying}, starting Ray", quiet=quiet)
    _check_spec(spec)
    # Ray prints what goes wrong in its cluster to stdout (2.60, _private/worker.py,
    # ``listen_error_messages``), and stdout is for the result.
    with progress(quiet=quiet) as observe, redirect_stdout(sys.stderr):
        from searcher.api import search

        found = search(
            spec,
            store=store,
            search_id=search_id,
            output=output,
            observe=observe,
            try_exports=not skip_exports,
            try_training=not skip_training,
            on_step=None if observe is None else observe.step,
            **asdict(ray),
        )
    conclude(found, store, form=form, quiet=quiet)


def conclude(found: "StoredSearch", store: str, *, form: Format, quiet: bool) -> None:
    """Tell what a search found, and exit as it ended."""
    answer = Answer(
        document=lambda: documents.search_document(found),
        rows=lambda: documents.summary_rows([found]),
        table=lambda terminal: story.tell(found, terminal=terminal),
    )
    deliver(answer, form)
    note(f"\n{story.next_steps(found, store).rstrip()}", quiet=quiet)
    if found.model_path is None:
        raise typer.Exit(NOT_RELEASED)


def _check_spec(path: Path) -> None:
    """Say what is wrong with a spec at once, not after the seconds that importing Ray takes."""
    from searcher.spec import load_spec

    load_spec(path)


def _check_writable(folder: Path) -> None:
    """Refuse a folder that can't be made or written, before hours of work rather than after.

    Raises
    ------
    RequestError
        Saying what is in the way.
    """
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise RequestError(f"--output {folder}: {nearest} is a file, not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise RequestError(f"--output {folder}: no right to write in {nearest}")
