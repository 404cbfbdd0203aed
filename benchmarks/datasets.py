"""Search with three families on each of ten real datasets, and see if each ends with parity.

``python -m benchmarks.datasets [NAME ...]`` prints the table of docs/datasets.md. All rows and
columns of every dataset; 3 x 3 folds, ASHA over TPE, 8 trials an inner search.
"""

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.real_data import SHARED, all_facts, require_data
from searcher import search
from searcher.errors import SearcherError

NAMES = (
    "adult",
    "telco_churn",
    "german_credit",
    "phoneme",
    "mammography",
    "segment",
    "soybean",
    "diamonds",
    "california_housing",
    "abalone",
)
CLASSIFIERS = ("logistic_regression", "random_forest", "xgboost")
REGRESSORS = ("ridge", "random_forest", "xgboost")
HEADER = (
    "| data | rows x columns | metric | outer mean [95 % interval] | optimism | winner "
    "| parity: rows, labels unequal, worst (1 = limit), worst absolute | file kB | seconds |"
)


def run(name: str, folder: Path) -> str:
    """One line of the table."""
    facts = all_facts()[name]
    spec = {
        "name": name,
        "data": {"path": str(SHARED / facts["file"]), "target": facts["target"]},
        "families": list(REGRESSORS if facts["task"] == "regression" else CLASSIFIERS),
        "strategy": {"kind": "asha", "searcher": "tpe"},
        "validation": {"outer": 3, "inner": 3},
        "budget": {"trials": 8},
        "seed": 1,
    }
    began = time.perf_counter()
    result = search(spec, store=f"sqlite:///{folder}/store.db", output=folder / name, report=False)
    seconds = time.perf_counter() - began
    low, high = result.interval or (float("nan"), float("nan"))
    if result.model_path is None or result.parity is None:
        return f"| {name} | NO MODEL: {result.error} |"
    parity = result.parity
    return (
        f"| {name} | {result.data['rows']:,} x {len(result.data['columns'])} | {result.metric} "
        f"| {result.outer_mean:.4g} [{low:.4g}, {high:.4g}] | {result.optimism:+.2g} "
        f"| {(result.best_configuration or {}).get('family')} "
        f"| {parity.rows:,}, {parity.labels_unequal}, {parity.worst:.1e}, "
        f"{parity.worst_absolute:.1e} "
        f"| {Path(result.model_path).stat().st_size / 1024:,.0f} | {seconds:.0f} |"
    )


def main() -> None:
    """Print the table, one dataset after another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME", help=", ".join(NAMES))
    names = parser.parse_args().names
    require_data()
    print(HEADER + "\n" + "| --- " * 9 + "|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            try:
                print(run(name, Path(folder)), flush=True)
            except SearcherError as error:
                print(f"| {name} | FAILED: {error} |", flush=True)


if __name__ == "__main__":
    main()
