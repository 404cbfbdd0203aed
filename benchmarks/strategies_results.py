"""From runs to regrets: means over tasks and runs, with intervals."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.strategies_surrogate import EPOCHS

RESAMPLES = 2_000
REFERENCE = "random"

Floats = NDArray[np.float64]


class Results:
    """Regrets of all contestants after each training's worth of epochs; NaN: none complete yet.

    Parameters
    ----------
    runs
        By cells: named tuples of contestant, task, seed, trainings and slots. One number of
        trainings and slots, and every contestant on the same tasks with the same seeds.
    scales
        Accuracy of the median and of the best of random configurations, by task.
    """

    def __init__(
        self, runs: Mapping[Any, Mapping[str, Any]], scales: Mapping[str, tuple[float, float]]
    ) -> None:
        self.runs, self.tasks = runs, list(scales)
        self.contestants = list(dict.fromkeys(cell.contestant for cell in runs))
        ((trainings, slots),) = {(cell.trainings, cell.slots) for cell in runs}
        self.slots = slots
        self.trainings = np.arange(slots, trainings + 1)  # the first trial ends within `slots`
        best = {task: scale[1] for task, scale in scales.items()}
        for cell, run in runs.items():
            best[cell.task] = max([best[cell.task], *(found for _, found in run["complete"])])
        self._regrets: dict[str, list[list[Floats]]] = {
            name: [[] for _ in self.tasks] for name in self.contestants
        }
        for cell, run in runs.items():
            far = best[cell.task] - scales[cell.task][0]
            regret = (best[cell.task] - _incumbent(run["complete"], self.trainings)) / far
            self._regrets[cell.contestant][self.tasks.index(cell.task)].append(regret)

    @property
    def runs_each(self) -> int:
        """Runs of each contestant on a task."""
        return len(self.runs) // len(self.contestants) // len(self.tasks)

    def regrets(self, contestant: str) -> Floats:
        """Regrets, shape (n_tasks, n_runs, n_trainings); smaller is better."""
        return np.array(self._regrets[contestant])

    def ranks(self) -> dict[str, float]:
        """Mean rank at the end over tasks and runs, 1 the best; equals share their ranks."""
        from scipy.stats import rankdata

        ends = [self.regrets(name)[:, :, -1] for name in self.contestants]
        ranks = rankdata(np.array(ends), axis=0)
        return {
            name: float(rank.mean()) for name, rank in zip(self.contestants, ranks, strict=True)
        }


def mean_and_interval(of_tasks: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean over tasks, and the ends of its 95 % interval, from shape (n_tasks, ...).

    The percentile bootstrap (Efron 1979) over tasks: the runs of a task are averaged before.
    """
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(of_tasks), size=(RESAMPLES, len(of_tasks)))
    means = np.array([of_tasks[tasks].mean(axis=0) for tasks in drawn])
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    return of_tasks.mean(axis=0), low, high


def table(results: Results) -> str:
    """Markdown: regrets at three budgets, against random search, ranks, and what it took."""
    places = [_place(results, share) for share in (0.2, 0.5, 1.0)]
    budgets = [f"regret, {results.trainings[place]} trainings" for place in places]
    head = [
        "strategy",
        *budgets,
        f"minus {REFERENCE}'s",
        "rank",
        "proposed",
        "complete",
        "CPU ms each",
    ]
    lines = [_line(head), _line(["---"] * len(head))]
    ranks = results.ranks()
    for name in results.contestants:
        regret = results.regrets(name).mean(axis=1)
        shown = [_shown(regret[:, place]) for place in places]
        runs = [run for cell, run in results.runs.items() if cell.contestant == name]
        proposed = np.mean([run["proposed"] for run in runs])
        complete = np.mean([len(run["complete"]) for run in runs])
        each = 1000 * sum(r["thought_s"] for r in runs) / sum(r["proposed"] for r in runs)
        took = [f"{ranks[name]:.1f}", f"{proposed:.0f}", f"{complete:.0f}", f"{each:.1f}"]
        lines.append(_line([name, *shown, _against(results, regret), *took]))
    return "\n".join([*lines, "", _caption(results)]) + "\n"


def _against(results: Results, regret: Floats) -> str:
    """Difference from random search at the end, task by task."""
    if REFERENCE not in results.contestants:
        return ""
    other = results.regrets(REFERENCE).mean(axis=1)
    return _shown(regret[:, -1] - other[:, -1], sign="+")


def _incumbent(complete: Sequence[tuple[int, float]], trainings: NDArray[np.int_]) -> Floats:
    """Best final accuracy after each of ``trainings`` trainings' worth of epochs, NaN before."""
    spent = np.array([epochs for epochs, _ in complete])
    best = np.append(math.nan, np.maximum.accumulate([accuracy for _, accuracy in complete]))
    found: Floats = best[np.searchsorted(spent, trainings * EPOCHS, side="right")]
    return found


def _place(results: Results, share: float) -> int:
    wanted = share * results.trainings[-1]
    return int(np.argmin(abs(results.trainings - wanted)))


def _shown(of_tasks: Floats, sign: str = "") -> str:
    mean, low, high = mean_and_interval(of_tasks)
    if np.isnan(mean):
        return "-"
    return f"{mean:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def _caption(results: Results) -> str:
    epochs = results.trainings[-1] * EPOCHS
    return (
        f"{len(results.tasks)} tasks, runs of each: {results.runs_each}, "
        f"trials at once: {results.slots}, epochs a run: {epochs:,}."
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
