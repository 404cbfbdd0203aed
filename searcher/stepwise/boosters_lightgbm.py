"""How a fit of LightGBM waits between rounds, and what it is like so far."""

import copy
from typing import Any, ClassVar

from lightgbm import Booster

from searcher.stepwise.boosters_turns import Turns


class _Pause:
    before_iteration = True  # LightGBM looks for this

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def __call__(self, now: Any) -> None:
        self._turns.before_round(now.model)


class _BestRound:
    """Which round the held-out rows like best; LightGBM's own callback tells it at the end only."""

    def __init__(self) -> None:
        self.rounds, self._loss = 0, 0.0  # no round yet

    def __call__(self, now: Any) -> None:
        if now.evaluation_result_list:
            loss = now.evaluation_result_list[0].metric_value
            if not self.rounds or loss < self._loss:
                self.rounds, self._loss = now.iteration + 1, loss


class LightGBMRounds:
    """What there is to know of LightGBM (4.7); see ``boosters_fit.Library``."""

    kinds: ClassVar[tuple[str, ...]] = ("gbdt", "goss", "dart", "rf")
    not_alike: ClassVar[dict[str, str]] = {
        "goss": "it takes all rows again for the first 1 / learning_rate rounds",
        "dart": "it drops none of the trees that it begins with",
        "rf": "it begins with no trees at all",  # src/boosting/rf.hpp refuses initial scores
    }
    not_from_trees: ClassVar[tuple[str, ...]] = ("rf",)

    def __init__(self, turns: Turns) -> None:
        self._best = _BestRound()
        self.callbacks = [_Pause(turns), self._best]

    @staticmethod
    def kind(booster: Any) -> str:
        """Name what is boosted, and how."""
        return str(booster.get_params().get("data_sample_strategy", booster.boosting_type))

    @staticmethod
    def rounds(booster: Any) -> int:
        """Say how many rounds an unfitted booster asks for."""
        return int(booster.n_estimators)

    @staticmethod
    def dump(model: Any) -> bytes:
        """Write all trees, as LightGBM's text."""
        return str(model.model_to_string(num_iteration=-1)).encode()

    @staticmethod
    def load(trees: bytes) -> Any:
        """Read what ``dump`` wrote."""
        return Booster(model_str=trees.decode())

    def so_far(self, fitting: Any, model: Any, *, n_features: int) -> Any:
        """Copy the estimator that is being fitted, as if its fit had ended here."""
        best = self._best.rounds
        booster = Booster(model_str=model.model_to_string(num_iteration=best or -1))
        booster.best_iteration = best
        fitted = copy.copy(fitting)
        fitted._Booster, fitted._n_features = booster, n_features
        fitted._fitted_with_feature_names = False
        fitted._evals_result, fitted._best_iteration = {}, best
        fitted.fitted_ = True
        return fitted
