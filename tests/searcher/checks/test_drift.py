import numpy as np
import pytest

from searcher.checks.drift import SHIFT, check_drift, shift
from tests.searcher.checks.cases import case, category, dataset, numbers

N = 1200
TIMES = np.arange(N) * 1.0


def test_the_index_is_its_definition() -> None:
    bins = np.repeat([0, 1, 0, 1], [600, 400, 100, 300])

    index, n_bins = shift(bins, np.arange(1000), np.arange(1000, 1400))

    shares = np.array([[0.6, 0.4], [0.25, 0.75]])
    expected = ((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum()
    assert (index, n_bins) == (pytest.approx(expected), 2)


def test_a_column_that_moves_in_time_is_named_with_its_folds() -> None:
    rows = dataset({**numbers(N), "price": TIMES / 100 + numbers(N)["x0"]}, times=TIMES)

    (finding,) = check_drift(case(rows, data={"time": "t"}))

    assert (finding.kind, finding.severity) == ("drift", "warning")
    assert finding.columns == ("price",)
    assert finding.numbers["largest"] > SHIFT
    assert finding.numbers["folds"] == 5


def test_a_category_that_comes_up_late_is_named() -> None:
    codes = np.where(TIMES > 1000, 3.0, 1 + TIMES % 2)
    kinds = {"plan": category("plan", 3)}
    rows = dataset({**numbers(N), "plan": codes}, kinds=kinds, times=TIMES)

    (finding,) = check_drift(case(rows, data={"time": "t"}))

    assert finding.columns == ("plan",)
    assert finding.numbers["fold"] == "4"


def test_values_that_go_missing_are_a_shift() -> None:
    columns = numbers(N)
    columns["x0"][900:] = np.nan
    rows = dataset(columns, times=TIMES)

    (finding,) = check_drift(case(rows, data={"time": "t"}))

    assert finding.columns == ("x0",)


def test_a_target_that_moves_is_said_to_be_the_target() -> None:
    y = TIMES + 100 * np.random.default_rng(0).normal(size=N)

    (finding,) = check_drift(case(dataset(numbers(N), y, times=TIMES), data={"time": "t"}))

    assert finding.kind == "target_drift"
    assert finding.columns == ()
    assert "the target 'label'" in finding.sentence


def test_the_time_itself_is_expected_to_move() -> None:
    rows = dataset({**numbers(N), "t": TIMES}, times=TIMES)

    assert list(check_drift(case(rows, data={"time": "t"}))) == []


def test_a_few_groups_that_differ_are_chance_and_many_are_not() -> None:
    few, many = np.arange(N) // 100, np.arange(N) // 4
    level = np.random.default_rng(0).normal(size=N)[few]
    columns = {**numbers(N), "x9": level}

    found = list(check_drift(case(dataset(columns, groups=few), data={"groups": "g"})))

    assert found == []
    drifting = dataset({**numbers(N), "x9": many // 60 * 1.0}, times=many * 1.0)
    assert len(list(check_drift(case(drifting, data={"time": "t"})))) == 1


@pytest.mark.parametrize("seed", range(5))
def test_rows_drawn_alike_are_no_finding_however_few(seed: int) -> None:
    rows = dataset(numbers(60, n_columns=40, seed=seed))

    assert list(check_drift(case(rows, seed=seed))) == []
