import json
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, inspect, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from searcher.errors import StoreError
from searcher.records import Artifact, Replaced
from searcher.store import Store, Writer, check, upgrade
from searcher.store.engine import open_for_writing, parse_url, start_log
from searcher.store.revisions import HEAD, downgrade, known_revisions, migrate, prepare
from searcher.store.schema import metadata
from searcher.store.statements import statements
from searcher.store.views import v_searches
from tests.searcher.store.raw import ask, change, connected, locked
from tests.searcher.store.records_factory import fill, make_records

REPOSITORY = Path(__file__).parents[3]
VIEWS = [
    *("v_fold_scores", "v_leaderboard", "v_learning_curves", "v_lineage", "v_outer_predictions"),
    *("v_searches", "v_trials"),
]


def set_revision(url, revision):
    change(url, f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608


def migrate_to(url, revision):
    """Bring an empty database to a revision, as an older searcher did."""
    engine = open_for_writing(parse_url(url))
    with engine.begin() as connection:
        migrate(connection, revision)
    engine.dispose()


def described(url):
    """Every table and view of a database, as it says itself."""
    with connected(url) as connection:
        inspector = inspect(connection)
        return {
            "views": {name: inspector.get_view_definition(name) for name in view_names(inspector)},
            "tables": {
                name: table_described(inspector, name) for name in inspector.get_table_names()
            },
        }


def view_names(inspector):
    return sorted(inspector.get_view_names())


def table_described(inspector, name):
    return {
        "columns": {
            column["name"]: (str(column["type"]), column["nullable"], bool(column["default"]))
            for column in inspector.get_columns(name)
        },
        "primary key": inspector.get_pk_constraint(name),
        **{part: listed(getattr(inspector, f"get_{part}")(name)) for part in PARTS},
    }


PARTS = ("foreign_keys", "unique_constraints", "check_constraints", "indexes")


def listed(found):
    texts = ({key: printed(value) for key, value in each.items()} for each in found)
    return sorted(repr(sorted(each.items())) for each in texts)


def printed(value):
    if isinstance(value, dict):
        return str({key: str(item) for key, item in value.items()})
    return str(value)


def rows_of(url):
    """Every row of every table, as table -> rows as dictionaries."""
    with connected(url) as connection:
        tables = MetaData()
        tables.reflect(connection)
        return {
            name: [dict(row._mapping) for row in connection.execute(select(table))]
            for name, table in tables.tables.items()
            if name != "alembic_version"
        }


def like(rows, others):
    """Of ``rows`` the tables and columns that ``others`` have, in an order of their own."""
    columns = {name: list(found[0]) for name, found in others.items() if found}
    return {
        name: sorted(repr([row[column] for column in columns[name]]) for row in rows[name])
        for name in columns
    }


def parts(sql):
    """Columns and constraints of a definition: what stands between its outermost commas."""
    depth, part = 0, ""
    for letter in " ".join(sql.split()):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        opens, closes = letter == "(" and depth == 1, letter == ")" and depth == 0
        if opens or closes or (letter == "," and depth == 1):
            yield part.strip()
            part = ""
        else:
            part += letter
    yield part.strip()


@pytest.fixture(params=known_revisions()[1:])
def revision(request):
    """Each revision but the newest."""
    return request.param


def definitions(engine):
    """Every definition in the database, evened out in white space and order."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        return {
            row.name: sorted(parts(row.sql))
            for row in rows
            if row.name not in (*VIEWS, "alembic_version", "sqlite_sequence")
        }


def test_the_revisions_make_the_tables_that_the_code_knows(url, other_url):
    upgrade(url)
    with connected(other_url) as connection:
        metadata.create_all(connection)
        connection.commit()

    made, known = described(url)["tables"], described(other_url)["tables"]
    assert {**known, "alembic_version": made["alembic_version"]} == made


def test_the_revisions_write_what_sqlite_alone_is_told_as_the_code_does(sqlite_url):
    upgrade(sqlite_url)
    made, known = create_engine(sqlite_url), create_engine("sqlite://")
    metadata.create_all(known)

    assert definitions(made) == definitions(known)
    made.dispose()
    known.dispose()


def test_alembic_sees_no_difference(url):
    upgrade(url)

    with connected(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_code_knows_the_newest_revision():
    assert known_revisions()[0] == HEAD


def test_the_views_are_there_by_their_names(url):
    upgrade(url)

    with connected(url) as connection:
        assert sorted(inspect(connection).get_view_names()) == VIEWS
        made = {column["name"] for column in inspect(connection).get_columns("v_searches")}
    assert {column.name for column in v_searches.columns} <= made


def test_upgrading_says_what_was_there(url):
    assert upgrade(url) == ""
    assert upgrade(url) == HEAD


def test_upgrading_a_filled_store_changes_nothing(url):
    fill(url, make_records("s"))
    before = Store(url).search("s")

    upgrade(url)

    assert Store(url).search("s") == before
    assert check(url) == []


def test_a_filled_store_goes_down_to_nothing_and_up_again(url):
    fill(url, make_records("s"))

    downgrade(url, "base")
    left = described(url)
    assert (list(left["views"]), list(left["tables"])) == ([], ["alembic_version"])

    assert upgrade(url) == ""
    fill(url, make_records("t"))
    assert [summary.search_id for summary in Store(url).searches()] == ["t"]


def test_an_upgrade_makes_what_a_downgrade_leaves(url, other_url, revision):
    migrate_to(url, revision)

    upgrade(other_url)
    downgrade(other_url, revision)

    assert described(url) == described(other_url)


def test_each_step_up_with_data_keeps_it(url, revision):
    """From each older revision, where an older searcher wrote what this one wrote by then."""
    fill(url, make_records("s"), make_records("r", state="running"))
    downgrade(url, revision)
    before = rows_of(url)

    for newer in reversed(known_revisions()):
        if newer > revision:
            migrate_to(url, newer)
            assert like(rows_of(url), before) == like(before, before)

    assert check(url) == []


def test_each_older_revision_and_back_keeps_what_it_knows(url, revision):
    fill(url, make_records("s"), make_records("r", state="running"))
    every = rows_of(url)

    downgrade(url, revision)
    known = rows_of(url)
    assert upgrade(url) == revision

    assert like(known, known) == like(every, known)
    assert like(rows_of(url), known) == like(every, known)
    assert {search.trials["completed"] for search in Store(url).searches()} == {24, 19}
    fill(url, make_records("t"))  # and it goes on, with numbers higher than all before
    assert [search.search_id for search in Store(url).searches()] == ["t", "r", "s"]
    assert check(url) == []


@pytest.mark.parametrize("opener", [Writer, Store])
def test_an_older_store_is_refused_with_what_to_run(url, revision, opener):
    migrate_to(url, revision)

    said = rf"has the older schema {revision}, this searcher needs {HEAD}; run `searcher store upg"
    with pytest.raises(StoreError, match=said):
        opener(url)


def test_the_leaderboard_before_0005_has_what_a_member_began_with(url):
    fill(url, [*make_records("s"), Replaced("s.0.2", 1, "s.0.1", {"C": 0.5})])
    began = Store(url).trial("s.0.2").configuration

    assert on_the_leaderboard(url, "s.0.2") == {"C": 0.5}
    downgrade(url, "0004")
    assert on_the_leaderboard(url, "s.0.2") == began
    upgrade(url)
    assert on_the_leaderboard(url, "s.0.2") == {"C": 0.5}


def on_the_leaderboard(url, trial_id):
    question = f"SELECT configuration FROM v_leaderboard WHERE trial_id = '{trial_id}'"  # noqa: S608
    ((found,),) = ask(url, question)
    return json.loads(found) if isinstance(found, str) else found


def test_the_first_schema_knows_no_model_card(url):
    records = make_records("s")
    last = next(record for record in records if isinstance(record, Artifact))
    card = replace(last, kind="model_card", path="model_card.md")
    fill(url, [*records, card])
    assert Store(url).artifacts("s")[-1] == card

    downgrade(url, "0001")
    upgrade(url)

    assert [artifact.kind for artifact in Store(url).artifacts("s")] == ["model", "report"]
    fill(url, [card])  # its number is higher than all before, though its predecessor is gone
    assert Store(url).artifacts("s")[-1] == card


@pytest.mark.parametrize("opener", [Writer, Store, upgrade])
def test_a_newer_store_is_refused_with_what_to_run(url, opener):
    upgrade(url)
    set_revision(url, "9999")

    with pytest.raises(StoreError, match=r"schema 9999, which is newer.*pip install --upgrade"):
        opener(url)


@pytest.mark.parametrize("opener", [Writer, Store])
def test_a_store_without_schema_is_refused_with_what_to_run(url, opener):
    upgrade(url)
    downgrade(url, "base")

    with pytest.raises(StoreError, match=r"no schema yet.*`searcher store upgrade --store "):
        opener(url)


def test_an_empty_file_becomes_a_store(sqlite_url):
    Path(sqlite_url.removeprefix("sqlite:///")).touch()

    fill(sqlite_url, make_records("s"))

    assert Store(sqlite_url).search("s").state == "completed"


def test_everything_below_a_search_goes_when_it_goes(url):
    fill(url, make_records("s"), make_records("t", n_samples=60))
    kept = Store(url).search("t")

    change(url, "DELETE FROM searches WHERE search_id = 's'")

    assert Store(url).search("t") == kept
    # Arrays may be shared (the empty one is), so they are left for a cleaning of their own.
    (problem,) = check(url)
    assert problem.startswith("31 index arrays belong to no fold")


def test_checking_an_unreadable_revision_is_a_finding(url):
    upgrade(url)
    set_revision(url, "9999")

    assert ["newer" in problem for problem in check(url)] == [True]


CREATE = """
import sys
from tests.searcher.store.records_factory import fill, make_records
fill(sys.argv[1], make_records(sys.argv[2]))
"""


@pytest.mark.slow
def test_processes_that_create_a_store_at_once_share_it(url):
    ids = ["a", "b", "c", "d"]
    running = [
        subprocess.Popen([sys.executable, "-c", CREATE, url, search_id], cwd=REPOSITORY)
        for search_id in ids
    ]

    assert [process.wait(120) for process in running] == [0, 0, 0, 0]

    assert sorted(summary.search_id for summary in Store(url).searches()) == ids
    assert check(url) == []


def held(url, until):
    """Be a process that looks at a store which both have just made, and lets go later."""
    with locked(url):
        until.wait(60)


def test_a_writer_waits_for_a_process_that_is_in_the_way_of_the_log(sqlite_url):
    engine = open_for_writing(parse_url(sqlite_url))
    with engine.begin() as connection:
        prepare(parse_url(sqlite_url), connection)
    done, tried = threading.Event(), threading.Event()
    other = threading.Thread(target=held, args=(sqlite_url, done))
    other.start()
    while not is_locked(sqlite_url):
        pass

    def switch():
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            start_log(engine, timeout_s=0)  # what it would be without waiting
        tried.set()
        start_log(engine)

    switching = threading.Thread(target=switch)
    switching.start()
    assert tried.wait(60)
    done.set()
    other.join()
    switching.join()

    assert ask(sqlite_url, "PRAGMA journal_mode") == [("wal",)]
    engine.dispose()


def is_locked(url):
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=0)
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return True
    finally:
        other.close()
    return False


def test_every_table_and_statement_compiles_for_postgresql():
    dialect = postgresql.dialect()
    written = [str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
    for table in metadata.sorted_tables:
        written += [str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes]
    written += [str(s.executable.compile(dialect=dialect)) for s in statements("postgresql")]

    said = " ".join(written)
    assert "TIMESTAMP WITH TIME ZONE" in said
    assert "DOUBLE PRECISION" in said
    assert "ON CONFLICT (trial_id) DO NOTHING" in said
    assert "ROWID" not in said
