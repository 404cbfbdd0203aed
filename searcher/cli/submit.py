"""Commands for searches that a cluster drives: submit, follow, logs."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from searcher.cli.options import (
    DEFAULT_STORE,
    AnswerFormat,
    Head,
    Quiet,
    SearchId,
    SkipExports,
    SkipTraining,
    SpecFile,
    StoreUrl,
    store_option,
)
from searcher.cli.output import Answer, Format, Rows, check_format, deliver, note
from searcher.cli.progress import progress
from searcher.cli.run import GivenId, conclude
from searcher.records import Record

if TYPE_CHECKING:
    from searcher.submitting import Submitted

ASK_S = 5.0
"""Seconds between two questions to a cluster about a job that is looked on at."""


def submit(
    spec: SpecFile,
    *,
    address: Head,
    search_id: GivenId = None,
    working_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder to take along.", show_default="none"),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Where the rows are on the cluster; all nodes must be able to read it.",
            show_default="they are sent along",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Folder on the cluster for model, report and checkpoints; one that all nodes see.",
            show_default="~/searcher-output/ID on the head",
        ),
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(metavar="COMMAND", help="The cluster's Python.", show_default="python"),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Look on until it has ended.")] = False,
    skip_exports: SkipExports = False,
    skip_training: SkipTraining = False,
    store: StoreUrl = DEFAULT_STORE,
    form: AnswerFormat = "table",
    quiet: Quiet = False,
) -> None:
    """Have a Ray cluster run a search: begun in the store from here, driven there.

    What can be checked is checked here first; then the search is in the store, and a job of the
    same id drives it. The rows (up to 50 MB) and your own families' modules go along. Submit once
    more with --search-id to go on with a search whose job has died. Needs a store that both reach.
    """
    from searcher.submitting import Cargo, submit

    check_format(form, None)
    note(f"reading {spec} and its data, asking {address}", quiet=quiet)
    cargo = Cargo(working_dir, data, output, python)
    with progress(quiet=quiet) as observe:
        sent = submit(
            spec,
            address=address,
            store=store,
            search_id=search_id,
            cargo=cargo,
            try_exports=not skip_exports,
            try_training=not skip_training,
            on_step=None if observe is None else observe.step,
        )
    if follow:
        _follow(sent.search.search_id, store, form=form, quiet=quiet, address=address)
        return
    _tell(sent, address, store, form, quiet=quiet)


def follow(
    search_id: SearchId,
    *,
    store: StoreUrl = DEFAULT_STORE,
    form: AnswerFormat = "table",
    quiet: Quiet = False,
) -> None:
    """Look on at a search, wherever it runs, until it has ended. Ctrl-C only stops looking.

    What it shows comes from the store: it needs no way to the cluster, and outlives lost
    connections. The exit code is that of `searcher run`.
    """
    check_format(form, None)
    _follow(search_id, store, form=form, quiet=quiet)


def logs(search_id: SearchId, *, address: Head, store: StoreUrl = DEFAULT_STORE) -> None:
    """Print what the process that drives a submitted search has written so far."""
    from cluster.jobs import Jobs
    from searcher.store import Store

    with Store(store) as reader:
        found = reader.search(search_id).search_id
    sys.stdout.write(Jobs(address).logs(found))


def _follow(
    search_id: str, store: str, *, form: Format, quiet: bool, address: str | None = None
) -> None:
    from searcher.following import follow

    is_lost = None if address is None else _job_is_over(search_id, address)
    with progress(quiet=quiet) as observe:
        found = follow(search_id, store=store, observe=observe or _nobody, is_lost=is_lost)
    if found.state == "running":
        note(f"its job is over; `searcher logs {search_id} --address {address}`", quiet=quiet)
        raise typer.Exit(1)
    if found.state != "completed":
        note(f"{found.search_id} is {found.state}: {found.error}", quiet=quiet)
        raise typer.Exit(1)
    conclude(found, store, form=form, quiet=quiet)


def _job_is_over(search_id: str, address: str) -> Callable[[], bool]:
    """Ask a cluster every few seconds; one that does not answer has not said that it is."""
    from cluster.head import ClusterError
    from cluster.jobs import Jobs

    asked_at = monotonic()

    def is_over() -> bool:
        nonlocal asked_at
        if monotonic() - asked_at < ASK_S:
            return False
        asked_at = monotonic()
        with suppress(ClusterError):
            job = Jobs(address).find(search_id)
            return job is None or job.is_over
        return False

    return is_over


def _nobody(record: Record) -> None:
    """Look on without a word."""


def _tell(sent: "Submitted", address: str, store: str, form: Format, *, quiet: bool) -> None:
    search = sent.search
    told = {"search_id": search.search_id, "job": sent.job.state, "address": address}
    answer = Answer(
        document=lambda: told,
        rows=lambda: Rows.of([told]),
        table=lambda terminal: f"{search.search_id}  submitted to {address}: {sent.job.state}\n",
    )
    deliver(answer, form)
    option = store_option(store)
    note(
        f"searcher follow {search.search_id}{option}\n"
        f"searcher logs {search.search_id} --address {address}{option}\n"
        f"searcher stop {search.search_id}{option}",
        quiet=quiet,
    )
