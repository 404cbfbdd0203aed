"""What is saved against what is lost, as an SVG: a point for each policy."""

from collections.abc import Mapping
from html import escape

import numpy as np

from benchmarks.racing_policies import OURS
from benchmarks.racing_results import Told, summary
from searcher.report.theme import LIGHT

WIDTH, HEIGHT, LEFT, TOP, RIGHT = 640, 380, 80, 40, 40
LOWEST, HIGHEST = 1e-5, 1e-2  # regret, a logarithmic axis upwards
TICKS = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


def draw(found: Mapping[str, Mapping[str, Told]]) -> str:
    """One point a policy: right is cheaper, low is safer."""
    parts = _axes()
    for number, (name, of_tables) in enumerate(found.items()):
        means = summary(of_tables)
        x, y = _x(means["saved"]), _y(means["regret"])
        colour = LIGHT["f1" if name in OURS else "f7"]
        parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='5' fill='{colour}'/>")
        end = "end" if means["saved"] > 0.4 else "start"
        aside = -9 if end == "end" else 9
        parts.append(_text(x + aside, y + (4 if number % 2 else -4), name, end))
    return _page(parts)


def _axes() -> list[str]:
    parts = [_text(LEFT, TOP - 16, "mean regret (CV score) against fits saved", "start")]
    for tick in TICKS:
        y = _y(tick)
        parts.append(_rule(LEFT, y, LEFT + WIDTH, y))
        parts.append(_text(LEFT - 8, y + 4, f"{tick:g}", "end"))
    for share in np.linspace(0, 1, 11):
        parts.append(_text(_x(share), TOP + HEIGHT + 20, f"{100 * share:.0f} %", "middle"))
    return parts


def _x(share: float) -> float:
    return float(LEFT + WIDTH * share)


def _y(regret: float) -> float:
    low, high = np.log([LOWEST, HIGHEST])
    at = np.log(min(max(regret, LOWEST), HIGHEST))
    return float(TOP + HEIGHT * (high - at) / (high - low))


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    ends = f"x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}'"
    return f"<line {ends} stroke='{LIGHT['line']}'/>"


def _text(x: float, y: float, text: str, anchor: str) -> str:
    about = f"fill='{LIGHT['ink']}' text-anchor='{anchor}'"
    return f"<text x='{x:.1f}' y='{y:.1f}' {about}>{escape(text)}</text>"


def _page(parts: list[str]) -> str:
    width, height = LEFT + WIDTH + RIGHT, TOP + HEIGHT + 40
    head = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' "
        "font-family='Helvetica,Arial,sans-serif' font-size='12' role='img' "
        "aria-label='Regret of racing policies against the fits they save'>"
    )
    paper = f"<rect width='{width}' height='{height}' fill='{LIGHT['paper']}'/>"
    return "\n".join([head, paper, *parts, "</svg>", ""])
