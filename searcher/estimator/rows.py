"""How rows and answers, as scikit-learn passes them, become a dataset."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Kind, Task
from searcher.data import Dataset
from searcher.data.cells import Cells
from searcher.data.coding import to_arrow
from searcher.data.features import read_features
from searcher.data.fingerprint import fingerprint
from searcher.data.table import check_names
from searcher.data.target import FEW_INTEGERS
from searcher.errors import DataError
from searcher.spec import DataSpec

Wanted = Literal["auto", "classification", "regression"]

ORIGIN = "(rows given to fit)"
"""In the place of a file's path, in specs and in the store."""

MIN_ROWS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What is to be predicted, coded."""

    values: NDArray[Any]  # (n_samples,): int64 class codes, or float64 values
    classes: NDArray[Any] | None  # (n_classes,), sorted, as they were given; None for regression

    @property
    def task(self) -> Task:
        """What a dataset calls it."""
        if self.classes is None:
            return "regression"
        return "binary" if len(self.classes) == 2 else "multiclass"  # noqa: PLR2004

    @property
    def names(self) -> tuple[str | int, ...]:
        """Classes as specs, stores and ONNX files write them."""
        return () if self.classes is None else tuple(_name(label) for label in self.classes)


def check_rows(estimator: Any, X: Any, *, reset: bool) -> Any:
    """Validate X (n_samples, n_columns) as scikit-learn does, and return it.

    A pandas DataFrame keeps its types, so that columns of categories, dates and truth values stay
    what they are; anything else becomes a numeric array.

    Raises
    ------
    ValueError, TypeError
        In scikit-learn's words.
    """
    from sklearn.utils.validation import check_array, validate_data

    fewest = MIN_ROWS if reset else 1
    if not (hasattr(X, "iloc") and hasattr(X, "columns")):
        return validate_data(
            estimator, X, reset=reset, ensure_all_finite="allow-nan", ensure_min_samples=fewest
        )
    outline = np.broadcast_to(0.0, X.shape)  # as many rows and columns, without the cells
    check_array(outline, ensure_min_samples=fewest, estimator=estimator, input_name="X")
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    return X


def name_columns(X: Any) -> dict[str, Any]:
    """Columns by name; those of an array are ``x0``, ``x1``, ...

    Raises
    ------
    DataError
        If a name is empty, or there twice.
    """
    if hasattr(X, "iloc"):
        names = [str(name) for name in X.columns]
        check_names(names)
        return {name: X.iloc[:, j] for j, name in enumerate(names)}
    return {f"x{j}": X[:, j] for j in range(X.shape[1])}


def read_answers(estimator: Any, y: Any, *, wanted: Wanted) -> Answers:
    """Code y (n_samples,).

    Raises
    ------
    ValueError
        If it is missing, of several columns, not finite, or not what is wanted.
    """
    from sklearn.utils.validation import assert_all_finite, column_or_1d

    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None"
        )
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y")
    if y.dtype.kind == "O" and any(value is None for value in y):
        raise ValueError("Input y contains None; every row needs an answer")
    if wanted == "classification" or (wanted == "auto" and _are_classes(y)):
        return _classes(y)
    if np.iscomplexobj(y):
        raise ValueError("Complex data not supported: y must be real numbers")
    return Answers(np.asarray(y, dtype=np.float64), None)


def read_dataset(
    X: Any, y: Any, answers: Answers, *, groups: Any = None, in_time: bool = False
) -> Dataset:
    """Code the columns as a search does that reads a file.

    Parameters
    ----------
    X
        As ``check_rows`` returns it.
    y
        As it was given: its name, if it has one, is the target's.
    groups : array-like of shape (n_samples,), optional
        Rows of one group never stand on both sides of a split.
    in_time
        Whether the rows are in the order of time.

    Raises
    ------
    DataError
        If a column can't be used, or there is nothing to learn; it is a ``ValueError``.
    """
    from sklearn.utils.validation import check_consistent_length

    check_consistent_length(X, answers.values, groups)
    cells = name_columns(X)
    if len(np.unique(answers.values)) < 2:  # noqa: PLR2004
        what = "one class" if answers.classes is not None else "one value"
        raise DataError(f"y has {what} in all rows: nothing to learn")
    target = _target_name(y, cells)
    spec = DataSpec(path=ORIGIN, target=target, kinds=_kinds(X))
    features = read_features(
        [Cells(name, to_arrow(name, values)) for name, values in cells.items()], spec
    )
    codes = None if groups is None else _group_codes(groups)
    times = np.arange(len(features.X), dtype=np.float64) if in_time else None
    return Dataset(
        name=ORIGIN,
        X=features.X,
        y=answers.values,
        columns=features.columns,
        target=target,
        task=answers.task,
        classes=answers.names,
        groups=codes,
        times=times,
        fingerprint=fingerprint(
            features.X,
            answers.values,
            columns=features.columns,
            target=target,
            classes=answers.names,
            others=(codes, times),
        ),
        notices=features.notices,
    )


def _are_classes(y: NDArray[Any]) -> bool:
    """Text, truth values, or few whole numbers: what a search takes for classes in a file."""
    if y.dtype.kind not in "iuf":
        return True
    distinct = np.unique(y)
    return len(distinct) <= FEW_INTEGERS and bool((distinct == np.floor(distinct)).all())


def _classes(y: NDArray[Any]) -> Answers:
    from sklearn.utils.multiclass import check_classification_targets

    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    return Answers(codes.reshape(-1).astype(np.int64), classes)


def _name(label: Any) -> str | int:
    if isinstance(label, bool | np.bool_):
        return str(label)
    if isinstance(label, int | np.integer):
        return int(label)
    if isinstance(label, float | np.floating) and float(label).is_integer():
        return int(label)
    return str(label)


def _kinds(X: Any) -> dict[str, Kind]:
    """Say which columns are of categories because pandas says so, whatever their categories are."""
    if not hasattr(X, "iloc"):
        return {}
    named = zip(X.columns, X.dtypes, strict=True)
    return {str(name): "categorical" for name, dtype in named if str(dtype) == "category"}


def _target_name(y: Any, columns: dict[str, Any]) -> str:
    name = getattr(y, "name", None)
    name = name if isinstance(name, str) and name else "y"
    while name in columns:
        name += "_"
    return name


def _group_codes(groups: Any) -> NDArray[np.int64]:
    from sklearn.utils.validation import column_or_1d

    codes = np.unique(column_or_1d(groups), return_inverse=True)[1]
    return codes.reshape(-1).astype(np.int64)
