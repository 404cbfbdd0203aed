"""How sure we are of a score: intervals for scores of overlapping training sets."""

import math
from collections.abc import Sequence

import numpy as np


def corrected_interval(
    scores: Sequence[float], *, test_fraction: float, confidence: float = 0.95
) -> tuple[float, float] | None:
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
    values = np.asarray(scores, dtype=np.float64)
    variance = float(values.var(ddof=1)) * (1 / n_scores + test_fraction)
    half = float(stats.t.ppf((1 + confidence) / 2, n_scores - 1)) * math.sqrt(variance)
    mean = float(values.mean())
    return mean - half, mean + half


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
