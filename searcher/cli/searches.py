"""The command that lists searches."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated

import typer

from searcher.cli import documents
from searcher.cli.options import (
    DEFAULT_STORE,
    OutputFile,
    OutputFormat,
    Quiet,
    StoreUrl,
)
from searcher.cli.output import Answer, check_format, deliver, note
from searcher.cli.tables import Column, identity, layout, right
from searcher.cli.words import duration, local_time, number

if TYPE_CHECKING:
    from searcher.store import SearchSummary


Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="At most N.")]


def list_searches(
    *,
    limit: Limit = None,
    store: StoreUrl = DEFAULT_STORE,
    form: OutputFormat = None,
    output: OutputFile = None,
    quiet: Quiet = False,
) -> None:
    """List the searches of a store, the newest first."""
    from searcher.store import Store

    check_format(form, output)
    with Store(store) as opened:
        found = opened.searches(limit=limit)
        running = [search.search_id for search in found if search.state == "running"]
        drivers = {search_id: opened.driver(search_id) for search_id in running}
    dead = {search_id for search_id, driver in drivers.items() if driver and not driver.live}
    answer = Answer(
        document=lambda: found,
        rows=lambda: documents.summary_rows(found),
        table=lambda terminal: _tabulate(found, dead, terminal=terminal),
    )
    deliver(answer, form, output=output)
    for search_id in sorted(dead):
        note(f"{search_id} has lost its process; `searcher resume {search_id}`", quiet=quiet)
    if not found:
        note("no searches yet; `searcher run SPEC` makes one", quiet=quiet)


def _tabulate(found: "tuple[SearchSummary, ...]", dead: Collection[str], *, terminal: bool) -> str:
    if not found:
        return ""
    columns = [
        identity("search"),
        Column("state"),
        Column("metric"),
        right("outer score"),
        right("trials"),
        right("time"),
        Column("started", whole=True),
    ]
    rows = [
        [
            search.search_id,
            "no process" if search.search_id in dead else _state(search),
            search.metric,
            _score(search),
            str(sum(search.trials.values())),
            duration(search.seconds),
            local_time(search.started_at),
        ]
        for search in found
    ]
    if any(not search.search_id.startswith(search.name) for search in found):
        columns.append(Column("name"))  # which ids begin with, as far as they can spell it
        rows = [[*row, search.name] for row, search in zip(rows, found, strict=True)]
    return layout(columns, rows, terminal=terminal)


def _state(search: "SearchSummary") -> str:
    finished = search.state == "completed"
    return "no model" if finished and search.model_path is None else search.state


def _score(search: "SearchSummary") -> str:
    """Write the mean with half its corrected 95 % interval."""
    if search.interval is None:
        return number(search.outer_mean)
    half = (search.interval[1] - search.interval[0]) / 2
    return f"{number(search.outer_mean)} ± {half:.2g}"
