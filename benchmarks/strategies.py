"""Our strategies beside Optuna's on LCBench's surrogate, at equal total epochs.

``python -m benchmarks.strategies [--quick | --runs 5] [--output build/strategies]``. 34 tasks, a
space of 7 parameters, 52 epochs as the resource. It prints a Markdown table and writes it with the
plot and all runs to the output folder. Runs that are there already are not made again, so a
benchmark that was cut off goes on, and more ``--runs`` add to it; after a change of a strategy,
take a new folder.

Everybody begins with the default configuration, which is never stopped, has ``--slots`` trials at
once, and sees the validation accuracy after each epoch. No Ray process runs: our strategies are
driven through ``searcher.tuning.inner``, by the calls that Ray Tune's events make. The members of
a population take turns, an epoch each; a table of curves has no states to copy, so what becomes
of a copy is supposed, once kindly and once not (``benchmarks.strategies_populations``).

After so many epochs a contestant has found the best of the trials that it has trained to the end;
its **regret** is how far that is from the best accuracy known, where 1 is as far as the median of
10,000 random configurations. Before anything was trained to the end there is none. Intervals are
percentiles of 2,000 bootstrap samples of the tasks.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import strategies_contestants, strategies_syne_tune
from benchmarks.strategies_plot import draw
from benchmarks.strategies_populations import POPULATIONS
from benchmarks.strategies_race import Race
from benchmarks.strategies_results import Results, table
from benchmarks.strategies_surrogate import EPOCHS, Surrogate

CONTESTANTS = strategies_contestants.CONTESTANTS | strategies_syne_tune.contestants()
ALL = [*CONTESTANTS, *POPULATIONS]


class Cell(NamedTuple):
    """What one run depends on; ``trainings`` is its budget in trainings of all epochs."""

    contestant: str
    task: str
    seed: int
    trainings: int
    slots: int


def measure(cells: Sequence[Cell], surrogate: Surrogate, path: Path) -> dict[Cell, Any]:
    """Make the runs that ``path`` does not hold yet; return those of ``cells``."""
    held = dict(_read(path))
    with path.open("a", encoding="utf-8") as file:
        for number, cell in enumerate(missing := [cell for cell in cells if cell not in held], 1):
            held[cell] = _run(cell, surrogate)
            file.write(json.dumps(cell._asdict() | held[cell]) + "\n")
            file.flush()
            print(f"\r{number} of {len(missing)}", end="", file=sys.stderr)
    sys.stderr.write("\n")
    return {cell: held[cell] for cell in cells}


def _run(cell: Cell, surrogate: Surrogate) -> dict[str, Any]:
    about = surrogate.space, surrogate.default, cell.seed
    curve = partial(surrogate.curve, cell.task)
    if cell.contestant in POPULATIONS:
        return asdict(POPULATIONS[cell.contestant].spend(*about, curve, trainings=cell.trainings))
    race = Race(CONTESTANTS[cell.contestant](*about), curve, slots=cell.slots)
    return asdict(race.spend(cell.trainings * EPOCHS))


def _read(path: Path) -> Iterator[tuple[Cell, dict[str, Any]]]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            told = json.loads(line)
            yield Cell(*(told.pop(name) for name in Cell._fields)), told


def main() -> None:
    """Measure, print the table, write it and the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--trainings", type=int, default=30, help="budget of a run, times 52 epochs"
    )
    parser.add_argument("--runs", type=int, default=2, help="runs of each contestant on a task")
    parser.add_argument("--slots", type=int, default=4, help="trials at once")
    parser.add_argument("--only", nargs="+", choices=ALL, default=ALL)
    parser.add_argument("--quick", action="store_true", help="every fourth task, once")
    parser.add_argument("--output", type=Path, default=Path("build/strategies"))
    chosen = parser.parse_args()
    if chosen.trainings <= chosen.slots:
        parser.error("--trainings must be more than --slots, or the first trial does not end")
    surrogate = Surrogate()
    tasks = surrogate.tasks[::4] if chosen.quick else surrogate.tasks
    cells = [
        # Another seed for each task: the luck of draws that all share would not average out.
        Cell(contestant, task, run * len(surrogate.tasks) + place, chosen.trainings, chosen.slots)
        for run in range(1 if chosen.quick else chosen.runs)
        for place, task in enumerate(tasks)
        for contestant in chosen.only
    ]
    chosen.output.mkdir(parents=True, exist_ok=True)
    runs = measure(cells, surrogate, chosen.output / "runs.jsonl")
    results = Results(runs, {task: surrogate.scale(task) for task in tasks})
    text = table(results)
    (chosen.output / "table.md").write_text(text, encoding="utf-8")
    (chosen.output / "regret.svg").write_text(draw(results), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
