"""What is to be predicted: the task, the classes and their order, and which rows have an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Task
from searcher.data.cells import Cells
from searcher.data.coding import quantities
from searcher.data.kinds import infer_kind
from searcher.errors import DataError, near
from searcher.spec import DataSpec

Label = str | int

MISSING, DROPPED = -1, -2  # codes of rows that are left out
FEW_INTEGERS = 20  # an integer target with at most so many distinct values is one of classes
MAX_CLASSES = 1_000
_REMEDY = "Set data.task to say what it is, or choose another target"


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The answers, and which rows of the table they belong to."""

    task: Task
    classes: tuple[Label, ...]  # position = code; () for regression
    y: NDArray[Any]  # (n_kept,), int64 codes or float64 values
    kept: NDArray[np.int64]  # (n_kept,), positions in the table, sorted
    notices: tuple[str, ...]


def read_target(cells: Cells, spec: DataSpec) -> Target:
    """Find the task and code the answers; rows without an answer are left out.

    A target of text or booleans, or of at most ``FEW_INTEGERS`` distinct whole numbers, is one of
    classes, unless ``data.task`` says otherwise. Classes are sorted, the positive one last.

    Raises
    ------
    DataError
        If there is nothing to predict, or it can't be predicted as asked.
    """
    numbers = _numbers(cells, spec)
    if numbers is not None and (spec.task == "regression" or not _are_few_integers(numbers, spec)):
        _check_no_classes_meant(cells, spec)
        return _regression(cells, numbers)
    names, codes = _labels(cells, numbers)
    names, codes, notices = _without_dropped(cells, spec, names, codes)
    _check_classes(cells, spec, names, codes)
    names, codes = _positive_last(spec, names, codes)
    kept = np.flatnonzero(codes >= 0)
    return Target(
        task="binary" if len(names) == 2 else "multiclass",  # noqa: PLR2004
        classes=tuple(names),
        y=codes[kept],
        kept=kept,
        notices=(*notices, *_notice_missing(cells, int((codes == MISSING).sum()))),
    )


def no_target(n_rows: int, default: str | None) -> Target:
    """Say that every row is kept and none has an answer, as clustering wants it.

    ``default`` is the column that would be the target of another task: an answer is no feature.
    """
    notices = () if default is None else (f"column {default!r} left out: clustering has no target",)
    return Target(
        task="clustering", classes=(), y=np.zeros(n_rows), kept=np.arange(n_rows), notices=notices
    )


def _numbers(cells: Cells, spec: DataSpec) -> NDArray[np.float64] | None:
    """Values (n_rows,) with NaN where missing, of a target that holds numbers; else None."""
    if spec.task == "regression":
        return quantities(cells, "numeric")
    if spec.task == "auto" or cells.stored == "number":
        kind = infer_kind(cells, remedy=_REMEDY)
        if kind == "date":
            raise DataError(
                f"data.target: {cells.name!r} holds dates, which can't be predicted; turn them "
                "into numbers, such as days since a fixed day"
            )
        if kind == "text":
            raise DataError(f"data.target: {cells.name!r} holds text. {_REMEDY}")
        return quantities(cells, kind) if kind == "numeric" else None
    return None if cells.are_words.any() else quantities(cells, "numeric")


def _are_few_integers(values: NDArray[np.float64], spec: DataSpec) -> bool:
    if spec.task != "auto":
        return True
    distinct = np.unique(values[~np.isnan(values)])
    return len(distinct) <= FEW_INTEGERS and bool((distinct == np.floor(distinct)).all())


def _check_no_classes_meant(cells: Cells, spec: DataSpec) -> None:
    for path, given in (("positive", spec.positive), ("drop_classes", spec.drop_classes)):
        if given not in (None, ()):
            raise DataError(
                f"data.{path}: {given!r}, but {cells.name!r} is a quantity and has no classes; "
                "if it has, set data.task"
            )


def _regression(cells: Cells, values: NDArray[np.float64]) -> Target:
    kept = np.flatnonzero(~np.isnan(values))
    _check_any(cells, len(kept))
    y = values[kept]
    if y.min() == y.max():
        raise DataError(f"data.target: {cells.name!r} is {y[0]:g} in all rows: nothing to learn")
    notices = _notice_missing(cells, len(values) - len(kept))
    return Target(task="regression", classes=(), y=y, kept=kept, notices=notices)


