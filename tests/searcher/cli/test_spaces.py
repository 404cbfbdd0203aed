"""spaces: what can be searched, in general and on some data."""

import json

import pytest

from search_spaces.space import Space
from searcher.plugins import family_names, load_family

SPEC = """
name: iris
data: {path: "sklearn:iris"}
families:
  logistic_regression: {C: {low: 0.5, high: 2.0}}
seed: 7
"""


def test_every_family_is_listed_with_what_it_learns(shell):
    found = json.loads(shell("spaces", "--format", "json").stdout)

    assert [entry["family"] for entry in found] == family_names()
    for entry in found:
        tasks = [task for space in entry["spaces"] for task in space["tasks"]]
        assert sorted(tasks) == entry["tasks"] == sorted(load_family(entry["family"]).tasks)
    text = shell("spaces").stdout
    assert all(name in text for name in family_names())


def test_a_space_in_json_is_a_space_whose_default_is_valid(shell):
    for entry in json.loads(shell("spaces", "--format", "json").stdout):
        for offer in entry["spaces"]:
            space = Space.model_validate(
                {"parameters": offer["parameters"], "conditions": offer["conditions"]}
            )
            space.validate_configuration(offer["default"])


def test_one_family_is_shown_with_ranges_defaults_and_conditions(shell):
    text = shell("spaces", "logistic_regression").stdout

    rows = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert "0.0001 to 10000, log" in rows["C"]
    assert "1.0" in rows["C"]
    assert rows["C"].rstrip().endswith("always")
    assert "penalty is 'elasticnet'" in rows["l1_ratio"]


def test_spaces_on_data_are_those_of_the_spec(shell, tmp_path):
    path = tmp_path / "iris.yaml"
    path.write_text(SPEC)

    found = json.loads(shell("spaces", "--data", str(path), "--format", "json").stdout)

    assert [entry["family"] for entry in found] == ["logistic_regression"]
    (offer,) = found[0]["spaces"]
    assert offer["tasks"] == ["multiclass"]
    assert (offer["parameters"]["C"]["low"], offer["parameters"]["C"]["high"]) == (0.5, 2.0)
    assert "impute" not in offer["parameters"]  # nothing is missing in iris


def test_a_family_that_the_spec_does_not_have_is_refused(shell, tmp_path):
    path = tmp_path / "iris.yaml"
    path.write_text(SPEC)

    result = shell("spaces", "logistic_regresion", "--data", str(path))

    assert result.exit_code == 2
    assert "Did you mean 'logistic_regression'?" in result.stderr


def test_an_unknown_family_is_named_with_the_near_one(shell):
    result = shell("spaces", "xgbost")

    assert result.exit_code == 2
    assert "Did you mean 'xgboost'?" in result.stderr


@pytest.mark.parametrize("name", family_names())
def test_csv_has_a_row_for_each_parameter(shell, name):
    result = shell("spaces", name, "--format", "csv")

    header, *lines = result.stdout.splitlines()
    assert header == "family,tasks,parameter,type,values,default,when"
    assert lines
    assert all(line.startswith(f"{name},") for line in lines)
