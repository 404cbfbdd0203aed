"""compare: two searches or two trials beside each other, for people and for scripts."""

import csv
import io
import json
from dataclasses import replace

import pytest

from searcher.comparison import compare
from searcher.records import OuterScore, SearchStarted
from tests.searcher.cli.conftest import records_of
from tests.searcher.store.records_factory import fill

BETTER_BY = {"0": 0.020, "1": 0.021, "2": 0.022}


def better(records):
    """Let the winners be a little better on every outer fold, by another strategy."""
    for record in records:
        if isinstance(record, OuterScore) and record.role == "winner":
            by = BETTER_BY[record.outer_fold]
            yield replace(record, scores=record.scores | {"roc_auc": record.scores["roc_auc"] + by})
        elif isinstance(record, SearchStarted):
            yield replace(record, spec=record.spec | {"strategy": {"kind": "random"}})
        else:
            yield record


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """URL of a store with two searches on the same folds, and one of other rows."""
    path = tmp_path_factory.mktemp("compare") / "searcher.db"
    return fill(
        f"sqlite:///{path}",
        records_of("churn-1a2b3c"),
        list(better(records_of("churn-3f9a2c"))),
        records_of("telco-99aa88", name="telco", n_samples=120),
    )


def json_of(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_the_verdict_comes_in_plain_words(shell, url):
    result = shell("compare", "churn-1a", "churn-3f", "--store", url)

    assert result.exit_code == 0
    for part in (
        "B is better by 0.021 [0.0171, 0.0249] in roc_auc on 3 outer folds; p = 0.0019",
        "churn-1a2b3c  churn: completed",
        "asha over tpe",
        "spec.strategy.kind",
        "optimism",
        "of stopped trials",
        "winner of B",
    ):
        assert part in result.stdout
    assert "\x1b" not in result.stdout


def test_json_has_the_test_of_every_metric_and_both_sides(shell, url):
    document = json_of(shell("compare", "churn-1a", "churn-3f", "--store", url, "--format", "json"))

    found = compare("churn-1a2b3c", "churn-3f9a2c", store=url)
    roc_auc, accuracy = document["metrics"]
    assert document["verdict"] == found.verdict
    assert (roc_auc["metric"], accuracy["metric"]) == ("roc_auc", "accuracy")
    assert roc_auc["difference"] == found.metrics[0].test.difference
    assert roc_auc["interval"] == list(found.metrics[0].test.interval)
    assert roc_auc["p_value"] == found.metrics[0].test.p_value
    assert [fold["difference"] for fold in roc_auc["folds"]] == pytest.approx([0.02, 0.021, 0.022])
    assert accuracy["p_value"] == 1.0
    assert document["a"]["search_id"] == "churn-1a2b3c"
    assert document["b"]["costs"]["useful_s"] > 0
    assert document["b"]["optimism"] == pytest.approx(0.02)
    assert document["a"]["winners"][0]["configuration"]
    assert {"what": "spec.strategy.kind", "a": "asha", "b": "random"} in document["differences"]
    assert document["obstacles"] == []


def test_csv_has_a_row_for_each_metric(shell, url):
    text = shell("compare", "churn-1a", "churn-3f", "--store", url, "--format", "csv").stdout

    roc_auc, accuracy = csv.DictReader(io.StringIO(text))
    assert roc_auc["metric"] == "roc_auc"
    assert float(roc_auc["interval_low"]) < float(roc_auc["difference"])
    assert roc_auc["folds"] == accuracy["folds"] == "3"


def test_searches_of_other_rows_stand_side_by_side_and_say_why_there_is_no_test(shell, url):
    result = shell("compare", "churn-1a", "latest", "--store", url)
    document = json_of(shell("compare", "churn-1a", "telco", "--store", url, "--format", "json"))

    assert result.exit_code == 0
    assert "no test: the rows are not the same" in result.stdout
    assert "0.8269" in result.stdout
    assert document["metrics"][0]["p_value"] is None
    assert document["metrics"][0]["mean_b"] is not None
    assert len(document["obstacles"]) == 1


def test_two_trials_compare_on_their_inner_folds(shell, url):
    text = shell("compare", "churn-1a.0.1", "churn-1a2b3c.0.2", "--store", url).stdout
    document = json_of(
        shell("compare", "churn-1a.0.1", "churn-1a.0.2", "--store", url, "--format", "json")
    )

    assert "A  churn-1a2b3c.0.1  logistic_regression: completed" in text
    assert "on 3 inner folds" in text
    assert "what is chosen by them looks better than it is" in text
    assert document["a"]["trial_id"] == "churn-1a2b3c.0.1"
    assert len(document["metrics"][0]["folds"]) == 3


@pytest.mark.parametrize(
    ("both", "code", "said"),
    [
        (("churn-1a", "churn-1a2b3c"), 2, "are the same search"),
        (("churn-1a", "churn-1a.0.2"), 2, "one of churn-1a and churn-1a.0.2 is a trial"),
        (("churn-1a", "nobody"), 4, "no search 'nobody'"),
        (("churn-1a.0.1", "churn-1a.0.99"), 4, "no trial 'churn-1a2b3c.0.99'"),
        (("churn-1a.0.1", "churn-1a.0.1"), 2, "is one trial; name two"),
    ],
)
def test_what_can_not_be_compared_is_said(shell, url, both, code, said):
    result = shell("compare", *both, "--store", url)

    assert result.exit_code == code
    assert said in result.stderr
    assert result.stdout == ""
