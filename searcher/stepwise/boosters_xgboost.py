"""How a fit of XGBoost waits between rounds, and what it is like so far."""

import copy
from typing import Any, ClassVar

from xgboost import Booster
from xgboost.callback import TrainingCallback

from searcher.stepwise.boosters_turns import Turns


class _Pause(TrainingCallback):  # type: ignore[misc]  # xgboost is untyped
    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns

    def before_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        self._turns.before_round(model)
        return False


class XGBoostRounds:
    """What there is to know of XGBoost; see ``boosters_fit.Library``.

    Its linear booster, gblinear, has no trees to go on from.
    """

    kinds: ClassVar[tuple[str, ...]] = ("gbtree", "dart")
    not_alike: ClassVar[dict[str, str]] = {}
    not_from_trees: ClassVar[tuple[str, ...]] = ()

    def __init__(self, turns: Turns) -> None:
        self.callbacks = [_Pause(turns)]

    @staticmethod
    def kind(booster: Any) -> str:
        """Name what is boosted, and how."""
        return booster.booster or "gbtree"

    @staticmethod
    def rounds(booster: Any) -> int:
        """Say how many rounds an unfitted booster asks for."""
        return int(booster.get_num_boosting_rounds())

    @staticmethod
    def dump(model: Any) -> bytes:
        """Write all trees, as UBJSON."""
        return bytes(model.save_raw("ubj"))

    @staticmethod
    def load(trees: bytes) -> Any:
        """Read what ``dump`` wrote, without what an earlier fit found to be the best round."""
        booster = Booster(model_file=bytearray(trees))
        booster.set_attr(best_iteration=None, best_score=None)
        return booster

    def so_far(self, fitting: Any, model: Any, *, n_features: int) -> Any:
        """Copy the estimator that is being fitted, as if its fit had ended here."""
        fitted = copy.copy(fitting)
        trees = bytearray(self.dump(model))
        fitted._Booster = Booster({"nthread": fitting.n_jobs}, model_file=trees)
        fitted.callbacks = None
        if getattr(fitting, "n_classes_", 0) > 2:  # noqa: PLR2004  # as XGBClassifier.fit does
            fitted.objective = "multi:softprob"
        return fitted
