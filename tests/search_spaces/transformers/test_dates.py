from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from search_spaces.transformers.dates import FIRST_DAY, LAST_DAY, DateParts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parts_of(moment):
    days = (moment - EPOCH) / timedelta(days=1)
    return DateParts([0]).fit_transform(np.array([[days]]))[0].tolist()


def as_python_says(moment):
    day_of_year = moment.timetuple().tm_yday
    return [
        moment.year,
        moment.month,
        moment.day,
        moment.weekday(),
        day_of_year,
        moment.hour,
    ]


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2000, 2, 29, 23, 59, 59, tzinfo=UTC),
        datetime(1900, 3, 1, tzinfo=UTC),
        datetime(2024, 12, 31, 13, tzinfo=UTC),
        datetime(2023, 12, 31, tzinfo=UTC),
        datetime(1600, 2, 29, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ],
)
def test_a_date_has_the_parts_that_python_finds(moment):
    assert parts_of(moment) == as_python_says(moment)


def test_every_day_of_400_years_has_the_parts_that_python_finds():
    days = np.arange(-50_000.0, 97_000.0, 11)  # 1833 to 2235

    found = DateParts([0]).fit_transform(days[:, None])

    expected = [as_python_says(EPOCH + timedelta(days=day)) for day in days.tolist()]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("hour", range(24))
def test_a_full_hour_is_not_the_one_before(hour):
    days = np.arange(0.0, 40_000.0, 7)

    found = DateParts([0]).fit_transform((days + hour / 24)[:, None])

    np.testing.assert_array_equal(found[:, 5], hour)


def test_a_missing_date_has_no_parts():
    assert np.isnan(DateParts([0]).fit_transform(np.array([[np.nan]]))).all()


def test_what_lies_outside_the_calendar_counts_as_its_end():
    X = np.array([[1e30], [LAST_DAY], [-1e30], [FIRST_DAY]])

    found = DateParts([0]).fit_transform(X)

    assert found[0, :5].tolist() == found[1, :5].tolist() == [9999, 12, 31, 4, 365]
    assert found[2, :5].tolist() == found[3, :5].tolist() == [1, 1, 1, 0, 1]


def test_other_columns_come_first_as_they_are():
    X = np.array([[0.0, 5.0, 366.0, 7.0]])

    found = DateParts([0, 2]).fit_transform(X)

    assert found.shape == (1, 2 + 6 * 2)
    assert found[0, :4].tolist() == [5.0, 7.0, 1970.0, 1971.0]
