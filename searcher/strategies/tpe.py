"""Tree-structured Parzen estimators: model where good configurations lie."""

from typing import Literal

from pydantic import Field

from searcher.spec import Strategy
from searcher.strategies.base import Problem, TuneParts


class Tpe(Strategy):
    """Optuna's TPE, multivariate within each family, moving budget between families."""

    kind: Literal["tpe"] = "tpe"
    startup: int = Field(10, ge=1, description="random trials before the model proposes")

    def build(self, problem: Problem) -> TuneParts:
        """TPE over the joint conditional space.

        Bergstra et al. 2011, NeurIPS 24; Watanabe 2023, arXiv:2304.11127. ``group=True`` splits
        the joint space by condition (Optuna 5.0, samplers/_tpe/sampler.py), so that the family and
        each family's parameters are modelled jointly where they exist together.
        """
        from optuna.samplers import TPESampler

        from searcher.strategies.optuna_searcher import OptunaSearcher

        def sampler(seed: int) -> TPESampler:
            return TPESampler(
                seed=seed, n_startup_trials=self.startup, multivariate=True, group=True
            )

        return TuneParts(OptunaSearcher(problem, sampler))
