"""Mean regret over time as an SVG: our strategies on the left, those of others on the right."""

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from benchmarks.strategies_results import REFERENCE, Floats, Results, mean_and_interval
from searcher.report.theme import LIGHT

WIDTH, HEIGHT, GAP = 400, 300, 30  # of a panel, in pixels
LEFT, TOP, LINE = 60, 40, 18
LOWEST = 0.01  # regret at the lower end of the logarithmic axis, at most
OTHERS = ("Optuna", "Syne Tune")
TICKS = (1.0, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)


class Panel:
    """Axes: trainings along, regret upwards on a logarithmic scale."""

    def __init__(self, left: float, trainings: NDArray[np.int_], low: float, high: float) -> None:
        self.left, self.trainings, self._ends = left, trainings, (low, high)

    def x(self, training: float) -> float:
        """Pixel of a number of trainings."""
        return self.left + WIDTH * training / float(self.trainings[-1])

    def y(self, regret: float) -> float:
        """Pixel of a regret."""
        low, high = np.log(self._ends)
        return float(TOP + HEIGHT * (high - np.log(regret)) / (high - low))

    def points(self, regrets: Floats) -> str:
        """Corners of a line, where there is one."""
        pairs = zip(self.trainings, regrets, strict=True)
        return " ".join(f"{self.x(t):.1f},{self.y(r):.1f}" for t, r in pairs if np.isfinite(r))

    def axes(self, title: str) -> list[str]:
        """Frame, ticks, title."""
        low, high = self._ends
        parts = [_text(self.left, TOP - 14, title, "font-weight='bold'")]
        for tick in (t for t in TICKS if low <= t <= high):
            y, end = self.y(tick), self.left + WIDTH
            parts.append(_rule(self.left, y, end, y))
            parts.append(_text(self.left - 6, y + 4, f"{tick:g}", "text-anchor='end'"))
        for training in np.linspace(0, self.trainings[-1], 6):
            x, middle = self.x(training), "text-anchor='middle'"
            parts.append(_text(x, TOP + HEIGHT + 18, f"{training:g}", middle))
        below = TOP + HEIGHT + 36
        parts.append(_text(self.left, below, "epochs spent, in trainings of 52"))
        return parts


def draw(results: Results) -> str:
    """One line a contestant with its 95 % interval; random search is in both panels."""
    curves = {
        name: mean_and_interval(results.regrets(name).mean(axis=1)) for name in results.contestants
    }
    low = max(LOWEST, min(float(np.nanmin(curve[1])) for curve in curves.values()))
    high = max(float(np.nanmax(curve[2])) for curve in curves.values())
    theirs = [name for name in curves if name.startswith(OTHERS)]
    ours = [name for name in curves if name not in theirs]
    parts: list[str] = []
    for number, (title, names) in enumerate(
        (("Ours", ours), ("Others'", [*(n for n in ours if n == REFERENCE), *theirs]))
    ):
        panel = Panel(LEFT + number * (WIDTH + LEFT + GAP), results.trainings, low, high)
        parts += panel.axes(f"{title}: mean regret")
        for place, name in enumerate(names):
            parts += _curve(panel, name, curves[name], place)
    width = 2 * (WIDTH + LEFT + GAP)
    height = TOP + HEIGHT + 50 + LINE * max(len(ours), len(theirs) + 1)
    return _page(parts, width, height)


def _curve(panel: Panel, name: str, curve: tuple[Floats, Floats, Floats], place: int) -> list[str]:
    mean, low, high = (np.maximum(values, LOWEST) for values in curve)
    colour = LIGHT[f"f{7 if name == REFERENCE else (place - 1) % 7}"]
    band = f"{panel.points(low)} {' '.join(reversed(panel.points(high).split()))}"
    y = TOP + HEIGHT + 56 + LINE * place
    dashes = "stroke-dasharray='6 3'" if place > 7 else ""  # there are seven colours
    end = f"cx='{panel.x(panel.trainings[-1]):.1f}' cy='{panel.y(mean[-1]):.1f}'"
    return [
        f"<polygon points='{band}' fill='{colour}' opacity='0.08'/>",
        f"<polyline points='{panel.points(mean)}' fill='none' stroke='{colour}' "
        f"stroke-width='2' {dashes}/>",
        f"<circle {end} r='3' fill='{colour}'/>",
        f"<rect x='{panel.left}' y='{y - 8}' width='20' height='4' fill='{colour}'/>",
        _text(panel.left + 28, y - 2, f"{name}: {mean[-1]:.3f}"),
    ]


def _rule(*ends: float) -> str:
    x1, y1, x2, y2 = (f"{end:.1f}" for end in ends)
    return f"<line x1='{x1}' y1='{y1}' x2='{x2}' y2='{y2}' stroke='{LIGHT['line']}'/>"


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' fill='{LIGHT['ink']}' {more}>{escape(text)}</text>"


def _page(parts: Sequence[str], width: int, height: int) -> str:
    head = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' "
        "font-family='Helvetica,Arial,sans-serif' font-size='13' role='img' "
        "aria-label='Mean regret of strategies over epochs'>"
    )
    paper = f"<rect width='{width}' height='{height}' fill='{LIGHT['paper']}'/>"
    return "\n".join([head, paper, *parts, "</svg>", ""])
