"""CMA-ES: an evolution strategy that learns the scale and correlation of the parameters."""

from typing import Literal

from pydantic import Field

from searcher.spec import Strategy
from searcher.strategies.base import Problem, TuneParts


class Cmaes(Strategy):
    """Optuna's CMA-ES, one population a family; categorical parameters are drawn at random."""

    kind: Literal["cmaes"] = "cmaes"
    startup: int = Field(1, ge=1, description="random trials of a family before CMA-ES proposes")

    def build(self, problem: Problem) -> TuneParts:
        """CMA-ES over each family's numeric parameters; families take turns.

        Hansen 2016, arXiv:1604.00772; Optuna 5.0, samplers/_cmaes.py. Worth its name from some
        hundred trials on.
        """
        from optuna.samplers import CmaEsSampler, RandomSampler

        from searcher.strategies.asking_again import AskingAgain
        from searcher.strategies.families_apart import FamiliesApart

        def sampler(seed: int) -> CmaEsSampler:
            return CmaEsSampler(
                seed=seed,
                n_startup_trials=self.startup,
                independent_sampler=RandomSampler(seed=seed),
                warn_independent_sampling=False,
            )

        return TuneParts(FamiliesApart(problem, lambda part: AskingAgain(part, sampler)))
