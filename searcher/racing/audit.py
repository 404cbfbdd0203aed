"""What stopping has cost: some stopped configurations, drawn by seed, run to the end."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Interval = tuple[float, float]

SHARE = 0.03
"""Part of the configurations that run to the end whatever the rule says."""

AUDITED = "audited: it goes on to tell what stopping costs"
"""How the reason begins for which a configuration that was to stop goes on."""


@dataclass(frozen=True, slots=True)
class Audit:
    """How often, and by how much, stopped configurations would have beaten the chosen one.

    Attributes
    ----------
    n_stopped
        Configurations that the rule stopped, audited ones included.
    n_audited
        Those of them that ran to the end.
    n_false
        Those of the audited whose mean over all folds is above the chosen one's.
    rate
        ``n_false / n_audited``; None if none was audited.
    interval
        Of the rate, exact (Clopper and Pearson 1934, Biometrika 26); (0, 1) if none was audited.
    mean_excess
        Mean over the audited of how far each is above the chosen one, 0 where it is not.
    largest_excess
        Largest of these.
    """

    n_stopped: int
    n_audited: int
    n_false: int
    rate: float | None
    interval: Interval
    mean_excess: float
    largest_excess: float

    @property
    def regret_bound(self) -> float:
        """Estimate of a bound on the expected regret of stopping.

        The best of the stopped is above the chosen one by no more than all excesses together;
        their sum is estimated by the mean excess times the number stopped, without bias.
        """
        return self.n_stopped * self.mean_excess


def audited(configuration_id: str, *, seed: int, share: float = SHARE) -> bool:
    """Say whether a configuration runs to the end if the rule stops it.

    It depends on the seed and the id alone: not on scores, nor on what else is tried.

    Raises
    ------
    ValueError
        If ``share`` is not within 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must be between 0 and 1, got {share}")
    digest = hashlib.blake2b(f"{seed}:{configuration_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) < share * 2**64


def audit(
    stopped: Sequence[float], *, chosen: float, n_stopped: int, confidence: float = 0.95
) -> Audit:
    """Estimate how often the rule stops a configuration that would have won.

    Parameters
    ----------
    stopped
        Mean score over all folds of each audited configuration that the rule stopped; larger is
        better. All must be finite.
    chosen
        Mean of the configuration that the rule would choose: the best of those it did not stop.
    n_stopped
        All that the rule stopped, audited ones included.
    confidence
        Coverage of the interval, at least.

    Raises
    ------
    ValueError
        If more were audited than stopped, or a score is not finite.
    """
    means = np.asarray(stopped, dtype=float)
    if len(means) > n_stopped:
        raise ValueError(f"{len(means)} stopped configurations audited, but {n_stopped} stopped")
    if not np.isfinite([*means, chosen]).all():
        raise ValueError("an audit needs finite scores; failed configurations are not audited")
    excess = np.maximum(means - chosen, 0)
    n_false = int(np.count_nonzero(excess))
    return Audit(
        n_stopped,
        len(means),
        n_false,
        n_false / len(means) if len(means) else None,
        exact_interval(n_false, len(means), confidence=confidence),
        float(excess.mean()) if len(means) else 0.0,
        float(excess.max()) if len(means) else 0.0,
    )


def pooled_rate(audits: Sequence[Audit], *, confidence: float = 0.95) -> tuple[float, Interval]:
    """Rate of false stops over several inner searches, and its exact interval.

    Stops of one inner search share their folds, so the interval is a little too narrow. No audit
    at all has the rate 0 and the interval (0, 1).
    """
    n_false, n_audited = (
        sum(getattr(one, name) for one in audits) for name in ("n_false", "n_audited")
    )
    interval = exact_interval(n_false, n_audited, confidence=confidence)
    return n_false / max(n_audited, 1), interval


def exact_interval(n_hits: int, n_tries: int, *, confidence: float) -> Interval:
    """Clopper and Pearson's interval of a probability; (0, 1) without a try."""
    from scipy.stats import beta

    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, n_hits, n_tries - n_hits + 1)) if n_hits > 0 else 0.0
    high = float(beta.isf(tail, n_hits + 1, n_tries - n_hits)) if n_hits < n_tries else 1.0
    return low, high
