"""A race over folds and rounds trains less than one over folds."""

import numpy as np
import pytest

from searcher.racing.prefixes import Prefixes
from tests.searcher.racing.made import Floats, plain, regret, run, run_rounds

CLIMB = 1 - np.array([0.3, 0.1, 0.03, 0.0])


def curves(n: int = 60, k: int = 5, *, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    ends = plain(n, k, seed=seed)[:, :, None]
    return ends * CLIMB + 0.002 * rng.normal(size=(n, k, 4)) * (CLIMB < 1)


def test_it_trains_less_than_whole_fits_and_loses_little() -> None:
    places = np.linspace(0, 1, 60)[:, None]
    table = curves() - np.ptp(CLIMB) * (places[:, :, None] - 0.4) ** 2

    race, whole_fits = run_rounds(table, places)
    _, cells = run(table[:, :, -1], places)

    assert whole_fits < 0.8 * len(cells)
    assert regret(table[:, :, -1], race.winner) < 0.005


def test_the_same_seed_makes_the_same_race() -> None:
    assert run_rounds(curves())[1] == run_rounds(curves())[1] != run_rounds(curves(), seed=5)[1]


def test_curves_that_tell_nothing_mislead_by_less_than_a_standard_deviation() -> None:
    lost = []
    for seed in range(4):
        table = curves(seed=seed)
        table[:, :, :3] = np.random.default_rng(seed).normal(0.7, 0.1, (60, 5, 3))
        lost.append(regret(table[:, :, -1], run_rounds(table)[0].winner))

    assert np.mean(lost) < 0.02  # what configurations differ by; the best of 60 is 0.04 above


def test_failed_fits_rule_their_configurations_out() -> None:
    table = curves()
    table[::3] = np.nan

    race, _ = run_rounds(table)

    assert race.winner is not None
    assert race.winner % 3
    assert run_rounds(np.full((9, 3, 4), np.nan))[0].winner is None


@pytest.mark.parametrize("table", [np.full((20, 5, 3), 0.5), curves(3, 2), curves(20, 5)[:, :, 3:]])
def test_odd_tables_end_with_a_winner(table) -> None:
    assert run_rounds(table)[0].winner is not None


def test_a_prefix_foresees_what_a_line_foresees() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=(400, 1))
    table = np.hstack([first, first + 1, 3 * first + 2])
    prefixes = Prefixes(table, np.zeros(400, dtype=int), 1)

    assert prefixes.foresee([0.5, 1.5], 0) == pytest.approx(3.5, abs=0.02)
    assert prefixes.variance(2) < 1e-3
    assert prefixes.variance(3) == 0


def test_noisy_prefixes_say_how_noisy_they_are() -> None:
    rng = np.random.default_rng(0)
    table = np.cumsum(rng.normal(size=(2000, 3)), axis=1)

    prefixes = Prefixes(table, np.zeros(2000, dtype=int), 1)

    assert prefixes.variance(1) == pytest.approx(2, rel=0.1)
    assert prefixes.variance(2) == pytest.approx(1, rel=0.1)
