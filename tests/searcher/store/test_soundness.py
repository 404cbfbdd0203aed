from pathlib import Path

import pytest

from searcher.store import check
from tests.searcher.store.raw import change
from tests.searcher.store.records_factory import fill, make_records


@pytest.fixture
def spoilt_url(url):
    return fill(url, make_records("s"), make_records("r", state="running"))


def test_a_sound_store_has_no_problems(filled_url):
    assert check(filled_url) == []


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "UPDATE searches SET state = 'failed' WHERE search_id = 'r'",
            "2 trials are running though their search has ended: r.final.1, r.final.2",
        ),
        (
            "DELETE FROM inner_searches WHERE outer_fold = '1' AND search_id = 's'",
            "8 trials are of an outer fold that their search does not have: s.1.0, ",
        ),
        ("DELETE FROM trials WHERE trial_id = 's.0.0'", "a row of fold_fits points at a row of"),
        ("DELETE FROM searches WHERE search_id = 's'", "a row of trials points at a row of"),
        (
            "UPDATE inner_searches SET trial_id = 's.1.0' "
            "WHERE outer_fold = '0' AND search_id = 's'",
            "1 trials won an inner search that is not theirs: s.1.0",
        ),
        (
            "UPDATE index_arrays SET length = 31 WHERE length = 30",
            "is damaged",
        ),
        (
            "UPDATE index_arrays SET sha256 = 'other' "
            "WHERE sha256 = (SELECT max(train_sha256) FROM folds)",
            "index array other is damaged: its positions have another SHA-256",
        ),
        ("DELETE FROM folds WHERE search_id = 's' AND position = 3", None),
        ("DELETE FROM folds", "index arrays belong to no fold"),
        (
            "DELETE FROM fold_fits WHERE trial_id = 's.0.0'",
            "1 trials are completed without a score on any inner fold: s.0.0",
        ),
        (
            "DELETE FROM outer_scores WHERE outer_fold = '1' AND search_id = 's'",
            "1 outer folds have predictions and no outer score: 1",
        ),
    ],
)
def test_a_contradiction_is_found(spoilt_url, sql, said):
    change(spoilt_url, sql, foreign_keys=False)

    problems = check(spoilt_url)

    if said is None:
        assert problems == []  # the other search has the same folds
    else:
        assert any(said in problem for problem in problems), problems


def test_a_damaged_file_is_found(sqlite_url):
    fill(sqlite_url, make_records("s"), make_records("r", state="running"))
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with path.open("r+b") as file:
        size = path.stat().st_size
        for page in range(20, size // 4096 - 2, 3):
            file.seek(page * 4096 + 100)
            file.write(b"\xff" * 200)

    problems = check(sqlite_url)

    assert any("damaged" in problem or "malformed" in problem for problem in problems)
