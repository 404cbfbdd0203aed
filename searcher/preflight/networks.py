"""Which families make networks, and which of their parameters the module or the loss is made of."""

from collections.abc import Sequence

import search_spaces.preprocessing as preprocessing_steps
from search_spaces.columns import Profile
from search_spaces.networks import Network
from search_spaces.networks.parameters import TRAINING
from searcher.candidates import Candidate

LOSS = frozenset({"loss", "focal_gamma", "label_smoothing", "class_weight"})
"""Parameters of a training that say what is minimised."""

OF_TRAINING = frozenset(TRAINING)
"""Parameters that leave the module, and so its file, as it is."""


def networks_among(
    candidates: Sequence[Candidate], profile: Profile, *, seed: int
) -> frozenset[str]:
    """Find the references of the families whose default configuration builds a network."""
    return frozenset(
        candidate.reference for candidate in candidates if _is_network(candidate, profile, seed)
    )


def _is_network(candidate: Candidate, profile: Profile, seed: int) -> bool:
    if candidate.family.resource != "epochs":
        return False
    _, rest = preprocessing_steps.split(dict(candidate.default))
    try:
        made = candidate.family.build(rest, profile, seed=seed, cpus=1)
    except Exception:  # noqa: BLE001 - it may raise anything, and will again where it is fitted
        return False
    return isinstance(made, Network)
