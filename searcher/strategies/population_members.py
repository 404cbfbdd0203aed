"""Propose the first configurations of a population: the defaults, then random ones."""

from search_spaces.space import Configuration
from searcher.strategies.base import Problem
from searcher.strategies.listed import ListedSearcher, draw


class FirstMembers(ListedSearcher):
    """Distinct draws after the initial configurations, no more than ``most`` in all."""

    def __init__(self, problem: Problem, most: int) -> None:
        super().__init__(problem, draw(problem.space, seed=problem.seed))
        self._left = most

    def _next(self) -> Configuration | None:
        if self._left == 0:
            return None
        self._left -= 1
        return super()._next()
