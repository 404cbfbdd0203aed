"""What one step of preprocessing hands to the next one in the graph."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from searcher.export.graph import GraphBuilder


@dataclass(frozen=True, slots=True)
class Block:
    """A matrix in the graph."""

    name: str
    sizes: tuple[int, ...] = ()  # categories of each column while it still holds codes
    is_text: bool = False  # one column of strings

    def step(self, name: str) -> "Block":
        """Return the block that a step made of this one: no codes any more."""
        return Block(name)


Step: TypeAlias = Callable[[GraphBuilder, Any, Block], Block]


def row(graph: GraphBuilder, values: Any, hint: str) -> str:
    """Store one number for each column: (1, width), float64."""
    return graph.constant(np.asarray(values, dtype=np.float64).reshape(1, -1), hint)


def positions(graph: GraphBuilder, values: Any, hint: str) -> str:
    """Store a list of whole numbers."""
    return graph.constant(np.asarray(values, dtype=np.int64).reshape(-1), hint)


def concatenate(graph: GraphBuilder, names: list[str]) -> str:
    """Put matrices side by side."""
    return names[0] if len(names) == 1 else graph.add("Concat", *names, axis=1)
