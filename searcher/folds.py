"""Which rows stand on which side of every split: outer folds to judge, inner folds to choose."""

import warnings
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from searcher.data import Dataset, class_counts
from searcher.errors import SpecError
from searcher.records import FINAL, Fold
from searcher.spec import ValidationSpec

Splitter = Literal["stratified", "kfold", "group", "time"]
Positions = NDArray[np.int64]

_OUTER, _INNER, _ORDER = 0, 1, 2  # first word of a seed's path: what it is for
_FINAL_INDEX = 2**31  # in the place of an outer fold's number, where no number reaches


def make_folds(dataset: Dataset, validation: ValidationSpec, *, seed: int) -> tuple[Fold, ...]:
    """Split the rows, outside and inside.

    Returns
    -------
    tuple of Fold
        For outer folds "0", "1", ... (``outer`` for each repeat) and then ``FINAL``: the outer
        split (``inner_fold`` None; all rows and no test rows for ``FINAL``), followed by its inner
        folds, numbered in the order in which trials visit them. That order is shuffled, except
        for the time splitter, whose first fold is the earliest.

    Raises
    ------
    SpecError
        If the rows, groups, times or the smallest class do not suffice for so many folds, or the
        splitter needs classes, groups or times that the data do not have.

    Notes
    -----
    Every split has its own ``numpy.random.SeedSequence`` (the seed, and a path to the split), so
    one more repeat or another number of inner folds changes no other split, and no fold's split
    depends on another fold's answers.
    """
    splitter = choose_splitter(dataset, validation)
    everything = np.arange(dataset.n_samples)
    folds: list[Fold] = []
    for repeat in range(validation.repeats):
        draw = _seed(seed, _OUTER, repeat)
        what = f"validation.outer: {validation.outer} folds"
        split = _split(dataset, everything, splitter, validation.outer, seed=draw, what=what)
        for train, test in list(split):
            number = sum(fold.inner_fold is None for fold in folds)
            folds.append(Fold(str(number), None, train, test))
            folds += _inner(dataset, train, splitter, validation, str(number), seed=seed)
    folds.append(Fold(FINAL, None, everything, np.empty(0, dtype=np.int64)))
    folds += _inner(dataset, everything, splitter, validation, FINAL, seed=seed)
    return tuple(folds)


def choose_splitter(dataset: Dataset, validation: ValidationSpec) -> Splitter:
    """Say what "auto" means for these data, or return the splitter that was asked for.

    Raises
    ------
    SpecError
        If the data do not have what it needs.
    """
    splitter = validation.splitter
    if splitter == "auto":
        if dataset.groups is not None:
            return "group"
        if dataset.times is not None:
            return "time"
        return "stratified" if dataset.classes else "kfold"
    lacking = {
        "stratified": not dataset.classes and "classes, and the target is a quantity",
        "group": dataset.groups is None and "data.groups",
        "time": dataset.times is None and "data.time",
        "kfold": False,
    }[splitter]
    if lacking:
        raise SpecError(f"validation.splitter: {splitter} needs {lacking}")
    return splitter


def _inner(
    dataset: Dataset,
    train: Positions,
    splitter: Splitter,
    validation: ValidationSpec,
    outer_fold: str,
    *,
    seed: int,
) -> list[Fold]:
    index = _FINAL_INDEX if outer_fold == FINAL else int(outer_fold)
    draw = _seed(seed, _INNER, index)
    of = "all rows" if outer_fold == FINAL else f"the training rows of outer fold {outer_fold}"
    what = f"validation.inner: {validation.inner} folds of {of}"
    splits = list(_split(dataset, train, splitter, validation.inner, seed=draw, what=what))
    if splitter != "time":
        order = np.random.default_rng(_seed(seed, _ORDER, index)).permutation(len(splits))
        splits = [splits[i] for i in order]
    return [Fold(outer_fold, i, *parts) for i, parts in enumerate(splits)]


def _seed(seed: int, *path: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=path)


def _split(
    dataset: Dataset,
    rows: Positions,
    splitter: Splitter,
    n_folds: int,
    *,
    seed: np.random.SeedSequence,
    what: str,
) -> Iterator[tuple[Positions, Positions]]:
    """Training and test positions of each fold of ``rows``, both sorted."""
    parts: Iterable[tuple[Positions, Positions]]
    if splitter == "time" and dataset.times is not None:
        parts = _split_by_time(dataset.times[rows], n_folds, what)
    else:
        _check_enough(dataset, rows, splitter, n_folds, what)
        parts = _split_at_random(dataset, rows, splitter, n_folds, seed)
    for i, (train, test) in enumerate(parts):
        if not len(test):
            raise SpecError(f"{what}: fold {i} has no test rows; ask for fewer folds")
        _check_part(dataset, rows[train], f"{what}: what fold {i} trains on")
        yield rows[np.sort(train)], rows[np.sort(test)]


