"""Where good configurations lie, by the scores at one resource: what BOHB learns."""

import math
from collections import Counter
from typing import TYPE_CHECKING, Literal

import numpy as np
from ray.tune.search import Searcher

from search_spaces.space import FAMILY, Space
from searcher.plugins import load_strategy
from searcher.strategies.base import Problem
from searcher.strategies.highest_resource import HighestResource

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

CANDIDATES = 64
"""Configurations drawn for each proposal, of which the most promising is proposed."""

GOOD_SHARE = 0.15
"""Part of the scores at a resource that counts as good."""

RANDOM_SHARE = 1 / 3
"""Part of the proposals that is drawn at random."""


def density_model(
    problem: Problem,
    *,
    reduction_factor: float,
    min_resource: int = 1,
    random_share: float = RANDOM_SHARE,
    min_points: int | None = None,
) -> HighestResource:
    """Propose by the densities of good and of other configurations at the highest resource.

    Falkner, Klein and Hutter 2018, ICML, arXiv:1807.01774; the constants are those of HpBandSter
    0.7.4, optimizers/config_generators/bohb.py. The densities are Optuna's (5.0, samplers/_tpe),
    which take the conditions of the joint space as they are; HpBandSter fills the gaps with values
    of other configurations.

    One rule is left out: that, of however few scores, at least as many count as good as there are
    parameters, and one more. Optuna's densities have a prior and can do with fewer, and do better
    (docs/benchmarks_strategies.md).

    Parameters
    ----------
    problem
        The inner search; its families count in the same unit.
    reduction_factor, min_resource
        Of the rungs, at which scores are kept.
    random_share
        Part of the proposals that is drawn at random.
    min_points
        Scores at a resource before the model is made there; None: 3 more than the largest family
        has parameters.
    """
    from optuna.samplers import RandomSampler, TPESampler

    enough = min_points or _dimensions(problem.space) + 3

    def sampler(seed: int) -> "BaseSampler":
        if np.random.default_rng(seed).random() < random_share:
            return RandomSampler(seed=seed)
        return TPESampler(
            seed=seed,
            n_startup_trials=enough,
            n_ei_candidates=CANDIDATES,
            gamma=lambda n: max(1, int(GOOD_SHARE * n)),
            multivariate=True,
            group=True,
        )

    rungs = _rungs(min(min_resource, problem.max_resource), problem.max_resource, reduction_factor)
    return HighestResource(problem, resources=rungs, enough=enough, make=sampler)


def proposals(
    who: Literal["random", "tpe"],
    problem: Problem,
    *,
    reduction_factor: float,
    min_resource: int = 1,
) -> Searcher:
    """Make the searcher of a strategy that stops trials at rungs.

    TPE without the model would have every trial that was trained to its end for better than all
    others (Optuna 5.0, samplers/_tpe/sampler.py, ``_split_trials``), the default configurations
    among them, and does worse than random search where few are (docs/benchmarks_strategies.md).
    Where families count in different units, and a resource is not one thing, there is no other.
    """
    if who == "random" or problem.mixes_units:
        return load_strategy(who)().build(problem).searcher
    return density_model(problem, reduction_factor=reduction_factor, min_resource=min_resource)


def _rungs(min_resource: int, max_resource: int, reduction_factor: float) -> list[int]:
    """Resources at which halving compares trials, and the one where they end."""
    steps = math.floor(math.log(max_resource / min_resource, reduction_factor) + 1e-9)
    rungs = {math.ceil(min_resource * reduction_factor**step - 1e-9) for step in range(steps + 1)}
    return sorted(rungs | {max_resource})


def _dimensions(space: Space) -> int:
    """How many parameters the largest family has."""
    sizes = Counter(name.partition(".")[0] for name in space.parameters if name != FAMILY)
    return max(sizes.values(), default=0)
