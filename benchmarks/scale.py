"""What a trial costs beside its fits, how that grows with their number, and what a worker adds.

``python -m benchmarks.scale [--trials 100 1000 5000] [--cpus 2 8 32] [--repeats 1]`` prints
Markdown tables. With ``--only trials --trials 100 500 --cpus 2`` it takes a minute or two; all of
it a quarter of an hour ``--without-tune``, and far longer with it where there are fewer cores than
CPUs. It writes the tables with all that was measured to the output folder. What is there already
is not measured again, so a benchmark that was cut off goes on, and more ``--repeats`` add to it;
after a change of the code, take a new folder.

Trials are trivial: their fits take microseconds. Every cell is a process of its own, which starts
Ray with so many CPUs, real or not; ours and Ray Tune alone alternate. The real search is of breast
cancer by forests and XGBoost, with one worker and with two.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.scale_tables import Cell, tables
from benchmarks.scale_trials import INNER_SEARCHES, run_ours, run_tune
from cluster.session import available_cpus
from searcher.records import FoldScore, Record, TrialEnded, TrialStarted

PARTS = ("trials", "real")
WORKERS = (1, 2)
OF_REAL = 12  # trials of each inner search


def run_real(trials: int, cpus: int, folder: Path) -> dict[str, Any]:
    """Run a search whose fits are worth their while; random, so that both do the same."""
    from searcher import search

    spec = {
        "name": "scale",
        "data": {"path": "sklearn:breast_cancer"},
        "metric": "roc_auc",
        "families": ["random_forest", "xgboost"],
        "strategy": {"kind": "random"},
        "validation": {"outer": 2, "inner": 4},
        "budget": {"trials": trials},
        "seed": 0,
    }
    seen: list[Record] = []
    began = time.perf_counter()
    found = search(
        spec,
        store=f"sqlite:///{folder}/searcher.db",
        output=folder / "output",
        observe=seen.append,
        cpus=cpus,
        report=False,
        try_exports=False,
    )
    wall_s = time.perf_counter() - began
    if found.trials["completed"] != INNER_SEARCHES * trials:
        raise RuntimeError(f"all trials were to complete: {found.trials}")
    first = min(one.at for one in seen if isinstance(one, TrialStarted))
    last = max(one.at for one in seen if isinstance(one, TrialEnded))
    fits_s = sum(one.cpu_s for one in seen if isinstance(one, FoldScore))
    return {"wall_s": wall_s, "trials_s": (last - first).total_seconds(), "fits_s": fits_s}


SIDES: dict[str, Callable[[int, int, Path], dict[str, Any]]] = {
    "ours": run_ours,
    "tune": run_tune,
    "real": run_real,
}


class Plan(NamedTuple):
    """What is to be measured; the real search has one side."""

    trials: Sequence[int]
    cpus: Sequence[int]
    repeats: int
    parts: Sequence[str]
    sides: Sequence[str] = ("ours", "tune")


def cells_of(plan: Plan) -> Iterator[Cell]:
    """Yield the cells; the sides of a pair come one after the other, and take turns to be first."""
    for number in range(plan.repeats):
        turn = 1 if number % 2 == 0 else -1
        if "trials" in plan.parts:
            for cpus in plan.cpus:
                for trials in plan.trials:
                    whole = trials // INNER_SEARCHES * INNER_SEARCHES
                    for side in plan.sides[::turn]:
                        yield Cell(side, whole, cpus, number)
        if "real" in plan.parts:
            for workers in WORKERS[::turn]:
                yield Cell("real", OF_REAL, workers, number)


def measure(cells: Sequence[Cell], path: Path) -> dict[Cell, dict[str, Any]]:
    """Measure the cells that ``path`` does not hold yet, each in a fresh process; return all."""
    held = dict(_read(path))
    missing = [cell for cell in cells if cell not in held]
    with path.open("a", encoding="utf-8") as file:
        for number, cell in enumerate(missing, 1):
            held[cell] = _start(cell)
            file.write(json.dumps(cell._asdict() | held[cell]) + "\n")
            file.flush()
            print(f"\r{number} of {len(missing)}", end="", file=sys.stderr)
    sys.stderr.write("\n")
    return {cell: held[cell] for cell in cells}


def _start(cell: Cell) -> dict[str, Any]:
    words = [cell.side, str(cell.trials), str(cell.cpus)]
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.scale", "--cell", *words]
    load = os.getloadavg()[0]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{done.stderr[-3000:]}")
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured | {"load": load}


def _read(path: Path) -> Iterator[tuple[Cell, dict[str, Any]]]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            told = json.loads(line)
            yield Cell(*(told.pop(name) for name in Cell._fields)), told


def measure_one(side: str, trials: int, cpus: int) -> dict[str, Any]:
    """Run a cell in this process; times are since it began."""
    began = time.time()
    with tempfile.TemporaryDirectory() as folder:
        cell = SIDES[side](trials, cpus, Path(folder))
    return cell | {"began_s": began, "ended_s": time.time()}


def main() -> None:
    """Measure, print the tables, write them; or measure one cell for the process that asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", nargs="+", type=int, default=[100, 1000, 5000])
    parser.add_argument("--cpus", nargs="+", type=int, default=[2, 8, 32])
    parser.add_argument("--repeats", type=int, default=1, help="pairs of each cell")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--without-tune", action="store_true", help="trivial trials of ours only")
    parser.add_argument("--output", type=Path, default=Path("build/scale"))
    parser.add_argument("--cell", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.cell:
        side, trials, cpus = chosen.cell
        print(json.dumps(measure_one(side, int(trials), int(cpus))))
        return
    if min(chosen.trials) < 60:
        parser.error("--trials must be 60 at least, or a fifth of them is hardly any")
    chosen.output.mkdir(parents=True, exist_ok=True)
    sides = ("ours",) if chosen.without_tune else ("ours", "tune")
    plan = Plan(chosen.trials, chosen.cpus, chosen.repeats, chosen.only, sides)
    found = measure(list(cells_of(plan)), chosen.output / "cells.jsonl")
    text = f"{available_cpus()} cores.\n\n{tables(found)}"
    (chosen.output / "tables.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
