"""What a PostgreSQL server may answer instead of a connection, and what is said of it."""

import threading
from contextlib import ExitStack, suppress
from traceback import format_exception

import pytest

from searcher.errors import StoreError
from searcher.store import Store, Writer, check, upgrade
from searcher.store.engine import open_for_reading, open_for_writing, parse_url
from tests.postgres import PostgresServer
from tests.searcher.store.raw import ask, change
from tests.searcher.store.records_factory import fill, make_records

CANARY = "canary-4d1e"
OPENERS = [Writer, Store, upgrade]


@pytest.fixture(scope="module")
def role(postgres):
    """A user with a password, and a database of its own."""
    postgres.execute(f"CREATE ROLE guest LOGIN PASSWORD '{CANARY}' CONNECTION LIMIT 20")
    postgres.execute("CREATE DATABASE guests OWNER guest TEMPLATE template0")
    yield "guest"
    postgres.execute("DROP DATABASE guests WITH (FORCE)")
    postgres.execute("DROP ROLE guest")


def refusal(opener, url):
    """What an opener says; neither it nor what it hangs on may have the password."""
    with pytest.raises(StoreError) as refused:
        opener(url)
    assert CANARY not in "".join(format_exception(refused.value))
    return str(refused.value)


@pytest.mark.parametrize("opener", OPENERS)
def test_a_user_with_a_password_gets_in(postgres, role, opener):
    url = postgres.url("guests", user=role, password=CANARY)
    upgrade(url)

    opened = opener(url)

    if not isinstance(opened, str):
        opened.close()


@pytest.mark.parametrize("opener", OPENERS)
def test_a_wrong_password_says_where_the_right_one_may_be(postgres, role, opener):
    said = refusal(opener, postgres.url("guests", user=role, password=f"{CANARY}-old"))

    assert "user or password is wrong (PGPASSWORD, ~/.pgpass, or the URL in SEARCHER_STORE" in said


@pytest.mark.parametrize("opener", OPENERS)
def test_no_password_says_where_it_may_be(postgres, role, opener, monkeypatch):
    monkeypatch.setenv("PGPASSFILE", "/nowhere")

    said = refusal(opener, postgres.url("guests", user=role))

    assert "the server wants a password (PGPASSWORD, ~/.pgpass" in said


@pytest.mark.parametrize("opener", OPENERS)
def test_an_unknown_database_says_how_to_make_it(postgres, opener):
    said = refusal(opener, postgres.url("nowhere"))

    assert "there is no database 'nowhere' on that server (`createdb nowhere` makes it)" in said


@pytest.mark.parametrize("opener", OPENERS)
def test_an_unknown_user_of_a_server_that_asks_for_passwords_is_no_more_than_wrong(
    postgres, opener
):
    said = refusal(opener, postgres.url(user="nobody_here", password=CANARY))

    assert "user or password is wrong" in said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me@127.0.0.1:1/db", "no server answers there (check host and port"),
        ("postgresql://me@/db?host=/nowhere", "no server answers there (check host"),
        ("postgresql://me@nowhere.invalid/db", "there is no such host"),
    ],
)
@pytest.mark.parametrize("opener", [*OPENERS, lambda url: check(url) and Store(url)])
def test_no_server_says_what_to_check(opener, url, said):
    assert said in refusal(opener, url.replace("me@", f"me:{CANARY}@"))


def test_several_at_signs_are_refused_without_showing_any_part_of_the_password():
    said = refusal(Store, f"postgresql://me:p@{CANARY}@host/db")

    assert "within a password it is written %40" in said


def test_no_connection_left_says_so(postgres, role):
    url = postgres.url("guests", user=role, password=CANARY)
    postgres.execute("ALTER ROLE guest CONNECTION LIMIT 0")

    try:
        assert "this user or database has no connection left" in refusal(Writer, url)
    finally:
        postgres.execute("ALTER ROLE guest CONNECTION LIMIT 20")


