"""Which year, month, day, weekday and hour a date is: arithmetic that any float64 machine repeats.

The calendar is that of Hinnant ("chrono-compatible low-level date algorithms", ``civil_from_days``,
2013), whose integer divisions are floors of float64 quotients here: exact below 2**53, and the
same sequence of operations wherever it is computed.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

FIRST_DAY, LAST_DAY = -719_162.0, 2_932_896.0
"""0001-01-01 and 9999-12-31; what lies outside counts as that day."""

EPSILON = 2.0**-25
"""2.6 ms, in days: 13:00 is stored as 13/24 of a day, rounded, and must not become 12:59."""

EPOCH = 719_468.0  # days from 0000-03-01 to 1970-01-01
ERA = 146_097.0  # days of 400 years
JANUARY_FIRST = 719_162.0  # days from 0001-01-01 to 1970-01-01

Days = NDArray[np.float64]


class DateParts(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Replace dates by their parts; the other columns come first, as they are.

    A date (days since 1970-01-01, fractions allowed) becomes six features: year, month (1 to 12),
    day of the month, weekday (0 is Monday), day of the year (1 to 366) and hour. NaN stays NaN.

    Parameters
    ----------
    dates : sequence of int
        Which columns of X are dates.
    """

    def __init__(self, dates: Sequence[int]) -> None:
        self.dates = dates

    def fit(self, X: Days, y: Any = None) -> Self:
        """Learn nothing but the width of X (n_samples, n_columns)."""
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Days) -> Days:
        """Parts of dates: (n_samples, n_others + 6 * n_dates), all years first, then all months."""
        others = [i for i in range(X.shape[1]) if i not in self.dates]
        return np.hstack([X[:, others], *parts(X[:, list(self.dates)])])


def parts(moments: Days) -> list[Days]:
    """Year, month, day, weekday, day of the year and hour: arrays of the shape of ``moments``."""
    late = np.where(moments > LAST_DAY, LAST_DAY, moments)
    moved = np.where(late < FIRST_DAY, FIRST_DAY, late) + EPSILON
    day = np.floor(moved)
    hour = np.floor((moved - day) * 24.0)
    shifted = day + EPOCH
    era = np.floor(shifted / ERA)
    day_of_era = shifted - era * ERA
    leaps = np.floor(day_of_era / 1460.0)
    centuries = np.floor(day_of_era / 36_524.0)
    last = np.floor(day_of_era / 146_096.0)
    year_of_era = np.floor((day_of_era - leaps + centuries - last) / 365.0)
    elapsed = days_of_years(year_of_era)
    from_march = day_of_era - elapsed
    month_from_march = np.floor((from_march * 5.0 + 2.0) / 153.0)
    day_of_month = from_march - np.floor((month_from_march * 153.0 + 2.0) / 5.0) + 1.0
    is_next_year = np.floor(month_from_march / 10.0)  # January and February: 1
    month = month_from_march + 3.0 - is_next_year * 12.0
    year = year_of_era + era * 400.0 + is_next_year
    before = year - 1.0
    new_year = days_of_years(before) + np.floor(before / 400.0) - JANUARY_FIRST
    monday = day + 3.0  # 1970-01-01 was a Thursday
    weekday = monday - np.floor(monday / 7.0) * 7.0
    return [year, month, day_of_month, weekday, day - new_year + 1.0, hour]


def days_of_years(years: Days) -> Days:
    """Days of so many years, but for the leap days of years that 400 divides."""
    return years * 365.0 + np.floor(years / 4.0) - np.floor(years / 100.0)
