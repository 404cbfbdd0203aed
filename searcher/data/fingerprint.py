"""Whether two datasets hold the same rows, whatever file they came from."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Column, Shape

_CHUNK_BYTES = 2**20
_VERSION = 1  # of what is hashed; a change makes old fingerprints incomparable


def fingerprint(
    X: NDArray[np.float64],
    y: NDArray[Any],
    *,
    columns: Sequence[Column],
    target: str,
    classes: Sequence[str | int],
    others: Sequence[NDArray[Any] | None] = (),
    shape: Shape | None = None,
) -> str:
    """SHA-256 of column names, kinds, categories and all values, as 64 hexadecimal digits.

    Every NaN counts as the same NaN and -0.0 as 0.0, in little-endian order, so that csv and
    parquet files of the same rows agree on every platform.

    Parameters
    ----------
    X : array of shape (n_samples, n_columns)
        Coded rows.
    y : array of shape (n_samples,)
        Class codes or values.
    others : sequence of arrays of shape (n_samples,), or None
        Whatever else belongs to the rows: groups, times.
    shape : Shape, optional
        Of a row, if it is an image or a sequence: the same numbers laid out otherwise are others.
    """
    described = {
        "version": _VERSION,
        "columns": [[column.name, column.kind, *column.categories] for column in columns],
        "target": target,
        "classes": list(classes),
        "shape": list(X.shape),
        "others": [other is not None for other in others],
    }
    if shape is not None:  # a table's fingerprint is what it was before there were shapes
        described["shape of a row"] = shape.to_json()
    digest = hashlib.sha256(json.dumps(described, separators=(",", ":")).encode())
    for values in (X, y, *(other for other in others if other is not None)):
        _update(digest, values)
    return digest.hexdigest()


def _update(digest: Any, values: NDArray[Any]) -> None:
    """Add the canonical bytes of some rows at a time, so that no second X is ever in memory."""
    rows = values.reshape(len(values), -1)
    step = max(1, _CHUNK_BYTES // max(1, rows.shape[1] * rows.itemsize))
    for start in range(0, len(rows), step):
        chunk = rows[start : start + step]
        if chunk.dtype.kind == "f":
            chunk = chunk + 0.0  # -0.0 + 0.0 is 0.0
            chunk[np.isnan(chunk)] = np.nan
            digest.update(chunk.astype("<f8", copy=False).tobytes())
        else:
            digest.update(chunk.astype("<i8").tobytes())
