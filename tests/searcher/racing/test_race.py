"""A race makes few fits, and loses little by it, on tables of any shape."""

from itertools import pairwise

import numpy as np
import pytest

from searcher.racing import Cell, Race
from searcher.racing.race import FIRST, first_cells
from tests.searcher.racing.made import SHAPES, nowhere, plain, regret, run


@pytest.mark.parametrize("make", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("k", [3, 5, 10])
def test_most_fits_are_saved_and_little_is_lost(make, k) -> None:
    lost, saved = [], []
    for seed in range(2):
        scores = make(30, k, seed=seed)
        race, cells = run(scores)
        lost.append(regret(scores, race.winner) / scores.mean(axis=1).std())
        saved.append(1 - len(cells) / scores.size)

    assert np.mean(lost) < 0.15  # of a standard deviation between configurations
    assert np.mean(saved) > {3: 0.2, 5: 0.25, 10: 0.35}[k]


def test_no_fit_is_made_twice_and_the_winner_has_all_folds() -> None:
    race, cells = run(plain())

    assert len(set(cells)) == len(cells)
    assert sum(cell.configuration == race.winner for cell in cells) == 5


def test_the_same_seed_makes_the_same_race_and_another_one_another() -> None:
    (_, first), (_, second), (_, other) = (run(plain(), seed=seed) for seed in (1, 1, 2))

    assert first == second != other


def test_neighbours_tell_of_each_other() -> None:
    line = np.linspace(0, 1, 80)[:, None]
    rng = np.random.default_rng(0)
    scores = 0.8 - (line - 0.3) ** 2 + rng.normal(0, 0.05, (1, 5)) + rng.normal(0, 0.01, (80, 5))

    knowing, cells = run(scores, line)
    _, more = run(scores)

    assert len(cells) < 0.6 * len(more)
    assert regret(scores, knowing.winner) < 0.005


def test_a_smaller_tolerance_makes_more_fits() -> None:
    fits = [len(run(plain(noise=0.03), tolerance=t)[1]) for t in (0.3, 0.01, 0.0003)]

    assert fits[0] < fits[1] < fits[2]


def test_a_unit_of_the_scores_changes_nothing() -> None:
    (_, cells), (_, other) = run(plain()), run(1000 * plain() - 7)

    assert cells == other


def test_where_all_are_equal_one_is_fitted_on_all_folds_and_the_others_once() -> None:
    race, cells = run(np.full((20, 5), 0.5))

    assert race.winner is not None
    assert len(cells) == 20 + 4


@pytest.mark.parametrize("shape", [(1, 5), (2, 2), (5, 1), (3, 10)])
def test_small_searches_end_with_a_winner(shape) -> None:
    scores = plain(*shape)

    race, cells = run(scores)

    assert regret(scores, race.winner) < 0.02
    assert len(cells) <= scores.size


def test_a_failed_configuration_is_fitted_no_more_and_never_wins() -> None:
    scores = plain()
    best = int(scores.mean(axis=1).argmax())
    scores[best, 2] = np.nan
    scores[::4, :] = np.inf

    race, cells = run(scores)

    by_failed = [c for c in cells if not np.isfinite(scores[c.configuration]).all()]
    assert all(
        np.isfinite(scores[one.configuration, one.fold])
        for one, then in pairwise(by_failed)
        if one.configuration == then.configuration
    )
    assert race.winner is not None
    assert np.isfinite(scores[race.winner]).all()


def test_where_everybody_fails_the_race_ends_without_a_winner() -> None:
    race, cells = run(np.full((70, 3), np.nan))

    assert race.winner is None
    assert len(cells) == 70


def test_fits_may_run_beside_each_other() -> None:
    scores = plain(60, 5)
    race, running, made = Race(nowhere(60), 5, seed=0), list[Cell](), list[Cell]()
    while True:
        while len(running) < 4 and (cell := race.next()) is not None:
            running.append(cell)
        if not running:
            break
        cell = running.pop(0)
        made.append(cell)
        race.observe(cell, float(scores[cell.configuration, cell.fold]))

    assert len(set(made)) == len(made) < 0.7 * scores.size
    assert regret(scores, race.winner) < 0.005


def test_scores_that_were_not_asked_for_are_not_asked_for_again() -> None:
    scores, race = plain(), Race(nowhere(40), 5, seed=0)
    for fold in range(5):
        race.observe(Cell(0, fold), float(scores[0, fold]))

    cells = []
    while (cell := race.next()) is not None:
        cells.append(cell)
        race.observe(cell, float(scores[cell.configuration, cell.fold]))

    assert all(cell.configuration != 0 for cell in cells)


def test_the_first_fits_go_round_the_folds() -> None:
    cells = first_cells(200, 5, seed=0)

    assert len(cells) == FIRST
    assert len({cell.configuration for cell in cells}) == FIRST
    assert [sum(cell.fold == fold for cell in cells) for fold in range(5)] == [FIRST / 5] * 5


def test_first_cells_are_two_a_fold_at_least_where_there_are_as_many() -> None:
    assert len(first_cells(200, 40, seed=0)) == 80
    assert len(first_cells(7, 40, seed=0)) == 7
