"""The trials command: conditions, orders, pages and columns, in every format."""

import csv
import io
import json
import shlex

import pytest
from pyarrow import parquet

from searcher.store import Store

SEARCH = "churn-1a2b3c"


@pytest.fixture
def stored(filled_store):
    with Store(filled_store) as store:
        yield store


def json_of(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_condition_chooses_trials(shell, stored):
    where = "score > 0.8 and learning_rate < 0.1"

    found = json_of(shell.ask("trials", SEARCH, "--where", where, "--format", "json"))

    assert [t["trial_id"] for t in found] == [
        t.trial_id for t in stored.trials(SEARCH, where=where)
    ]
    assert all(t["score"] > 0.8 and t["configuration"]["learning_rate"] < 0.1 for t in found)
    assert found


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--where", "scor > 1"), "no column or parameter 'scor'"),
        (("--where", "score > 0.8; drop table trials"), "';' has no meaning here"),
        (("--where", "score >"), "a value is expected"),
        (("--sort", "scores"), "no order 'scores'"),
        (("--after", "nonsense"), "'nonsense' is not where a page of trials ended"),
        (("--columns", "trial_id,lerning_rate"), "Did you mean 'learning_rate'?"),
        (("--columns", " , "), "--columns names no column"),
    ],
)
def test_a_wrong_wish_is_explained_and_exits_with_2(shell, options, says):
    result = shell.ask("trials", SEARCH, *options)

    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout == ""


def test_the_place_of_a_mistake_is_shown_below_the_condition(shell):
    *_, shown, pointer = shell.ask("trials", SEARCH, "--where", "score > high").stderr.splitlines()

    assert shown.endswith("score > high")
    assert shown[pointer.index("^") :] == "high"


def test_an_order_may_be_any_column_or_parameter(shell, stored):
    found = json_of(shell.ask("trials", SEARCH, "--sort=-learning_rate", "--format", "json"))

    rates = [t["configuration"].get("learning_rate") for t in found]
    there = [rate for rate in rates if rate is not None]
    assert there == sorted(there, reverse=True)
    assert rates[len(there) :] == [None] * (32 - len(there))


def test_pages_follow_each_other_by_the_command_that_is_shown(shell, stored):
    arguments = ["trials", SEARCH, "--sort", "number", "--limit", "12", "--where", "score > 0.5"]
    found = []

    while arguments:
        result = shell.ask(*arguments, "--format", "json")
        found += [trial["trial_id"] for trial in json_of(result)]
        said = result.stderr.removeprefix("there are more: ")
        words = shlex.split(said)
        arguments = words[1 : words.index("--store")] if words else []

    whole = stored.trials(SEARCH, sort="number", where="score > 0.5")
    assert found == [trial.trial_id for trial in whole]


def test_the_next_page_is_not_spoken_of_when_nothing_may_be_said(shell):
    assert shell.ask("trials", SEARCH, "--limit", "2", "--quiet").stderr == ""


def test_chosen_columns_are_the_only_ones_in_every_format(shell, stored, tmp_path):
    options = ("--columns", "trial_id,score,learning_rate", "--family", "xgboost")
    trials = stored.trials(SEARCH, family="xgboost")
    expected = [
        {
            "trial_id": t.trial_id,
            "score": t.score,
            "learning_rate": t.configuration["learning_rate"],
        }
        for t in trials
    ]

    as_json = json_of(shell.ask("trials", SEARCH, *options, "--format", "json"))
    as_csv = shell.ask("trials", SEARCH, *options, "--format", "csv").stdout
    as_table = shell.ask("trials", SEARCH, *options).stdout
    shell.ask("trials", SEARCH, *options, "-o", str(tmp_path / "t.parquet"))

    assert as_json == expected
    assert next(csv.reader(io.StringIO(as_csv))) == ["trial_id", "score", "learning_rate"]
    assert len(as_csv.splitlines()) == len(as_table.splitlines()) == len(trials) + 1
    assert as_table.split()[:3] == ["trial_id", "score", "learning_rate"]
    assert parquet.read_table(tmp_path / "t.parquet").to_pylist() == expected


def test_a_parameter_that_is_called_like_a_column_can_be_chosen(shell):
    result = shell.ask("trials", SEARCH, "--columns", "parameters.C", "--format", "json")

    assert {"parameters.C"} == set().union(*json_of(result))


def test_json_lines_are_the_array_line_by_line(shell):
    lines = shell.ask("trials", SEARCH, "--format", "jsonl").stdout.splitlines()
    array = json_of(shell.ask("trials", SEARCH, "--format", "json"))

    assert [json.loads(line) for line in lines] == array


def test_an_empty_answer_is_an_empty_array_of_lines_or_rows(shell):
    none = ("trials", SEARCH, "--where", "score > 2")

    assert shell.ask(*none, "--format", "json").stdout == "[]\n"
    assert shell.ask(*none, "--format", "jsonl").stdout == ""
    assert shell.ask(*none, "--format", "csv").stdout.count("\n") == 1
    assert "no such trials" in shell.ask(*none).stderr


def test_a_file_that_can_not_be_finished_is_left_as_it_was(shell, tmp_path):
    path = tmp_path / "trials.csv"
    path.write_text("old")

    endless = "with recursive n(x) as (select 1 union all select x + 1 from n) select x from n"
    options = ("--max-rows", "1000000000", "--timeout", "0.3", "-o", str(path))
    result = shell.ask("sql", endless, *options)

    assert result.exit_code == 2
    assert "took longer than 0.3 s" in result.stderr
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
