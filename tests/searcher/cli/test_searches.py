"""list, show and trials: what people read and what scripts parse."""

import csv
import io
import json
import subprocess
import sys
from datetime import datetime

import pytest

from searcher.records import FINAL
from searcher.store import Store
from tests.searcher.cli.conftest import DATA
from tests.searcher.store.records_factory import fill


def json_of(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_list_as_json_is_an_array_with_the_newest_first(shell):
    found = json_of(shell.ask("list", "--format", "json"))

    ids = [search["search_id"] for search in found]
    assert ids == ["worse-0a0b0c", "churn-ff0011", "telco-99aa88", "churn-1a2b3c"]
    complete = found[-1]
    assert complete["name"] == "churn"
    assert complete["state"] == "completed"
    assert complete["metric"] == "roc_auc"
    low, high = complete["interval"]
    assert low < complete["outer_mean"] < high
    assert datetime.fromisoformat(complete["started_at"]).utcoffset() is not None


def test_list_shows_every_id_whole_in_a_pipe(shell):
    result = shell.ask("list")

    assert result.exit_code == 0
    heading, *lines = result.stdout.splitlines()
    assert heading.split() == [
        "search",
        "state",
        "metric",
        "outer",
        "score",
        "trials",
        "time",
        "started",
    ]
    assert [line.split()[0] for line in lines] == [
        "worse-0a0b0c",
        "churn-ff0011",
        "telco-99aa88",
        "churn-1a2b3c",
    ]
    assert "no model" in lines[0]
    assert "\x1b" not in result.stdout


def test_list_says_which_search_has_lost_its_process(tmp_path, shell):
    url = f"sqlite:///{tmp_path}/s.db"
    script = (
        "import os, sys; from searcher.store import Writer\n"
        "from tests.searcher.store.records_factory import make_records\n"
        "writer = Writer(sys.argv[1]); writer.add(make_records('gone-1a2b3c')[0])\n"
        "writer.lead('gone-1a2b3c'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, url], check=False)

    result = shell("list", "--store", url)

    assert "no process" in result.stdout
    assert "`searcher resume gone-1a2b3c`" in result.stderr


def test_list_names_searches_whose_id_does_not_tell(tmp_path, shell):
    from tests.searcher.cli.conftest import records_of

    url = fill(f"sqlite:///{tmp_path}/s.db", records_of("search-1a2b3c", name="客户流失"))

    assert "客户流失" in shell("list", "--store", url).stdout
    assert "name" not in shell.ask("list").stdout


def test_list_limit_keeps_the_newest(shell):
    found = json_of(shell.ask("list", "--format", "json", "--limit", "2"))

    assert [search["search_id"] for search in found] == ["worse-0a0b0c", "churn-ff0011"]


def test_an_empty_store_lists_an_empty_array(tmp_path, shell):
    url = f"sqlite:///{tmp_path}/empty.db"
    assert shell("store", "upgrade", "--store", url).exit_code == 0

    as_json = shell("list", "--format", "json", "--store", url)
    as_table = shell("list", "--store", url)

    assert json_of(as_json) == []
    assert as_table.stdout == ""
    assert "no searches yet" in as_table.stderr
    assert shell("list", "--store", url, "--quiet").stderr == ""


def test_show_as_json_has_what_scripts_need(shell, filled_store):
    document = json_of(shell.ask("show", "churn-1a2b3c", "--format", "json"))

    with Store(filled_store) as store:
        stored = store.search("churn-1a2b3c")
    assert document["search_id"] == "churn-1a2b3c"
    assert document["state"] == "completed"
    assert document["outer_scores"] == list(stored.outer_scores)
    assert len(document["outer_scores"]) == 3
    assert document["outer_mean"] == pytest.approx(sum(document["outer_scores"]) / 3)
    assert document["interval"] == list(stored.interval)
    assert document["optimism"] == pytest.approx(0.02)
    assert document["best_configuration"]["family"] in ("random_forest", "xgboost")
    assert document["model_path"] == "searcher-output/churn-1a2b3c/model.onnx"
    assert document["report_path"] == "searcher-output/churn-1a2b3c/report.html"
    assert document["parity"]["passed"] is True
    assert document["parity"]["rows"] == 118
    assert document["parity"]["worst"] == 0.012
    assert document["default_difference"] == stored.default_difference
    assert document["default_interval"] == list(stored.default_interval)
    assert sum(document["trials"].values()) == 32
    assert document["spec"]["seed"] == 7
    assert document["data"] == DATA


def test_show_says_null_where_a_number_is_not_finite_or_missing(shell):
    refused = json_of(shell.ask("show", "worse", "--format", "json"))
    running = json_of(shell.ask("show", "telco", "--format", "json"))

    assert refused["parity"]["worst"] is None
    assert refused["parity"]["worst_absolute"] is None
    assert refused["model_path"] is None
    assert refused["error"] == "model.onnx is not released: row 3 differs"
    assert running["outer_mean"] is None
    assert running["interval"] is None
    assert running["best_configuration"] is None


def test_show_tells_the_story(shell):
    result = shell.ask("show", "churn-1a2b3c")

    assert result.exit_code == 0
    text = result.stdout
    for part in (
        "churn-1a2b3c  churn: completed",
        "telco_churn: 90 rows, 2 columns (1 numeric, 1 categorical); 1 column with missing values",
        "target Churn: No 60, Yes 30",
        "column 'id' is constant and was dropped",
        "3 outer x 3 inner folds",
        "asha over tpe",
        "outer roc_auc",
        "95 % interval",
        "optimism +0.0200",
        "winner minus default",
        "passed: 118 rows compared",
        "searcher-output/churn-1a2b3c/model.onnx",
        "searcher-output/churn-1a2b3c/report.html",
    ):
        assert part in text
    assert "\x1b" not in text


def test_show_says_when_no_model_was_released(shell):
    text = shell.ask("show", "worse-0a0b0c").stdout

    assert "none was released" in text
    assert "failed, so no model was released (118 rows compared): row 3 differs" in text


def test_latest_is_the_newest_search(shell):
    found = json_of(shell.ask("show", "latest", "--format", "json"))

    assert found["search_id"] == "worse-0a0b0c"


def test_show_as_csv_is_the_row_that_list_has(shell):
    shown = list(
        csv.DictReader(io.StringIO(shell.ask("show", "churn-1", "--format", "csv").stdout))
    )
    listed = list(csv.DictReader(io.StringIO(shell.ask("list", "--format", "csv").stdout)))

    assert shown == listed[-1:]
    assert float(shown[0]["interval_low"]) < float(shown[0]["outer_mean"])
    assert shown[0]["trials_completed"] == "24"
    assert shown[0]["parity_passed"] == "true"
    assert listed[0]["model_path"] == ""


def test_trials_as_json_have_their_configuration(shell, filled_store):
    found = json_of(shell.ask("trials", "churn-1a2b3c", "--format", "json"))

    with Store(filled_store) as store:
        stored = store.trials("churn-1a2b3c")
    assert [trial["trial_id"] for trial in found] == [trial.trial_id for trial in stored]
    assert [trial["configuration"] for trial in found] == [trial.configuration for trial in stored]
    assert {trial["state"] for trial in found} == {"completed", "stopped", "failed"}
    assert all(trial["score"] is None for trial in found if trial["state"] == "failed")


def test_trials_are_the_best_first_unless_sorted_by_number(shell):
    best_first = json_of(shell.ask("trials", "churn-1a2b3c", "--format", "json"))
    by_number = json_of(shell.ask("trials", "churn-1a2b3c", "--format", "json", "--sort", "number"))

    scores = [trial["score"] for trial in best_first if trial["state"] == "completed"]
    assert scores == sorted(scores, reverse=True)
    assert {trial["state"] for trial in best_first[: len(scores)]} == {"completed"}
    assert [t["outer_fold"] for t in by_number[::8]] == ["0", "1", "2", FINAL]
    assert [t["number"] for t in by_number[:8]] == list(range(8))


def test_trials_are_filtered_by_fold_state_and_family(shell):
    options = ("--outer-fold", "final", "--state", "completed", "--family", "xgboost")
    found = json_of(shell.ask("trials", "churn-1a2b3c", "--format", "json", *options))

    assert found
    for trial in found:
        assert (trial["outer_fold"], trial["state"], trial["family"]) == (
            "final",
            "completed",
            "xgboost",
        )


def test_a_table_of_trials_has_the_parameters_that_differ(shell):
    text = shell.ask("trials", "churn-1a2b3c", "--family", "xgboost").stdout

    heading, *lines, empty, shared = text.splitlines()
    assert "learning_rate" in heading
    assert "n_estimators" not in heading
    assert shared.startswith("in all that have it: ")
    assert "n_estimators=100" in shared
    assert empty == ""
    assert lines[0].split()[0].startswith("churn-1a2b3c.")


def test_failed_trials_are_listed_with_their_reason(shell):
    text = shell.ask("trials", "churn-1a2b3c", "--state", "failed").stdout

    assert text.count("Solver lbfgs supports only 'l2'") == 4


def test_trials_as_csv_have_a_column_for_each_parameter(shell, filled_store):
    text = shell.ask("trials", "churn-1a2b3c", "--format", "csv").stdout

    rows = list(csv.DictReader(io.StringIO(text)))
    with Store(filled_store) as store:
        stored = store.trials("churn-1a2b3c")
    for row, trial in zip(rows, stored, strict=True):
        given = {key: value for key, value in row.items() if key.startswith("param.") and value}
        expected = {k for k, v in trial.configuration.items() if v is not None}
        assert {key.removeprefix("param.") for key in given} == expected
        if trial.score is not None:
            assert float(row["score"]) == trial.score


def test_no_such_trials_is_an_answer_not_an_error(shell):
    result = shell.ask("trials", "churn-1a2b3c", "--family", "ridge", "--format", "json")

    assert json_of(result) == []
    assert "no such trials" in result.stderr
