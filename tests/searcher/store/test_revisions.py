import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from searcher.errors import StoreError
from searcher.records import Artifact
from searcher.store import Store, Writer, check, upgrade
from searcher.store.revisions import HEAD, downgrade, known_revisions
from searcher.store.schema import metadata
from searcher.store.statements import statements
from searcher.store.views import v_searches
from tests.searcher.store.records_factory import fill, make_records

REPOSITORY = Path(__file__).parents[3]
VIEWS = [
    *("v_fold_scores", "v_leaderboard", "v_learning_curves", "v_outer_predictions"),
    *("v_searches", "v_trials"),
]


def set_revision(url, revision):
    with sqlite3.connect(url.removeprefix("sqlite:///")) as other:
        other.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def definitions(engine):
    """Every definition in the database, evened out in white space and order of constraints."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        return {
            row.name: sorted(line.strip(", \t") for line in row.sql.splitlines() if line.strip())
            for row in rows
            if row.name not in (*VIEWS, "alembic_version", "sqlite_sequence")
        }


def test_the_revisions_make_the_tables_that_the_code_knows(url):
    upgrade(url)
    made, known = create_engine(url), create_engine("sqlite://")
    metadata.create_all(known)

    assert definitions(made) == definitions(known)
    made.dispose()
    known.dispose()


def test_alembic_sees_no_difference(url):
    upgrade(url)
    engine = create_engine(url)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_code_knows_the_newest_revision():
    assert known_revisions()[0] == HEAD


def test_the_views_are_there_by_their_names(url):
    upgrade(url)
    engine = create_engine(url)

    assert sorted(inspect(engine).get_view_names()) == VIEWS
    made = {column["name"] for column in inspect(engine).get_columns("v_searches")}
    assert {column.name for column in v_searches.columns} <= made
    engine.dispose()


def test_upgrading_says_what_was_there(url):
    assert upgrade(url) == ""
    assert upgrade(url) == HEAD


def test_upgrading_a_filled_store_changes_nothing(url):
    fill(url, make_records("s"))
    before = Store(url).search("s")

    upgrade(url)

    assert Store(url).search("s") == before
    assert check(url) == []


def test_a_filled_store_goes_down_and_up_again(url):
    fill(url, make_records("s"))

    downgrade(url, "base")
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    assert inspect(engine).get_view_names() == []
    engine.dispose()

    assert upgrade(url) == ""
    fill(url, make_records("t"))
    assert [summary.search_id for summary in Store(url).searches()] == ["t"]


def test_an_older_store_is_refused_until_it_is_upgraded_and_keeps_its_rows(url):
    fill(url, make_records("s"))
    before = Store(url).search("s"), Store(url).artifacts("s")

    downgrade(url, "0001")
    for opener in (Writer, Store):
        with pytest.raises(StoreError, match=r"older schema 0001.*`searcher store upgrade --sto"):
            opener(url)

    assert upgrade(url) == "0001"
    assert (Store(url).search("s"), Store(url).artifacts("s")) == before
    assert Store(url).outer_predictions("s") == ()
    assert check(url) == []


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

    with pytest.raises(StoreError, match=r"no schema yet.*`searcher store upgrade --store sqlite"):
        opener(url)


def test_an_empty_file_becomes_a_store(url):
    Path(url.removeprefix("sqlite:///")).touch()

    fill(url, make_records("s"))

    assert Store(url).search("s").state == "completed"


def test_everything_below_a_search_goes_when_it_goes(url):
    fill(url, make_records("s"), make_records("t", n_samples=60))
    kept = Store(url).search("t")

    with sqlite3.connect(url.removeprefix("sqlite:///")) as other:
        other.execute("PRAGMA foreign_keys = ON")
        other.execute("DELETE FROM searches WHERE search_id = 's'")

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
