"""How the benchmark of scale is shown: tables that can stand in docs/benchmarks_scale.md."""

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

Found = Mapping[str, Any]
"""What was measured in a cell."""

Figure = Callable[[Found], float]


class Cell(NamedTuple):
    """What a measurement depends on."""

    side: str  # ours, tune or real
    trials: int
    cpus: int
    number: int  # of the pair


Cells = Mapping[Cell, Found]


def per_trial(found: Found, name: str) -> float:
    """Return what a trial added to a figure of the marks, from the first to the last mark."""
    first, last = found["marks"][0], found["marks"][-1]
    return float((last[name] - first[name]) / (last["ended"] - first["ended"]))


def per_trial_in_fifths(found: Found, name: str) -> list[float]:
    """Return the same between one mark and the next."""
    return [per_trial({"marks": pair}, name) for pair in pairwise(found["marks"])]


def growth(found: Found, name: str) -> float:
    """Return a trial's part in the last fifth over that in the first one."""
    fifths = per_trial_in_fifths(found, name)
    return fifths[-1] / fifths[0]


def tables(cells: Cells) -> str:
    """Lay out all tables that there is something for."""
    made = [*_of_trials(cells), *_of_real(cells)]
    return "\n\n".join(made) + "\n"


def _of_trials(cells: Cells) -> Iterator[str]:
    groups = dict.fromkeys((c.cpus, c.trials) for c in cells if c.side == "ours")
    if not groups:
        return
    pairs = {(cpus, trials): _pairs(cells, cpus, trials) for cpus, trials in groups}
    for title, heads, row in PARTS:
        yield _table(title, ("CPUs", "trials", *heads), pairs, row)


def _table(title: str, heads: Iterable[str], pairs: "dict[Any, Pairs]", row: "Row") -> str:
    names = tuple(heads)
    lines = [f"### {title}", "", f"| {' | '.join(names)} |", "| --- " * len(names) + "|"]
    for (cpus, trials), found in pairs.items():
        lines.append(f"| {cpus} | {trials:,} | {' | '.join(row(found))} |")
    return "\n".join(lines)


class Pairs(NamedTuple):
    """What was measured one after the other, in the order of the pairs; a side may be left out."""

    ours: list[Found]
    tune: list[Found]

    def of(self, figure: Figure, digits: int = 1) -> list[str]:
        """Write down the medians of both sides."""
        return [
            f"{statistics.median(figure(found) for found in side):.{digits}f}" if side else "-"
            for side in self
        ]

    def ratio(self, figure: Figure) -> str:
        """Write down the median of the pairs' ratios, ours over Tune's."""
        pairs = zip(self.ours, self.tune, strict=False)
        return middle_and_range([figure(ours) / figure(tune) for ours, tune in pairs])


def middle_and_range(ratios: Sequence[float]) -> str:
    """Write down the median, and between what it lies if there are several."""
    if not ratios:
        return "-"
    middle = f"{statistics.median(ratios):.2f}"
    return middle if len(ratios) == 1 else f"{middle} ({min(ratios):.2f}-{max(ratios):.2f})"


Row = Callable[[Pairs], list[str]]


def _pairs(cells: Cells, cpus: int, trials: int) -> Pairs:
    def side(name: str) -> list[Found]:
        wanted = (name, trials, cpus)
        return [cells[cell] for cell in sorted(cells) if cell[:3] == wanted]

    return Pairs(side("ours"), side("tune"))


def _cost(pairs: Pairs) -> list[str]:
    row = []
    for name in ("at_s", "driver_s", "tree_s"):
        figure = partial(_ms_a_trial, name=name)
        row += [*pairs.of(figure), pairs.ratio(figure)]
    return row


def _ms_a_trial(found: Found, name: str) -> float:
    return 1000 * per_trial(found, name)


def _grown(pairs: Pairs) -> list[str]:
    row = []
    for name in ("at_s", "driver_s"):
        fifths = [per_trial_in_fifths(found, name) for found in pairs.ours]
        row += [f"{1000 * statistics.median(one[at] for one in fifths):.1f}" for at in (0, -1)]
        row += pairs.of(partial(growth, name=name), digits=2)
    return row


def _memory(pairs: Pairs) -> list[str]:
    peak = pairs.of(lambda found: float(found["peak_mb"]), digits=0)
    return peak + pairs.of(lambda found: 1024 * per_trial(found, "rss_mb"), digits=0)


def _store(pairs: Pairs) -> list[str]:
    rows = statistics.median(found["rows"] for found in pairs.ours)
    a_second = statistics.median(f["rows"] / per_trial(f, "at_s") for f in pairs.ours)
    writer_ms = statistics.median(_ms_a_trial(found, "writer_s") for found in pairs.ours)
    before = pairs.of(lambda found: float(found["marks"][0]["at_s"] - found["began_s"]))
    after = pairs.of(lambda found: float(found["ended_s"] - found["marks"][-1]["at_s"]))
    return [f"{rows:.1f}", f"{a_second:.0f}", f"{writer_ms:.1f}", *before, *after]


PARTS: tuple[tuple[str, tuple[str, ...], Row], ...] = (
    (
        "A trial",
        (
            *("wall ms, ours", "Tune", "ratio"),
            *("driver's CPU ms, ours", "Tune", "ratio"),
            *("all processes' CPU ms, ours", "Tune", "ratio"),
        ),
        _cost,
    ),
    (
        "The last fifth of the trials beside the first",
        (
            *("wall ms, ours, first", "last", "last / first", "Tune's last / first"),
            *("driver's CPU ms, ours, first", "last", "last / first", "Tune's last / first"),
        ),
        _grown,
    ),
    (
        "The driver's memory",
        ("peak MB, ours", "Tune", "kB a trial, ours", "Tune"),
        _memory,
    ),
    (
        "The store, and the ends",
        (
            *("rows a trial", "rows/s", "writer's CPU ms a trial"),
            *("s to the first mark, ours", "Tune", "s from the last mark, ours", "Tune"),
        ),
        _store,
    ),
)


def _of_real(cells: Cells) -> Iterator[str]:
    one, two = (
        [cells[cell] for cell in sorted(cells) if (cell.side, cell.cpus) == ("real", workers)]
        for workers in (1, 2)
    )
    if not one or not two:
        return
    lines = ["### A real search with one worker and with two", ""]
    lines += ["| | 1 worker, s | 2 workers, s | efficiency |", "| --- " * 4 + "|"]
    for name, title in (("trials_s", "all trials"), ("wall_s", "the whole search")):
        efficiency = [a[name] / (2 * b[name]) for a, b in zip(one, two, strict=True)]
        seconds = [f"{statistics.median(found[name] for found in side):.1f}" for side in (one, two)]
        lines.append(f"| {title} | {' | '.join(seconds)} | {middle_and_range(efficiency)} |")
    fits = [f"{statistics.median(found['fits_s'] for found in side):.1f}" for side in (one, two)]
    lines.append(f"| CPU of the trials' fits | {fits[0]} | {fits[1]} | |")
    yield "\n".join(lines)
