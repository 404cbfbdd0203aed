"""What an exported model says of new rows, with onnxruntime and numpy alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.errors import DataError, near
from searcher.export.raw_cells import Spellings, read_cells
from searcher.export.raw_rows import Texts, read_csv

BATCH_ROWS = 10_000
"""Rows that are run at once: bounds the memory, whatever the file's length."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a model says of some rows, in their order."""

    target: str
    classes: tuple[str | int, ...]  # () for regression
    labels: NDArray[Any] | None  # (n_rows,), text or int64; classification only
    probabilities: NDArray[np.float64] | None  # (n_rows, n_classes), in the order of classes
    values: NDArray[np.float64] | None  # (n_rows,); regression only


def predict_rows(
    model_path: str | Path, rows: str | Path | Mapping[str, Sequence[Any]]
) -> Predictions:
    """Run an exported model on raw rows.

    Parameters
    ----------
    model_path
        A file that ``export_model`` wrote.
    rows
        A csv or csv.gz file with a header, or a mapping of column names to cells. Cells are
        spelt as in the data that the model was trained on; further columns are ignored.

    Raises
    ------
    DataError
        If the model can't be loaded, a column is not there, or a cell can't be read as what the
        model was trained on; it names the column and the row (from 1).
    """
    session = _load(Path(model_path))
    facts = session.get_modelmeta().custom_metadata_map
    try:
        columns = json.loads(facts["columns"])
        spellings = Spellings.from_json(facts["spellings"])
        classes, target = tuple(json.loads(facts["classes"])), facts["target"]
        shape = json.loads(facts.get("shape", "null"))
    except (KeyError, ValueError) as error:
        raise DataError(f"{model_path} was not written by searcher: no {error}") from error
    names = [column["name"] for column in columns]
    texts = _to_texts(rows, names) if isinstance(rows, Mapping) else read_csv(Path(rows), names)
    cells = [read_cells(c["name"], c["kind"], texts[c["name"]], spellings) for c in columns]
    feeds = {column["input"]: array for column, array in zip(columns, cells, strict=True)}
    for kind, sizes in (shape or {}).items():  # all columns are one input
        feeds = {kind: np.concatenate(cells, axis=1).reshape(-1, *sizes)}
    answers = _run(session, feeds)
    return Predictions(
        target=target,
        classes=classes,
        labels=answers.get("label"),
        probabilities=answers.get("probabilities"),
        values=answers.get("prediction"),
    )


def _load(path: Path) -> Any:
    import onnxruntime

    if not path.is_file():
        raise DataError(f"there is no model file {path}")
    try:
        return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions have no common base but this
        raise DataError(f"{path} can't be loaded by onnxruntime: {error}") from error


def _run(session: Any, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    n_rows = len(next(iter(feeds.values())))
    names = [output.name for output in session.get_outputs()]
    parts = [
        session.run(names, {n: a[start : start + BATCH_ROWS] for n, a in feeds.items()})
        for start in range(0, n_rows, BATCH_ROWS)
    ]
    return {
        n: np.concatenate(part) for n, part in zip(names, zip(*parts, strict=True), strict=True)
    }


def _to_texts(rows: Mapping[str, Sequence[Any]], names: Sequence[str]) -> Texts:
    given = [str(name) for name in rows]
    for name in names:
        if name not in given:
            raise DataError(f"the rows have no column {name!r}.{near(name, given)}")
    texts = {name: [_to_text(cell) for cell in rows[name]] for name in names}
    lengths = {name: len(cells) for name, cells in texts.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"the columns have different numbers of rows: {lengths}")
    if not all(lengths.values()):
        raise DataError("there is no row")
    return texts


def _to_text(cell: Any) -> str:
    """Write a cell as it would stand in a csv file."""
    if cell is None:
        return ""
    return repr(float(cell)) if isinstance(cell, float) else str(cell)
