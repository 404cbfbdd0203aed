"""What the graph's inputs are called, what is fed to them, and how they become the matrix X."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import UNKNOWN_CODE, Column, Profile, Shape

ROWS = "rows"
"""The symbolic first dimension of every input and output."""

OUTPUTS = ("label", "probabilities", "prediction")
FEATURES = "features"
"""The tensor inside the graph that the estimator sees: the gate compares it bit by bit."""

Feeds: TypeAlias = Mapping[str, NDArray[Any]]


def input_names(columns: Sequence[Column]) -> tuple[str, ...]:
    """Names of the graph's inputs: the columns' names, made unique with ``_`` where they can't be.

    A graph may not use a name twice, nor the empty one, so a column called ``label`` becomes
    ``label_``. The metadata tells which input belongs to which column.
    """
    taken = {*OUTPUTS, FEATURES}
    names = []
    for column in columns:
        name = column.name or "_"
        while name in taken:
            name += "_"
        taken.add(name)
        names.append(name)
    return tuple(names)


def shape_of(profile: Profile) -> Shape | None:
    """Return how rows come in one input; None if each column has one of its own."""
    shape = profile.shape
    is_whole = shape is not None and shape.n_columns == len(profile.columns)
    return shape if is_whole and not any(c.is_coded for c in profile.columns) else None


def inputs_of(profile: Profile) -> tuple[str, ...]:
    """Name for each column the input that it comes in: its own, or ``image`` or ``sequence``."""
    shape = shape_of(profile)
    return input_names(profile.columns) if shape is None else (shape.kind,) * shape.n_columns


def to_feeds(profile: Profile, X: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Translate rows of X (n_samples, n_columns) into the graph's inputs.

    These are (n_samples, 1) each; or one of (n_samples, *sizes), where rows have a shape.
    """
    if (shape := shape_of(profile)) is not None:
        return {shape.kind: X.reshape(-1, *shape.sizes).copy()}
    return {
        name: (_strings(column, X[:, i]) if column.is_coded else X[:, i].copy())[:, None]
        for i, (name, column) in enumerate(zip(inputs_of(profile), profile.columns, strict=True))
    }


def by_number(feeds: Feeds) -> dict[str, NDArray[Any]]:
    """Return arrays for an npz: numbered, since a column's name may be any text, without pickle.

    Strings become the bytes of a JSON list. As strings they would all be as wide as the longest,
    and lose NUL at their ends.
    """
    return {
        str(i): np.frombuffer(json.dumps(array.ravel().tolist()).encode(), dtype=np.uint8)
        if array.dtype == object
        else array
        for i, array in enumerate(feeds.values())
    }


def unseen_text(column: Column) -> str:
    """Make up a string that is not one of the column's categories."""
    text = "(unseen)"
    while text in column.categories:
        text += "?"
    return text


def _strings(column: Column, codes: NDArray[np.float64]) -> NDArray[np.object_]:
    # position -1 is the last one: where UNKNOWN_CODE points
    texts = np.array([*column.categories, unseen_text(column)], dtype=object)
    positions = np.where(codes == UNKNOWN_CODE, len(texts) - 1, codes).astype(np.int64)
    strings: NDArray[np.object_] = texts[positions]
    return strings
