"""Whether the split heeds groups and time: those that were declared, and those that are not."""

from collections.abc import Iterator

import numpy as np

from search_spaces.columns import Column
from searcher.checks.case import Case, Positions, Values, is_missing, is_whole
from searcher.checks.finding import Finding
from searcher.checks.identifiers import UNIQUE_SHARE, order_in_file

IN_TIME = 0.95  # rank correlation with the row number from which rows count as sorted
AT_RANDOM = ("stratified", "kfold")

LEAST_GROUPS = 20  # a column of fewer values is an ordinary category
ALIKE = 0.95  # share of pairs of a group's rows that agree in another column
ALIKE_BY_CHANCE = 0.7  # share of any pairs of rows beyond which that says nothing
LEAST_ALIKE = 2  # other columns that have to be so
MOST_PAIRS = 1000


def check_order(case: Case) -> Iterator[Finding]:
    """Compare the splitter with what is known of groups and time."""
    yield from _declared_groups(case)
    yield from _declared_time(case)
    if case.splitter in AT_RANDOM:
        if case.dataset.times is None:
            yield from _hidden_time(case)
        if case.dataset.groups is None:
            yield from _hidden_groups(case)


def _declared_groups(case: Case) -> Iterator[Finding]:
    groups = case.dataset.groups
    if groups is None or case.splitter == "group":
        return
    torn = sum(int(np.isin(groups[f.test], groups[f.train]).sum()) for f in case.outer)
    rows = sum(len(fold.test) for fold in case.outer)
    name = case.spec.data.groups or ""
    yield Finding(
        kind="groups_ignored",
        severity="warning",
        columns=(name,),
        numbers={"rows": torn, "test_rows": rows, "share": torn / rows},
        sentence=(
            f"data.groups names {name!r}, and the {case.splitter} splitter does not heed it: "
            f"{torn:,} of {rows:,} test rows ({torn / rows:.1%}) have rows of their group in "
            "training"
        ),
        advice=(
            "No splitter heeds both. validation.splitter: group, unless the model will go on "
            "predicting groups that it knows"
        ),
    )


def _declared_time(case: Case) -> Iterator[Finding]:
    times = case.dataset.times
    if times is None or case.splitter == "time":
        return
    past = sum(int((times[f.test] <= times[f.train].max()).sum()) for f in case.outer)
    rows = sum(len(fold.test) for fold in case.outer)
    yield Finding(
        kind="time_ignored",
        severity="warning",
        columns=case.spec.data.time,
        numbers={"rows": past, "test_rows": rows, "share": past / rows},
        sentence=(
            f"data.time is given, and the {case.splitter} splitter does not heed it: {past:,} of "
            f"{rows:,} test rows ({past / rows:.1%}) are not later than all rows trained on"
        ),
        advice=(
            "No splitter heeds both. validation.splitter: time, unless the model will predict rows "
            "of the same times"
        ),
    )


def _hidden_time(case: Case) -> Iterator[Finding]:
    """Find dates, and sorted columns that repeat: rows in the order of time."""
    for j, column in enumerate(case.dataset.columns):
        if column.is_coded or column.kind == "boolean":
            continue
        values = case.dataset.X[:, j]
        values = values[~np.isnan(values)]
        order = order_in_file(values)
        in_order = abs(order) >= IN_TIME
        unique = len(np.unique(values)) >= UNIQUE_SHARE * len(values)
        if column.kind != "date" and (not in_order or unique):
            continue  # a number that is sorted and never repeats is an identifier
        what = "is a date" if column.kind == "date" else "repeats"
        sorted_too = f", and rows are sorted by it (rank correlation {order:+.3f})"
        yield Finding(
            kind="time_undeclared",
            severity="warning" if in_order else "note",
            columns=(column.name,),
            numbers={"order": order},
            sentence=(
                f"column {column.name!r} {what}{sorted_too if in_order else ''}; the "
                f"{case.splitter} splitter trains on later rows and tests on earlier ones"
            ),
            advice=(
                f"If the model will predict what comes later: data.time: {column.name}"
                " (and validation.splitter: time)"
            ),
        )


def _hidden_groups(case: Case) -> Iterator[Finding]:
    """Find a column whose equal values go with equal values of others: rows of one thing."""
    X, columns = case.dataset.X, case.dataset.columns
    shuffled = np.random.default_rng(case.spec.seed).permutation(len(X))
    levels = np.array([len(np.unique(X[:, j])) for j in range(len(columns))])
    changing = _agreeing(X, shuffled[:-1][:MOST_PAIRS], shuffled[1:][:MOST_PAIRS]) < ALIKE_BY_CHANCE
    for j, column in enumerate(columns):
        if not LEAST_GROUPS <= levels[j] <= len(X) / 2 or not _could_be_groups(column, X[:, j]):
            continue
        # a column with as many levels may be another spelling of this one
        others = np.flatnonzero(changing & (levels < levels[j]))
        n_alike = int((_agreeing(X[:, others], *_pairs(X[:, j], shuffled)) >= ALIKE).sum())
        if n_alike >= LEAST_ALIKE:
            yield _groups_undeclared(case, column.name, int(levels[j]), n_alike)


def _groups_undeclared(case: Case, name: str, levels: int, n_alike: int) -> Finding:
    rows = case.dataset.n_samples / levels
    return Finding(
        kind="groups_undeclared",
        severity="warning",
        columns=(name,),
        numbers={"groups": levels, "mean_rows": rows, "alike": n_alike},
        sentence=(
            f"column {name!r} looks like groups: {levels:,} values with {rows:.1f} rows each, "
            f"within which {n_alike} of {len(case.dataset.columns) - 1} other columns hardly "
            f"change; the {case.splitter} splitter tears them apart"
        ),
        advice=(
            "If its values are persons, places or things and the model will meet new ones: "
            f"data.groups: {name}"
        ),
    )


def _could_be_groups(column: Column, values: Values) -> bool:
    if column.kind in {"boolean", "date", "text"} or is_missing(column, values).any():
        return False
    return column.is_categorical or is_whole(values)


def _pairs(values: Values, shuffled: Positions) -> tuple[Positions, Positions]:
    """Pair rows of equal values; shuffled first, because neighbours in a file agree in much."""
    order = shuffled[np.argsort(values[shuffled], kind="stable")]
    same = np.flatnonzero(np.diff(values[order]) == 0)
    chosen = same[:: len(same) // MOST_PAIRS + 1]
    return order[chosen], order[chosen + 1]


def _agreeing(X: Values, first: Positions, second: Positions) -> Values:
    """Share of pairs of rows that have the same value, for each column."""
    one, other = X[first], X[second]
    shares: Values = ((one == other) | (np.isnan(one) & np.isnan(other))).mean(axis=0)
    return shares
