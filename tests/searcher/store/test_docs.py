"""docs/store.md says what is there, and what it says works."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect

from searcher.store.schema import metadata
from tests.searcher.store.raw import connected
from tests.searcher.store.records_factory import fill, make_records

REPOSITORY = Path(__file__).parents[3]
PAGE = (REPOSITORY / "docs" / "store.md").read_text()
QUESTIONS = re.findall(r"\*\*(\d+)\. (.+?)\*\*.*?```sql\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
VIEWS = [
    *("v_searches", "v_trials", "v_leaderboard", "v_fold_scores", "v_learning_curves"),
    "v_outer_predictions",
    "v_lineage",
]


def documented(name):
    """The columns that the section of a table or view lists, in order."""
    section = re.search(rf"^### {name}\n(.*?)(?=^##)", PAGE, re.DOTALL | re.MULTILINE)
    rows = re.findall(r"^\| ([a-z0-9_, ]+) \|", section[1] if section else "", re.MULTILINE)
    return [column for row in rows if row != "column" for column in row.split(", ")]


@pytest.mark.parametrize("table", list(metadata.tables))
def test_every_column_of_every_table_is_explained(table):
    assert sorted(documented(table)) == sorted(metadata.tables[table].columns.keys())


@pytest.mark.parametrize("view", VIEWS)
def test_every_column_of_every_view_is_explained(store, view):
    columns = store.query(" ".join(["SELECT * FROM", view, "LIMIT 1"])).columns

    assert sorted(documented(view)) == sorted(columns)


def test_every_view_is_explained(filled_url):
    with connected(filled_url) as connection:
        assert sorted(VIEWS) == sorted(inspect(connection).get_view_names())


def test_there_are_eleven_questions():
    assert [number for number, _, _ in QUESTIONS] == [str(i + 1) for i in range(11)]


@pytest.mark.parametrize(("number", "question", "sql"), QUESTIONS)
def test_a_question_has_an_answer(store, number, question, sql):
    answer = store.query(sql)

    assert answer.rows, f"{number}. {question}"
    assert all(len(row) == len(answer.columns) for row in answer.rows)


def test_the_third_question_gives_the_optimism_that_the_search_reports(store):
    answer = store.query(QUESTIONS[2][2])

    found = [row[answer.columns.index("optimism")] for row in answer.rows]

    assert sum(found) / len(found) == pytest.approx(store.search("20260131-12").optimism)


def test_the_tenth_question_never_goes_down(store):
    columns, rows = store.query(QUESTIONS[9][2])
    best = {}

    for row in (dict(zip(columns, row, strict=True)) for row in rows):
        assert row["best_so_far"] >= max(row["score"], best.get(row["outer_fold"], row["score"]))
        best[row["outer_fold"]] = row["best_so_far"]


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_examples_run(tmp_path, code):
    fill(f"sqlite:///{tmp_path}/searcher.db", make_records("20260131-120000-a1b2c3"))
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n{code}"]

    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr


def test_the_promises_name_tests_that_are_there():
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    sources = [path.read_text() for path in Path(__file__).parent.glob("test_*.py")]

    there = set(re.findall(r"^def (test_\w+)", "\n".join(sources), re.MULTILINE))

    assert named
    assert named <= there
