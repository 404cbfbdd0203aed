"""How sure we are of a score or a difference, when training sets overlap."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Whether two models differ, from their scores on the same test rows."""

    difference: float  # mean over the folds; larger is better, as of all scores
    interval: Interval  # of the difference
    p_value: float  # two-sided: how often equal models would differ at least as much
    folds: int
    confidence: float

    @property
    def significant(self) -> bool:
        """Whether equal models would differ so much more rarely than 1 - confidence."""
        return self.p_value < 1 - self.confidence


def corrected_interval(
    scores: Sequence[float], *, test_fraction: float, confidence: float = 0.95
) -> Interval | None:
    """Confidence interval of a mean over resampled splits, corrected for shared training rows.

    The scores of K folds are not independent: any two training sets overlap. Nadeau and Bengio
    replace the variance of the mean, s^2 / J, by s^2 (1/J + n_test / n_train), with J - 1 degrees
    of freedom for Student's t.

    Parameters
    ----------
    scores : sequence of J floats
        One score (or one difference of two models' scores) for each outer fold.
    test_fraction
        n_test / n_train of one split; K-fold cross-validation has 1 / (K - 1).
    confidence
        Coverage of the interval.

    Returns
    -------
    (low, high), or None for fewer than two scores: one score has no spread.

    References
    ----------
    Nadeau, C. and Bengio, Y. (2003). Inference for the Generalization Error. Machine Learning
    52(3), 239-281, doi:10.1023/A:1024068626366, section 3.
    """
    from scipy import stats

    n_scores = len(scores)
    if n_scores < 2:  # noqa: PLR2004
        return None
    mean, error = _mean_and_error(scores, test_fraction)
    half = float(stats.t.ppf((1 + confidence) / 2, n_scores - 1)) * error
    return mean - half, mean + half


def corrected_test(
    differences: Sequence[float], *, test_fraction: float, confidence: float = 0.95
) -> PairedTest | None:
    """Corrected resampled t-test: whether a mean difference over resampled splits is zero.

    The test that belongs to ``corrected_interval``: t is the mean difference over the corrected
    standard error, with J - 1 degrees of freedom; the p-value is below 1 - ``confidence`` exactly
    when the interval leaves out zero. For repeated K-fold cross-validation it is the test of
    Bouckaert and Frank (2004).

    Parameters
    ----------
    differences : sequence of J floats
        One model's score minus the other's on each fold, which has the same rows for both.
    test_fraction
        n_test / n_train of one split; K-fold cross-validation has 1 / (K - 1).
    confidence
        Coverage of the interval of the difference.

    Returns
    -------
    None for fewer than two differences. Differences without any spread have the limit of the
    p-value: 1 if they are zero, else 0.

    References
    ----------
    Nadeau, C. and Bengio, Y. (2003), as for ``corrected_interval``.
    Bouckaert, R. R. and Frank, E. (2004). Evaluating the Replicability of Significance Tests for
    Comparing Learning Algorithms. PAKDD, LNCS 3056, 3-12, doi:10.1007/978-3-540-24775-3_3.
    """
    from scipy import stats

    interval = corrected_interval(differences, test_fraction=test_fraction, confidence=confidence)
    if interval is None:
        return None
    mean, error = _mean_and_error(differences, test_fraction)
    if error > 0:
        p_value = 2 * float(stats.t.sf(abs(mean) / error, len(differences) - 1))
    else:
        p_value = 1.0 if mean == 0 else 0.0
    return PairedTest(mean, interval, p_value, len(differences), confidence)


def _mean_and_error(scores: Sequence[float], test_fraction: float) -> tuple[float, float]:
    """Mean and its corrected standard error."""
    values = np.asarray(scores, dtype=np.float64)
    variance = float(values.var(ddof=1)) * (1 / len(values) + test_fraction)
    return float(values.mean()), math.sqrt(variance)


def optimism(inner: Sequence[float], outer: Sequence[float]) -> float:
    """How much better the search believed its winners to be than they were.

    Parameters
    ----------
    inner, outer : sequences of one float for each outer fold
        The winner's mean inner score, and its outer score; larger is better.

    Returns
    -------
    Mean of inner minus outer: positive when the inner scores flattered.
    """
    return float(np.mean(np.asarray(inner, dtype=np.float64) - np.asarray(outer, dtype=np.float64)))
