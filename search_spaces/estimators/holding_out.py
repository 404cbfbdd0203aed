"""Which training rows a booster is not shown, so that they can tell it when to stop."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SHARE = 0.1  # of the rows, as in scikit-learn's validation_fraction


def hold_out(y: NDArray[Any], *, seed: int, is_classifier: bool) -> NDArray[np.bool_]:
    """Choose every tenth row of those sorted by ``y``, rows of equal ``y`` in random order.

    So each class is held out in proportion, and values from the lowest to the highest. A class
    of a single row keeps it for training.

    Parameters
    ----------
    y : array of shape (n_samples,)
        Class codes or values.

    Returns
    -------
    array of bool, shape (n_samples,)
        True for the rows to hold out; none, if there are too few for one.
    """
    shuffled = np.random.default_rng(seed).permutation(len(y))
    if is_classifier:
        _, position, count = np.unique(y, return_inverse=True, return_counts=True)
        shuffled = shuffled[count[position[shuffled]] > 1]
    ordered = shuffled[np.argsort(y[shuffled], kind="stable")]
    step = round(1 / SHARE)
    held = np.zeros(len(y), dtype=bool)
    held[ordered[step // 2 :: step]] = True
    return held