def _split_at_random(
    dataset: Dataset,
    rows: Positions,
    splitter: Splitter,
    n_folds: int,
    seed: np.random.SeedSequence,
) -> list[tuple[Positions, Positions]]:
    from sklearn import model_selection

    made: Any = {
        "kfold": model_selection.KFold,
        "stratified": model_selection.StratifiedKFold,
        "group": model_selection.StratifiedGroupKFold if dataset.classes else None,
    }[splitter]
    made = made or model_selection.GroupKFold
    state = int(seed.generate_state(1)[0])  # scikit-learn takes 32 bits
    groups = None if dataset.groups is None else dataset.groups[rows]
    with warnings.catch_warnings():
        # "The least populated class ...": groups may tear small classes; parts are checked.
        warnings.simplefilter("ignore", UserWarning)
        splits = made(n_splits=n_folds, shuffle=True, random_state=state)
        return list(splits.split(np.zeros(len(rows)), dataset.y[rows], groups))


def _split_by_time(
    times: NDArray[np.float64], n_folds: int, what: str
) -> Iterator[tuple[Positions, Positions]]:
    """Train on the past, test on what comes next, as scikit-learn's ``TimeSeriesSplit`` does.

    Rows of the same time stay together: a border between them moves to the nearer end of that
    time.
    """
    order = np.argsort(times, kind="stable")
    n_rows, sorted_times = len(times), times[order]
    size = n_rows // (n_folds + 1)
    borders = [n_rows - (n_folds - i) * size for i in range(n_folds)]
    borders = [_between_times(sorted_times, border) for border in borders if border < n_rows]
    borders.append(n_rows)
    if not size or borders[0] == 0 or (np.diff(borders) <= 0).any():
        raise SpecError(
            f"{what} in time need {n_folds + 1} parts, one after the other, and {n_rows:,} rows "
            f"with {len(np.unique(times)):,} different times do not give them without splitting "
            "rows of the same time; ask for fewer folds"
        )
    for start, end in pairwise(borders):
        yield order[:start], order[start:end]


def _between_times(sorted_times: NDArray[np.float64], border: int) -> int:
    """Nearest position to ``border`` where one time ends and the next begins."""
    moment = sorted_times[border]
    before = int(np.searchsorted(sorted_times, moment, side="left"))
    after = int(np.searchsorted(sorted_times, moment, side="right"))
    return before if border - before <= after - border else after


def _check_enough(
    dataset: Dataset, rows: Positions, splitter: Splitter, n_folds: int, what: str
) -> None:
    if len(rows) < n_folds:
        raise SpecError(f"{what}, but only {len(rows)} rows; ask for at most {len(rows)}")
    if splitter == "group" and dataset.groups is not None:
        n_groups = len(np.unique(dataset.groups[rows]))
        if n_groups < n_folds:
            raise SpecError(f"{what}, but only {n_groups} groups; ask for at most {n_groups}")
        largest = max(class_counts(dataset.y[rows], len(dataset.classes)), default=n_folds)
        if largest < n_folds:
            raise SpecError(f"{what}, but at most {largest} rows in a class; ask for fewer")
    if splitter == "stratified":
        counts = class_counts(dataset.y[rows], len(dataset.classes))
        small = [i for i, count in enumerate(counts) if count < n_folds]
        if small:
            named = ", ".join(f"{dataset.classes[i]!r} ({counts[i]})" for i in small)
            raise SpecError(
                f"{what}, but fewer rows in class {named}; ask for fewer folds, or leave the "
                f"class out with data.drop_classes: {[dataset.classes[i] for i in small]}"
            )


def _check_part(dataset: Dataset, rows: Positions, what: str) -> None:
    counts = class_counts(dataset.y[rows], len(dataset.classes))
    absent = [name for name, count in zip(dataset.classes, counts, strict=True) if not count]
    if absent and len(absent) > len(counts) - 2:
        raise SpecError(
            f"{what} has no row of class {', '.join(map(repr, absent))}, so there is "
            "nothing to tell apart; leave the class out with data.drop_classes, or split otherwise"
        )
