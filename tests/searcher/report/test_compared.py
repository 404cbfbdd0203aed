"""Which trials the plots of parameters compare, and by which score."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from searcher.records import FINAL, FoldScore, TrialEnded
from searcher.report.compared import ENOUGH, compare
from searcher.report.importance import MIN_TIMES, weigh
from searcher.report.material import Material, read
from searcher.report.studies import quiet_optuna
from searcher.report.varied import varied
from searcher.store import Store
from tests.searcher.report.stories import SEARCH_ID, Story
from tests.searcher.store.records_factory import fill


@pytest.fixture
def stopped_early(tmp_path: Path) -> Iterator[tuple[Story, Material]]:
    """A search in which too few trials finished to be compared."""
    story = Story(trials=44, outer=2)
    url = fill(f"sqlite:///{tmp_path / 'searcher.db'}", story.tell())
    with Store(url) as store:
        yield story, read(store, SEARCH_ID)


def test_trials_are_compared_after_the_most_folds_that_enough_of_them_saw(
    stopped_early: tuple[Story, Material],
) -> None:
    story, material = stopped_early
    final = f"{SEARCH_ID}.{FINAL}."
    failed = {r.trial_id for r in story.records if isinstance(r, TrialEnded) and r.score is None}
    dummy = f"{final}0"
    told = [r for r in story.records if isinstance(r, FoldScore) and r.trial_id.startswith(final)]
    reached = {
        resource: {r.trial_id for r in told if r.resource == resource} - failed - {dummy}
        for resource in (1, 2, 3, 4)
    }
    assert len(reached[4]) < ENOUGH <= len(reached[1])  # as the story should be

    compared = compare(material)

    expected = max(resource for resource, trials in reached.items() if len(trials) >= ENOUGH)
    assert compared.resource == expected < compared.full == 4
    assert {trial.trial_id for trial in compared.trials} == reached[expected]
    one = compared.trials[-1]
    scores = [r.scores["roc_auc"] for r in told if r.trial_id == one.trial_id][:expected]
    assert one.score == pytest.approx(sum(scores) / expected)


def test_winners_family_comes_first(stopped_early: tuple[Story, Material]) -> None:
    _, material = stopped_early

    families = [family.family for family in varied(compare(material), material)]

    best = material.search.best_configuration
    assert best is not None
    assert families[0] == best["family"]
    assert "dummy" not in families


def test_importance_leaves_out_what_few_trials_have(stopped_early: tuple[Story, Material]) -> None:
    _, material = stopped_early
    families = varied(compare(material), material)

    with quiet_optuna():
        shares = weigh(families)

    rare = {
        f"{family.family}.{name}"
        for family in families
        for name in family.parameters
        if sum(name in trial.configuration for trial in family.trials) < MIN_TIMES
    }
    assert rare
    assert not rare & set(shares)
    assert "family" in shares
    assert sum(shares.values()) == pytest.approx(1)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
