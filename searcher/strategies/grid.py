"""Every point of a grid, in random order."""

from typing import Literal

from pydantic import Field

from search_spaces.space import Space
from searcher.spec import Strategy
from searcher.strategies.base import Problem, TuneParts


class Grid(Strategy):
    """Cross product of evenly spaced values, within each family."""

    kind: Literal["grid"] = "grid"
    points: int = Field(3, ge=1, description="values of each numeric parameter, on its own scale")

    def remark(self, space: Space, *, trials: int) -> str | None:
        """Say so when the budget ends before the grid does."""
        size = space.size(self.points)
        if size <= trials:
            return None
        return (
            f"strategy: the grid has {size:,} points and budget.trials is {trials:,}; "
            "they are tried in random order until the budget ends"
        )

    def build(self, problem: Problem) -> TuneParts:
        """Grid in seeded random order; the budget may end it before its last point."""
        from searcher.strategies.listed import ListedSearcher, shuffled_grid

        grid = shuffled_grid(problem.space, points=self.points, seed=problem.seed)
        return TuneParts(ListedSearcher(problem, grid))
