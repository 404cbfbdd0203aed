"""Bayesian optimisation with a Gaussian process."""

from typing import Literal

from pydantic import Field

from searcher.errors import SpecError
from searcher.spec import Strategy
from searcher.strategies.base import Problem, TuneParts


class Gp(Strategy):
    """Optuna's GP sampler (log expected improvement), one process a family."""

    kind: Literal["gp"] = "gp"
    startup: int = Field(10, ge=1, description="random trials of a family before the GP proposes")

    def build(self, problem: Problem) -> TuneParts:
        """GP over each family's parameters; families take turns.

        About 0.3-0.8 s a proposal, so for fits that take longer than that. Ament et al. 2023,
        arXiv:2310.20708 (LogEI); Optuna 5.0, samplers/_gp/sampler.py.

        Raises
        ------
        SpecError
            If PyTorch, which Optuna's GP is written in, is not installed.
        """
        from importlib.util import find_spec

        if find_spec("torch") is None:
            raise SpecError(
                "strategy.kind: 'gp' needs PyTorch: pip install 'searcher[torch]', "
                "or choose tpe, cmaes or random"
            )
        from optuna.samplers import GPSampler

        from searcher.strategies.families_apart import FamiliesApart
        from searcher.strategies.optuna_searcher import OptunaSearcher

        def sampler(seed: int) -> GPSampler:
            return GPSampler(
                seed=seed, n_startup_trials=self.startup, warn_independent_sampling=False
            )

        return TuneParts(FamiliesApart(problem, lambda part: OptunaSearcher(part, sampler)))
