"""Independent random configurations."""

from typing import Literal

from searcher.spec import Strategy
from searcher.strategies.base import Problem, TuneParts


class Random(Strategy):
    """Uniform draws, each parameter on its own scale (Bergstra and Bengio 2012, JMLR 13)."""

    kind: Literal["random"] = "random"

    def build(self, problem: Problem) -> TuneParts:
        """Distinct draws; a small finite space ends when it is used up."""
        from searcher.strategies.listed import ListedSearcher, draw

        return TuneParts(ListedSearcher(problem, draw(problem.space, seed=problem.seed)))
