"""What a network learns from class codes or values, and what its outputs mean again."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from searcher.errors import TrialError


@dataclass(frozen=True, slots=True)
class Targets:
    """How ``y`` is coded for a loss: class codes as they are, values standardised.

    Attributes
    ----------
    n_classes
        Outputs of the network; 0 for values.
    class_weights
        What a row of each class counts; nothing, if all count the same.
    mean, scale
        Of the values of the training rows.
    """

    n_classes: int
    class_weights: tuple[float, ...] = ()
    mean: float = 0.0
    scale: float = 1.0

    @classmethod
    def of(cls, y: NDArray[Any], n_classes: int, class_weight: str) -> Self:
        """Learn the coding from training rows ``y`` (n_samples,).

        "balanced" is n_samples / (n_classes * rows of the class), as scikit-learn's: classes
        without a row count neither among the classes nor at all.

        Raises
        ------
        TrialError
            If a code is not one of ``n_classes``.
        """
        if n_classes:
            counts = np.bincount(_checked(y, n_classes), minlength=n_classes)
            if class_weight == "none":
                return cls(n_classes)
            weights = len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1))
            return cls(n_classes, tuple(np.where(counts, weights, 0.0).tolist()))
        mean, scale = float(np.mean(y)), float(np.std(y))
        return cls(0, mean=mean, scale=scale or 1.0)

    def code(self, y: NDArray[Any]) -> Tensor:
        """Class codes (n_samples,) as int64, or standardised values as float32."""
        if self.n_classes:
            return torch.tensor(_checked(y, self.n_classes))
        return torch.tensor((np.asarray(y, np.float64) - self.mean) / self.scale).float()

    def weigh(self, y: NDArray[Any]) -> Tensor:
        """Say what each row counts in a loss, float32 (n_samples,)."""
        if not self.class_weights:
            return torch.ones(len(y))
        return torch.tensor(self.class_weights)[self.code(y)]

    def answers(self, outputs: Tensor) -> NDArray[Any]:
        """Class codes int64, or values float64, (n_samples,), from a network's outputs."""
        if self.n_classes:
            codes: NDArray[np.int64] = outputs.argmax(dim=1).numpy()
            return codes
        values: NDArray[np.float64] = outputs.double().numpy() * self.scale + self.mean
        return values

    def probabilities(self, outputs: Tensor) -> NDArray[np.float64]:
        """Class probabilities (n_samples, n_classes) from logits: the softmax, in float64.

        Raises
        ------
        TrialError
            If the network learns values.
        """
        if not self.n_classes:
            raise TrialError("a network that learns values has no class probabilities")
        found: NDArray[np.float64] = outputs.double().softmax(dim=1).numpy()
        return found


def _checked(y: NDArray[Any], n_classes: int) -> NDArray[np.int64]:
    codes = np.asarray(y, dtype=np.int64)
    if len(codes) and not (codes.min() >= 0 and codes.max() < n_classes):
        raise TrialError(
            f"class codes go from {codes.min()} to {codes.max()}; "
            f"a network of {n_classes} outputs knows 0 to {n_classes - 1}"
        )
    return codes
