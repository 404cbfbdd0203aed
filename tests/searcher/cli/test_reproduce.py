"""reproduce: what people read, what scripts parse, and the exit code that tells them apart."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from searcher import reproduction
from searcher.cli.app import app
from tests.searcher.test_reproduction import TROUBLED, Kept, make_rows

pytestmark = pytest.mark.slow  # each runs a trial in a process of its own


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """URL of a store with a trial that can be reproduced, one that can't, and one that failed."""
    kept = Kept(tmp_path_factory.mktemp("reproduce"))
    changed = kept.trial(1, "ridge")
    changed[2] = replace(changed[2], scores=changed[2].scores | {"r2": 0.5})
    failed = kept.trial(
        2, f"{TROUBLED}:Raises", folds=0, end="failed", reason="RuntimeError: no luck today"
    )
    return kept.keep(kept.trial(0, "ridge"), changed, failed)


def test_a_trial_that_comes_out_the_same_exits_with_0(shell, url):
    result = shell("reproduce", "latest.final.0", "--store", url)

    assert result.exit_code == 0
    assert "again-1.final.0  ridge: completed, run again in " in result.stdout
    assert "bit-equal: it came out the same, to the last bit" in result.stdout
    assert "6 scores: 6 bit-equal" in result.stdout
    assert "running again-1.final.0 again" in result.stderr


def test_a_difference_is_said_with_its_place_and_exits_with_1(shell, url):
    result = shell("reproduce", "again-1.final.1", "--store", url, "--format", "json")

    document = json.loads(result.stdout)
    different = [score for score in document["scores"] if score["agreement"] == "different"]
    assert result.exit_code == 1
    assert document["agreement"] == "different"
    assert [(score["inner_fold"], score["metric"]) for score in different] == [(1, "r2")]
    assert different[0]["stored"] == 0.5
    assert different[0]["difference"] == different[0]["again"] - 0.5
    assert document["tolerance"] == reproduction.TOLERANCE


def test_a_wide_tolerance_forgives(shell, url):
    options = ("--store", url, "--tolerance", "0.5", "--format", "csv", "--quiet")
    result = shell("reproduce", "again-1.final.1", *options)

    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert result.exit_code == 0
    assert {row["agreement"] for row in rows} == {"bit-equal", "within tolerance"}
    assert result.stderr == ""


def test_a_failure_that_comes_again_is_no_difference(shell, url):
    result = shell("reproduce", "again-1.final.2", "--store", url)

    assert result.exit_code == 0
    assert "it failed again, on the same fold: RuntimeError: no luck today" in result.stdout


def test_rows_that_changed_are_refused_with_2(tmp_path, shell):
    kept = Kept(tmp_path)
    url = kept.keep(kept.trial(0, "ridge"))
    make_rows(121).to_csv(Path(tmp_path) / "rows.csv", index=False)

    result = shell("reproduce", "latest.final.0", "--store", url)

    assert result.exit_code == 2
    assert "are not those of search again-1" in result.stderr


@pytest.mark.parametrize("trial", ["latest", "latest.final.9", "nobody.final.0"])
def test_what_is_no_trial_is_said_with_4(shell, url, trial):
    result = shell("reproduce", trial, "--store", url)

    assert result.exit_code == 4
    assert result.stdout == ""


def test_the_tolerance_of_the_command_is_that_of_the_function():
    import typer

    (option,) = [
        parameter
        for parameter in typer.main.get_command(app).commands["reproduce"].params
        if parameter.name == "tolerance"
    ]
    assert option.default == reproduction.TOLERANCE
