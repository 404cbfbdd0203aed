"""check: what it says of spec and data, and how it exits."""

import csv
import io
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from searcher.cli.app import app

SPEC = """
name: iris
data: {path: "sklearn:iris"}
families: [logistic_regression]
validation: {outer: 3, inner: 2}
budget: {trials: 4}
seed: 7
"""


def type_command(*arguments):
    return CliRunner().invoke(app, [str(part) for part in arguments], prog_name="searcher")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A sound spec, and one whose rows have an identifier."""
    folder = tmp_path_factory.mktemp("check")
    (folder / "iris.yaml").write_text(SPEC)
    rng = np.random.default_rng(0)
    lines = [f"{i},{rng.normal():.6f},{'yes' if i % 2 else 'no'}" for i in range(200)]
    (folder / "rows.csv").write_text("\n".join(["id,x,label", *lines]) + "\n")
    data = "{path: rows.csv, target: label}"
    (folder / "rows.yaml").write_text(SPEC.replace('{path: "sklearn:iris"}', data))
    family = '["tests.searcher.cli.unexportable:Unexportable"]'
    spec = SPEC.replace("[logistic_regression]", family).replace("iris", "diabetes")
    (folder / "refused.yaml").write_text(spec)
    return folder


def test_what_would_be_searched_is_said(folder):
    answer = type_command("check", folder / "iris.yaml", "--skip-exports")

    assert answer.exit_code == 0, answer.stderr
    for line in (
        "data      iris: 150 rows, 4 columns (4 numeric)",
        "plan      balanced_accuracy; 3 outer x 2 inner folds; logistic_regression;",
        "folds     3 outer: 100 rows to train on, 50 to test",
        "          8 inner: 50 to 75 rows to train on, 50 to 75 to test",
        "logistic_regression",
        "0 warnings; ",
    ):
        assert line in answer.stdout


def test_a_warning_is_said_with_what_to_do_and_is_an_error_only_if_asked(folder):
    said = type_command("check", folder / "rows.yaml", "--skip-exports")
    strict = type_command("check", folder / "rows.yaml", "--skip-exports", "--strict")

    assert said.exit_code == 0
    assert "warning   column 'id' has 100.0% different values" in said.stdout
    assert "data.drop: [id]" in said.stdout
    assert strict.exit_code == 1
    assert strict.stdout == said.stdout


def test_json_has_every_finding_and_csv_a_row_for_each(folder):
    spec = folder / "rows.yaml"

    document = json.loads(
        type_command("check", spec, "--skip-exports", "--format", "json", "-q").stdout
    )
    table = type_command("check", spec, "--skip-exports", "--format", "csv", "-q").stdout

    assert document["data"]["rows"] == 200
    assert [(f["kind"], f["columns"]) for f in document["findings"]] == [("identifier", ["id"])]
    assert document["exports"] == []
    assert document["families"][0]["family"] == "logistic_regression"
    assert [len(document[part]) for part in ("folds", "metrics")] == [4 * 3, 1]
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["check"], row["outcome"], row["subject"]) == ("identifier", "warning", "id")


@pytest.mark.slow
def test_a_choice_that_can_not_be_exported_is_named_and_exits_with_2(folder):
    answer = type_command("check", folder / "refused.yaml", "--format", "json")

    exports = json.loads(answer.stdout)["exports"]
    assert answer.exit_code == 2
    assert {each["outcome"] for each in exports} == {"refused"}
    assert "Unexportable: its default configuration can't be exported" in answer.stderr


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """A spec of a family of networks, some of whose choices can't be trained."""
    folder = tmp_path_factory.mktemp("networks")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3))
    lines = [",".join([*map(str, x), "yes" if x[0] > 0 else "no"]) for x in X]
    (folder / "rows.csv").write_text("\n".join(["a,b,c,label", *lines]) + "\n")
    data = "{path: rows.csv, target: label}"
    family = '["tests.searcher.preflight.training.broken:Flawed"]'
    spec = SPEC.replace('{path: "sklearn:iris"}', data).replace("[logistic_regression]", family)
    (folder / "spec.yaml").write_text(spec)
    return folder / "spec.yaml"


def test_what_is_tried_is_told_on_stderr_alone(networks):
    answer = type_command("check", networks, "--skip-exports", "--format", "json")

    said = [line[10:] for line in answer.stderr.splitlines()]
    path = "families.tests.searcher.preflight.training.broken:Flawed"
    assert answer.exit_code == 0, answer.stderr
    assert said[1] == f"trying training, 1 of 5: {path}"
    assert said[-1] == f"trying learning rates, 1 of 1: {path}"
    assert len(json.loads(answer.stdout)["trainings"]) == 5


def test_trainings_need_not_be_tried(networks):
    options = "--skip-exports", "--skip-training", "--format", "json"

    answer = type_command("check", networks, *options)

    assert "trying" not in answer.stderr
    assert json.loads(answer.stdout)["trainings"] == []


def test_a_spec_that_does_not_fit_its_data_exits_with_2_and_no_answer(folder):
    (folder / "wrong.yaml").write_text(SPEC.replace("seed", "metric: r2\nseed"))

    answer = type_command("check", folder / "wrong.yaml")

    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert "metric: found 'r2'" in answer.stderr
