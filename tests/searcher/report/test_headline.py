"""What the headline concludes: was the search worth it, and what should be doubted."""

import pytest

from searcher.records import OuterScore, SearchEnded
from tests.searcher.report.conftest import Report
from tests.searcher.report.reading import Page
from tests.searcher.report.stories import SEARCH_ID, Story


@pytest.mark.parametrize(
    ("difference", "interval", "said"),
    [
        (0.02, (0.01, 0.03), "Yes by +0.0200 [+0.0100, +0.0300]"),
        (0.01, (-0.01, 0.03), "No Not beyond chance: by +0.0100 [-0.0100, +0.0300]"),
        (-0.02, (-0.03, -0.01), "No, worse by -0.0200 [-0.0300, -0.0100]"),
        (0.0, (0.0, 0.0), "No The default configuration won every outer fold."),
        (0.01, None, "Can't be said by +0.0100, in one outer fold"),
        (None, None, "Not known No outer fold has both scores."),
    ],
)
def test_headline_says_whether_the_search_was_worth_it(
    report: Report,
    difference: float | None,
    interval: tuple[float, float] | None,
    said: str,
) -> None:
    story = Story(trials=6, outer=2)
    records = story.tell()[:-1]
    ended = SearchEnded(
        *(SEARCH_ID, "completed"),
        outer_mean=0.8123,
        interval=(0.8, 0.82),
        default_difference=difference,
        default_interval=interval,
        at=story.now,
    )

    text = Page(report([*records, ended])).text

    assert f"Better than the default configuration? {said}" in text


def test_headline_names_a_model_that_is_no_better_than_the_dummy(report: Report) -> None:
    records = [
        OuterScore(
            r.search_id,
            r.outer_fold,
            r.role,
            r.trial_id,
            dict.fromkeys(r.scores, 0.5),
            0.1,
            at=r.at,
        )
        if isinstance(r, OuterScore)
        else r
        for r in Story(trials=6, outer=3).tell()
    ]
    last = records[-1]
    assert isinstance(last, SearchEnded)
    ended = SearchEnded(SEARCH_ID, "completed", 0.5, (0.45, 0.55), 0.3, at=last.at)

    text = Page(report([*records[:-1], ended])).text

    assert "The interval includes the dummy's score" in text


def test_winner_at_the_end_of_its_range_is_pointed_out(report: Report) -> None:
    story = Story(trials=4, outer=2, families=["xgboost"], failing=0, stopping=False)
    best = story.spaces["xgboost"].sample(story.rng) | {"learning_rate": 0.01, "max_depth": 4}
    story.spaces["xgboost"] = story.spaces["xgboost"].override(best)

    text = Page(report(story.tell())).text

    assert "The winner lies at the end of what was searched" in text
    assert "learning_rate = 0.01 (low end of 0.01 to 0.5, log)" in text
