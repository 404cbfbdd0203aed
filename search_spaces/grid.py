"""The cross product of a conditional space: walked lazily, counted, and indexed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search_spaces.space import Configuration, Space


class Grid:
    """Every combination of some values of each parameter, inactive parameters left out.

    The last parameter changes fastest. Nothing is kept but the values of each parameter.
    """

    def __init__(self, space: Space, points: int) -> None:
        self._space = space
        self._names = list(space.parameters)
        self._values = {name: p.grid(points) for name, p in space.parameters.items()}

    def __iter__(self) -> Iterator[Configuration]:
        return self._walk(0, {})

    @property
    def size(self) -> int:
        """How many there are; ``len`` stops at 2**63."""
        return self._count(0, {})

    def __getitem__(self, position: int) -> Configuration:
        """Find the configuration at ``position`` (0 to size - 1) without walking there."""
        if not 0 <= position < self.size:
            raise IndexError(f"the grid has {self.size} configurations, so none at {position}")
        chosen: Configuration = {}
        for depth, name in enumerate(self._names):
            if self._space.applies(name, chosen):
                chosen[name], position = self._choose(depth, chosen, position)
        return chosen

    def _walk(self, depth: int, chosen: Configuration) -> Iterator[Configuration]:
        if depth == len(self._names):
            yield chosen
            return
        name = self._names[depth]
        if not self._space.applies(name, chosen):
            yield from self._walk(depth + 1, chosen)
            return
        for value in self._values[name]:
            yield from self._walk(depth + 1, {**chosen, name: value})

    def _count(self, depth: int, chosen: Configuration) -> int:
        """How many combinations of the parameters from ``depth`` on go with ``chosen``."""
        if depth == len(self._names):
            return 1
        name = self._names[depth]
        if not self._space.applies(name, chosen):
            return self._count(depth + 1, chosen)
        # Values that switch on the same parameters count alike: follow one of each kind.
        followed = {self._kind(name, value): value for value in self._values[name]}
        members = Counter(self._kind(name, value) for value in self._values[name])
        return sum(
            n * self._count(depth + 1, {**chosen, name: followed[kind]})
            for kind, n in members.items()
        )

    def _kind(self, name: str, value: Any) -> tuple[bool, ...]:
        """Which conditions on ``name`` hold at ``value``."""
        only: Mapping[str, Any] = {name: value}
        conditions = (c for cs in self._space.conditions.values() for c in cs)
        return tuple(c.holds(only) for c in conditions if c.parameter == name)

    def _choose(self, depth: int, chosen: Configuration, position: int) -> tuple[Any, int]:
        """Value at ``depth`` whose branch holds ``position``, and the position in that branch."""
        name = self._names[depth]
        sizes: dict[tuple[bool, ...], int] = {}
        for value in self._values[name]:
            kind = self._kind(name, value)
            if kind not in sizes:
                sizes[kind] = self._count(depth + 1, {**chosen, name: value})
            if position < sizes[kind]:
                return value, position
            position -= sizes[kind]
        raise IndexError(f"no value of {name!r} leads to position {position}")
