"""Boosters whose training advances in rounds, ten at a time."""

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.estimators import booster_of
from searcher.errors import StoreError, TrialError
from searcher.stepwise.boosters_fit import BoosterFit, library_of
from searcher.stepwise.boosters_state import BoosterState, settings_of
from searcher.stepwise.widened import WidenedClassifier

ROUNDS = 10
"""Boosting rounds in a unit of ``rounds``; the last unit has what is left."""


class BoosterSteps:
    """A fit of XGBoost or LightGBM that is advanced by ten rounds at a time.

    It is the library's own ``fit``, made to wait: whatever that does about weights, rows held out,
    categories, dropped trees and random numbers stays as it is, and so do the trees.

    Neither library gives its random state away. So going on from a state of the same configuration
    means to train again what was trained since the library's fit began, which costs as much time as
    it did then. ``restart_every`` bounds that: every so many units the fit ends, and another begins
    with its trees and a seed of its own; a state from just there costs nothing but to read it. That
    is what a population wants whose members may change their configuration there anyway. Its trees
    are other ones than ``fit``'s.

    What stops early never restarts by itself, its patience would begin anew; nor do LightGBM's
    goss, dart and rf (``LightGBMRounds.not_alike`` says why).

    Parameters
    ----------
    estimator
        What a family's ``build`` gave: an unfitted booster, wrapped or not; never changed.
    X : array of shape (n_samples, n_features)
        Features.
    y : array of shape (n_samples,)
        Class codes, of which some may be missing, or values.
    n_classes
        Of the task; 0 for values.
    restart_every
        Units, or None for never.

    Attributes
    ----------
    resource
        Units trained so far.

    Raises
    ------
    TrialError
        If it is no booster that can be advanced in rounds.
    """

    def __init__(
        self,
        estimator: Any,
        X: NDArray[Any],
        y: NDArray[Any],
        *,
        n_classes: int,
        restart_every: int | None = None,
    ) -> None:
        self._estimator, self._X, self._y = estimator, X, np.asarray(y)
        self._n_classes, self._present = n_classes, np.arange(n_classes)
        if n_classes:
            self._present, self._y = np.unique(self._y, return_inverse=True)
        self._library, booster = library_of(estimator), booster_of(estimator)
        self._kind = self._library.kind(booster)
        self._total, self._settings = self._library.rounds(booster), settings_of(estimator)
        restarts = self._kind not in self._library.not_alike and not getattr(
            estimator, "stop_after", 0
        )
        self._restart_every = restart_every if restarts else None
        self.resource, self._base, self._start = 0, b"", 0
        self._fit: BoosterFit | None = None  # until it is needed

    @property
    def rounds(self) -> int:
        """Boosting rounds trained so far."""
        return self._start if self._fit is None else self._fit.rounds

    @property
    def done(self) -> bool:
        """Whether there is nothing more to train."""
        has_ended = self._fit is not None and self._fit.has_ended
        return has_ended or self.rounds >= self._total

    def advance(self) -> None:
        """Train ten more rounds, or what is left of them.

        Raises
        ------
        TrialError
            If training is done.
        """
        if self.done:
            raise TrialError(f"training ended after {self.rounds} of {self._total} rounds")
        self._fitting().run(min(self.rounds + ROUNDS, self._total))
        self.resource += 1
        every = self._restart_every
        if every is not None and self.resource % every == 0 and not self.done:
            self._begin_with(self._fitting().trees(), self.rounds)

    def estimator(self) -> Any:
        """Copy the estimator as it is fitted so far; further training does not change it.

        Raises
        ------
        TrialError
            If no round is trained.
        """
        if not self.rounds:
            raise TrialError("no round is trained, so there is nothing to predict with")
        fitted = self._fitting().estimator()
        if len(self._present) == self._n_classes:
            return fitted
        n_classes, n_features = self._n_classes, self._X.shape[1]
        return WidenedClassifier.around(
            fitted, self._present, n_classes=n_classes, n_features=n_features
        )

    def state(self) -> bytes:
        """Write all that further training depends on besides rows and configuration."""
        trained = self.rounds > self._start
        return BoosterState(
            rows=self._rows(),
            settings=self._settings,
            resource=self.resource,
            rounds=self.rounds,
            start=self._start,
            base=self._base,
            trees=self._fitting().trees() if trained else b"",
        ).encoded()

    def load_state(self, state: bytes) -> None:
        """Go on from a state of the same rows; what was trained here before is forgotten.

        After an error this training is of no use.

        With the state's configuration, number of threads included, training goes on as it would
        have without a pause. With another one the trees stay as they are, and what follows is
        trained as configured here: it begins with those trees, with new patience where it may stop
        early, and as ``LightGBMRounds.not_alike`` says. Only XGBoost's dart goes on to change what
        earlier trees weigh, as it does in a ``fit``.

        Raises
        ------
        StoreError
            If it is torn, of other rows or of another kind of booster, or if the same
            configuration did not give the same trees again (another release of the library).
        TrialError
            If a booster of this kind can't go on from its trees with another configuration.
        """
        found = BoosterState.decoded(state)
        if found.rows != self._rows():
            raise StoreError(f"the state is of {found.rows}, this training of {self._rows()}")
        if found.settings == self._settings:
            self._train_again(found)
        elif found.rounds and self._kind in self._library.not_from_trees:
            raise TrialError(f"{self._kind} can't go on from its trees with other settings")
        else:
            self._begin_with(found.trees or found.base, found.rounds)
        self.resource = found.resource

    def _train_again(self, found: BoosterState) -> None:
        self._begin_with(found.base, found.start)
        if found.rounds > found.start:
            self._fitting().run(found.rounds)
            if self._fitting().trees() != found.trees:
                raise StoreError(
                    f"{found.rounds - found.start} rounds of the same configuration did not give "
                    "the state's trees again: it is of other rows, or of another release"
                )

    def _begin_with(self, trees: bytes, rounds: int) -> None:
        self._fit, self._base, self._start = None, trees, rounds

    def _fitting(self) -> BoosterFit:
        if self._fit is None:
            self._fit = BoosterFit(
                self._estimator, self._X, self._y, base=self._base, start=self._start
            )
        return self._fit

    def _rows(self) -> dict[str, Any]:
        """Describe what a state must agree in."""
        return {
            "booster": type(booster_of(self._estimator)).__name__,
            "kind": self._kind,
            "samples": len(self._X),
            "features": self._X.shape[1],
            "categories": getattr(self._estimator, "n_categoricals", 0),
            "classes": self._present.tolist(),
            "y": zlib.crc32(np.ascontiguousarray(self._y).tobytes()),
        }
