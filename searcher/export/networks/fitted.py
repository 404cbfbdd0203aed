"""Which parts of a fitted estimator are networks."""

from typing import Any

from searcher.export.estimators import key_of

NETWORK = "searcher.NetworkEstimator"


def is_network(estimator: Any) -> bool:
    """Tell whether an estimator is a fitted network, without importing torch."""
    return key_of(estimator) == NETWORK
