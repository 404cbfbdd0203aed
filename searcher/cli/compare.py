"""The command that puts two searches, or two trials, beside each other."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searcher.cli import compare_tables
from searcher.cli.exits import RequestError
from searcher.cli.options import (
    DEFAULT_STORE,
    OutputFile,
    OutputFormat,
    StoreUrl,
    complete_search_id,
)
from searcher.cli.output import Answer, Rows, check_format, deliver

if TYPE_CHECKING:
    from searcher.comparison import Comparison, MetricCompared, TrialComparison
    from searcher.store import StoredSearch, StoredTrial
    from searcher.store.costs import Costs

SIDE = (
    "search_id",
    "name",
    "state",
    "metric",
    "outer_mean",
    "interval",
    "optimism",
    "default_difference",
    "default_interval",
    "trials",
    "cpu_s",
    "seconds",
    "best_trial_id",
    "best_configuration",
    "winners",
    "model_path",
)
"""Fields of a search that stand in the JSON of a comparison."""

ID_A = Annotated[
    str,
    typer.Argument(
        metavar="A",
        help="A search, as ID elsewhere; or a trial, as ID.FOLD.NUMBER.",
        autocompletion=complete_search_id,
        show_default=False,
    ),
]
ID_B = Annotated[
    str,
    typer.Argument(
        metavar="B",
        help="Another one; differences are B minus A.",
        autocompletion=complete_search_id,
        show_default=False,
    ),
]


def compare(
    a: ID_A,
    b: ID_B,
    *,
    store: StoreUrl = DEFAULT_STORE,
    form: OutputFormat = None,
    output: OutputFile = None,
) -> None:
    """Compare two searches by their outer scores, fold by fold, with a corrected test.

    Searches of the same rows and the same outer folds are tested (Nadeau and Bengio 2003); others
    stand side by side, with what differs. Two trials are compared on the inner folds that both
    have seen.
    """
    from searcher.cli.finding import find, find_trial, names_a_trial
    from searcher.comparison import compare_in, compare_trials_in
    from searcher.store import Store

    check_format(form, output)
    kinds = {names_a_trial(each) for each in (a, b)}
    if len(kinds) > 1:
        raise RequestError(f"one of {a} and {b} is a trial, the other a search")
    with Store(store) as opened:
        if kinds == {True}:
            trials = compare_trials_in(opened, find_trial(opened, a), find_trial(opened, b))
            answer = _of_trials(trials)
        else:
            answer = _of_searches(compare_in(opened, find(opened, a), find(opened, b)))
    deliver(answer, form, output=output)


def _of_searches(found: "Comparison") -> Answer:
    sides = {
        "a": _side(found.a, found.costs_a),
        "b": _side(found.b, found.costs_b),
    }
    names = {"a": found.a.search_id, "b": found.b.search_id}
    return Answer(
        document=lambda: sides | _shared(found),
        rows=lambda: _rows(found, names),
        table=lambda terminal: compare_tables.tell_searches(found, terminal=terminal),
    )


def _of_trials(found: "TrialComparison") -> Answer:
    names = {"a": found.a.trial_id, "b": found.b.trial_id}
    return Answer(
        document=lambda: (
            {
                "a": _trial(found.a, found.configuration_a),
                "b": _trial(found.b, found.configuration_b),
            }
            | _shared(found)
        ),
        rows=lambda: _rows(found, names),
        table=lambda terminal: compare_tables.tell_trials(found, terminal=terminal),
    )


def _side(search: "StoredSearch", costs: "Costs") -> dict[str, Any]:
    return {name: getattr(search, name) for name in SIDE} | {"costs": costs}


def _trial(trial: "StoredTrial", last: Mapping[str, Any]) -> dict[str, Any]:
    """Say what stands in JSON of a trial, as ``searcher trials`` does."""
    own = {field.name: getattr(trial, field.name) for field in fields(trial)}
    return own if last == trial.configuration else own | {"last_configuration": last}


def _shared(found: "Comparison | TrialComparison") -> dict[str, Any]:
    """Say what stands in JSON of any two things that were compared."""
    return {
        "verdict": found.verdict,
        "metrics": [_metric(metric) for metric in found.metrics],
        "obstacles": found.obstacles,
        "notes": found.notes,
        "differences": found.differences,
    }


def _metric(metric: "MetricCompared") -> dict[str, Any]:
    test = metric.test
    return {
        "metric": metric.metric,
        "mean_a": metric.mean_a,
        "mean_b": metric.mean_b,
        "difference": test and test.difference,
        "interval": test and test.interval,
        "p_value": test and test.p_value,
        "folds": [
            {
                "fold_a": fold.fold_a,
                "fold_b": fold.fold_b,
                "a": fold.a,
                "b": fold.b,
                "difference": fold.difference,
            }
            for fold in metric.folds
        ],
    }


def _rows(found: "Comparison | TrialComparison", names: dict[str, str]) -> Rows:
    """Lay out one row a metric."""
    records = []
    for metric in found.metrics:
        document = _metric(metric)
        low, high = document.pop("interval") or (None, None)
        ends = {"interval_low": low, "interval_high": high}
        records.append(names | document | ends | {"folds": len(metric.folds)})
    return Rows.of(records)
