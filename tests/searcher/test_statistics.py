"""The numbers have a closed form, or come from a simulation whose truth is known."""

import math

import numpy as np
import pytest

from searcher.statistics import corrected_interval, corrected_test, optimism


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


def test_p_value_is_that_of_a_t_table() -> None:
    # mean 0.02, s = 0.01, J = 5, n_test/n_train = 1/4: t = 0.02 / (0.01 sqrt(0.2 + 0.25)) = 2.981
    spread = 0.01 * math.sqrt(4 / 4)  # of (+1, -1, +1, -1, 0) the variance is 4 / (J - 1)
    differences = [0.02 + spread * step for step in (1, -1, 1, -1, 0)]

    test = corrected_test(differences, test_fraction=1 / 4)

    assert test is not None
    t = 0.02 / (0.01 * math.sqrt(0.2 + 0.25))
    # Student's t with 4 degrees of freedom has the closed form
    # P(|T| > t) = 1 - sin(a) (1 + cos(a)^2 / 2) with a = atan(t / 2) (Abramowitz and Stegun 26.7.4)
    a = math.atan(t / 2)
    assert test.p_value == pytest.approx(1 - math.sin(a) * (1 + math.cos(a) ** 2 / 2), rel=1e-9)
    assert test.difference == pytest.approx(0.02)
    assert test.interval == corrected_interval(differences, test_fraction=1 / 4)
    # t(0.95, 4) = 2.132 and t(0.975, 4) = 2.776 (any t table), and 2.981 is beyond both
    assert 0.04 < test.p_value < 0.05
    assert test.significant


def test_p_value_and_interval_never_contradict_each_other() -> None:
    rng = np.random.default_rng(1)
    for confidence in (0.8, 0.95):
        for _ in range(200):
            differences = list(rng.normal(0.5, 1, size=int(rng.integers(2, 12))))
            test = corrected_test(differences, test_fraction=0.25, confidence=confidence)
            assert test is not None
            low, high = test.interval
            assert test.significant == (low > 0 or high < 0)


def test_one_difference_can_not_be_tested() -> None:
    assert corrected_test([0.1], test_fraction=0.25) is None


@pytest.mark.parametrize(("difference", "p_value"), [(0.0, 1.0), (0.25, 0.0)])
def test_differences_without_spread_have_the_limit_of_the_p_value(
    difference: float, p_value: float
) -> None:
    test = corrected_test([difference] * 4, test_fraction=1 / 3)

    assert test is not None
    assert test.p_value == p_value
    assert test.interval == (difference, difference)


def test_the_test_errs_at_its_level_under_the_models_of_its_paper() -> None:
    """Differences whose correlation is n_test / (n_test + n_train), which the correction assumes.

    With that correlation the test is exact, so its level is known: 5 % of 4,000, give or take.
    """
    rng = np.random.default_rng(0)
    n_folds, fraction = 5, 1 / 4
    correlation = fraction / (1 + fraction)
    common = rng.normal(size=(4000, 1)) * math.sqrt(correlation)
    own = rng.normal(size=(4000, n_folds)) * math.sqrt(1 - correlation)

    tests = [corrected_test(list(row), test_fraction=fraction) for row in common + own]
    naive = [corrected_test(list(row), test_fraction=0) for row in common + own]

    wrong = sum(test is not None and test.significant for test in tests) / 4000
    assert wrong == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 4000))
    assert sum(test is not None and test.significant for test in naive) / 4000 > 0.09


def test_optimism_is_positive_when_inner_scores_flattered() -> None:
    assert optimism([0.9, 0.8], [0.7, 0.8]) == pytest.approx(0.1)
