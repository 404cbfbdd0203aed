import numpy as np
import pytest

from search_spaces.columns import Column
from searcher.checks.order import check_order
from tests.searcher.checks.cases import N, case, category, dataset, numbers

WHEN = np.arange(N) * 1.0
DAY = {"day": Column("day", "date")}


def test_groups_that_the_splitter_ignores_are_counted() -> None:
    rows = dataset(numbers(), groups=np.arange(N) % 100, times=WHEN)
    data = {"groups": "patient", "time": "day"}

    (finding,) = check_order(case(rows, data=data, validation={"splitter": "time"}))

    assert finding.kind == "groups_ignored"
    assert finding.numbers["share"] > 0.9
    assert f"{finding.numbers['rows']:,} of {finding.numbers['test_rows']} test" in finding.text
    assert "validation.splitter: group" in finding.advice


def test_time_that_the_splitter_ignores_is_counted() -> None:
    rows = dataset(numbers(), groups=np.arange(N) % 100, times=WHEN)
    data = {"groups": "patient", "time": "day"}

    (finding,) = check_order(case(rows, data=data, validation={"splitter": "group"}))

    assert finding.kind == "time_ignored"
    assert finding.numbers["share"] > 0.9


@pytest.mark.parametrize("role", ["groups", "time"])
def test_what_the_splitter_heeds_is_no_finding(role: str) -> None:
    values = np.arange(N) // 4
    rows = dataset(
        numbers(),
        groups=values if role == "groups" else None,
        times=values * 1.0 if role == "time" else None,
    )

    assert list(check_order(case(rows, data={role: "g"}))) == []


def test_rows_in_the_order_of_a_date_are_a_warning_under_a_random_split() -> None:
    rows = dataset({**numbers(), "day": np.repeat(WHEN[: N // 2], 2)}, kinds=DAY)

    (finding,) = check_order(case(rows))

    assert (finding.kind, finding.severity) == ("time_undeclared", "warning")
    assert "rank correlation +1.000" in finding.sentence
    assert "data.time: day" in finding.advice


def test_a_date_of_shuffled_rows_is_a_note() -> None:
    days = np.random.default_rng(0).permutation(WHEN)
    days[:3] = np.nan
    rows = dataset({**numbers(), "day": days}, kinds=DAY)

    (finding,) = check_order(case(rows))

    assert finding.severity == "note"


def test_a_number_that_the_rows_are_sorted_by_is_a_warning() -> None:
    rows = dataset({**numbers(), "year": 2000 + WHEN // 40})

    (finding,) = check_order(case(rows))

    assert finding.columns == ("year",)


def patients(n_patients: int = 80, visits: int = 5) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(n_patients), visits)
    return {
        **numbers(n_patients * visits),
        "patient": rng.permutation(n_patients)[who] + 1.0,
        "age": rng.integers(20, 50, n_patients)[who] * 1.0,
        "height": rng.integers(150, 190, n_patients)[who] * 1.0,
    }


@pytest.mark.parametrize("kind", ["number", "category"])
def test_rows_of_one_person_are_recognised_by_what_never_changes(kind: str) -> None:
    kinds = {"patient": category("patient", 80)} if kind == "category" else {}
    shuffled = np.random.default_rng(1).permutation(400)
    rows = dataset({name: x[shuffled] for name, x in patients().items()}, kinds=kinds)

    (finding,) = check_order(case(rows))

    assert finding.kind == "groups_undeclared"
    assert finding.columns == ("patient",)
    assert finding.numbers == {"groups": 80, "mean_rows": 5.0, "alike": 2}
    assert "data.groups: patient" in finding.advice


def test_an_ordinary_category_of_many_values_is_no_group() -> None:
    columns = {**patients(), "patient": np.random.default_rng(3).integers(1, 81, N) * 1.0}
    rows = dataset(columns, kinds={"patient": category("patient", 80)})

    assert list(check_order(case(rows))) == []
