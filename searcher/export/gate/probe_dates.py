"""Which moments a file that computes with dates is asked about: where the calendar steps."""

import datetime

import numpy as np

from search_spaces.transformers.dates import EPSILON
from searcher.export.gate.dumped import Floats

EPOCH = datetime.date(1970, 1, 1)
MARCHES = (datetime.date(1600, 3, 1), datetime.date(2000, 3, 1))
"""Beginnings of four hundred years."""

YEARS = (1, 1600, 1700, 1899, 1900, 1903, 1904, 1969, 1970, 1999, 2000, 2001, 2096, 2100, 9999)
DAYS_OF_4_YEARS, DAYS_OF_100_YEARS = 1460, 36_524  # without the leap day at their end
N_HOURS = 24


def probe_moments() -> Floats:
    """Return days since 1970-01-01, fractions among them.

    The first and last days of months in years with and without a leap day, of four years and of
    centuries; of some of these days noon and the last second; around 1970-01-01, where float64 is
    finest, every hour and the numbers next to where it begins.
    """
    firsts = [datetime.date(year, month, 1) for year in YEARS for month in range(1, 13)]
    lasts = [datetime.date(year, 12, 31) for year in YEARS]
    known = [day.toordinal() - EPOCH.toordinal() for day in firsts + lasts]
    days = np.array(known, dtype=np.float64)
    steps = [
        *range(0, 101 * DAYS_OF_4_YEARS, DAYS_OF_4_YEARS),
        *range(0, 5 * DAYS_OF_100_YEARS, DAYS_OF_100_YEARS),
    ]
    for march in MARCHES:
        begun = march.toordinal() - EPOCH.toordinal()
        days = np.concatenate([days, np.array(steps, dtype=np.float64) + begun])
    days = np.unique(np.concatenate([days, days - 1.0]))
    hours = np.arange(-N_HOURS, N_HOURS + 1) / N_HOURS
    turns = np.concatenate([hours, hours - EPSILON])
    fine = np.concatenate([turns, np.nextafter(turns, -np.inf), np.nextafter(turns, np.inf)])
    return np.concatenate([days, days[::7] + 0.5, days[::7] + 1.0 - 1e-5, fine])
