import numpy as np

from searcher.checks.duplicates import check_duplicates, row_codes
from tests.searcher.checks.cases import case, dataset, numbers


def test_copies_on_both_sides_of_a_fold_are_counted() -> None:
    columns = {name: np.concatenate([x, x[:40]]) for name, x in numbers(360).items()}
    y = np.random.default_rng(1).permutation(np.arange(360) % 2)
    rows = dataset(columns, np.concatenate([y, y[:40]]))

    (finding,) = check_duplicates(case(rows))

    codes = row_codes(rows.X)
    expected = sum(
        int(np.isin(codes[fold.test], codes[fold.train]).sum()) for fold in case(rows).outer
    )
    assert 50 < expected <= 80
    assert finding.kind == "duplicates"
    assert finding.severity == "warning"
    assert finding.numbers["twins"] == finding.numbers["same_answer"] == expected
    assert f"{expected} of 400 test rows ({expected / 400:.1%})" in finding.sentence
    assert "data.groups" in finding.advice


def test_copies_that_a_group_split_keeps_together_are_no_finding() -> None:
    columns = {name: np.concatenate([x, x]) for name, x in numbers(200).items()}
    y = np.random.default_rng(1).permutation(np.arange(200) % 2)
    rows = dataset(columns, np.concatenate([y, y]), groups=np.tile(np.arange(200), 2))

    assert list(check_duplicates(case(rows, data={"groups": "g"}))) == []


def test_few_coarse_columns_are_no_copies() -> None:
    rng = np.random.default_rng(0)
    rows = dataset({name: rng.integers(0, 3, 400) * 1.0 for name in "abc"})

    assert [finding.kind for finding in check_duplicates(case(rows))] == ["contradictions"]


def test_equal_rows_with_different_answers_bound_what_any_model_can_get_right() -> None:
    columns = {name: np.concatenate([x, x[:40]]) for name, x in numbers(360).items()}
    y = np.random.default_rng(1).permutation(np.arange(360) % 2)
    rows = dataset(columns, np.concatenate([y, 1 - y[:40]]))

    twins, contradictions = check_duplicates(case(rows))

    assert twins.numbers["same_answer"] == 0
    assert contradictions.kind == "contradictions"
    assert contradictions.severity == "note"
    assert contradictions.numbers["rows"] == 40


def test_one_pair_in_a_small_file_is_no_finding() -> None:
    columns = {name: np.append(x, x[0]) for name, x in numbers(99).items()}

    assert list(check_duplicates(case(dataset(columns)))) == []


def test_rows_without_copies_are_no_finding() -> None:
    assert list(check_duplicates(case(dataset(numbers())))) == []


def test_missing_values_are_equal_and_so_are_both_zeros() -> None:
    other_nan = np.frombuffer(b"\x01\x00\x00\x00\x00\x00\xf8\x7f", dtype=np.float64)[0]
    X = np.array([[np.nan, 0.0], [other_nan, -0.0], [1.0, 0.0]])

    first, second, third = row_codes(X)

    assert first == second != third
