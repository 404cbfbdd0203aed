import pytest

from searcher.errors import StoreError
from searcher.store import Store
from tests.searcher.store.records_factory import fill, make_records


def test_an_answer_unpacks_into_columns_and_rows(store):
    columns, rows = store.query("SELECT name, state FROM v_searches ORDER BY name LIMIT 2")

    assert columns == ["name", "state"]
    assert rows == [("churn", "completed"), ("failed", "failed")]


def test_an_answer_that_was_cut_says_so(store):
    cut = store.query("SELECT trial_id FROM v_trials", max_rows=3)
    whole = store.query("SELECT trial_id FROM v_trials LIMIT 3", max_rows=3)

    assert (len(cut.rows), cut.truncated) == (3, True)
    assert (len(whole.rows), whole.truncated) == (3, False)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;",
        " \n select 1 ; -- the end;",
        "-- first a word; then\nSELECT 1",
        "/* several; words */ SELECT 1",
        "WITH one AS (SELECT 1 AS x) SELECT x FROM one",
        "SELECT 1 WHERE ';' <> '--' AND 'it''s;' <> 'state;'",
    ],
)
def test_one_select_may_look_like_this(store, sql):
    assert len(store.query(sql).rows) == 1


def test_percent_and_colon_are_only_characters(store):
    assert store.query("SELECT '100 %', '%(x)s', ':name'").rows == [("100 %", "%(x)s", ":name")]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM trials", "one SELECT .* is expected, found 'delete'"),
        ("PRAGMA journal_mode = DELETE", "found 'pragma'"),
        ("ATTACH 'other.db' AS other", "found 'attach'"),
        ("EXPLAIN SELECT 1", "found 'explain'"),
        ("", "found nothing"),
        ("-- only a word", "found nothing"),
        ("SELECT 1; DROP TABLE trials", "one statement is expected, found several"),
        ("SELECT 1; SELECT 2", "one statement is expected, found several"),
        ("WITH x AS (SELECT 1) DELETE FROM trials", "not authorized|readonly|syntax error"),
        ("SELECT load_extension('x')", "not authorized|function load_extension.* does not exist"),
        ("SELECT (1", "the query can't be answered: .*incomplete|syntax error"),
        ("SELECT FROM WHERE", "syntax error"),
        ("SELECT nosuch(1)", "no such function: nosuch|function nosuch.* does not exist"),
    ],
)
def test_anything_else_is_refused(store, sql, said):
    with pytest.raises(StoreError, match=said):
        store.query(sql)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM pragma_journal_mode('delete')", "not authorized"),
        ("SELECT ?", "placeholders"),
    ],
)
def test_sqlite_refuses_what_only_sqlite_has(sqlite_url, sql, said):
    fill(sqlite_url, make_records("s"))

    with Store(sqlite_url) as store, pytest.raises(StoreError, match=said):
        store.query(sql)


def test_nothing_can_be_written_through_a_query(url):
    fill(url, make_records("s"))
    store = Store(url)

    for sql in ("DELETE FROM trials", "WITH x AS (SELECT 1) UPDATE trials SET score = 1"):
        with pytest.raises(StoreError):
            store.query(sql)

    assert len(store.trials("s")) == 32


def test_an_unknown_table_names_the_near_one_and_the_views(store):
    with pytest.raises(
        StoreError, match=r"no table named 'v_trial'; known: v_fold_scores, .*"
    ) as e:
        store.query("SELECT * FROM v_trial")

    assert str(e.value).endswith("Did you mean 'v_trials'?")


@pytest.mark.parametrize("sql", ["SELECT scor FROM v_trials", "SELECT t.scor FROM v_trials t"])
def test_an_unknown_column_names_the_near_one_and_those_of_the_table(store, sql):
    with pytest.raises(StoreError, match=r"no column named 'scor'; known: search_id, .*") as e:
        store.query(sql)

    assert str(e.value).endswith("Did you mean 'score'?")


def test_an_endless_query_is_stopped(store):
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"

    with pytest.raises(StoreError, match=r"took longer than 0\.05 s and was stopped"):
        store.query(endless, timeout_s=0.05)


def test_an_endless_answer_is_cut(store):
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"

    assert store.query(endless, max_rows=5).rows == [(1,), (2,), (3,), (4,), (5,)]


def test_a_query_that_failed_does_not_spoil_the_next(store):
    with pytest.raises(StoreError):
        store.query("SELECT nothing FROM v_trials")

    assert store.query("SELECT count(*) FROM v_searches").rows == [(4,)]
