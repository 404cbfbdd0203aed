"""Commands that go on with a search: resume, extend, fork; and the one that stops it."""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searcher.cli.exits import RequestError
from searcher.cli.on_ray import OnRay
from searcher.cli.options import (
    DEFAULT_STORE,
    AllowUnauthenticated,
    AnswerFormat,
    Quiet,
    SearchId,
    SkipExports,
    SkipTraining,
    StoreUrl,
    store_option,
)
from searcher.cli.output import check_format, note
from searcher.cli.progress import Observer, progress
from searcher.cli.run import Address, Cpus, OutputFolder, conclude

if TYPE_CHECKING:
    from searcher.store import StoredSearch

Trials = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="So many further trials of each inner search."),
]
Data = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="Where its rows are now.", show_default="where they were"),
]
Time = Annotated[
    float | None,
    typer.Option(metavar="S", help="So many further seconds of each inner search."),
]


def resume(
    search_id: SearchId,
    *,
    data: Data = None,
    output: OutputFolder = None,
    cpus: Cpus = None,
    address: Address = None,
    allow_unauthenticated: AllowUnauthenticated = False,
    store: StoreUrl = DEFAULT_STORE,
    form: AnswerFormat = "table",
    quiet: Quiet = False,
) -> None:
    """Go on with a search that was interrupted, failed, or lost its process or machine.

    Nothing that the store has is run again: trials go on after their last finished inner fold, and
    the next ones are those that an undisturbed search would have tried. Of two that try, one gets
    the search; the other is told who has it.
    """

    def go_on(found: str, **more: Any) -> "StoredSearch":
        from searcher.resuming import resume as again

        return again(found, data=data, **more)

    ray = OnRay(address, cpus, allow_unauthenticated)
    _go_on(go_on, search_id, output, ray, store=store, form=form, quiet=quiet)


def extend(
    search_id: SearchId,
    *,
    trials: Trials = None,
    time: Time = None,
    output: OutputFolder = None,
    cpus: Cpus = None,
    address: Address = None,
    allow_unauthenticated: AllowUnauthenticated = False,
    store: StoreUrl = DEFAULT_STORE,
    form: AnswerFormat = "table",
    quiet: Quiet = False,
) -> None:
    """Give a search a larger budget and go on with it.

    Each inner search goes on from its trials and chooses anew; outer folds judge the new choices,
    and the scores of the old ones go. Looking at outer scores before extending makes them a little
    optimistic: the story says that it was extended.
    """

    def go_on(found: str, **more: Any) -> "StoredSearch":
        from searcher.resuming import extend as again

        return again(found, trials=trials, time_s=time, **more)

    if trials is None and time is None:
        raise RequestError("nothing to add: say --trials N or --time S")
    ray = OnRay(address, cpus, allow_unauthenticated)
    _go_on(go_on, search_id, output, ray, store=store, form=form, quiet=quiet)


def fork(
    search_id: SearchId,
    spec: Annotated[
        str,
        typer.Option("--spec", metavar="SPEC.yaml", help="The changed spec.", show_default=False),
    ],
    *,
    output: OutputFolder = None,
    cpus: Cpus = None,
    address: Address = None,
    allow_unauthenticated: AllowUnauthenticated = False,
    skip_exports: SkipExports = False,
    skip_training: SkipTraining = False,
    store: StoreUrl = DEFAULT_STORE,
    form: AnswerFormat = "table",
    quiet: Quiet = False,
) -> None:
    """Search with a changed spec, re-using the trials of a search that are still good.

    Good are completed trials inside the new spaces, if rows, folds and seed are the same: families
    may come or go, spaces may change, the strategy and the budget too. They count towards the
    budget. What could not be used, and why, is said and kept (`searcher show ID`).
    """

    def go_on(found: str, *, observe: Observer | None, **more: Any) -> "StoredSearch":
        from searcher.forking import fork as again

        return again(
            found,
            spec,
            observe=observe,
            try_exports=not skip_exports,
            try_training=not skip_training,
            on_step=None if observe is None else observe.step,
            **more,
        )

    ray = OnRay(address, cpus, allow_unauthenticated)
    _go_on(go_on, search_id, output, ray, store=store, form=form, quiet=quiet)


def stop(search_id: SearchId, *, store: StoreUrl = DEFAULT_STORE, quiet: Quiet = False) -> None:
    """Ask a running search to stop, wherever it runs; it can be resumed.

    It finishes nothing more, keeps what it has, and lets go within seconds. A search whose process
    is dead is marked as interrupted.
    """
    from searcher.resuming import stop as ask

    found = _whole(search_id, store)
    asked = ask(found, store=store)
    said = (
        f"asked {asked.owner} to stop search {found}"
        if asked is not None
        else f"search {found} had no live process; it is marked as interrupted"
    )
    note(f"{said}; `searcher resume {found}{store_option(store)}` goes on with it", quiet=quiet)


def _whole(search_id: str, store: str) -> str:
    """Return the whole id of a search."""
    from searcher.cli.finding import find
    from searcher.store import Store

    with Store(store) as opened:
        return opened.search(find(opened, search_id)).search_id


def _go_on(
    action: Callable[..., "StoredSearch"],
    search_id: str,
    output: Any,
    ray: OnRay,
    *,
    store: str,
    form: Any,
    quiet: bool,
) -> None:
    check_format(form, None)
    ray.check(quiet=quiet)
    found = _whole(search_id, store)
    note(f"reading what search {found} has, and its data, starting Ray", quiet=quiet)
    with progress(quiet=quiet) as observe, redirect_stdout(sys.stderr):
        ended = action(found, store=store, output=output, observe=observe, **asdict(ray))
    conclude(ended, store, form=form, quiet=quiet)
