"""BOHB: Hyperband's brackets, filled by a model of where good configurations lie."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from search_spaces.space import FAMILY, Space
from searcher.spec import Strategy
from searcher.strategies.base import Problem, TuneParts
from searcher.strategies.hyperband import Hyperband

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

CANDIDATES = 64
"""Configurations drawn for each proposal, of which the most promising is proposed."""

GOOD_SHARE = 0.15
"""Part of the scores at a resource that counts as good."""


class Bohb(Strategy):
    """Asynchronous Hyperband over TPE at the highest resource that enough trials came to.

    Falkner, Klein and Hutter 2018, ICML, arXiv:1807.01774; the constants are those of HpBandSter
    0.7.4, optimizers/config_generators/bohb.py.

    One rule is left out: that, of however few scores, at least as many count as good as there are
    parameters, and one more. Optuna's densities have a prior and can do with fewer, and do better
    (docs/benchmarks_strategies.md).
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
        """Proposals by the densities of good and of other configurations, in Hyperband's brackets.

        The densities are Optuna's (5.0, samplers/_tpe), which take the conditions of the joint
        space as they are; HpBandSter fills the gaps with values of other configurations. A trial
        of a later bracket passes the first rungs, too; its scores there count.
        """
        from optuna.samplers import RandomSampler, TPESampler

        from searcher.strategies.highest_resource import HighestResource

        enough = self.min_points or _dimensions(problem.space) + 3

        def sampler(seed: int) -> "BaseSampler":
            if np.random.default_rng(seed).random() < self.random_share:
                return RandomSampler(seed=seed)
            return TPESampler(
                seed=seed,
                n_startup_trials=enough,
                n_ei_candidates=CANDIDATES,
                gamma=lambda n: max(1, int(GOOD_SHARE * n)),
                multivariate=True,
                group=True,
            )

        brackets = Hyperband(reduction_factor=self.reduction_factor).build(problem)
        return TuneParts(
            HighestResource(
                problem,
                resources=_rungs(problem.max_resource, self.reduction_factor),
                enough=enough,
                make=sampler,
            ),
            brackets.scheduler,
        )


def _rungs(max_resource: int, reduction_factor: float) -> list[int]:
    """Resources at which Hyperband compares trials, and the one where they end."""
    steps = math.floor(math.log(max_resource, reduction_factor) + 1e-9)
    rungs = {math.ceil(reduction_factor**step - 1e-9) for step in range(steps + 1)}
    return sorted(rungs | {max_resource})


def _dimensions(space: Space) -> int:
    """How many parameters the largest family has."""
    sizes = Counter(name.partition(".")[0] for name in space.parameters if name != FAMILY)
    return max(sizes.values(), default=0)
