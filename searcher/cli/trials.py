"""The command that lists trials: those that fit, in an order, a page at a time or all."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searcher.cli import documents
from searcher.cli.exits import RequestError
from searcher.cli.options import (
    DEFAULT_STORE,
    OutputFile,
    OutputFormat,
    Quiet,
    SearchId,
    StoreUrl,
    complete_family,
    store_option,
)
from searcher.cli.output import Answer, check_format, deliver, note
from searcher.cli.trials_table import tabulate, tabulate_columns
from searcher.errors import near
from searcher.lineage import last_configurations
from searcher.records import Configuration, TrialState

if TYPE_CHECKING:
    from searcher.store import Store, StoredTrial

Where = Annotated[
    str | None,
    typer.Option(
        metavar="CONDITION",
        help='Only trials like this: "score > 0.8 and learning_rate < 0.1".',
    ),
]
OuterFold = Annotated[
    str | None, typer.Option(metavar="FOLD", help="Only of this one: 0, 1, ... or final.")
]
State = Annotated[
    TrialState | None,
    typer.Option(metavar="STATE", help="Only running, paused, completed, stopped or failed ones."),
]
FamilyName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Only of this one.", autocompletion=complete_family),
]
Sort = Annotated[
    str,
    typer.Option(
        metavar="ORDER",
        help="score: completed ones, the best first, then the others; number: by outer fold, as "
        "they were proposed; or any column or parameter. -ORDER turns it around.",
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(metavar="NAMES", help="Only these columns and parameters: number,score,C."),
]
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="At most N.")]
After = Annotated[
    str | None,
    typer.Option(metavar="TOKEN", help="Go on where a page of --limit ended; stderr said how."),
]

BEGAN = (
    "a population: conditions, orders and columns are of the configuration that a member began "
    "with; `searcher show TRIAL` tells how it went on"
)
"""Said beside the trials of a search that has a lineage."""


def trials(
    search_id: SearchId,
    *,
    where: Where = None,
    outer_fold: OuterFold = None,
    state: State = None,
    family: FamilyName = None,
    sort: Sort = "score",
    columns: Columns = None,
    limit: Limit = None,
    after: After = None,
    store: StoreUrl = DEFAULT_STORE,
    form: OutputFormat = None,
    output: OutputFile = None,
    quiet: Quiet = False,
) -> None:
    """List the trials of a search with their configurations.

    Scores are means over the inner folds finished: larger is better, and optimistic for the
    best. A table shows the parameters that differ; the other formats have all of them. Members of
    a population are listed with what they began with; in the table A -> B ended with B.
    """
    from searcher.cli.finding import find
    from searcher.store import Store

    check_format(form, output)
    filters: dict[str, Any] = {
        "where": where,
        "outer_fold": outer_fold,
        "state": state,
        "family": family,
    }
    with Store(store) as opened:
        found = find(opened, search_id)
        chosen = None if columns is None else _chosen(opened, found, columns)
        last = last_configurations(opened.lineage(found))
        asked = {**filters, "sort": sort, "limit": limit, "after": after}
        with _asked(opened, found, asked) as listed:
            counted = _Counted(listed)
            deliver(_answer(counted, chosen, last), form, output=output)
        more = getattr(listed, "next", None)
    if not counted.any:
        note("no such trials", quiet=quiet)
    if last and counted.any:
        note(BEGAN, quiet=quiet)
    if more is not None:
        said = {**filters, "sort": sort, "columns": columns, "limit": limit, "after": more}
        note(f"there are more: {_command(found, said, store)}", quiet=quiet)


@contextmanager
def _asked(
    opened: "Store", search_id: str, asked: dict[str, Any]
) -> "Iterator[Iterable[StoredTrial]]":
    """Give a page, which knows where the next begins, or all, of which few are held at a time."""
    if asked["limit"] is not None:
        yield opened.trials(search_id, **asked)
    else:
        with opened.each_trial(search_id, **asked) as every:
            yield every


class _Counted:
    """What is gone through again and again, and remembers whether there was anything."""

    def __init__(self, trials: "Iterable[StoredTrial]") -> None:
        self._trials = trials
        self.any = False

    def __iter__(self) -> "Iterator[StoredTrial]":
        for trial in self._trials:
            self.any = True
            yield trial


def _answer(
    listed: "Iterable[StoredTrial]",
    chosen: Sequence[str] | None,
    last: Mapping[str, Configuration],
) -> Answer:
    if chosen is None:
        return Answer(
            document=lambda: list(_items(listed, last)),
            rows=lambda: documents.trial_rows(listed),
            table=lambda terminal: tabulate(tuple(listed), last, terminal=terminal),
            items=lambda: _items(listed, last),
        )
    return Answer(
        document=lambda: list(documents.chosen_items(listed, chosen)),
        rows=lambda: documents.chosen_rows(listed, chosen),
        table=lambda terminal: tabulate_columns(
            chosen, documents.chosen_rows(listed, chosen).cells, terminal=terminal
        ),
        items=lambda: documents.chosen_items(listed, chosen),
    )


def _items(listed: "Iterable[StoredTrial]", last: Mapping[str, Configuration]) -> Iterable[Any]:
    """Give trials as JSON has them; those of a population with what they ended with."""
    if not last:
        return listed
    return (
        {field.name: getattr(trial, field.name) for field in fields(trial)}
        | {"last_configuration": last.get(trial.trial_id, trial.configuration)}
        for trial in listed
    )


def _chosen(opened: "Store", search_id: str, columns: str) -> list[str]:
    """Read which columns are wanted; those that are none are parameters of the search."""
    names = [name for part in columns.split(",") if (name := part.strip())]
    if not names:
        raise RequestError("--columns names no column; write --columns trial_id,score")
    unknown = [name for name in names if name not in documents.ALL_TRIAL_COLUMNS]
    known = opened.parameters(search_id) if unknown else ()
    for name in unknown:
        if name.removeprefix("parameters.") not in known:
            every = [*documents.ALL_TRIAL_COLUMNS, *known]
            raise RequestError(
                f"--columns: {name!r} is neither a column ("
                f"{', '.join(documents.ALL_TRIAL_COLUMNS)}) nor a parameter of this search "
                f"({', '.join(known)}).{near(name, every)}"
            )
    return names


def _command(search_id: str, options: dict[str, Any], store: str) -> str:
    given = {"sort": "score"}
    words = ["searcher", "trials", search_id]
    for name, value in options.items():
        if value is not None and value != given.get(name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    return f"{shlex.join(words)}{store_option(store)}"
