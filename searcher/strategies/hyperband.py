"""Hyperband: several successive halvings at once, from eager to patient."""

import math
from typing import Literal

from pydantic import Field

from searcher.spec import Strategy
from searcher.strategies.base import Problem, TuneParts


class Hyperband(Strategy):
    """Asynchronous Hyperband over random or TPE proposals.

    Li et al. 2018, JMLR 18(185), arXiv:1603.06560, in Ray's asynchronous form (Li et al. 2020,
    section 3): a trial is dealt to a bracket when it starts, and no bracket waits to be full. Over
    TPE it is ``bohb`` with its defaults, unless families count in different units.
    """

    kind: Literal["hyperband"] = "hyperband"
    searcher: Literal["random", "tpe"] = Field("random", description="who proposes")
    reduction_factor: float = Field(3.0, gt=1, le=16, description="1 trial in this many goes on")

    def build(self, problem: Problem) -> TuneParts:
        """Proposals of ``searcher``, dealt to 1 + floor(log_eta(max_resource)) brackets."""
        from searcher.strategies.density_model import proposals
        from searcher.strategies.halving import Halving

        brackets = 1 + math.floor(math.log(problem.max_resource, self.reduction_factor) + 1e-9)
        return TuneParts(
            proposals(self.searcher, problem, reduction_factor=self.reduction_factor),
            Halving(
                min_resource=1,
                max_resource=problem.max_resource,
                reduction_factor=self.reduction_factor,
                brackets=brackets,
                seed=problem.seed,
            ),
        )
