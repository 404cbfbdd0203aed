"""On which rows float32 settles what a network answers, so that a file can be held to it.

Far from the data a network's numbers grow, and what is left of their differences is rounding: on
such a row two ways to add the same numbers give different answers, and both are right.
"""

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from searcher.export.gate.bounds import TOLERANCE
from searcher.export.gate.library_dumps import members
from searcher.export.networks.fitted import is_network

if TYPE_CHECKING:  # an import of this package needs no torch
    from torch import Tensor

Mask = NDArray[np.bool_]

SAFETY = 8.0
"""A file's rounding may be so many times the module's own, which is one draw of it."""

ROUNDED = 2.0**-22
"""Share of itself that an output may be off, though here it happens not to be off at all."""

AT_ONCE = 256  # rows in float64: activations of images are large


def settled_rows(estimator: Any, features: NDArray[Any], *, safety: float = SAFETY) -> Mask:
    """Tell for which feature rows (n_rows, n_features) every network of an estimator is settled.

    That is where ``safety`` times what the module's outputs in float32 are off those in float64, or
    may be off by their own size, changes no answer by more than the tolerance, and no label. Of all
    other estimators every row is.

    Parameters
    ----------
    features
        Finite; what the estimator sees.
    safety
        Of 1, it is the module's own rounding that makes a row unsettled.
    """
    kept = np.ones(len(features), dtype=bool)
    for part in members(estimator):
        if is_network(part) and len(features):
            kept &= _settled(part, features, safety)
    return kept


def _settled(network: Any, features: NDArray[Any], safety: float) -> Mask:
    import torch

    rows = torch.tensor(np.asarray(features, dtype=np.float32))
    narrow, wide = network.module_, deepcopy(network.module_).double()
    with torch.no_grad():
        try:
            wide(rows[:1].double())
        except RuntimeError:  # it computes in float32 wherever: nothing is known, nothing left out
            return np.ones(len(rows), dtype=bool)
        parts = [
            _compare(network, narrow(part), wide(part.double()), safety)
            for part in torch.split(rows, AT_ONCE)
        ]
    return np.concatenate(parts)


def _compare(network: Any, narrow: "Tensor", wide: "Tensor", safety: float) -> Mask:
    """Compare outputs of the two arithmetics."""
    import torch

    noise = torch.maximum((narrow.double() - wide).abs(), ROUNDED * wide.abs()) * safety
    if not network.n_classes:
        scale, mean = network.targets_.scale, network.targets_.mean
        settled = noise * scale <= TOLERANCE * (1 + (wide * scale + mean).abs())
    else:
        first, second = torch.topk(wide, 2, dim=1).values.unbind(dim=1)
        off = noise.amax(dim=1)
        probabilities = wide.softmax(dim=1)
        # how fast a softmax changes with its logits, at most
        steepest = 2 * (probabilities * (1 - probabilities)).amax(dim=1)
        settled = (steepest * off <= TOLERANCE) & (first - second > off)
    mask: Mask = settled.numpy()
    return mask
