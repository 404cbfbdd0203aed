"""One library fit of a booster that waits between rounds, from the first round or from trees."""

import hashlib
import importlib
import json
from functools import partial
from typing import Any, ClassVar, Protocol

from numpy.typing import NDArray
from sklearn.base import clone

from search_spaces.estimators import booster_of, fit_booster, with_booster
from searcher.errors import TrialError
from searcher.stepwise.boosters_turns import Turns, WaitingFit

LIBRARIES = {
    "XGBClassifier": "boosters_xgboost:XGBoostRounds",
    "XGBRegressor": "boosters_xgboost:XGBoostRounds",
    "LGBMClassifier": "boosters_lightgbm:LightGBMRounds",
    "LGBMRegressor": "boosters_lightgbm:LightGBMRounds",
}
"""Which module knows how a fit of such a booster waits."""


class Library(Protocol):
    """What there is to know of a library; one for each fit.

    Attributes
    ----------
    kinds
        What can be advanced, as ``kind`` names it.
    not_alike
        Of these, what goes on from trees with other than just other random numbers, and why.
    not_from_trees
        Of these, what the library does not go on from trees with at all.
    callbacks
        For the library's fit, which they make wait.
    """

    kinds: ClassVar[tuple[str, ...]]
    not_alike: ClassVar[dict[str, str]]
    not_from_trees: ClassVar[tuple[str, ...]]
    callbacks: list[Any]

    def __init__(self, turns: Turns) -> None: ...

    @staticmethod
    def kind(booster: Any) -> str:
        """Name what is boosted, and how."""
        ...

    @staticmethod
    def rounds(booster: Any) -> int:
        """Say how many rounds an unfitted booster asks for."""
        ...

    @staticmethod
    def dump(model: Any) -> bytes:
        """Write all trees."""
        ...

    @staticmethod
    def load(trees: bytes) -> Any:
        """Read what ``dump`` wrote, as what a fit can begin with."""
        ...

    def so_far(self, fitting: Any, model: Any, *, n_features: int) -> Any:
        """Copy the estimator that is being fitted, as if its fit had ended here."""
        ...


def library_of(estimator: Any) -> type[Library]:
    """Find what knows a booster, wrapped or not.

    Raises
    ------
    TrialError
        If it can't be advanced in rounds.
    """
    booster = booster_of(estimator)
    name = type(booster).__name__
    if name not in LIBRARIES:
        known = ", ".join(LIBRARIES)
        raise TrialError(f"{name} can't be advanced in rounds; {known} can")
    module, attribute = LIBRARIES[name].split(":")
    found: type[Library] = getattr(
        importlib.import_module(f"searcher.stepwise.{module}"), attribute
    )
    if found.kind(booster) not in found.kinds:
        known, kind = ", ".join(found.kinds), found.kind(booster)
        raise TrialError(f"{name} of kind {kind} can't be advanced in rounds; {known} can")
    return found


class BoosterFit:
    """A fit of a booster, advanced as far as is asked for.

    Parameters
    ----------
    estimator
        Unfitted booster, wrapped or not; never changed.
    X : array of shape (n_samples, n_features)
    y : array of shape (n_samples,)
        Class codes without gaps, or values.
    base
        The trees to begin with, as ``Library.dump`` wrote them; none: from the start.
    start
        How many rounds those took. The random numbers of what follows depend on it, so that no
        later part of a training draws those of the first again.
    """

    def __init__(
        self, estimator: Any, X: NDArray[Any], y: NDArray[Any], *, base: bytes, start: int
    ) -> None:
        self._estimator, self._n_features, self._start = estimator, X.shape[1], start
        self._booster, library = booster_of(estimator), library_of(estimator)
        self._fitting, self._turns = clone(self._booster), Turns()
        if start:
            self._fitting.n_estimators = max(library.rounds(self._booster) - start, 1)
            self._fitting.random_state = seed_from(self._booster.random_state, start)
        self._library = library(self._turns)
        self._base = library.load(base) if base else None
        going_on = {"callbacks": self._library.callbacks, "begin_with": self._base}
        fit = partial(fit_booster, estimator, self._fitting, X, y, **going_on)
        self._fit = WaitingFit(fit, self._turns)

    @property
    def rounds(self) -> int:
        """Rounds that are trained, those of the trees to begin with included."""
        return self._start + self._turns.rounds

    @property
    def has_ended(self) -> bool:
        """Whether this fit trains no further round."""
        return self._fit.has_ended

    def run(self, rounds: int) -> None:
        """Train until there are so many rounds, those to begin with included, or the fit ends."""
        self._fit.run(rounds - self._start)

    @property
    def _model(self) -> Any:
        """The library's booster with all trees there are.

        Not the one in training, before its first round: XGBoost (3.2) seeds the random state of the
        thread that first asks it for anything, which must be that of the fit.
        """
        return self._turns.model if self._turns.rounds else self._base

    def trees(self) -> bytes:
        """Write all trees there are."""
        return self._library.dump(self._model)

    def estimator(self) -> Any:
        """Copy the estimator, fitted as far as it is, wrapped as the unfitted one is."""
        n_features = self._n_features
        fitted = self._library.so_far(self._fitting, self._model, n_features=n_features)
        fitted.n_estimators = self._booster.n_estimators
        fitted.random_state = self._booster.random_state
        return with_booster(self._estimator, fitted, n_features=n_features)


def seed_from(seed: int | None, start: int) -> int:
    """Seed of a fit that begins with the trees of ``start`` rounds."""
    text = json.dumps([seed, start])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
