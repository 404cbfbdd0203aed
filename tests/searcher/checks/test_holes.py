import numpy as np

from searcher.checks.holes import check_holes
from tests.searcher.checks.cases import N, case, category, dataset, numbers


def test_columns_that_are_mostly_missing_are_named_the_emptiest_first() -> None:
    columns = numbers()
    columns["x0"][: N * 6 // 10] = np.nan
    codes = np.where(np.arange(N) < 300, 0.0, 1.0 + np.arange(N) % 2)
    rows = dataset({**columns, "c": codes}, kinds={"c": category("c", 2, missing=True)})

    (finding,) = check_holes(case(rows))

    assert (finding.kind, finding.severity) == ("mostly_missing", "note")
    assert finding.columns == ("c", "x0")
    assert finding.sentence == "mostly missing: 'c' 75.0%, 'x0' 60.0%"


def test_a_column_with_fewer_other_rows_than_folds_is_almost_constant() -> None:
    flag = np.zeros(N)
    flag[:4] = 1.0
    enough = np.zeros(N)
    enough[:5] = 1.0

    (finding,) = check_holes(case(dataset({**numbers(), "flag": flag, "enough": enough})))

    assert finding.kind == "almost_constant"
    assert finding.columns == ("flag",)
    assert finding.numbers["other_rows"] == 4


def test_full_and_varied_columns_are_no_finding() -> None:
    assert list(check_holes(case(dataset(numbers())))) == []
