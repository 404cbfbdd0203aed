"""The model of fold scores gives what the formulas of Gaussian processes give."""

import numpy as np
import pytest

from searcher.racing.kernel import FLAT, Settings, covariance, matern, of_means, with_means
from searcher.racing.likely import PRIOR, Likelihood, most_likely
from searcher.racing.posterior import JITTER, Posterior

N, K = 6, 4
RNG = np.random.default_rng(3)
PLACES = RNG.random((N, 2))
SQUARED = ((PLACES[:, None] - PLACES) ** 2).sum(axis=-1)
CELLS = np.array([0, 0, 1, 2, 3, 4, 4]), np.array([0, 1, 1, 2, 3, 0, 2])
SCORES = RNG.normal(size=7)


def everything() -> tuple[np.ndarray, np.ndarray]:
    configurations, folds = np.divmod(np.arange(N * K), K)
    return configurations, folds


def posterior(n: int = 7) -> Posterior:
    cells = CELLS[0][:n], CELLS[1][:n]
    return Posterior(PRIOR, SQUARED, K, cells, SCORES[:n], np.zeros(n))


def by_conditioning_all_cells() -> tuple[np.ndarray, np.ndarray]:
    """Condition the joint normal of all cells, and average over folds afterwards."""
    alike = matern(SQUARED, PRIOR.length)
    every = everything()
    joint = covariance(PRIOR, alike, every, every)
    seen = CELLS[0] * K + CELLS[1]
    inner = joint[np.ix_(seen, seen)] + JITTER * np.eye(len(seen))
    weights = np.linalg.solve(inner, joint[seen])
    left = joint - joint[seen].T @ weights
    average = np.kron(np.eye(N), np.full((1, K), 1 / K))
    return average @ (weights.T @ SCORES), average @ left @ average.T


def test_means_and_their_covariances_are_averages_over_all_cells() -> None:
    alike = matern(SQUARED, PRIOR.length)
    every = everything()
    joint = covariance(PRIOR, alike, every, every)
    average = np.kron(np.eye(N), np.full((1, K), 1 / K))

    assert with_means(PRIOR, alike, every, K) == pytest.approx(joint @ average.T)
    assert of_means(PRIOR, alike, K) == pytest.approx(average @ joint @ average.T)


def test_differences_are_those_of_the_joint_normal_given_the_scores() -> None:
    means, covariances = by_conditioning_all_cells()

    found = posterior()

    assert found.means - found.means[0] == pytest.approx(means - means[0], abs=1e-5)
    variances = np.diag(covariances) + covariances[0, 0] - 2 * covariances[:, 0]
    assert found.deviations(0) ** 2 == pytest.approx(variances, abs=1e-5)


def test_scores_one_by_one_give_what_they_give_together() -> None:
    grown = posterior(3)
    for number in range(3, 7):
        grown.add((CELLS[0][number], CELLS[1][number]), SCORES[number])

    assert grown.means == pytest.approx(posterior().means, abs=1e-6)
    assert grown.deviations(2) == pytest.approx(posterior().deviations(2), abs=1e-6)


def test_a_fit_that_runs_makes_more_certain_and_moves_no_mean() -> None:
    before = posterior()
    after = before.copy()
    after.add((5, 0), None)

    assert (after.means == before.means).all()
    assert after.deviations(0)[5] < before.deviations(0)[5]
    assert before.deviations(0) == pytest.approx(posterior().deviations(0))


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_a_reduction_is_what_the_fit_then_leaves_less(noise: float) -> None:
    before = posterior()
    after = before.copy()
    after.add((5, 1), None, noise)

    told = before.reductions(5, np.array([1]), 0, noise)[0]

    assert told == pytest.approx(before.deviations(0)[5] ** 2 - after.deviations(0)[5] ** 2)


def test_a_harder_fold_moves_nothing() -> None:
    harder = SCORES - 50.0 * (CELLS[1] == 2)
    found = Posterior(PRIOR, SQUARED, K, CELLS, harder, np.zeros(7))

    # Configurations that were never on fold 2 are compared without it.
    assert found.means[1] - found.means[0] == pytest.approx(
        posterior().means[1] - posterior().means[0], abs=0.02
    )
    assert FLAT > 50**2


def test_the_most_likely_settings_find_what_made_the_scores() -> None:
    rng = np.random.default_rng(1)
    n, k = 30, 4
    configurations, folds = np.divmod(np.arange(n * k), k)
    unlike = np.where(np.eye(n), 0.0, 1e6)
    scores = rng.normal(size=(n, 1)) + rng.normal(size=(1, k)) + 0.1 * rng.normal(size=(n, k))
    likelihood = Likelihood(unlike, (configurations, folds), scores.ravel(), np.zeros(n * k))

    found = most_likely(likelihood, Settings())

    assert found.own + found.common > 20 * (found.residual + found.interaction)
    assert likelihood(found) > likelihood(Settings())
