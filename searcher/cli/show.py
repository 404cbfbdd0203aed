"""The command that tells the story of a search, or of one trial."""

from typing import TYPE_CHECKING, Annotated

import typer

from searcher.cli import documents, evolution, story, trial_story, way
from searcher.cli.options import (
    DEFAULT_STORE,
    OutputFile,
    OutputFormat,
    StoreUrl,
    complete_search_id,
)
from searcher.cli.output import Answer, check_format, deliver

if TYPE_CHECKING:
    from searcher.store import Store

SearchOrTrial = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A search: its id, an unambiguous beginning of it, or `latest`; "
        "or a trial, as ID.FOLD.NUMBER.",
        autocompletion=complete_search_id,
        show_default=False,
    ),
]


def show(
    search_id: SearchOrTrial,
    *,
    store: StoreUrl = DEFAULT_STORE,
    form: OutputFormat = None,
    output: OutputFile = None,
) -> None:
    """Tell the story of one search: data, plan, cost, scores, model, what to do next.

    csv and parquet have the one row that `list` has. Of a trial (ID.FOLD.NUMBER) it tells the
    configuration, every fold, and every decision of the scheduler with the rivals; of a member of a
    population how it went on from others, and which configurations its state was trained by.
    """
    from searcher.cli.finding import names_a_trial
    from searcher.store import Store

    check_format(form, output)
    with Store(store) as opened:
        tell = _of_trial if names_a_trial(search_id) else _of_search
        answer = tell(opened, search_id, store)
    deliver(answer, form, output=output)


def _of_search(opened: "Store", text: str, url: str) -> Answer:
    from searcher.cli.finding import find

    search = opened.search(find(opened, text))
    found = way.look(opened, search, url)
    return Answer(
        document=lambda: documents.search_document(search) | way.document(found),
        rows=lambda: documents.summary_rows([search]),
        table=lambda terminal: story.tell(search, terminal=terminal, way=found),
    )


def _of_trial(opened: "Store", text: str, url: str) -> Answer:
    from searcher.cli.finding import find_trial

    trial = opened.trial(find_trial(opened, text))
    metric = opened.search(trial.search_id).metric
    history = opened.trial_history(trial.trial_id)
    evolved = evolution.look(opened, trial)
    return Answer(
        document=lambda: trial_story.document(trial, history) | evolution.document(trial, evolved),
        rows=lambda: documents.trial_rows([trial]),
        table=lambda terminal: trial_story.tell(
            trial, history, evolved, metric=metric, store=url, terminal=terminal
        ),
    )
