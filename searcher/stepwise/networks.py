"""Networks whose training advances in epochs."""

import io
from typing import Any

from numpy.typing import NDArray

from searcher.stepwise.base import ALONE, Place
from searcher.training import NetworkEstimator, Trainer
from searcher.training.estimator import threads
from searcher.training.states import read_state, write_state


class NetworkSteps:
    """A network's training, an epoch a unit.

    Parameters
    ----------
    estimator
        Unfitted; never changed.
    X : array of shape (n_samples, n_features)
        Features.
    y : array of shape (n_samples,)
        Class codes or values.
    place
        With several processes each has all rows and takes its share of every batch.

    Raises
    ------
    TrialError
        If rows, loss, module or processes do not fit each other.
    """

    def __init__(
        self,
        estimator: NetworkEstimator,
        X: NDArray[Any],
        y: NDArray[Any],
        *,
        place: Place = ALONE,
    ) -> None:
        self._estimator = estimator
        with threads(estimator.cpus):
            self._trainer = Trainer(
                estimator.network,
                X,
                y,
                n_classes=estimator.n_classes,
                seed=estimator.seed,
                rank=place.rank,
                world=place.world,
                device=place.device,
            )

    @property
    def resource(self) -> int:
        """Epochs trained so far."""
        return self._trainer.epoch

    @property
    def done(self) -> bool:
        """Whether there is nothing more to train."""
        return self._trainer.done

    def advance(self) -> None:
        """Train one more epoch; all processes must call this.

        Raises
        ------
        TrialError
            If training is done, or has diverged: then in all processes alike.
        """
        with threads(self._estimator.cpus):
            self._trainer.train_epoch()

    def estimator(self) -> NetworkEstimator:
        """Return an estimator with the network as it answers now."""
        made = self._estimator
        fitted = NetworkEstimator(made.network, made.n_classes, made.seed, made.cpus)
        return fitted.take(self._trainer)

    def state(self) -> bytes:
        """Write all that going on depends on; it is the same in all processes."""
        stream = io.BytesIO()
        write_state(self._trainer.state(), stream)
        return stream.getvalue()

    def load_state(self, state: bytes) -> None:
        """Go on from a state; all processes must call this.

        Raises
        ------
        StoreError
            If it is the state of another network.
        """
        self._trainer.load_state(read_state(io.BytesIO(state)))
