"""Steps over category codes: each is a table of what the fitted encoder says of every code."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from search_spaces.columns import UNKNOWN_CODE
from searcher.errors import ExportError
from searcher.export.graph import GraphBuilder
from searcher.export.preprocessing.matrices import Block, positions, row

N_ASKED = 256
"""Codes that an encoder is asked at once: bounds the memory of a wide one-hot block."""

UNKNOWN_ALLOWED = ("ignore", "infrequent_if_exist", "use_encoded_value")


def table(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Look each code up; every column has the same number of answers, one or more."""
    _check(step, block)
    answers = np.concatenate([answer for _, answer in _ask(step, block.sizes)])
    n_columns = len(block.sizes)
    width, left = divmod(answers.shape[1], n_columns)
    if left:
        raise ExportError(
            f"{type(step).__name__} has {answers.shape[1]} answers for {n_columns} columns; it can "
            "be exported if each column has the same number"
        )
    by_column = answers.reshape(len(answers), n_columns, width)
    rows = [by_column[: size + 1, i] for i, size in enumerate(block.sizes)]
    found = _look_up(graph, np.concatenate(rows), block, "encoded")  # (rows, n_columns, width)
    # no -1: it can't be inferred from a batch of no rows
    shape = positions(graph, [0, n_columns * width], "shape")
    return block.step(graph.add("Reshape", found, shape))


def one_hot(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Look up which feature each code switches on, if any, and compare."""
    _check(step, block)
    if step.drop is not None:
        raise ExportError("OneHotEncoder can be exported without drop only")
    widths = _widths(step)
    edges = np.cumsum([0, *widths])
    places = [np.full(size + 1, -1, dtype=np.int64) for size in block.sizes]
    for start, answers in _ask(step, block.sizes):
        for i, place in enumerate(places):
            part = answers[: max(0, len(place) - start), edges[i] : edges[i + 1]]
            place[start : start + len(part)] = np.where(
                part.any(axis=1), edges[i] + part.argmax(axis=1), -1
            )
    found = _look_up(graph, np.concatenate(places).astype(np.float64), block, "places")
    repeats = positions(graph, np.repeat(np.arange(len(widths)), widths), "repeats")
    repeated = graph.add("Gather", found, repeats, axis=1)
    is_on = graph.add("Equal", repeated, row(graph, np.arange(edges[-1]), "features"))
    return block.step(graph.add("Cast", is_on, to=TensorProto.DOUBLE))


def _check(step: Any, block: Block) -> None:
    unknown = getattr(step, "handle_unknown", UNKNOWN_ALLOWED[0])
    if unknown not in UNKNOWN_ALLOWED or not block.sizes:
        raise ExportError(
            f"{type(step).__name__} can be exported on category codes, with handle_unknown one of "
            f"{', '.join(UNKNOWN_ALLOWED)}"
        )


def _ask(step: Any, sizes: tuple[int, ...]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Ask for codes -1 (unknown), 0, 1, ... in all columns: (n_codes, n_features), run by run.

    A column with fewer codes than another is asked for some that do not exist: unknown ones too.
    """
    codes = np.arange(UNKNOWN_CODE, max(sizes))
    for start in range(0, len(codes), N_ASKED):
        asked = np.repeat(codes[start : start + N_ASKED, None], len(sizes), axis=1)
        answers = step.transform(asked)
        if hasattr(answers, "toarray"):  # scikit-learn's default for one-hot is sparse
            answers = answers.toarray()
        yield start, np.asarray(answers, dtype=np.float64)


def _widths(step: Any) -> list[int]:
    rare = getattr(step, "infrequent_categories_", [None] * len(step.categories_))
    return [
        len(known) if few is None else len(known) - len(few) + 1
        for known, few in zip(step.categories_, rare, strict=True)
    ]


def _look_up(graph: GraphBuilder, rows: NDArray[np.float64], block: Block, hint: str) -> str:
    """Find the row of each code in all columns' tables, one below the other, code -1 first."""
    starts = np.cumsum([0, *(size + 1 for size in block.sizes[:-1])]) - int(UNKNOWN_CODE)
    places = graph.add("Add", block.name, row(graph, starts, "starts"))
    places = graph.add("Cast", places, to=TensorProto.INT64)
    return graph.add("Gather", graph.constant(rows, hint), places)
