"""How the raw columns become the matrix that the estimator sees."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
from onnx import TensorProto

from search_spaces.columns import MISSING_CATEGORY, UNKNOWN_CODE, Column, Profile
from searcher.errors import ExportError
from searcher.export.columns import FEATURES, ROWS, inputs_of, shape_of
from searcher.export.graph import ML_DOMAIN, GraphBuilder
from searcher.export.preprocessing.matrices import Block, concatenate
from searcher.export.preprocessing.steps import add_step

Select: TypeAlias = Callable[[list[int]], Block]
"""From positions of columns to what they hold."""


def add_features(
    graph: GraphBuilder,
    profile: Profile,
    transformer: Any,
    *,
    dtype: Literal["float32", "float64"],
) -> str:
    """Add the inputs and the preprocessing; return the name of what the estimator sees.

    Parameters
    ----------
    transformer : fitted ColumnTransformer, or Pipeline that begins with one
        Over the positions of the profile's columns.
    dtype
        Element type of the result, which holds float32 values either way.

    Raises
    ------
    ExportError
        If a step is none that we can compute exactly.
    """
    (_, first), *later = getattr(transformer, "steps", [("columns", transformer)])
    joined = _add_columns(graph, profile, first)
    for name, step in later:
        joined = add_step(graph, step, joined, where=name)
    if dtype == "float32":
        return graph.add("Cast", joined.name, to=TensorProto.FLOAT, name=FEATURES)
    narrow = graph.add("Cast", joined.name, to=TensorProto.FLOAT)
    return graph.add("Cast", narrow, to=TensorProto.DOUBLE, name=FEATURES)


def _add_columns(graph: GraphBuilder, profile: Profile, transformer: Any) -> Block:
    if not hasattr(transformer, "transformers_"):
        raise ExportError(
            f"preprocessing must begin with a ColumnTransformer, not {type(transformer).__name__}"
        )
    if transformer.transformer_weights:
        raise ExportError("a ColumnTransformer with transformer_weights can't be exported")
    columns = profile.columns
    select = _from_one_input(graph, profile) or _from_inputs(graph, profile)
    blocks = []
    for name, step, selection in transformer.transformers_:
        positions = np.arange(len(columns))[selection].reshape(-1)
        if len(positions) and not (isinstance(step, str) and step == "drop"):
            block = select(positions.tolist())
            blocks.append(add_step(graph, step, block, where=name).name)
    if not blocks:
        raise ExportError("the model uses no column, so there is nothing to export")
    return Block(concatenate(graph, blocks))


def _add_input(graph: GraphBuilder, column: Column, name: str) -> str:
    """Add one input and what codes it as in X: (rows, 1), float64; texts stay strings."""
    if not column.is_coded:
        return graph.input(name, TensorProto.DOUBLE, [ROWS, 1])
    graph.input(name, TensorProto.STRING, [ROWS, 1])
    if column.is_text:
        return name
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


def _from_inputs(graph: GraphBuilder, profile: Profile) -> Select:
    """Add an input for each column."""
    columns, names = profile.columns, inputs_of(profile)
    matrices = [_add_input(graph, c, name) for c, name in zip(columns, names, strict=True)]

    def select(positions: list[int]) -> Block:
        chosen = [columns[i] for i in positions]
        if any(column.is_text for column in chosen):
            if len(chosen) > 1:
                raise ExportError(
                    "a step that takes a column of text beside others can't be exported"
                )
            return Block(matrices[positions[0]], is_text=True)
        coded = all(column.is_categorical for column in chosen)
        sizes = tuple(len(_categories(column)) for column in chosen) if coded else ()
        return Block(concatenate(graph, [matrices[i] for i in positions]), sizes)

    return select


def _from_one_input(graph: GraphBuilder, profile: Profile) -> Select | None:
    """Add one input for all columns of images or sequences: hundreds would be slow, and large."""
    shape = shape_of(profile)
    if shape is None:
        return None
    whole = graph.input(shape.kind, TensorProto.DOUBLE, [ROWS, *shape.sizes])
    flat = graph.add("Flatten", whole, axis=1)

    def select(positions: list[int]) -> Block:
        if positions == list(range(len(profile.columns))):
            return Block(flat)
        places = graph.constant(np.array(positions, dtype=np.int64), "places")
        return Block(graph.add("Gather", flat, places, axis=1))

    return select
