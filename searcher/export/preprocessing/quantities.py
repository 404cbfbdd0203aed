"""Steps over quantities: filling gaps, scaling, multiplying, projecting."""

from typing import Any

import numpy as np
from onnx import TensorProto

from search_spaces.transformers.projection import LIMIT, UNIT, UNIT_BITS
from searcher.errors import ExportError
from searcher.export.graph import GraphBuilder
from searcher.export.preprocessing.matrices import Block, concatenate, positions, row


def identity(_graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Leave the matrix as it is."""
    if getattr(step, "func", None) is not None:
        raise ExportError("a FunctionTransformer with a function of its own can't be exported")
    return block


def impute(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Put the learnt number of each column where NaN is."""
    statistics = np.asarray(step.statistics_, dtype=np.float64)
    if step.add_indicator or not np.isnan(step.missing_values) or np.isnan(statistics).any():
        raise ExportError(
            "SimpleImputer can be exported with missing_values=nan, add_indicator=False "
            "and keep_empty_features=True only"
        )
    missing = graph.add("IsNaN", block.name)
    return block.step(graph.add("Where", missing, row(graph, statistics, "imputed"), block.name))


def indicators(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Say 1 where NaN is."""
    if step.features != "all" or not np.isnan(step.missing_values):
        raise ExportError(
            "MissingIndicator can be exported with missing_values=nan and features='all' only"
        )
    missing = graph.add("IsNaN", block.name)
    return block.step(graph.add("Cast", missing, to=TensorProto.DOUBLE))


def _shift_and_divide(graph: GraphBuilder, shift: Any, divisor: Any, block: Block) -> Block:
    name = block.name
    if shift is not None:
        name = graph.add("Sub", name, row(graph, shift, "centre"))
    if divisor is not None:
        name = graph.add("Div", name, row(graph, divisor, "scale"))
    return block.step(name)


def standard(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Take off the mean, divide by the standard deviation."""
    shift = step.mean_ if step.with_mean else None
    return _shift_and_divide(graph, shift, step.scale_ if step.with_std else None, block)


def robust(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Take off the median, divide by the distance of the quartiles."""
    shift = step.center_ if step.with_centering else None
    return _shift_and_divide(graph, shift, step.scale_ if step.with_scaling else None, block)


def minmax(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Multiply, then add, as scikit-learn does."""
    if step.clip:
        raise ExportError("MinMaxScaler(clip=True) can't be exported")
    scaled = graph.add("Mul", block.name, row(graph, step.scale_, "scale"))
    return block.step(graph.add("Add", scaled, row(graph, step.min_, "minimum")))


def products(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Put the products of two columns behind the columns."""
    first, second = (
        graph.add("Gather", block.name, positions(graph, chosen, "factors"), axis=1)
        for chosen in (step.first_, step.second_)
    )
    return block.step(concatenate(graph, [block.name, graph.add("Mul", first, second)]))


def projection(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Clip and round to a grid on which the matrix product is exact, whatever its order."""
    name = block.name
    for comparison, limit in (("Greater", LIMIT), ("Less", -LIMIT)):
        bound = graph.constant(np.array(limit), "limit")
        name = graph.add("Where", graph.add(comparison, name, bound), bound, name)
    scaled = graph.add("Mul", name, graph.constant(np.array(2.0**UNIT_BITS), "units"))
    grid = graph.add("Mul", graph.add("Round", scaled), graph.constant(np.array(UNIT), "unit"))
    product = graph.add("MatMul", grid, graph.constant(step.components_, "components"))
    projected = graph.add("Sub", product, row(graph, step.offset_, "offset"))
    zero = graph.constant(np.array(0.0), "zero")
    return block.step(graph.add("Where", graph.add("Equal", projected, zero), zero, projected))
