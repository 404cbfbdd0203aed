import numpy as np
import pytest

from searcher.checks.giveaways import check_giveaways
from tests.searcher.checks.cases import case, category, dataset, numbers

N = 1000


def answers(task: str, x: np.ndarray) -> np.ndarray:
    if task == "regression":
        return np.exp(x)
    return np.digitize(x, [0.0] if task == "binary" else [-0.7, 0.0, 0.7])


@pytest.mark.parametrize(
    ("task", "metric"),
    [("binary", "roc_auc"), ("multiclass", "balanced_accuracy"), ("regression", "r2")],
)
def test_a_column_that_decides_the_target_is_named_with_its_score(task: str, metric: str) -> None:
    columns = numbers(N)
    rows = dataset(columns, answers(task, columns["x1"]))

    (finding,) = check_giveaways(case(rows))

    assert finding.severity == "warning"
    assert finding.columns == ("x1",)
    assert finding.numbers[metric] >= 0.95
    assert f"column 'x1' alone almost decides the target: cross-validated {metric} " in finding.text
    assert "Is it known when a prediction is needed?" in finding.advice


def test_a_category_that_is_another_spelling_of_the_answer_is_named() -> None:
    codes = np.random.default_rng(0).integers(1, 6, N)
    rows = dataset(
        {**numbers(N), "state": codes * 1.0},
        (codes > 3).astype(np.int64),
        kinds={"state": category("state", 5)},
    )

    (finding,) = check_giveaways(case(rows))

    assert finding.columns == ("state",)


def test_an_honest_but_lonely_column_is_a_note() -> None:
    columns = numbers(N)
    noisy = columns["x0"] + 0.4 * np.random.default_rng(9).normal(size=N)
    rows = dataset(columns, (noisy > 0).astype(np.int64))

    (finding,) = check_giveaways(case(rows))

    assert finding.severity == "note"
    assert 0.9 < finding.numbers["roc_auc"] < 0.99
    assert "the next best column" in finding.sentence


def test_columns_that_share_the_signal_are_no_finding() -> None:
    columns = numbers(N)
    rows = dataset(columns, (sum(columns.values()) > 0).astype(np.int64))

    assert list(check_giveaways(case(rows))) == []


def test_missing_values_that_tell_the_answer_are_named() -> None:
    y = np.random.default_rng(0).permutation(np.arange(N) % 2)
    known = np.random.default_rng(1).random(N) < 0.95
    closed = np.where((y == 1) & known, np.nan, np.random.default_rng(2).normal(size=N))
    rows = dataset({**numbers(N), "closed_at": closed}, y)

    (finding,) = [f for f in check_giveaways(case(rows)) if f.kind == "missingness"]

    assert finding.columns == ("closed_at",)
    assert finding.numbers["roc_auc"] > 0.95
    assert "data.drop: [closed_at]" in finding.advice


def test_values_missing_at_random_tell_nothing() -> None:
    columns = numbers(N)
    columns["x0"][np.random.default_rng(3).random(N) < 0.5] = np.nan

    assert list(check_giveaways(case(dataset(columns)))) == []


def test_a_sample_is_said_to_be_one() -> None:
    columns = numbers(20_500, n_columns=1)
    rows = dataset(columns, (columns["x0"] > 0).astype(np.int64))

    (finding,) = check_giveaways(case(rows))

    assert "(measured on 20,000 of 20,500 rows)" in finding.sentence
