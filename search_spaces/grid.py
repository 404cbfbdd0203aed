"""The cross product of a conditional space: walked lazily, counted, and indexed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from search_spaces.space import Condition, Configuration, Space

Kind: TypeAlias = tuple[bool, ...]


class Grid:
    """Every combination of some values of each parameter, inactive parameters left out.

    The last parameter changes fastest. Nothing is kept but the values of each parameter, and how
    many configurations each kind of beginning has.
    """

    def __init__(self, space: Space, points: int) -> None:
        self._space = space
        self._names = list(space.parameters)
        self._values = {name: p.grid(points) for name, p in space.parameters.items()}
        self._conditions: dict[str, list[Condition]] = {name: [] for name in self._names}
        for condition in (c for cs in space.conditions.values() for c in cs):
            self._conditions[condition.parameter].append(condition)
        self._kinds = {
            name: [self._kind(name, value) for value in values]
            for name, values in self._values.items()
        }
        self._counts: dict[tuple[Any, ...], int] = {}

    def __iter__(self) -> Iterator[Configuration]:
        return self._walk(0, {})

    @property
    def size(self) -> int:
        """How many there are; ``len`` stops at 2**63."""
        return self._count(0, {}, ())

    def __getitem__(self, position: int) -> Configuration:
        """Find the configuration at ``position`` (0 to size - 1) without walking there."""
        if not 0 <= position < self.size:
            raise IndexError(f"the grid has {self.size} configurations, so none at {position}")
        chosen: Configuration = {}
        beginning: tuple[Any, ...] = ()
        for depth, name in enumerate(self._names):
            if self._space.applies(name, chosen):
                chosen[name], kind, position = self._choose(depth, chosen, beginning, position)
                beginning = _with(beginning, name, kind)
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

    def _count(self, depth: int, chosen: Configuration, beginning: tuple[Any, ...]) -> int:
        """How many combinations of the parameters from ``depth`` on go with ``chosen``.

        ``beginning`` says which conditions hold there: beginnings of a kind count alike.
        """
        known = self._counts.get((depth, *beginning))
        if known is None:
            known = self._counts[(depth, *beginning)] = self._sum(depth, chosen, beginning)
        return known

    def _sum(self, depth: int, chosen: Configuration, beginning: tuple[Any, ...]) -> int:
        if depth == len(self._names):
            return 1
        name = self._names[depth]
        if not self._space.applies(name, chosen):
            return self._count(depth + 1, chosen, beginning)
        # Values that switch on the same parameters count alike: follow one of each kind.
        followed = dict(zip(self._kinds[name], self._values[name], strict=True))
        return sum(
            n * self._count(depth + 1, {**chosen, name: followed[k]}, _with(beginning, name, k))
            for k, n in Counter(self._kinds[name]).items()
        )

    def _kind(self, name: str, value: Any) -> Kind:
        """Which conditions on ``name`` hold at ``value``."""
        only: Mapping[str, Any] = {name: value}
        return tuple(condition.holds(only) for condition in self._conditions[name])

    def _choose(
        self, depth: int, chosen: Configuration, beginning: tuple[Any, ...], position: int
    ) -> tuple[Any, Kind, int]:
        """Value at ``depth`` whose branch holds ``position``, its kind, and the position there."""
        name = self._names[depth]
        for value, kind in zip(self._values[name], self._kinds[name], strict=True):
            size = self._count(depth + 1, {**chosen, name: value}, _with(beginning, name, kind))
            if position < size:
                return value, kind, position
            position -= size
        raise IndexError(f"no value of {name!r} leads to position {position}")


def _with(beginning: tuple[Any, ...], name: str, kind: Kind) -> tuple[Any, ...]:
    """Go on by a value of ``kind``; one that no parameter depends on makes no difference."""
    return (*beginning, (name, kind)) if kind else beginning
