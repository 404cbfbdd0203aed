"""Straight lines between knots: a binary search in the graph, then three operations."""

from typing import Any

import numpy as np
from onnx import TensorProto

from search_spaces.transformers.piecewise import N_SEGMENTS
from searcher.export.graph import GraphBuilder
from searcher.export.preprocessing.matrices import Block, positions


def piecewise_linear(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Find each number's segment, then ``y0 + (x - x0) * slope``.

    The search is made of comparisons rather than of trees, because ``TreeEnsemble`` nodes are the
    estimator's: a model's trees are compared with its file's, one by one.
    """
    segments = _search(graph, step, block.name)
    x0, y0, slope = (
        graph.add("Gather", graph.constant(table.reshape(-1), hint), segments)
        for table, hint in ((step.x0_, "x0"), (step.y0_, "y0"), (step.slope_, "slope"))
    )
    away = graph.add("Mul", graph.add("Sub", block.name, x0), slope)
    return block.step(graph.add("Add", y0, away))


def _search(graph: GraphBuilder, step: Any, name: str) -> str:
    """Count the knots at or below each number; add where its column begins in the tables.

    What lies behind the last knot is NaN, which nothing is at or above; so is NaN itself.
    """
    n_columns = len(step.knots_)
    padded = np.concatenate([np.full((n_columns, 1), np.nan), step.knots_], axis=1).reshape(-1)
    knots = graph.constant(padded, "knots")
    starts = positions(graph, np.arange(n_columns) * N_SEGMENTS, "starts")
    # whole-number zeros of the right shape, also for NaN and infinity
    found = graph.add("Cast", graph.add("IsNaN", name), to=TensorProto.INT64)
    found = graph.add("Mul", found, positions(graph, [0], "zero"))
    found = graph.add("Add", found, starts)
    stride = N_SEGMENTS // 2
    while stride:
        further = graph.add("Add", found, positions(graph, [stride], "stride"))
        beyond = graph.add("GreaterOrEqual", name, graph.add("Gather", knots, further))
        found = graph.add("Where", beyond, further, found)
        stride //= 2
    return found
