"""Which nodes add numbers in the order in which numpy adds them, so that the last bit agrees."""

from collections.abc import Iterator, Sequence

import numpy as np
from onnx import helper

from searcher.export.graph import GraphBuilder

LANES = 8
RUN = 128  # PW_BLOCKSIZE of numpy


def add_pairwise_sum(graph: GraphBuilder, array: str, n: int) -> str:
    """Add up the last of three axes, of length ``n``: (rows, width, n) becomes (rows, width).

    numpy 2.4, ``loops_utils.h.src``, ``pairwise_sum``: eight sums side by side in runs of at most
    128 numbers, and the runs in pairs. What is left over of a run is added to it at last.
    """
    pieces = iter(_split(graph, array, list(_pieces(n))))
    axes = graph.constant(np.array([2], dtype=np.int64), "axes")
    return graph.add("Squeeze", _sum(graph, pieces, n), axes)


def _pieces(n: int) -> Iterator[int]:
    """Lengths of the pieces that are added as a whole: eight numbers, or what is left over."""
    if n > RUN:
        first = _first_half(n)
        yield from _pieces(first)
        yield from _pieces(n - first)
    else:
        yield from [LANES] * (n // LANES) + [1] * (n % LANES)


def _first_half(n: int) -> int:
    return n // 2 - n // 2 % LANES


def _sum(graph: GraphBuilder, pieces: Iterator[str], n: int) -> str:
    """Add up the next ``n`` numbers: (rows, width, 1)."""
    if n > RUN:
        first = _first_half(n)
        return graph.add("Add", _sum(graph, pieces, first), _sum(graph, pieces, n - first))
    total = ""
    if n >= LANES:
        lanes = _chain(graph, [next(pieces) for _ in range(n // LANES)])
        one, two, three, four, *others = _split(graph, lanes, [1] * LANES)
        quads = [(one, two, three, four), tuple(others)]
        halves = [
            graph.add("Add", graph.add("Add", a, b), graph.add("Add", c, d)) for a, b, c, d in quads
        ]
        total = graph.add("Add", *halves)
    rest = [next(pieces) for _ in range(n % LANES)]
    return _chain(graph, [total, *rest] if total else rest)


def _chain(graph: GraphBuilder, terms: Sequence[str]) -> str:
    """Add one after another."""
    total, *others = terms
    for term in others:
        total = graph.add("Add", total, term)
    return total


def _split(graph: GraphBuilder, array: str, lengths: list[int]) -> list[str]:
    """Cut the last of three axes into pieces."""
    if len(lengths) == 1:
        return [array]
    names = [graph.unique("piece") for _ in lengths]
    sizes = graph.constant(np.array(lengths, dtype=np.int64), "lengths")
    graph.append([helper.make_node("Split", [array, sizes], names, name=names[0], axis=2)], [])
    return names
