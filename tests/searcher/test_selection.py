"""What is chosen, and what can't be."""

from dataclasses import dataclass

import pytest

from searcher.errors import NoTrialSucceededError
from searcher.records import Origin, TrialState
from searcher.selection import choose_default, choose_winner, find_dummy


@dataclass(frozen=True)
class Ended:
    """A trial that has ended."""

    number: int
    score: float | None
    state: TrialState = "completed"
    origin: Origin = "strategy"


def test_winner_is_the_best_completed_trial() -> None:
    assert choose_winner([Ended(0, 0.7), Ended(1, 0.9), Ended(2, 0.8)]).number == 1


def test_winner_ignores_a_better_score_from_fewer_folds() -> None:
    assert choose_winner([Ended(0, 0.7), Ended(1, 0.99, state="stopped")]).number == 0


def test_of_equal_scores_the_first_proposed_wins_in_any_order() -> None:
    trials = [Ended(4, 0.8), Ended(2, 0.8), Ended(3, 0.8)]

    assert choose_winner(trials).number == choose_winner(trials[::-1]).number == 2


def test_negative_scores_compare_as_larger_is_better() -> None:
    assert choose_winner([Ended(0, -2.0), Ended(1, -1.0)]).number == 1


def test_no_completed_trial_is_an_error_that_counts_how_they_ended() -> None:
    trials = [Ended(0, None, state="failed"), Ended(1, 0.5, state="stopped")]

    with pytest.raises(
        NoTrialSucceededError, match=r"none of 2 trials completed: 1 failed, 1 were stopped"
    ):
        choose_winner(trials)


def test_default_is_the_best_of_the_families_defaults_only() -> None:
    trials = [Ended(0, 0.5, origin="dummy"), Ended(1, 0.7, origin="default"), Ended(2, 0.9)]

    assert choose_default(trials) == trials[1]
    assert find_dummy(trials) == trials[0]


def test_no_completed_default_is_none() -> None:
    assert choose_default([Ended(1, None, state="failed", origin="default")]) is None
