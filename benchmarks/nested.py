"""Nested search: ours beside scikit-learn's, on the same folds, configurations and families.

``make bench``, or ``python -m benchmarks.nested [--repeats 3] [--rows 1000] [--quick]``. It prints
a Markdown table. Ours is compared with ``cross_val_score(RandomizedSearchCV(n_jobs=2))``.

Each cell is measured in a process of its own. **cold** counts from the start of the interpreter
to the outer scores; **warm** is the same work once more in the same process, with Ray up, or
joblib's workers alive. The sides alternate. CPU is that of the whole process tree.

Both sides fit what the outer scores need: 12 configurations on 5 inner folds in 3 outer folds, and
3 refits. Ours does more on top, which its wall and CPU include: the final search over all rows and
its refit, the dummy, the refits of default and dummy, the database, the ONNX file and its parity
check. ``fits`` counts all of it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.measure import TreeClock
from benchmarks.real_data import SHARED, require_data

DATASETS = {"german_credit": "bad", "phoneme": "nasal", "telco_churn": "Churn"}
FAMILIES = ("logistic_regression", "random_forest", "xgboost")
SIDES = ("ours", "sklearn")
OUTER, INNER, CONFIGURATIONS, WORKERS = 3, 5, 12, 2

Cell = dict[str, dict[str, Any]]


def make_spec(dataset: str, family: str, path: Path) -> dict[str, Any]:
    """One spec for both sides: it says the folds and, by its seed, the configurations."""
    return {
        "name": f"{dataset} {family}",
        "data": {"path": str(path), "target": DATASETS[dataset]},
        "metric": "roc_auc",
        "families": [family],
        "strategy": {"kind": "random"},
        "validation": {"outer": OUTER, "inner": INNER},
        "budget": {"trials": CONFIGURATIONS + 1},  # the dummy is one
        "seed": 0,
    }


def sample_rows(dataset: str, folder: Path, n_rows: int) -> Path:
    """Write ``n_rows`` random rows of a shared dataset, the same for both sides."""
    import pandas as pd

    rows = pd.read_csv(SHARED / f"{dataset}.csv.gz", dtype=str, keep_default_na=False)
    path = folder / f"{dataset}.csv"
    rows.sample(n=min(n_rows, len(rows)), random_state=0).to_csv(path, index=False)
    return path


def run_ours(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Our nested search."""
    from searcher import Store, search

    url = f"sqlite:///{folder / 'searcher.db'}"
    result = search(spec, store=url, output=folder / "output", cpus=WORKERS, report=False)
    with Store(url) as store:
        fits = len(store.fold_scores(result.search_id))
    refits = {(score.outer_fold, score.trial_id) for score in result.outer_scores_of}
    return {"score": result.outer_mean, "fits": fits + len(refits) + 1}


