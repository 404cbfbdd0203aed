"""A network as a scikit-learn estimator: all its epochs in one ``fit``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import ClassifierTags, RegressorTags, Tags
from sklearn.utils.metaestimators import available_if

from search_spaces.networks import Network
from searcher.training.prediction import outputs_of
from searcher.training.trainer import Trainer


class NetworkEstimator(BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """A classifier or a regressor, by ``n_classes``, that trains a network to its end.

    Classes that the training rows lack keep their column of probabilities.

    Parameters
    ----------
    network
        Untrained; never changed.
    n_classes
        Outputs of the network; 0 for regression.
    seed
        Of the order of rows and of whatever training draws.
    cpus
        Threads to train and to predict with.

    Attributes
    ----------
    module_
        Trained, in evaluation mode, float32, on the CPU.
    targets_
        What the module's outputs mean: ``mean`` and ``scale`` of a standardised target.
    classes_
        Class codes in the order of ``predict_proba``'s columns.
    """

    def __init__(self, network: Network, n_classes: int, seed: int, cpus: int = 1) -> None:
        self.network, self.n_classes, self.seed, self.cpus = network, n_classes, seed, cpus

    def __sklearn_tags__(self) -> Tags:
        """Say what it is."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        if self.n_classes:
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        else:
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        return tags

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> Self:
        """Train on features X (n_samples, n_features) and codes or values y (n_samples,).

        Raises
        ------
        TrialError
            If rows, loss and module do not fit each other, or training diverges.
        """
        with threads(self.cpus):
            trainer = Trainer(self.network, X, y, n_classes=self.n_classes, seed=self.seed)
            while not trainer.done:
                trainer.train_epoch()
        return self.take(trainer)

    def take(self, trainer: Trainer) -> Self:
        """Be fitted as far as a trainer of the same network is."""
        self.module_, self.targets_ = trainer.trained(), trainer.targets
        self.n_features_in_ = trainer.n_features
        if self.n_classes:
            self.classes_ = np.arange(self.n_classes)
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Class codes or values, shape (n_samples,)."""
        return self.targets_.answers(self._outputs(X))

    @available_if(lambda self: self.n_classes > 0)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Class probabilities, shape (n_samples, n_classes)."""
        return self.targets_.probabilities(self._outputs(X))

    def _outputs(self, X: NDArray[Any]) -> torch.Tensor:
        with threads(self.cpus):
            return outputs_of(self.module_, X, torch.device("cpu"))


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Let PyTorch use so many threads in this block."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
