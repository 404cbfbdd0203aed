"""Queries whose answers are not held: row by row, cut and timed all the same."""

import tracemalloc
from pathlib import Path

import pytest

from searcher.errors import QuestionError, StoreError
from searcher.store import Store
from tests.searcher.store.records_factory import fill, make_records

NUMBERS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n {}) SELECT x FROM n"
ENDLESS = NUMBERS.format("")
MANY = NUMBERS.format("WHERE x < 60000")


def test_rows_come_one_by_one_as_often_as_wanted(store):
    sql = "SELECT search_id, trials FROM v_searches ORDER BY search_id"

    with store.each_row(sql) as rows:
        first, second = list(rows), list(rows)

    assert first == second == store.query(sql).rows
    assert rows.columns == ["search_id", "trials"]
    assert not rows.truncated


@pytest.mark.parametrize(("most", "cut"), [(1, True), (999, True), (1_000, True), (60_000, False)])
def test_a_stream_is_cut_where_it_should_be_and_says_so(store, most, cut):
    with store.each_row(MANY, max_rows=most) as rows:
        found = [x for (x,) in rows]

    assert found == list(range(1, most + 1))
    assert rows.truncated is cut


def test_a_stream_of_no_rows_has_its_columns(store):
    with store.each_row("SELECT trial_id, score FROM v_trials WHERE score > 5") as rows:
        assert rows.columns == ["trial_id", "score"]
        assert list(rows) == []


def test_an_endless_stream_is_stopped_in_time(store):
    with (
        pytest.raises(QuestionError, match=r"took longer than 0\.3 s and was stopped"),
        store.each_row(ENDLESS, max_rows=10**9, timeout_s=0.3) as rows,
    ):
        for _ in rows:
            pass


def test_a_long_answer_takes_no_more_memory_than_a_part_of_it(store):
    with store.each_row(MANY, max_rows=100_000) as rows:
        tracemalloc.start()
        try:
            count = sum(1 for _ in rows)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert count == 60_000
    assert peak < 1_000_000  # bytes; as a list it takes four times that


def test_a_mistake_is_told_before_the_first_row(store):
    with (
        pytest.raises(QuestionError, match="Did you mean 'score'"),
        store.each_row("SELECT scor FROM v_trials"),
    ):
        pytest.fail("there is nothing to go through")


def test_what_is_wrong_with_the_database_is_no_mistake_of_the_question(sqlite_url):
    fill(sqlite_url, make_records("s"))
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    whole = path.read_bytes()

    with Store(sqlite_url) as store:
        path.write_bytes(whole[: 4096 * 3] + b"\xff" * (len(whole) - 4096 * 3))
        with pytest.raises(StoreError) as e:
            store.query("SELECT count(*), max(traceback) FROM trials")

    assert "damaged" in str(e.value)
    assert not isinstance(e.value, QuestionError)
