"""How arrays of images and sequences become columns, and which shape their rows have."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Shape, ShapeKind
from searcher.errors import DataError

LENGTHS = "lengths"

_KINDS: Mapping[int, ShapeKind] = {3: "sequence", 4: "image"}
_TABLE = 2  # dimensions of rows and columns


def unfold(
    file: Path, stored: Mapping[str, Any], *, target: str | None
) -> tuple[dict[str, Any], Shape | None]:
    """Make two dimensions of ``X``, and say which shape a row of it has.

    ``X`` is (rows, columns), (rows, steps, channels) for sequences, or (rows, channels, height,
    width) for images. Sequences may come with an array ``lengths`` (rows,): steps behind a row's
    length become NaN, whatever they hold.

    Parameters
    ----------
    stored
        Arrays of the file, ``X`` among them.
    target
        Name of the array to predict, which is no array of lengths.

    Returns
    -------
    arrays : dict
        With ``X`` of shape (rows, columns), and without ``lengths`` if they were used.
    shape : Shape or None
        None for a table.

    Raises
    ------
    DataError
        If ``X`` has another number of dimensions, has no step or pixel, or the lengths do not fit.
    """
    arrays = dict(stored)
    X = arrays["X"]
    if X.ndim != _TABLE and X.ndim not in _KINDS:
        raise DataError(
            f"{file}: X must have two dimensions (rows, columns), three (rows, steps, channels) "
            f"for sequences, or four (rows, channels, height, width) for images; found {X.shape}"
        )
    if X.ndim == _TABLE:
        return arrays, None
    if 0 in X.shape[1:]:
        raise DataError(f"{file}: X has the shape {X.shape}: rows without a value")
    shape = Shape(_KINDS[X.ndim], X.shape[1:])
    if shape.kind == "sequence" and LENGTHS in arrays and target != LENGTHS:
        X = _padded(file, X, np.asarray(arrays.pop(LENGTHS)))
    arrays["X"] = X.reshape(len(X), -1)
    return arrays, shape


def _padded(file: Path, X: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Return a copy of X (rows, steps, channels) with NaN behind each row's length."""
    if X.dtype.kind not in "biuf":
        raise DataError(f"{file}: X holds {X.dtype}; sequences with lengths must be numbers")
    if lengths.shape != (len(X),) or lengths.dtype.kind not in "iu":
        raise DataError(
            f"{file}: {LENGTHS} must be whole numbers of the shape ({len(X)},); found "
            f"{lengths.dtype} of the shape {lengths.shape}"
        )
    wrong = np.flatnonzero((lengths < 1) | (lengths > X.shape[1]))
    if len(wrong):
        raise DataError(
            f"{file}: {LENGTHS} must be from 1 to {X.shape[1]}, the steps of X; found "
            f"{lengths[wrong[0]]} in row {wrong[0] + 1}"
        )
    padded = X.astype(np.float64)
    padded[np.arange(X.shape[1]) >= lengths[:, None]] = np.nan
    return padded
