"""Asynchronous successive halving: bad configurations stop after an inner fold or two."""

from typing import Literal

from pydantic import Field

from searcher.spec import Strategy
from searcher.strategies.base import Problem, TuneParts


class Asha(Strategy):
    """ASHA (Li et al. 2020, MLSys 2, arXiv:1810.05934) over random or TPE proposals.

    TPE learns from the scores at the highest rung with enough of them, as in ``bohb``.
    """

    kind: Literal["asha"] = "asha"
    searcher: Literal["random", "tpe"] = Field("tpe", description="who proposes")
    min_resource: int = Field(1, ge=1, description="first rung, in units of resource")
    reduction_factor: float = Field(3.0, gt=1, le=16, description="1 trial in this many goes on")

    def build(self, problem: Problem) -> TuneParts:
        """Proposals of ``searcher``, stopped at rungs of inner folds."""
        from searcher.strategies.density_model import proposals
        from searcher.strategies.halving import Halving

        first = min(self.min_resource, problem.max_resource)
        return TuneParts(
            proposals(
                self.searcher,
                problem,
                reduction_factor=self.reduction_factor,
                min_resource=first,
            ),
            Halving(
                min_resource=first,
                max_resource=problem.max_resource,
                reduction_factor=self.reduction_factor,
                brackets=1,
                seed=problem.seed,
            ),
        )
