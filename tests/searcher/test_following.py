"""A search is followed from its store: each thing that happens once, in an order of sense."""

from pathlib import Path

from searcher.following import follow
from searcher.records import (
    InnerSearchEnded,
    OuterScore,
    Record,
    SearchEnded,
    SearchStarted,
    TrialEnded,
    TrialStarted,
)
from tests.searcher.store.records_factory import SEARCH_ID, fill, make_records


def test_what_has_happened_is_told_once_from_the_beginning_to_the_end(tmp_path: Path) -> None:
    url = fill(f"sqlite:///{tmp_path}/store.db", make_records())
    told: list[Record] = []

    found = follow(SEARCH_ID, store=url, observe=told.append)

    assert found.state == "completed"
    assert isinstance(told[0], SearchStarted)
    assert isinstance(told[-1], SearchEnded)
    started = [r.trial_id for r in told if isinstance(r, TrialStarted)]
    ended = [r.trial_id for r in told if isinstance(r, TrialEnded)]
    assert len(started) == len(set(started)) == sum(found.trials.values())
    assert set(ended) <= set(started)
    assert [r.outer_fold for r in told if isinstance(r, InnerSearchEnded)] == [
        winner.outer_fold for winner in found.winners
    ]
    assert {(r.outer_fold, r.role) for r in told if isinstance(r, OuterScore)} == {
        (one.outer_fold, one.role) for one in found.outer_scores_of if one.score is not None
    }


def test_a_search_that_nobody_goes_on_with_is_not_followed_for_ever(tmp_path: Path) -> None:
    url = fill(f"sqlite:///{tmp_path}/store.db", make_records(state="running"))
    asked = iter([False, True])
    told: list[Record] = []

    found = follow(
        SEARCH_ID, store=url, observe=told.append, is_lost=lambda: next(asked), pause_s=0.0
    )

    assert found.state == "running"
    started, ended = (
        [r.trial_id for r in told if isinstance(r, kind)] for kind in (TrialStarted, TrialEnded)
    )
    assert len(started) == len(set(started)) == sum(found.trials.values())
    assert len(ended) == len(set(ended)) == len(started) - found.trials["running"]
    assert list(asked) == []
