"""The rows that a file is compared on reach what a model may treat differently."""

import datetime

import numpy as np
import pytest

from search_spaces.columns import Column, Profile
from search_spaces.transformers import dates
from searcher.export.columns import input_names, to_feeds, unseen_text
from searcher.export.gate.probe_dates import probe_moments
from searcher.export.gate.probes import EXTREMES, make_probes
from tests.searcher.export.models import make_data, probes_of


def test_every_column_is_missing_alone_and_all_are_missing_together():
    data = make_data()
    rows = probes_of(data)["missing"]

    missing = np.where([c.is_categorical for c in data.columns], rows == 0, np.isnan(rows))

    for i in range(len(data.columns)):
        assert missing[:, i].sum() >= 4
    assert missing.all(axis=1).sum() == 4


def test_every_categorical_column_holds_an_unknown_category_alone_and_together():
    data = make_data()
    rows = probes_of(data)["unseen"]

    unknown = rows[:, -2:] == -1

    assert (unknown.sum(axis=1) == 1).sum() == 8
    assert unknown.all(axis=1).sum() == 4
    assert not (rows[:, :-2] == -1).any()


def test_random_rows_leave_the_range_of_the_data_by_a_tenth_at_most():
    columns = (Column("a", "numeric"), Column("b", "boolean"), Column("c", "numeric"))
    X = np.column_stack([np.linspace(-10, 30, 50), np.arange(50) % 2, np.full(50, np.nan)])

    rows = make_probes(columns, X, seed=0)["random"]

    assert -14 <= rows[:, 0].min() < -10
    assert 30 < rows[:, 0].max() <= 34
    assert set(rows[:, 1]) == {0.0, 1.0}
    assert np.isfinite(rows[:, 2]).all()


def test_extreme_numbers_stand_in_each_column():
    data = make_data().only(0, 6, 7)

    rows = probes_of(data)["extreme"]

    assert set(EXTREMES) <= set(rows[:, 0])
    assert set(EXTREMES) <= set(rows[:, 2])
    assert not np.isin(rows[:, 1], [1e30, -1e30]).any()


def test_the_largest_numbers_of_float64_do_not_overflow_the_random_rows():
    columns = (Column("a", "numeric"),)

    rows = make_probes(columns, np.array([[-1.7e308], [1.7e308]]), seed=0)["random"]

    assert np.isfinite(rows).all()


@pytest.mark.parametrize("held_out", [None, np.empty((0, 1))])
def test_without_held_out_rows_the_data_stand_in(held_out):
    probes = make_probes((Column("a", "numeric"),), np.ones((5, 1)), seed=0, held_out=held_out)

    assert set(probes) == {"data", "random", "missing", "extreme", "single"}
    assert len(probes["single"]) == 1


def test_at_most_a_thousand_rows_are_taken_and_the_seed_decides_which():
    X = np.arange(5000.0)[:, None]
    columns = (Column("a", "numeric"),)

    first, second, other = (make_probes(columns, X, seed=s, held_out=X) for s in (1, 1, 2))

    assert len(first["data"]) == len(first["held_out"]) == 1000
    assert len(np.unique(first["data"])) == 1000
    for name, rows in first.items():
        np.testing.assert_array_equal(rows, second[name])
    assert not np.array_equal(first["data"], other["data"])


def test_codes_become_the_strings_they_stand_for():
    column = Column("c", "categorical", categories=("", "(unseen)", "b"))

    feeds = to_feeds(Profile("binary", (column,), 4, 2), np.array([[0.0], [2.0], [-1.0], [1.0]]))

    texts = feeds["c"].ravel().tolist()
    assert texts == ["", "b", unseen_text(column), "(unseen)"]
    assert texts[2] not in column.categories


def test_inputs_never_share_a_name_with_another_input_or_an_output():
    names = ("label", "label_", "", "_", "features", "prediction", "a", "a")

    inputs = input_names([Column(name, "numeric") for name in names])

    assert len(set(inputs)) == len(names)
    assert not set(inputs) & {"label", "probabilities", "prediction", "features", ""}
    assert inputs[6] == "a"


def test_every_known_category_stands_in_a_row():
    data = make_data()

    rows = probes_of(data)["categories"]

    assert len(rows) == 3 + 13
    assert set(range(3)) <= set(rows[:, 8])
    assert set(range(13)) <= set(rows[:, 9])


def test_dates_step_over_every_month_and_cycle_of_the_calendar():
    data = make_data().only(1, 7)

    rows = probes_of(data)["calendar"]

    days = np.floor(rows[:, 1])
    for year, month, day in [(1900, 2, 28), (1900, 3, 1), (2000, 2, 29), (2100, 12, 31)]:
        ordinal = datetime.date(year, month, day).toordinal()
        assert ordinal - datetime.date(1970, 1, 1).toordinal() in days
    assert {0.0, 0.5} <= set(rows[:, 1] - days)
    assert days.min() < -700_000
    assert not np.isnan(rows[:, 1]).any()


@pytest.mark.parametrize("name", ["EPSILON", "EPOCH", "ERA", "JANUARY_FIRST", "FIRST_DAY"])
def test_a_calendar_that_is_slightly_off_answers_otherwise(name, monkeypatch):
    moments = probe_moments()
    right = dates.parts(moments)

    for factor in (1 + 1e-7, 1 - 1e-7):
        with monkeypatch.context() as patch:
            patch.setattr(dates, name, getattr(dates, name) * factor)
            wrong = dates.parts(moments)
        assert any((a != b).any() for a, b in zip(right, wrong, strict=True))
