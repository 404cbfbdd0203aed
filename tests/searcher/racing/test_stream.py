"""A stream stops what is unlikely to win, and always leaves somebody."""

import numpy as np
import pytest

from searcher.racing import Stream
from tests.searcher.racing.made import SHAPES, plain, regret, run_stream


def winner(seen) -> int:
    return int(np.nanargmax(seen.mean(axis=1)))


@pytest.mark.parametrize("make", SHAPES.values(), ids=SHAPES)
def test_many_fits_are_saved_and_little_is_lost(make) -> None:
    scores = make(30, 5)

    seen = run_stream(scores)

    assert regret(scores, winner(seen)) < 0.3 * scores.mean(axis=1).std()
    assert np.isnan(seen).mean() > 0.25


def test_the_same_scores_give_the_same_decisions() -> None:
    first, second = run_stream(plain()), run_stream(plain())

    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("scores", [np.full((12, 5), 0.5), plain(1, 5), plain(12, 3)])
def test_somebody_always_runs_to_the_end(scores) -> None:
    assert (~np.isnan(run_stream(scores, slots=4))).all(axis=1).any()


def test_the_first_goes_on_and_a_copy_of_it_stops() -> None:
    stream = Stream(5)
    stream.add("a")
    stream.add("b")

    assert stream.observe("a", 0, 0.8)
    assert not stream.observe("b", 0, 0.8)
    assert stream.observe("a", 1, 0.7)


def test_a_failed_fit_stops_its_configuration_and_is_no_rival() -> None:
    stream = Stream(5)
    for name in "ab":
        stream.add(name)

    assert not stream.observe("a", 0, float("nan"))
    assert stream.observe("b", 0, 0.1)
    assert stream.incumbent() == "b"


def test_adding_again_changes_nothing() -> None:
    stream = Stream(3)
    stream.add("a")
    stream.observe("a", 0, 0.5)
    stream.add("a")

    assert stream.incumbent() == "a"


def test_the_gain_that_decided_is_kept() -> None:
    stream, scores = Stream(5, tolerance=0.05), plain(12, 5)
    decided = {}
    for number, row in enumerate(scores):
        stream.add(str(number))
        for fold, score in enumerate(row):
            decided[str(number), fold + 1] = stream.observe(str(number), fold, float(score))
            if not decided[str(number), fold + 1]:
                break

    assert stream.gains
    assert all(decided[key] == (gain > 0.05) for key, gain in stream.gains.items())


def test_places_make_a_stream_more_certain() -> None:
    line = np.linspace(0, 1, 60)
    rng = np.random.default_rng(0)
    rng.shuffle(line)
    scores = 0.8 - 0.2 * (line[:, None] - 0.3) ** 2 + rng.normal(0, 0.03, (60, 8))
    fits = {}
    for knows in (False, True):
        stream, fits[knows] = Stream(8), 0
        for number, row in enumerate(scores):
            stream.add(str(number), line[[number]] if knows else None)
            for fold, score in enumerate(row):
                fits[knows] += 1
                if not stream.observe(str(number), fold, float(score)):
                    break

    assert fits[True] < 0.9 * fits[False]


def test_with_many_configurations_the_oldest_are_forgotten_and_little_is_lost() -> None:
    scores = plain(240, 5)

    seen = run_stream(scores, most=40)

    assert regret(scores, winner(seen)) < 0.3 * scores.mean(axis=1).std()
    assert np.isnan(seen).mean() > 0.5


def test_no_more_than_so_many_are_compared_and_the_incumbent_is_among_them() -> None:
    stream = Stream(2, most=8)
    for number in range(50):
        stream.add(str(number))
        score = 0.9 if number == 3 else 0.1 + 0.001 * number
        for fold in range(2):
            if not stream.observe(str(number), fold, score):
                break

    assert len(stream._numbers) <= 8
    assert stream.incumbent() == "3"


def test_a_configuration_that_was_forgotten_is_let_go_in_peace() -> None:
    stream = Stream(2, most=4)
    stream.add("best")
    stream.observe("best", 0, 1.0)
    stream.observe("best", 1, 1.0)
    for number in range(8):
        stream.add(str(number))
        stream.observe(str(number), 0, 0.0)

    assert {"0", "1"}.isdisjoint(stream._forgotten)  # they have not ended
    gone = next(iter(stream._forgotten))
    assert not stream.observe(gone, 1, 2.0)
    stream.keep(gone)
    stream.add(gone)
    assert stream.incumbent() == "best"
