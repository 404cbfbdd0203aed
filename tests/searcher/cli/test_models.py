"""predict, report and export: what becomes of a search."""

import csv
import io
import json
from pathlib import Path

import pytest

from searcher.export.convert import serialise
from searcher.export.predict import predict_rows
from tests.searcher.export.models import export, fit, make_data

ROWS = "few,ignored,n1\na,x,0.5\nb,x,\n,x,2.5\nnever seen,x,-1\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder with a classifier, a regressor and rows for both."""
    folder = tmp_path_factory.mktemp("models")
    for task, family in (("multiclass", "logistic_regression"), ("regression", "ridge")):
        model = fit(make_data(task).only(1, 8), family)
        (folder / f"{task}.onnx").write_bytes(serialise(export(model)))
    (folder / "rows.csv").write_text(ROWS)
    return folder


def predict(shell, folder, task, *options):
    return shell("predict", str(folder / f"{task}.onnx"), str(folder / "rows.csv"), *options)


def test_classes_are_predicted_with_a_probability_for_each(shell, folder):
    rows = json.loads(predict(shell, folder, "multiclass", "--format", "json").stdout)

    said = predict_rows(folder / "multiclass.onnx", folder / "rows.csv")
    assert [row["label"] for row in rows] == said.labels.tolist()
    names = [f"probability_{name}" for name in said.classes]
    assert names == ["probability_3", "probability_1", "probability_7", "probability_-9"]
    for row, probabilities in zip(rows, said.probabilities.tolist(), strict=True):
        assert [row[name] for name in names] == probabilities
        assert row["label"] == said.classes[probabilities.index(max(probabilities))]


def test_numbers_are_predicted_alone(shell, folder):
    rows = json.loads(predict(shell, folder, "regression", "--format", "json").stdout)

    said = predict_rows(folder / "regression.onnx", folder / "rows.csv")
    assert rows == [{"prediction": value} for value in said.values.tolist()]


def test_predictions_survive_csv(shell, folder, tmp_path):
    path = tmp_path / "predictions.csv"

    result = predict(shell, folder, "multiclass", "-o", str(path))

    assert result.stdout == ""
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    said = predict_rows(folder / "multiclass.onnx", folder / "rows.csv")
    assert [float(row["probability_3"]) for row in rows] == said.probabilities[:, 0].tolist()
    assert [row["label"] for row in rows] == [str(label) for label in said.labels]


def test_a_table_of_predictions_has_a_line_for_each_row(shell, folder):
    lines = predict(shell, folder, "multiclass").stdout.splitlines()

    assert lines[0].split()[0] == "label"
    assert len(lines) == 1 + 4


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("few\na\n", "no column 'n1'"),
        ("few,n1\na,plenty\n", "'n1'"),
        ("few,n1\n", "row"),
    ],
)
def test_rows_that_do_not_fit_are_explained(shell, folder, tmp_path, rows, says):
    path = tmp_path / "rows.csv"
    path.write_text(rows)

    result = shell("predict", str(folder / "multiclass.onnx"), str(path))

    assert result.exit_code == 2
    assert result.stdout == ""
    assert says in result.stderr


def test_a_file_that_is_no_model_is_refused(shell, folder):
    result = shell("predict", str(folder / "rows.csv"), str(folder / "rows.csv"))

    assert result.exit_code == 2
    assert "can't be loaded" in result.stderr


@pytest.mark.slow
def test_a_report_is_one_file_and_its_path_is_the_answer(shell, tmp_path):
    path = tmp_path / "new folder" / "report.html"

    result = shell.ask("report", "churn-1", "-o", str(path))

    assert result.exit_code == 0, result.stderr
    assert Path(result.stdout.strip()) == path
    assert "drawing the report of churn-1a2b3c" in result.stderr
    assert "churn-1a2b3c" in path.read_text()


def test_export_of_a_search_without_a_winner_says_to_name_a_trial(shell):
    result = shell.ask("export", "telco-99aa88", "--quiet")

    assert result.exit_code == 4
    assert "no winner yet; name a trial" in result.stderr


def test_export_of_a_trial_that_is_not_there_names_those_that_are(shell):
    result = shell.ask("export", "churn-1", "--trial", "final.99", "--quiet")

    assert result.exit_code == 4
    assert "no trial 'churn-1a2b3c.final.99'" in result.stderr
