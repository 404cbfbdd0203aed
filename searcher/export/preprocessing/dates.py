"""The calendar as nodes: the floors and differences of ``search_spaces.transformers.dates``."""

from typing import Any

import numpy as np

from search_spaces.transformers.dates import (
    EPOCH,
    EPSILON,
    ERA,
    FIRST_DAY,
    JANUARY_FIRST,
    LAST_DAY,
)
from searcher.export.graph import GraphBuilder
from searcher.export.preprocessing.matrices import Block, concatenate, positions


def date_parts(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Put the parts of the dates behind the other columns."""
    others = [i for i in range(step.n_features_in_) if i not in step.dates]
    kept = [_take(graph, block.name, others)] if others else []
    moments = _take(graph, block.name, list(step.dates))
    return block.step(concatenate(graph, [*kept, *_Calendar(graph).parts(moments)]))


def _take(graph: GraphBuilder, name: str, chosen: list[int]) -> str:
    return graph.add("Gather", name, positions(graph, chosen, "chosen"), axis=1)


class _Calendar:
    """Writes what the function ``parts`` computes, operation by operation."""

    def __init__(self, graph: GraphBuilder) -> None:
        self._graph = graph
        self._known: dict[float, str] = {}

    def parts(self, moments: str) -> list[str]:
        late = self._where("Greater", moments, LAST_DAY)
        moved = self._do("Add", self._where("Less", late, FIRST_DAY), EPSILON)
        day = self._graph.add("Floor", moved)
        hour = self._floor(self._do("Mul", self._do("Sub", moved, day), 24.0))
        shifted = self._do("Add", day, EPOCH)
        era = self._floor(self._do("Div", shifted, ERA))
        day_of_era = self._do("Sub", shifted, self._do("Mul", era, ERA))
        leaps, centuries, last = (
            self._floor(self._do("Div", day_of_era, days)) for days in (1460.0, 36_524.0, 146_096.0)
        )
        full = self._do("Sub", self._do("Add", self._do("Sub", day_of_era, leaps), centuries), last)
        year_of_era = self._floor(self._do("Div", full, 365.0))
        from_march = self._do("Sub", day_of_era, self._days_of_years(year_of_era))
        fifths = self._do("Add", self._do("Mul", from_march, 5.0), 2.0)
        month_from_march = self._floor(self._do("Div", fifths, 153.0))
        fifths = self._do("Add", self._do("Mul", month_from_march, 153.0), 2.0)
        before_month = self._floor(self._do("Div", fifths, 5.0))
        day_of_month = self._do("Add", self._do("Sub", from_march, before_month), 1.0)
        is_next_year = self._floor(self._do("Div", month_from_march, 10.0))
        month = self._do("Add", month_from_march, 3.0)
        month = self._do("Sub", month, self._do("Mul", is_next_year, 12.0))
        year = self._do("Add", year_of_era, self._do("Mul", era, 400.0))
        year = self._do("Add", year, is_next_year)
        before = self._do("Sub", year, 1.0)
        eras = self._floor(self._do("Div", before, 400.0))
        new_year = self._do("Add", self._days_of_years(before), eras)
        new_year = self._do("Sub", new_year, JANUARY_FIRST)
        day_of_year = self._do("Add", self._do("Sub", day, new_year), 1.0)
        monday = self._do("Add", day, 3.0)
        weeks = self._floor(self._do("Div", monday, 7.0))
        weekday = self._do("Sub", monday, self._do("Mul", weeks, 7.0))
        return [year, month, day_of_month, weekday, day_of_year, hour]

    def _days_of_years(self, years: str) -> str:
        days = self._do("Mul", years, 365.0)
        days = self._do("Add", days, self._floor(self._do("Div", years, 4.0)))
        return self._do("Sub", days, self._floor(self._do("Div", years, 100.0)))

    def _where(self, comparison: str, name: str, bound: float) -> str:
        beyond = self._do(comparison, name, bound)
        return self._graph.add("Where", beyond, self._constant(bound), name)

    def _floor(self, name: str) -> str:
        return self._graph.add("Floor", name)

    def _do(self, op: str, name: str, other: str | float) -> str:
        second = other if isinstance(other, str) else self._constant(other)
        return self._graph.add(op, name, second)

    def _constant(self, value: float) -> str:
        if value not in self._known:
            self._known[value] = self._graph.constant(np.array(value), "number")
        return self._known[value]
