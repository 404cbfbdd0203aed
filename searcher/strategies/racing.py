"""Racing over folds: a configuration stops as soon as it is unlikely to win."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from searcher.racing.audit import SHARE
from searcher.racing.stream import TOLERANCE
from searcher.spec import Strategy
from searcher.strategies.base import Problem, TuneParts


class Racing(Strategy):
    """A race over inner folds (``searcher.racing.Stream``) between random or TPE proposals.

    All fold scores of an inner search are one Gaussian process, folds as tasks (Swersky, Snoek and
    Adams 2013, NIPS, section 4.2). What it saves and loses is in docs/benchmarks_racing.md.
    """

    kind: Literal["racing"] = "racing"
    searcher: Literal["random", "tpe"] = Field("random", description="who proposes")
    tolerance: float = Field(
        TOLERANCE,
        ge=0,
        le=10,
        description="gain over the best that is not worth another fold, in standard errors of "
        "cross-validation itself; larger stops more",
    )
    audit: float = Field(
        SHARE,
        ge=0,
        le=1,
        description="part of the stopped trials that runs to its end all the same, to tell what "
        "stopping has cost",
    )

    def misfit(self, units: Mapping[str, str]) -> str | None:
        """Only inner folds can be raced over."""
        others = [f"{family}: {unit}" for family, unit in units.items() if unit != "inner_folds"]
        if not others:
            return None
        return f"races over inner folds; found {', '.join(others)} (budget.resource)"

    def build(self, problem: Problem) -> TuneParts:
        """Proposals of ``searcher``, and one race between all of them."""
        from searcher.strategies.density_model import proposals
        from searcher.strategies.fold_race import FoldRace, Placing

        race = FoldRace(problem, tolerance=self.tolerance, audit=self.audit)
        return TuneParts(
            Placing(proposals(self.searcher, problem, reduction_factor=2.0), race), race
        )
