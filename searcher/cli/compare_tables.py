"""Two searches, or trials, side by side for people."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import typer

from searcher.cli import facts
from searcher.cli.story import section
from searcher.cli.tables import Column, identity, layout, right
from searcher.cli.words import duration, interval, number, one_line, signed, value
from searcher.records import NOUNS

if TYPE_CHECKING:
    from searcher.comparison import Comparison, MetricCompared, TrialComparison
    from searcher.differences import Difference
    from searcher.store import StoredSearch
    from searcher.store.costs import Costs

INDENT = "  "


def tell_searches(found: "Comparison", *, terminal: bool) -> str:
    """Tell the verdict first, then what it rests on, then what else differs."""
    parts = [
        _heading("A", found.a.search_id, _asked(found.a), terminal)
        + _heading("B", found.b.search_id, _asked(found.b), terminal),
        _told(found, terminal),
        _table(_metrics(found.metrics), terminal),
        _table(_with_winners(found), terminal),
        _table(_sides(found), terminal),
        _table(_differing(found.differences), terminal),
    ]
    return "\n".join(part for part in parts if part)


def tell_trials(found: "TrialComparison", *, terminal: bool) -> str:
    """Tell the verdict first, then what it rests on, then how the configurations differ."""
    parts = [
        "".join(
            f"{label}  {typer.style(trial.trial_id, bold=True)}  {trial.family}: {trial.state}, "
            f"{number(trial.score)} after {trial.resource} {NOUNS[trial.unit][1]}\n"
            for label, trial in (("A", found.a), ("B", found.b))
        ),
        _told(found, terminal),
        _table(_metrics(found.metrics), terminal),
        _table(_folds(found.metrics, "inner fold"), terminal),
        _table(_differing(found.differences), terminal),
    ]
    return "\n".join(part for part in parts if part)


Lines = tuple[Sequence[Column], list[list[str]]]


def _heading(label: str, search_id: str, asked: str, terminal: bool) -> str:
    return section(label, [f"{typer.style(search_id, bold=True)}  {asked}"], terminal)


def _asked(search: "StoredSearch") -> str:
    plan = facts.plan_line(search.spec, search.metric, search.task)
    return f"{one_line(search.name)}: {search.state}; {plan}"


def _told(found: "Comparison | TrialComparison", terminal: bool) -> str:
    told = section("verdict", [one_line(found.verdict)], terminal)
    return told + section("note", [one_line(note) for note in found.notes], terminal)


def _table(lines: Lines, terminal: bool) -> str:
    columns, rows = lines
    return layout(columns, rows, terminal=terminal, indent=INDENT) if rows else ""


def _metrics(metrics: "Iterable[MetricCompared]") -> Lines:
    columns = [
        identity("metric"),
        *(right(name) for name in ("A", "B", "B minus A", "95 % interval", "p", "folds")),
    ]
    rows = []
    for metric in metrics:
        test = metric.test
        rows.append(
            [
                metric.metric,
                number(metric.mean_a),
                number(metric.mean_b),
                signed(test.difference) if test else "-",
                interval(test.interval, write=signed) if test else "-",
                f"{test.p_value:.2g}" if test else "-",
                str(len(metric.folds)) if test else "-",
            ]
        )
    return columns, rows


def _folds(metrics: "Sequence[MetricCompared]", what: str) -> Lines:
    """Show the scores of the first metric."""
    columns = [identity(what), *(right(name) for name in ("A", "B", "B minus A"))]
    rows = []
    for fold in metrics[0].folds if metrics else ():
        name = fold.fold_a if fold.fold_a == fold.fold_b else f"{fold.fold_a} (B: {fold.fold_b})"
        rows.append([name, number(fold.a), number(fold.b), signed(fold.difference)])
    return columns, rows


def _with_winners(found: "Comparison") -> Lines:
    """Show what each outer fold's winners were, too."""
    columns, rows = _folds(found.metrics, "outer fold")
    winners = [
        {each.outer_fold: f"{each.family} ({_short(each.trial_id)})" for each in search.winners}
        for search in (found.a, found.b)
    ]
    folds = found.metrics[0].folds if found.metrics else ()
    rows = [
        [*row, winners[0].get(fold.fold_a, "-"), winners[1].get(fold.fold_b, "-")]
        for row, fold in zip(rows, folds, strict=True)
    ]
    return [*columns, Column("winner of A"), Column("winner of B")], rows


def _short(trial_id: str) -> str:
    return ".".join(trial_id.rsplit(".", 2)[1:])


def _sides(found: "Comparison") -> Lines:
    pairs = ((found.a, found.costs_a), (found.b, found.costs_b))
    rows = [[name, *(tell(*each) for each in pairs)] for name, tell in SIDES.items()]
    return [identity(""), right("A"), right("B")], rows


def _chosen(search: "StoredSearch") -> str:
    best = search.best_configuration
    return "-" if best is None else str(best["family"])


SIDES: "dict[str, Callable[[StoredSearch, Costs], str]]" = {
    "outer score": lambda search, _: number(search.outer_mean),
    "95 % interval": lambda search, _: interval(search.interval),
    "optimism": lambda search, _: signed(search.optimism),
    "winner minus default": lambda search, _: signed(search.default_difference),
    "trials": lambda search, _: f"{sum(search.trials.values()):,}",
    "CPU time": lambda _, costs: duration(costs.cpu_s),
    "of completed trials": lambda _, costs: duration(costs.useful_s),
    "of stopped trials": lambda _, costs: duration(costs.stopped_s),
    "of failed trials": lambda _, costs: duration(costs.failed_s),
    "repeated": lambda _, costs: duration(costs.repeated_s),
    "time": lambda search, _: duration(search.seconds),
    "chosen on all rows": lambda search, _: _chosen(search),
}


def _differing(found: "Iterable[Difference]") -> Lines:
    columns = [identity("differs"), Column("A"), Column("B")]
    return columns, [[each.what, _said(each.a), _said(each.b)] for each in found]


def _said(of: object) -> str:
    if isinstance(of, list | tuple):
        return ", ".join(one_line(value(item)) for item in of)
    return "-" if of is None else one_line(value(of, digits=6))
