"""BOHB: Hyperband's brackets, filled by a model of where good configurations lie."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from searcher.spec import Strategy
from searcher.strategies.base import Problem, TuneParts
from searcher.strategies.hyperband import Hyperband


class Bohb(Strategy):
    """Asynchronous Hyperband over TPE at the highest resource that enough trials came to.

    Falkner, Klein and Hutter 2018, ICML, arXiv:1807.01774; see ``density_model``.
    """

    kind: Literal["bohb"] = "bohb"
    reduction_factor: float = Field(3.0, gt=1, le=16, description="1 trial in this many goes on")
    random_share: float = Field(
        1 / 3, ge=0, le=1, description="part of the proposals that is drawn at random"
    )
    min_points: int | None = Field(
        None,
        ge=2,
        description="scores at a resource before the model is made there; null: 3 more than "
        "the largest family has parameters",
    )

    def misfit(self, units: Mapping[str, str]) -> str | None:
        """Scores at a resource make one model: all families must count in the same unit."""
        if len(set(units.values())) < 2:  # noqa: PLR2004
            return None
        found = ", ".join(f"{family}: {unit}" for family, unit in units.items())
        return f"needs families that count in the same unit; found {found}"

    def build(self, problem: Problem) -> TuneParts:
        """Proposals of the model in Hyperband's brackets.

        A trial of a later bracket passes the first rungs, too; its scores there count.
        """
        from searcher.strategies.density_model import density_model

        proposals = density_model(
            problem,
            reduction_factor=self.reduction_factor,
            random_share=self.random_share,
            min_points=self.min_points,
        )
        brackets = Hyperband(reduction_factor=self.reduction_factor).build(problem)
        return TuneParts(proposals, brackets.scheduler)