def test_a_full_server_says_so(postgres):
    import psycopg

    limit = int(postgres.execute("SHOW max_connections")[0][0])
    with ExitStack() as taken:
        with suppress(psycopg.OperationalError):
            for _ in range(limit + 1):
                taken.enter_context(psycopg.connect(host=str(postgres.folder), user="postgres"))

        assert "the server has no connection left" in refusal(Writer, postgres.url())


def test_a_user_without_rights_is_told_who_can_give_them(postgres, role, postgres_url):
    name = postgres_url.split("?", maxsplit=1)[0].rsplit("/", 1)[-1]

    said = refusal(Writer, postgres.url(name, user=role, password=CANARY))

    assert "the user lacks a right (the database's owner can grant it)" in said


def test_a_database_that_may_only_be_read_says_so_and_can_be_read(postgres, postgres_url):
    fill(postgres_url, make_records("s"))
    name = postgres_url.split("?", maxsplit=1)[0].rsplit("/", 1)[-1]
    change(postgres_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")

    def write(url):
        with Writer(url) as writer:
            writer.add(make_records("t")[0])

    assert "it may only be read (if this is a standby, name the primary" in refusal(
        write, postgres_url
    )
    with Store(postgres_url) as store:
        assert store.search("s").state == "completed"


@pytest.mark.parametrize("opener", OPENERS)
def test_another_programs_database_is_refused_and_left_alone(postgres_url, opener):
    change(postgres_url, "CREATE TABLE runs (id integer)")

    assert "is no store of searcher (it has runs)" in refusal(opener, postgres_url)

    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    assert ask(postgres_url, tables) == [(1,)]


def settings(engine, *names):
    with engine.connect() as connection:
        found = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]
    engine.dispose()
    return found


def test_a_session_says_whose_it_is_and_waits_for_nothing_for_ever(postgres_url):
    names = (
        *("application_name", "client_encoding", "TimeZone", "lock_timeout"),
        *("idle_in_transaction_session_timeout", "default_transaction_read_only"),
    )

    writing = settings(open_for_writing(parse_url(postgres_url), busy_timeout_s=3), *names)
    reading = settings(open_for_reading(parse_url(postgres_url)), *names)

    assert writing == ["searcher", "UTF8", "UTC", "3s", "20s", "off"]
    assert reading == ["searcher", "UTF8", "UTC", "0", "0", "on"]


def test_the_url_has_the_last_word_on_a_session(postgres_url):
    more = "&application_name=mine&options=-c%20lock_timeout%3D7s"

    found = settings(
        open_for_writing(parse_url(postgres_url + more)), "application_name", "lock_timeout"
    )

    assert found == ["mine", "7s"]


def test_a_reader_whose_connections_were_cut_asks_again_and_nobody_notices(postgres, postgres_url):
    fill(postgres_url, make_records("s"))
    name = postgres_url.split("?", maxsplit=1)[0].rsplit("/", 1)[-1]
    with Store(postgres_url) as store:
        store.searches()
        postgres.end_sessions(name)

        assert [search.search_id for search in store.searches()] == ["s"]


def test_a_server_that_died_is_named_and_comes_back_with_all_that_was_flushed():
    with PostgresServer() as server:
        url = fill(server.create_database(), make_records("s"))
        store = Store(url)
        server.kill()

        with pytest.raises(StoreError, match=r"no server answers there|connection .* was lost"):
            store.search("s")
        server.restart()

        assert store.search("s").state == "completed"
        assert check(url) == []
        store.close()


def test_a_server_that_takes_no_connections_is_given_up_after_the_time_in_the_url(postgres_url):
    with PostgresServer() as server:
        server.pause()

        assert "did not answer in time" in refusal(Store, f"{server.url()}&connect_timeout=2")

        server.resume()


def test_processes_that_ask_at_once_share_one_schema(postgres_url):
    failures = []

    def create():
        try:
            Writer(postgres_url).close()
        except StoreError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert check(postgres_url) == []
