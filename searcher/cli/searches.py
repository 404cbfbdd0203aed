"""Commands that look at searches: list, show, trials."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from searcher.cli import documents, story
from searcher.cli.options import (
    DEFAULT_STORE,
    OutputFile,
    OutputFormat,
    Quiet,
    SearchId,
    StoreUrl,
    complete_family,
)
from searcher.cli.output import Answer, check_format, deliver, note
from searcher.cli.tables import Column, identity, layout, right
from searcher.cli.trials_table import tabulate
from searcher.cli.words import duration, local_time, number
from searcher.records import TrialState

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
    answer = Answer(
        document=lambda: found,
        rows=lambda: documents.summary_rows(found),
        table=lambda terminal: _tabulate(found, terminal=terminal),
    )
    deliver(answer, form, output=output)
    if not found:
        note("no searches yet; `searcher run SPEC` makes one", quiet=quiet)


def _tabulate(found: "tuple[SearchSummary, ...]", *, terminal: bool) -> str:
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
            _state(search),
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


def show(
    search_id: SearchId,
    *,
    store: StoreUrl = DEFAULT_STORE,
    form: OutputFormat = None,
    output: OutputFile = None,
) -> None:
    """Tell the story of one search: data, plan, scores, model.

    csv and parquet have the one row that `list` has.
    """
    from searcher.cli.finding import find
    from searcher.store import Store

    check_format(form, output)
    with Store(store) as opened:
        search = opened.search(find(opened, search_id))
    answer = Answer(
        document=lambda: documents.search_document(search),
        rows=lambda: documents.summary_rows([search]),
        table=lambda terminal: story.tell(search, terminal=terminal),
    )
    deliver(answer, form, output=output)


OuterFold = Annotated[
    str | None, typer.Option(metavar="FOLD", help="Only of this one: 0, 1, ... or final.")
]
State = Annotated[
    TrialState | None,
    typer.Option(metavar="STATE", help="Only running, completed, stopped or failed ones."),
]
FamilyName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Only of this one.", autocompletion=complete_family),
]
Sort = Annotated[
    Literal["score", "number"],
    typer.Option(
        metavar="ORDER",
        help="score: completed ones, the best first, then the others; "
        "number: by outer fold, as they were proposed.",
    ),
]


def trials(
    search_id: SearchId,
    *,
    outer_fold: OuterFold = None,
    state: State = None,
    family: FamilyName = None,
    limit: Limit = None,
    sort: Sort = "score",
    store: StoreUrl = DEFAULT_STORE,
    form: OutputFormat = None,
    output: OutputFile = None,
    quiet: Quiet = False,
) -> None:
    """List the trials of a search with their configurations.

    Scores are means over the inner folds finished: larger is better, and optimistic for the
    best. A table shows the parameters that differ; the other formats have all of them.
    """
    from searcher.cli.finding import find
    from searcher.store import Store

    check_format(form, output)
    with Store(store) as opened:
        found = opened.trials(
            find(opened, search_id),
            outer_fold=outer_fold,
            state=state,
            family=family,
            limit=limit,
            order=sort,
        )
    answer = Answer(
        document=lambda: found,
        rows=lambda: documents.trial_rows(found),
        table=lambda terminal: tabulate(found, terminal=terminal),
    )
    deliver(answer, form, output=output)
    if not found:
        note("no such trials", quiet=quiet)
