"""What the checks find in the real datasets, and how long they take.

``python -m benchmarks.checks`` prints the table of docs/checks.md.
"""

import time
from collections.abc import Mapping
from typing import Any

from benchmarks.real_data import SHARED, all_facts, require_data
from searcher.checks import inspect_data
from searcher.data import load_dataset
from searcher.errors import DataError
from searcher.folds import make_folds
from searcher.metrics import resolve_metrics
from searcher.spec import load_spec

CHANGES: dict[str, dict[str, Any]] = {
    "hypothyroid": {"drop_classes": ["secondary_hypothyroid"]},
}
"""What a search needs to start; all else is left as it comes."""

AGAIN = {"beijing_pollution": {"time": ["year", "month", "day", "hour"]}}
"""What the findings of the first time ask for."""


def main() -> None:
    """Check every dataset."""
    require_data()
    print("| data | rows x columns | findings | seconds |\n| --- | --- | --- | --- |")
    for fact in all_facts().values():
        if fact["file"] and fact["target"]:
            _check(fact["name"], fact["file"], fact["target"], CHANGES.get(fact["name"], {}))
        if fact["name"] in AGAIN:
            _check(fact["name"], fact["file"], fact["target"], AGAIN[fact["name"]])


def _check(name: str, file: str, target: str, changes: Mapping[str, Any]) -> None:
    spec = load_spec({"name": name, "data": {"path": file, "target": target, **changes}, "seed": 0})
    try:
        dataset = load_dataset(spec.data, base=SHARED)
    except DataError as error:
        print(f"| {name} | | refused: {error} | |")
        return
    metrics = resolve_metrics(spec.metric, dataset.task)
    folds = make_folds(dataset, spec.validation, seed=spec.seed)
    started = time.perf_counter()
    found = inspect_data(spec, dataset, metrics=metrics, folds=folds)
    seconds = time.perf_counter() - started
    said = "<br>".join(f"{each.severity}: {each.sentence}" for each in found) or "none"
    size = f"{dataset.n_samples:,} x {len(dataset.columns)}"
    name = f"{name}, {changes}" if changes else name
    print(f"| {name} | {size} | {said} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
