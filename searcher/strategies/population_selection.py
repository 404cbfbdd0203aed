"""Which members are replaced, and by whom: truncation selection."""

import math
from collections.abc import Sequence

import numpy as np

from searcher.strategies.population import Member


def truncate(
    members: Sequence[Member], *, quantile: float, seed: int, generation: int
) -> dict[str, Member]:
    """Pair each member of the lowest quantile, and each that failed, with one of the highest.

    Jaderberg et al. 2017, arXiv:1711.09846, section 4.1.1; the size of a quantile is that of Ray
    (2.60, tune/schedulers/pbt.py, ``_quantiles``), counted over all members. A fixed member is
    passed over, and the next lowest takes its place. Nobody is replaced by a member whose score
    is not larger: to copy an equal would be a change for nothing.

    Parameters
    ----------
    quantile
        Part of the members that is replaced, and part that is copied from, above 0, at most 0.5.

    Returns
    -------
    Source by the trial id of the member that it replaces, in the order of ``members``.
    """
    size = min(math.ceil(quantile * len(members) - 1e-9), len(members) // 2)
    ranked = sorted((m for m in members if m.score is not None), key=_score, reverse=True)
    highest = ranked[:size]
    if not highest:
        return {}
    failed = [member for member in members if member.score is None]
    order = [m for m in [*ranked[size:], *failed] if not m.fixed]
    lowest = order[-max(size, len(failed)) :]
    sources = {}
    for place, member in enumerate(members):
        better = [m for m in highest if _score(m) > _score(member)]
        if member in lowest and better:
            rng = stream(seed, generation, place, "source")
            sources[member.trial_id] = better[int(rng.integers(len(better)))]
    return sources


def stream(seed: int, generation: int, place: int, purpose: str) -> np.random.Generator:
    """Random numbers for one purpose of one member in one generation, whatever else was drawn."""
    return np.random.default_rng((seed, generation, place, *purpose.encode()))


def _score(member: Member) -> float:
    return -math.inf if member.score is None else member.score
