"""The numbers have a closed form, or come from a simulation whose truth is known."""

import math

import numpy as np
import pytest

from searcher.statistics import corrected_interval, optimism


def test_interval_of_ten_scores_is_the_textbook_one_with_the_variance_corrected() -> None:
    # s = 0.1, J = 10, n_test/n_train = 1/9, t(0.975, 9) = 2.262157 (any t table)
    scores = [0.8 + 0.1 * sign * math.sqrt(0.9) for sign in (1, -1) for _ in range(5)]

    low, high = corrected_interval(scores, test_fraction=1 / 9) or (0, 0)

    half = 2.262157 * 0.1 * math.sqrt(1 / 10 + 1 / 9)
    assert low == pytest.approx(0.8 - half, abs=1e-6)
    assert high == pytest.approx(0.8 + half, abs=1e-6)


def test_interval_is_wider_than_the_uncorrected_one() -> None:
    scores = [0.1, 0.2, 0.3, 0.4, 0.5]

    corrected = corrected_interval(scores, test_fraction=0.25)
    naive = corrected_interval(scores, test_fraction=0.0)

    assert corrected is not None
    assert naive is not None
    assert (corrected[1] - corrected[0]) / (naive[1] - naive[0]) == pytest.approx(1.5)


def test_one_score_has_no_interval() -> None:
    assert corrected_interval([0.7], test_fraction=0.25) is None


def test_equal_scores_have_an_interval_of_no_width() -> None:
    low, high = corrected_interval([0.5, 0.5, 0.5], test_fraction=0.5) or (0, 1)

    assert low == high == pytest.approx(0.5)


def test_corrected_test_of_equal_models_errs_at_about_its_level() -> None:
    """Nadeau and Bengio's point: overlapping training sets, mean of n Gaussians as the model."""
    rng = np.random.default_rng(0)
    wrong = naive_wrong = 0
    for _ in range(400):
        rows = rng.normal(size=100)
        folds = np.array_split(rng.permutation(100), 5)
        scores = []
        for test in folds:  # difference of two estimators of the mean that are equally good
            train = np.setdiff1d(np.arange(100), test)
            left, right = np.array_split(train, 2)
            errors = [np.mean((rows[test] - rows[part].mean()) ** 2) for part in (left, right)]
            scores.append(errors[0] - errors[1])
        low, high = corrected_interval(scores, test_fraction=1 / 4) or (0, 0)
        naive_low, naive_high = corrected_interval(scores, test_fraction=0) or (0, 0)
        wrong += not low <= 0 <= high
        naive_wrong += not naive_low <= 0 <= naive_high

    assert wrong / 400 <= 0.07
    assert naive_wrong > wrong


def test_optimism_is_positive_when_inner_scores_flattered() -> None:
    assert optimism([0.9, 0.8], [0.7, 0.8]) == pytest.approx(0.1)
