"""How rows are answered a few at a time, so that memory does not grow with the batch.

Neighbours and kernels compare every row with every training row. A block of rows at a time keeps
each of those matrices at ``CELLS`` numbers, whatever a caller sends.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from searcher.export.graph import GraphBuilder

CELLS = 2**19
"""Numbers in a block's matrix: 4 MiB of float64, which a cache holds."""


def add_in_blocks(
    graph: GraphBuilder,
    matrix: str,
    *,
    n_columns: int,
    width: int,
    n_compared: int,
    answer: Callable[[GraphBuilder, str], str],
) -> str:
    """Add ``answer`` of ``matrix`` (rows, n_columns), float64: (rows, width), float64.

    Parameters
    ----------
    n_compared
        With how many training rows each row is compared.
    answer
        Adds the nodes for one block of rows to the graph given, and returns (block, width).
    """
    rows = graph.add("Shape", matrix, start=0, end=1)
    one = _whole(graph, 1)
    size = graph.add("Max", one, graph.add("Min", rows, _whole(graph, max(1, CELLS // n_compared))))
    short = graph.add("Sub", graph.add("Add", rows, size), one)
    n_blocks = graph.add("Max", one, graph.add("Div", short, size))
    lacking = graph.add("Sub", graph.add("Mul", n_blocks, size), rows)
    padding = graph.add("Concat", _whole(graph, 0, 0), lacking, _whole(graph, 0), axis=0)
    shape = graph.add("Concat", n_blocks, size, _whole(graph, n_columns), axis=0)
    blocks = graph.add("Reshape", graph.add("Pad", matrix, padding), shape)

    inner = graph.inner()
    block = inner.input(inner.unique("block"), TensorProto.DOUBLE, ["block_rows", n_columns])
    inner.output(answer(inner, block), TensorProto.DOUBLE, ["block_rows", width])
    answers = graph.add("Scan", blocks, body=inner.body(), num_scan_inputs=1)

    flat = graph.add("Reshape", answers, _whole(graph, -1, width))
    return graph.add("Slice", flat, _whole(graph, 0), rows, _whole(graph, 0))


def _whole(graph: GraphBuilder, *values: int) -> str:
    return graph.constant(np.array(values, dtype=np.int64), "whole")


def add_compact_constant(graph: GraphBuilder, value: NDArray[np.float64], hint: str) -> str:
    """Add float64 numbers, stored in half the bytes if float32 can hold them."""
    narrow = value.astype(np.float32)
    if not np.array_equal(narrow, value):
        return graph.constant(value, hint)
    return graph.add("Cast", graph.constant(narrow, hint), to=TensorProto.DOUBLE)
