"""An audit counts false stops, and knows how little a few of them say."""

import numpy as np
import pytest

from searcher.racing import audit, audited
from searcher.racing.audit import exact_interval, pooled_rate


def test_who_is_audited_depends_on_seed_and_id_alone() -> None:
    ids = [f"trial-{number}" for number in range(4000)]

    first, again, other = ([audited(i, seed=seed, share=0.05) for i in ids] for seed in (1, 1, 2))

    assert first == again != other
    assert np.mean(first) == pytest.approx(0.05, abs=0.01)
    assert np.mean(np.array(first) & np.array(other)) == pytest.approx(0.0025, abs=0.002)


def test_a_share_of_nothing_audits_nobody_and_of_one_everybody() -> None:
    assert not any(audited(str(i), seed=0, share=0.0) for i in range(100))
    assert all(audited(str(i), seed=0, share=1.0) for i in range(100))
    with pytest.raises(ValueError, match="between 0 and 1, got 3"):
        audited("a", seed=0, share=3)


def test_false_stops_are_those_above_the_chosen_one() -> None:
    found = audit([0.70, 0.82, 0.80, 0.86], chosen=0.80, n_stopped=50)

    assert (found.n_false, found.n_audited, found.rate) == (2, 4, 0.5)
    assert found.mean_excess == pytest.approx(0.02)
    assert found.largest_excess == pytest.approx(0.06)
    assert found.regret_bound == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    # Closed forms at the ends: 1 - 0.025 ** (1 / n); the middle from Newcombe 1998, table I.
    [(0, 10, 0, 1 - 0.025**0.1), (10, 10, 0.025**0.1, 1), (81, 263, 0.2527, 0.3676)],
)
def test_the_interval_is_clopper_and_pearsons(hits, tries, low, high) -> None:
    assert exact_interval(hits, tries, confidence=0.95) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_covers_as_often_as_it_says() -> None:
    drawn = np.random.default_rng(0).binomial(12, 0.1, size=2000)
    ends = {hits: exact_interval(hits, 12, confidence=0.9) for hits in range(13)}

    covered = np.mean([ends[hits][0] <= 0.1 <= ends[hits][1] for hits in drawn.tolist()])

    assert covered >= 0.89


def test_nobody_audited_means_nothing_known() -> None:
    found = audit([], chosen=0.8, n_stopped=7)

    assert (found.rate, found.interval, found.mean_excess) == (None, (0.0, 1.0), 0.0)


def test_more_audited_than_stopped_is_refused_and_so_is_what_is_not_finite() -> None:
    with pytest.raises(ValueError, match="2 stopped configurations audited, but 1 stopped"):
        audit([0.1, 0.2], chosen=0.8, n_stopped=1)
    with pytest.raises(ValueError, match="finite"):
        audit([float("nan")], chosen=0.8, n_stopped=1)


def test_searches_are_pooled_by_their_counts() -> None:
    audits = [audit([0.9], chosen=0.8, n_stopped=9), audit([0.1] * 3, chosen=0.8, n_stopped=9)]

    rate, interval = pooled_rate(audits)

    assert rate == 0.25
    assert interval == exact_interval(1, 4, confidence=0.95)


def test_the_bound_is_above_the_regret_on_average() -> None:
    rng = np.random.default_rng(0)
    bounds, regrets = [], []
    for seed in range(300):
        means = rng.normal(size=40)
        drawn = [m for i, m in enumerate(means) if audited(str(i), seed=seed, share=0.2)]
        bounds.append(audit(drawn, chosen=1.5, n_stopped=40).regret_bound if drawn else 0.0)
        regrets.append(max(means.max() - 1.5, 0))

    assert np.mean(bounds) > np.mean(regrets)