def _labels(
    cells: Cells, numbers: NDArray[np.float64] | None
) -> tuple[list[Label], NDArray[np.int64]]:
    """Class names in sorted order and each row's code, ``MISSING`` where there is none."""
    if numbers is None:
        codes, texts = cells.categories()
        return list(texts), codes
    distinct, inverse = np.unique(numbers, return_inverse=True)  # one NaN, last (NumPy >= 1.24)
    codes = np.where(np.isnan(numbers), MISSING, inverse)
    distinct = distinct[~np.isnan(distinct)]
    if (distinct == np.floor(distinct)).all():
        return [int(value) for value in distinct], codes
    return [repr(float(value)) for value in distinct], codes


def _without_dropped(
    cells: Cells, spec: DataSpec, names: list[Label], codes: NDArray[np.int64]
) -> tuple[list[Label], NDArray[np.int64], list[str]]:
    dropped = {_find(label, names, "data.drop_classes") for label in spec.drop_classes}
    kept = [i for i in range(len(names)) if i not in dropped]
    new = np.full(len(names) + 1, DROPPED)
    new[kept] = np.arange(len(kept))
    new[-1] = MISSING
    notices = [
        f"class {names[i]!r} of {cells.name!r}: {_rows(int((codes == i).sum()))} left out "
        "(data.drop_classes)"
        for i in sorted(dropped)
    ]
    return [names[i] for i in kept], new[codes], notices


def _check_classes(
    cells: Cells, spec: DataSpec, names: Sequence[Label], codes: NDArray[np.int64]
) -> None:
    if spec.drop_classes and not names:
        raise DataError("data.drop_classes: leaves no class of the target")
    _check_any(cells, int((codes >= 0).sum()))
    if len(names) < 2:  # noqa: PLR2004
        raise DataError(
            f"data.target: {cells.name!r} has one class, {names[0]!r}, in all rows: nothing to "
            "learn"
        )
    if len(names) > MAX_CLASSES:
        raise DataError(
            f"data.target: {cells.name!r} has {len(names):,} classes; at most {MAX_CLASSES:,} can "
            "be learnt. If it is a quantity, set data.task to regression"
        )
    if spec.task == "binary" and len(names) > 2:  # noqa: PLR2004
        raise DataError(
            f"data.task: binary, but {cells.name!r} has {len(names)} classes: "
            f"{', '.join(map(repr, names[:10]))}{', ...' if len(names) > 10 else ''}. "  # noqa: PLR2004
            "Set it to multiclass, or leave classes out with data.drop_classes"
        )
    if spec.task == "multiclass" and len(names) == 2:  # noqa: PLR2004
        raise DataError(f"data.task: multiclass, but {cells.name!r} has two classes; use binary")


def _positive_last(
    spec: DataSpec, names: list[Label], codes: NDArray[np.int64]
) -> tuple[list[Label], NDArray[np.int64]]:
    if spec.positive is None:
        return names, codes
    if len(names) > 2:  # noqa: PLR2004
        raise DataError(
            f"data.positive: {spec.positive!r}, but the target has {len(names)} classes; only a "
            "binary target has a positive class"
        )
    if _find(spec.positive, names, "data.positive") == 1:
        return names, codes
    return names[::-1], np.where(codes >= 0, 1 - codes, codes)


def _find(label: Label | bool, names: Sequence[Label], path: str) -> int:
    """Position of a class as a spec writes it: ``3`` and ``"3"`` mean the same, true is "True"."""
    written = [str(name) for name in names]
    if isinstance(label, bool):
        matching = [i for i, name in enumerate(written) if name.lower() == str(label).lower()]
    else:
        matching = [i for i, name in enumerate(written) if name == str(label).strip()]
    if not matching:
        known = ", ".join(map(repr, names[:20]))
        raise DataError(
            f"{path}: the target has no class {label!r}; its classes are {known}."
            f"{near(str(label), written)}"
        )
    return matching[0]


def _check_any(cells: Cells, n_kept: int) -> None:
    if n_kept == 0:
        raise DataError(
            f"data.target: {cells.name!r} is missing in all rows: nothing to learn from"
        )
    if n_kept == 1:
        raise DataError(
            f"data.target: {cells.name!r} has a value in one row only; folds need at least two rows"
        )


def _notice_missing(cells: Cells, count: int) -> tuple[str, ...]:
    if not count:
        return ()
    return (f"{_rows(count)} without a value of the target {cells.name!r} left out",)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
