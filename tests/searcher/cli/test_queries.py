"""sql and store: asking without changing anything."""

import json
from pathlib import Path

import pytest

from searcher.cli import examples
from searcher.store import Store
from searcher.store.revisions import HEAD


def test_sql_answers_in_every_format(shell):
    query = "select family, count(*) as n from v_trials where search_id = 'churn-1a2b3c' group by 1"

    as_json = shell.ask("sql", query, "--format", "json")
    as_csv = shell.ask("sql", query, "--format", "csv")
    as_table = shell.ask("sql", query)

    counts = {row["family"]: row["n"] for row in json.loads(as_json.stdout)}
    assert sum(counts.values()) == 32
    assert counts["dummy"] == 4
    assert as_csv.stdout.splitlines()[:2] == ["family,n", "dummy,4"]
    assert as_table.stdout.splitlines()[1].split() == ["dummy", "4"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("select * from v_trial", "Did you mean 'v_trials'?"),
        ("select scor from v_trials", "Did you mean 'score'?"),
        ("delete from trials", "one SELECT"),
        ("select 1; select 2", "one statement"),
        ("", "found nothing"),
    ],
)
def test_a_wrong_query_is_explained(shell, query, says):
    result = shell.ask("sql", query)

    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout == ""


def test_sql_says_when_there_is_more(shell):
    result = shell.ask(
        "sql", "select trial_id from v_trials", "--max-rows", "3", "--format", "json"
    )

    assert len(json.loads(result.stdout)) == 3
    assert "only the first 3 rows" in result.stderr


def test_columns_of_one_name_are_all_kept(shell):
    result = shell.ask("sql", "select 1 as a, 2 as a, 3 as a_2", "--format", "json")

    assert json.loads(result.stdout) == [{"a": 1, "a_2": 2, "a_2_2": 3}]


def test_help_names_the_columns_of_every_view(filled_store):
    """What people ask by must be what there is."""
    told = " ".join(examples.OF["sql"].split())

    with Store(filled_store) as store:
        views = [
            name
            for (name,) in store.query("select name from sqlite_master where type = 'view'").rows
        ]
        columns = {view: store.query(f"select * from {view} limit 1").columns for view in views}  # noqa: S608
    assert len(views) == 7
    for view, names in columns.items():
        assert f"{view}: " in told
        assert ", ".join(names) in told


def test_store_info_says_where_and_how_much(shell, filled_store):
    found = json.loads(shell.ask("store", "info", "--format", "json").stdout)

    assert found["url"] == filled_store
    assert filled_store.endswith(found["path"])
    assert found["searches"] == 4
    assert found["trials"] == 32 + 27 + 27 + 32
    assert found["schema"] == HEAD
    assert found["size_bytes"] > 0


def test_store_check_finds_nothing_in_a_sound_store(shell):
    result = shell.ask("store", "check", "--format", "json")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"sound": True, "problems": []}


def test_store_check_of_a_damaged_file_exits_with_1(shell, tmp_path, filled_store):
    whole = Path(filled_store.removeprefix("sqlite:///")).read_bytes()
    path = tmp_path / "damaged.db"
    path.write_bytes(whole[:8192] + b"\x00" * 8192 + whole[16384:])

    result = shell("store", "check", "--store", f"sqlite:///{path}")

    assert result.exit_code == 1
    assert "sound" not in result.stdout


def test_store_upgrade_creates_and_then_finds_nothing_to_do(shell, tmp_path):
    url = f"sqlite:///{tmp_path}/new.db"

    first = shell("store", "upgrade", "--store", url)
    second = shell("store", "upgrade", "--store", url)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "created" in first.stderr
    assert "already" in second.stderr
