"""What a query can't do on PostgreSQL, asked by a superuser and by an ordinary user."""

import pytest

from searcher.errors import StoreError
from searcher.store import Store
from searcher.store.server_query import bare, check
from tests.searcher.store.records_factory import fill, make_records

CANARY = "canary-91c2"


@pytest.fixture(scope="module")
def server_url(postgres):
    """A store that no test here manages to change."""
    url = postgres.create_database()
    yield fill(url, make_records("s", outer=2, inner=2, trials=5))
    postgres.drop_database(url)


@pytest.fixture(scope="module")
def users_url(postgres, server_url):
    """The same for somebody who may do everything with it, and is no superuser."""
    name = server_url.split("?", maxsplit=1)[0].rsplit("/", 1)[-1]
    postgres.execute(f"CREATE ROLE tenant LOGIN PASSWORD '{CANARY}'")
    postgres.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO tenant", name)
    yield postgres.url(name, user="tenant", password=CANARY)
    postgres.execute("DROP OWNED BY tenant", name)
    postgres.execute("DROP ROLE tenant")


@pytest.fixture(params=["server_url", "users_url"], ids=["superuser", "user"])
def asked(request):
    with Store(request.getfixturevalue(request.param)) as store:
        yield store


ESCAPES = [
    ("SELECT 1; COMMIT; DROP TABLE trials", "found several"),
    ("SELECT $$'$$; COMMIT; DROP TABLE trials; SELECT $$'$$", "found several"),
    ("SELECT $a$ $$'$a$; COMMIT; SELECT $a$'$a$", "found several"),
    ("SELECT 1 -- \rFROM trials; DROP TABLE trials", "found several"),
    ("WITH gone AS (DELETE FROM trials RETURNING 1) SELECT * FROM gone", "can't change anything"),
    ("SELECT 1 INTO made", "INTO|syntax|change"),
    ("SELECT * FROM trials FOR UPDATE", "can't change anything"),
    ("SELECT nextval('trials_id_seq')", "can't change anything|and nothing else"),
    ("SELECT pg_sleep(100)", "can't use pg_sleep"),
    ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity", "can't use pg_terminate_backend"),
    ("SELECT \"pg_read_file\"('/etc/passwd')", "can't use pg_read_file"),
    ("SELECT pg_catalog.pg_read_file('/etc/passwd')", "can't use pg_catalog"),
    ("SELECT U&\"\\0070g_read_file\"('/etc/passwd')", "names written U&"),
    ("SELECT 1 AS x$$, pg_read_file('/etc/passwd') AS y$$", "can't use pg_read_file"),
    ("SELECT lo_import('/etc/passwd')", "can't use lo_import"),
    ("SELECT set_config('transaction_read_only', 'off', false)", "can't use set_config"),
    ("SELECT set_config('role', 'postgres', true)", "can't use set_config"),
    ("SELECT query_to_xml('DELETE FROM trials', true, true, '')", "can't use query_to_xml"),
    ("SELECT rolpassword FROM pg_authid", "can't use pg_authid"),
    ("COPY trials TO PROGRAM 'cat > /tmp/stolen'", "one SELECT .* expected, found 'copy'"),
    ("DO $$ BEGIN DELETE FROM trials; END $$", "one SELECT .* expected, found 'do'"),
    ("SET ROLE postgres", "found 'set'"),
    ("TABLE trials", "found 'table'"),
    ("SELECT $1", "placeholders"),
]


@pytest.mark.parametrize(("sql", "said"), ESCAPES)
def test_an_escape_is_refused_and_changes_nothing(asked, sql, said):
    with pytest.raises(StoreError, match=said):
        asked.query(sql)

    assert asked.query("SELECT count(*) FROM trials").rows == [(15,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT lo_import('/etc/hostname')",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'psql'",
        "SELECT query_to_xml('DELETE FROM trials', true, true, '')",
        "SELECT 1; COMMIT; DROP TABLE trials",
        "WITH gone AS (DELETE FROM trials RETURNING 1) SELECT * FROM gone",
    ],
)
def test_the_server_refuses_too_when_the_names_are_not_looked_at(asked, sql, monkeypatch):
    monkeypatch.setattr("searcher.store.server_query.ACTING", bare_nothing)
    monkeypatch.setattr("searcher.store.query._check_one_select", lambda _: None)
    allowed = "pg_terminate_backend" in sql

    if allowed:  # nobody has that name: only the right to ask is tried, and who asks has it
        assert asked.query(sql).rows == []
    else:
        with pytest.raises(StoreError):
            asked.query(sql)

    assert asked.query("SELECT count(*) FROM trials").rows == [(15,)]


class _Nothing:
    @staticmethod
    def findall(_):
        return []


bare_nothing = _Nothing


def test_a_setting_that_a_query_changed_is_gone_with_its_connection(asked, monkeypatch):
    monkeypatch.setattr("searcher.store.server_query.ACTING", bare_nothing)
    asked.query("SELECT set_config('statement_timeout', '1', false), set_config('a.b', 'c', false)")

    (row,) = asked.query("SELECT current_setting('a.b', true)").rows

    assert row == (None,)


def test_an_endless_query_ends_on_the_server_too(postgres, asked):
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT max(x) FROM n"

    with pytest.raises(StoreError, match=r"took longer than 0\.1 s and was stopped"):
        asked.query(endless, timeout_s=0.1)

    busy = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%max(x)%'"
    assert postgres.execute(f"{busy} AND pid <> pg_backend_pid()") == [(0,)]


def test_no_time_is_not_endless_time(asked):
    with pytest.raises(StoreError, match="was stopped"):
        asked.query("SELECT count(*) FROM trials a, trials b, trials c, trials d", timeout_s=0)


def test_a_billion_rows_are_not_fetched_to_show_three(asked):
    answer = asked.query("SELECT generate_series(1, 1000000000)", max_rows=3)

    assert (answer.rows, answer.truncated) == ([(1,), (2,), (3,)], True)


def test_numbers_and_json_are_those_that_sqlite_gives(asked):
    answer = asked.query(
        "SELECT sum(number), avg(number), sum(score) > 0, max(configuration::text) FROM trials"
    ).rows[0]
    (configuration,) = asked.query("SELECT configuration FROM trials LIMIT 1").rows[0]

    assert [type(value) for value in answer] == [int, float, bool, str]
    assert configuration == '{"strategy": "prior"}'


@pytest.mark.parametrize(
    ("sql", "without"),
    [
        ("SELECT 'a''b', x", "SELECT  , x"),
        (r"SELECT E'a\'b', x", "SELECT  , x"),
        (r"SELECT E'\'; DROP TABLE trials; --'", "SELECT  "),
        ("SELECT name'x'", "SELECT name "),
        ("SELECT $$a'b$$, $t$ $$ $t$, x", "SELECT  ,  , x"),
        ("SELECT a$b$c, x", "SELECT a$b$c, x"),
        ('SELECT "pg_x"', "SELECT pg_x"),
        ("SELECT 1 -- pg_x\n, 2 /* pg_y */", "SELECT 1  \n, 2  "),
    ],
)
def test_strings_and_comments_are_found_as_the_server_finds_them(sql, without):
    assert bare(sql) == without


def test_words_in_strings_are_only_words():
    check("SELECT 'pg_sleep(1)', family FROM v_trials WHERE reason LIKE '%pg_%' -- lo_import")
