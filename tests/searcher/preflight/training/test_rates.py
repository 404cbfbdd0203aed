import numpy as np
import pytest

from search_spaces.parameters import Float
from searcher.preflight.narrowing import RangeTest
from searcher.preflight.sample import draw
from searcher.preflight.training.rates import narrow_rates, read_curve, remaining
from tests.searcher.preflight.training.broken import ROWS, candidate

RATES = np.geomspace(1e-4, 1.0, 60)
PRIOR = Float(low=1e-4, high=1.0, log=True)


def curve(falls_at: float, breaks_at: float) -> np.ndarray:
    losses = np.ones(60)
    losses[falls_at < RATES] = 0.4
    losses[breaks_at < RATES] = 3.0
    return losses


def test_a_curve_says_where_the_loss_begins_to_fall_and_where_it_is_back() -> None:
    falls, breaks = read_curve(RATES, curve(1e-3, 1e-1))

    assert falls == pytest.approx(1e-3, rel=0.5)
    assert breaks == pytest.approx(1e-1, rel=0.5)


def test_a_training_that_diverged_breaks_at_the_step_that_it_did_not_take() -> None:
    assert read_curve(RATES, curve(1e-3, 10.0)[:40])[1] == RATES[40]


def test_a_loss_that_rises_once_and_comes_back_is_not_lost() -> None:
    losses = curve(1e-3, 10.0)
    losses[25:30] = 1e6

    assert read_curve(RATES, losses)[1] is None


def test_noise_is_no_fall() -> None:
    noise = 1 + 0.02 * np.random.default_rng(0).normal(size=60)

    assert read_curve(RATES, noise)[0] is None


def test_the_range_is_that_of_all_optimisers_together() -> None:
    tests = [RangeTest("adamw", 1e-2, 0.1), RangeTest("sgd", 5e-2, 0.11)]

    assert remaining(PRIOR, tests, slower=10.0, default=0.01) == (1e-3, 0.33)


def test_the_default_always_stays() -> None:
    tests = [RangeTest("adamw", 1e-1, 0.11)]

    assert remaining(PRIOR, tests, slower=10.0, default=0.002) == (0.002, 0.33)
    assert remaining(PRIOR, tests, slower=10.0, default=0.5) == (0.01, 0.5)


def test_an_end_that_one_of_them_says_nothing_of_stays() -> None:
    tests = [RangeTest("adamw", None, 0.1), RangeTest("sgd", 5e-2, None)]

    assert remaining(PRIOR, tests, slower=10.0, default=0.01) == (1e-4, 1.0)


def test_rates_at_which_every_optimiser_fails_are_left_out_and_the_default_stays() -> None:
    one, again = (
        narrow_rates(candidate(), draw(ROWS, seed=0), n_rows=600, is_kept=False) for _ in range(2)
    )

    assert one is not None
    assert one == again
    assert one.is_applied
    assert one.old == (1e-4, 100.0)
    assert one.new[0] <= 1e-3 < one.new[1] < 100.0
    said = one.finding.text
    assert f"is searched from {one.new[0]:g} to {one.new[1]:g}, not from 0.0001 to 100" in said
    assert "{low: 0.0001, high: 100}" in said


def test_a_range_that_the_spec_gives_is_kept_and_the_test_is_told() -> None:
    kept = narrow_rates(candidate(), draw(ROWS, seed=0), n_rows=600, is_kept=True)

    assert kept is not None
    assert not kept.is_applied
    assert "as the spec says" in kept.finding.text


def test_a_test_that_takes_too_long_leaves_the_range() -> None:
    late = narrow_rates(candidate(), draw(ROWS, seed=0), n_rows=600, is_kept=False, limit_s=0.001)

    assert late is not None
    assert late.new == late.old
    assert "it took more than 0.0" in late.finding.text