def run_sklearn(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    """``cross_val_score(RandomizedSearchCV)`` over the same folds and configurations."""
    from sklearn.model_selection import RandomizedSearchCV, cross_val_score

    from benchmarks.peers import Configured, RecordedFolds, configurations_of
    from searcher.data import load_dataset
    from searcher.folds import make_folds
    from searcher.spec import load_spec

    loaded = load_spec(spec)
    data = load_dataset(loaded.data, base=folder)
    folds = make_folds(data, loaded.validation, seed=loaded.seed)
    scores, fits = [], 0
    for fold in (fold for fold in folds if fold.inner_fold is None and len(fold.test)):
        configurations = configurations_of(loaded, data, n=CONFIGURATIONS, outer=fold)
        search = RandomizedSearchCV(
            Configured(data.profile),
            {"configuration": configurations},
            n_iter=len(configurations),
            scoring="roc_auc",
            cv=RecordedFolds(data.X, folds),
            n_jobs=WORKERS,
            random_state=0,
            error_score="raise",
        )
        outer = [(fold.train, fold.test)]
        scores += cross_val_score(search, data.X, data.y, cv=outer, scoring="roc_auc").tolist()
        fits += INNER * len(configurations) + 1
    return {"score": sum(scores) / len(scores), "fits": fits}


def measure_cell(side: str, dataset: str, family: str, n_rows: int) -> Cell:
    """Run one cell twice in this process: first cold, then warm."""
    with TreeClock() as clock, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = sample_rows(dataset, folder, n_rows)
        run = run_ours if side == "ours" else run_sklearn
        cell: Cell = {}
        with _kept_up(side):
            for state in ("cold", "warm"):
                found = run(make_spec(dataset, family, path), folder)
                cell[state] = asdict(clock.lap()) | found
    return cell


def _kept_up(side: str) -> Any:
    """Keep Ray up between the two runs of our side; joblib keeps its workers by itself."""
    if side != "ours":
        return nullcontext()
    from cluster.session import connect

    return connect(cpus=WORKERS)


def measure_all(repeats: int, n_rows: int, cells: list[tuple[str, str]]) -> dict[Any, list[Cell]]:
    """Measure every cell ``repeats`` times, each in a fresh process, sides alternating."""
    found: dict[Any, list[Cell]] = defaultdict(list)
    for dataset, family in cells:
        for repeat in range(repeats):
            for side in SIDES if repeat % 2 == 0 else SIDES[::-1]:
                command = [sys.executable, "-W", "ignore", "-m", "benchmarks.nested", "--cell"]
                command += [side, dataset, family, "--rows", str(n_rows)]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    sys.exit(f"{side} {dataset} {family} failed:\n{done.stderr[-3000:]}")
                found[side, dataset, family].append(json.loads(done.stdout.splitlines()[-1]))
                sys.stderr.write(".")
                sys.stderr.flush()
    sys.stderr.write("\n")
    return found


def print_table(found: dict[Any, list[Cell]], cells: list[tuple[str, str]]) -> None:
    """Medians of the repeats; a ratio is the median over pairs of one repeat, ours / sklearn."""
    print("| data | family | state | ours wall s | sklearn wall s | wall ratio (range) |", end="")
    print(" ours CPU s | sklearn CPU s | CPU ratio | fits | outer ROC AUC |")
    print("| --- " * 11 + "|")
    ratios: dict[str, list[float]] = defaultdict(list)
    for dataset, family in cells:
        for state in ("cold", "warm"):
            ours, peer = ([c[state] for c in found[side, dataset, family]] for side in SIDES)
            wall = [o["wall_s"] / p["wall_s"] for o, p in zip(ours, peer, strict=True)]
            cpu = [o["cpu_s"] / p["cpu_s"] for o, p in zip(ours, peer, strict=True)]
            ratios[state].append(statistics.median(wall))
            print(
                f"| {dataset} | {family} | {state} "
                f"| {_median(ours, 'wall_s'):.1f} | {_median(peer, 'wall_s'):.1f} "
                f"| {statistics.median(wall):.2f} ({min(wall):.2f}-{max(wall):.2f}) "
                f"| {_median(ours, 'cpu_s'):.1f} | {_median(peer, 'cpu_s'):.1f} "
                f"| {statistics.median(cpu):.2f} | {ours[0]['fits']} / {peer[0]['fits']} "
                f"| {ours[0]['score']:.4f} / {peer[0]['score']:.4f} |"
            )
    for state, values in ratios.items():
        mean = statistics.geometric_mean(values)
        print(f"\n{state}: geometric mean of the wall ratios {mean:.2f} (below 1: ours is faster)")


def _median(cells: list[dict[str, Any]], name: str) -> float:
    return float(statistics.median(cell[name] for cell in cells))


def main() -> None:
    """Measure and print, or measure one cell for the process that asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1, help="pairs of each cell")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="one dataset only")
    parser.add_argument("--cell", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.cell:
        side, dataset, family = arguments.cell
        print(json.dumps(measure_cell(side, dataset, family, arguments.rows)))
        return
    require_data()
    datasets = list(DATASETS)[:1] if arguments.quick else list(DATASETS)
    cells = [(dataset, family) for dataset in datasets for family in FAMILIES]
    print_table(measure_all(arguments.repeats, arguments.rows, cells), cells)


if __name__ == "__main__":
    main()
