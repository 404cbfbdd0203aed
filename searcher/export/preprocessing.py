"""How a fitted ColumnTransformer becomes nodes that compute the same float64 numbers.

Each step takes a matrix (rows, width) and gives a matrix, with the operations of scikit-learn's
``transform`` in scikit-learn's order (1.9, ``preprocessing/_data.py``, ``impute/_base.py``), so
that both sides round alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from onnx import TensorProto

from search_spaces.columns import MISSING_CATEGORY, UNKNOWN_CODE, Column
from searcher.errors import ExportError
from searcher.export.columns import FEATURES, ROWS, input_names
from searcher.export.graph import ML_DOMAIN, GraphBuilder


@dataclass(frozen=True, slots=True)
class Block:
    """A matrix in the graph."""

    name: str
    sizes: tuple[int, ...] = ()  # categories of each column while it still holds codes

    def step(self, name: str) -> "Block":
        """Return the block that a step made of this one: no codes any more."""
        return Block(name)


def add_features(
    graph: GraphBuilder,
    columns: Sequence[Column],
    transformer: Any,
    *,
    dtype: Literal["float32", "float64"],
) -> str:
    """Add the inputs and the preprocessing; return the name of what the estimator sees.

    Parameters
    ----------
    transformer : fitted ColumnTransformer
        Over the positions of ``columns``.
    dtype
        Element type of the result, which holds float32 values either way.

    Raises
    ------
    ExportError
        If a step is none that we can compute exactly.
    """
    matrices = [_add_input(graph, c, n) for c, n in zip(columns, input_names(columns), strict=True)]
    if transformer.transformer_weights:
        raise ExportError("a ColumnTransformer with transformer_weights can't be exported")
    blocks = []
    for name, step, selection in transformer.transformers_:
        positions = np.arange(len(columns))[selection].reshape(-1)
        if len(positions) and not (isinstance(step, str) and step == "drop"):
            block = _select(graph, matrices, columns, positions.tolist())
            blocks.append(_add_step(graph, step, block, where=name).name)
    if not blocks:
        raise ExportError("the model uses no column, so there is nothing to export")
    joined = _concatenate(graph, blocks)
    if dtype == "float32":
        return graph.add("Cast", joined, to=TensorProto.FLOAT, name=FEATURES)
    narrow = graph.add("Cast", joined, to=TensorProto.FLOAT)
    return graph.add("Cast", narrow, to=TensorProto.DOUBLE, name=FEATURES)


def _add_input(graph: GraphBuilder, column: Column, name: str) -> str:
    """Add one input and what codes it as in X: (rows, 1), float64."""
    if not column.is_categorical:
        return graph.input(name, TensorProto.DOUBLE, [ROWS, 1])
    graph.input(name, TensorProto.STRING, [ROWS, 1])
    codes = graph.add(
        "LabelEncoder",
        name,
        domain=ML_DOMAIN,
        keys_strings=list(_categories(column)),
        values_int64s=list(range(len(_categories(column)))),
        default_int64=int(UNKNOWN_CODE),
    )
    return graph.add("Cast", codes, to=TensorProto.DOUBLE)


def _categories(column: Column) -> tuple[str, ...]:
    return column.categories or (MISSING_CATEGORY,)


def _select(
    graph: GraphBuilder, matrices: list[str], columns: Sequence[Column], positions: list[int]
) -> Block:
    chosen = [columns[i] for i in positions]
    coded = all(column.is_categorical for column in chosen)
    sizes = tuple(len(_categories(column)) for column in chosen) if coded else ()
    return Block(_concatenate(graph, [matrices[i] for i in positions]), sizes)


def _concatenate(graph: GraphBuilder, names: list[str]) -> str:
    return names[0] if len(names) == 1 else graph.add("Concat", *names, axis=1)


def _add_step(graph: GraphBuilder, step: Any, block: Block, *, where: str) -> Block:
    kind = "passthrough" if isinstance(step, str) else type(step).__name__
    if kind not in STEPS:
        raise ExportError(
            f"preprocessing step {kind} ({where!r}) can't be exported; "
            f"exact ones are: {', '.join(sorted(STEPS))}"
        )
    return STEPS[kind](graph, step, block)


def _row(graph: GraphBuilder, values: Any, hint: str) -> str:
    return graph.constant(np.asarray(values, dtype=np.float64).reshape(1, -1), hint)


def _pipeline(graph: GraphBuilder, step: Any, block: Block) -> Block:
    for name, part in step.steps:
        block = _add_step(graph, part, block, where=name)
    return block


def _identity(_graph: GraphBuilder, step: Any, block: Block) -> Block:
    if getattr(step, "func", None) is not None:
        raise ExportError("a FunctionTransformer with a function of its own can't be exported")
    return block


def _impute(graph: GraphBuilder, step: Any, block: Block) -> Block:
    statistics = np.asarray(step.statistics_, dtype=np.float64)
    if step.add_indicator or not np.isnan(step.missing_values) or np.isnan(statistics).any():
        raise ExportError(
            "SimpleImputer can be exported with missing_values=nan, add_indicator=False "
            "and keep_empty_features=True only"
        )
    missing = graph.add("IsNaN", block.name)
    return block.step(graph.add("Where", missing, _row(graph, statistics, "imputed"), block.name))


def _shift_and_divide(graph: GraphBuilder, shift: Any, divisor: Any, block: Block) -> Block:
    name = block.name
    if shift is not None:
        name = graph.add("Sub", name, _row(graph, shift, "centre"))
    if divisor is not None:
        name = graph.add("Div", name, _row(graph, divisor, "scale"))
    return block.step(name)


def _standard(graph: GraphBuilder, step: Any, block: Block) -> Block:
    shift = step.mean_ if step.with_mean else None
    return _shift_and_divide(graph, shift, step.scale_ if step.with_std else None, block)


def _robust(graph: GraphBuilder, step: Any, block: Block) -> Block:
    shift = step.center_ if step.with_centering else None
    return _shift_and_divide(graph, shift, step.scale_ if step.with_scaling else None, block)


def _minmax(graph: GraphBuilder, step: Any, block: Block) -> Block:
    if step.clip:
        raise ExportError("MinMaxScaler(clip=True) can't be exported")
    scaled = graph.add("Mul", block.name, _row(graph, step.scale_, "scale"))
    return block.step(graph.add("Add", scaled, _row(graph, step.min_, "minimum")))


def _check_encoder(step: Any, block: Block, handle_unknown: str) -> list[Any]:
    plain = not getattr(step, "_infrequent_enabled", False) and getattr(step, "drop", None) is None
    if step.handle_unknown != handle_unknown or not plain or not block.sizes:
        raise ExportError(
            f"{type(step).__name__} can be exported on category codes, with "
            f"handle_unknown={handle_unknown!r}, without drop, min_frequency or max_categories only"
        )
    return list(step.categories_)


def _one_hot(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Repeat each code once per known category and ask which one it is."""
    categories = _check_encoder(step, block, "ignore")
    repeats = np.repeat(np.arange(len(categories)), [len(known) for known in categories])
    repeated = graph.add("Gather", block.name, graph.constant(repeats, "repeats"), axis=1)
    known = _row(graph, np.concatenate(categories), "categories")
    return block.step(graph.add("Cast", graph.add("Equal", repeated, known), to=TensorProto.DOUBLE))


def _ordinal(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Look the code up in one table that holds all columns' answers, -1 (unknown) first."""
    categories = _check_encoder(step, block, "use_encoded_value")
    starts = np.cumsum([0, *block.sizes[:-1]]) + np.arange(len(block.sizes))
    table = np.full(sum(block.sizes) + len(block.sizes), step.unknown_value, dtype=np.float64)
    for known, start in zip(categories, starts, strict=True):
        table[start + 1 + np.asarray(known, dtype=np.int64)] = np.arange(len(known))
    places = graph.add("Add", block.name, _row(graph, starts + 1, "starts"))
    places = graph.add("Cast", places, to=TensorProto.INT64)
    return block.step(graph.add("Gather", graph.constant(table, "ordinals"), places))


Step: TypeAlias = Callable[[GraphBuilder, Any, Block], Block]

STEPS: dict[str, Step] = {
    "passthrough": _identity,
    "FunctionTransformer": _identity,
    "Pipeline": _pipeline,
    "SimpleImputer": _impute,
    "StandardScaler": _standard,
    "RobustScaler": _robust,
    "MinMaxScaler": _minmax,
    "OneHotEncoder": _one_hot,
    "OrdinalEncoder": _ordinal,
}
