"""What a plot is on the page: data and layout in plain JSON, safe to stand inside HTML."""

import json
import math
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from searcher.report.numbers import Digits, cut, value_text
from searcher.store import StoredTrial

HEIGHT = 420  # pixels
DIGITS = 7  # significant, of every number in a plot: less than a pixel, half the bytes
MAX_LINES = 14  # parameters that a hover text names
MAX_LABEL = 40

Trace = dict[str, Any]
Layout = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plot:
    """One drawing; a figure shows one of its plots at a time."""

    label: str  # in the figure's selector
    data: list[Trace]
    layout: Layout
    note: str = ""  # what is not drawn, and why
    min_width: int = 0  # pixels below which it scrolls sideways, on a phone


@dataclass(frozen=True, slots=True)
class Figure:
    """A place on the page where a plot is drawn."""

    id: str
    alt: str  # for those who can't see it
    plots: tuple[Plot, ...]
    selector: str = ""  # what the plots differ in
    height: int = HEIGHT


def layout(**changes: Any) -> Layout:
    """Lay out a plot of this page: no title (the section has one), the page's colours."""
    return merged(
        {
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"color": "@ink", "size": 13, "family": "system-ui, sans-serif"},
            "margin": {"l": 64, "r": 16, "t": 12, "b": 48},
            "hoverlabel": {
                "bgcolor": "@card",
                "bordercolor": "@line",
                "font": {"color": "@ink", "size": 12},
                "align": "left",
            },
            "hovermode": "closest",
            "modebar": {
                "bgcolor": "rgba(0,0,0,0)",
                "color": "@muted",
                "activecolor": "@ink",
                "orientation": "v",
            },
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "xaxis": axis(),
            "yaxis": axis(),
        },
        changes,
    )


def axis(**changes: Any) -> dict[str, Any]:
    """One axis in the page's colours."""
    common = {
        "gridcolor": "@line",
        "linecolor": "@line",
        "zeroline": False,
        "automargin": True,
        "title": {"standoff": 10},
    }
    return merged(common, changes)


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Put changes into a nested mapping, leaving the rest of it as it is."""
    result = dict(base)
    for key, value in changes.items():
        before = result.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        result[key] = merged(before, value) if both else value  # type: ignore[arg-type]
    return result


def from_optuna(figure: Any) -> tuple[list[Trace], Layout]:
    """Take a figure of Optuna's apart, without its title and template."""
    parts = figure.to_plotly_json()
    kept = {
        key: value for key, value in parts["layout"].items() if key not in ("template", "title")
    }
    return list(parts["data"]), kept


def unpacked(value: Any) -> list[Any]:
    """Make nested lists of an array that plotly (6) has packed into base64.

    The packed form can't be drawn from when it is part of a list, and is no smaller where most of
    it is NaN.
    """
    if not isinstance(value, Mapping):
        return list(value)
    flat = np.frombuffer(b64decode(value["bdata"]), dtype=value["dtype"])
    shape = [int(n) for n in str(value.get("shape", len(flat))).split(",")]
    whole: list[Any] = flat.astype(object).reshape(shape).tolist()  # not finite: None, in JSON
    return whole


def marks(
    name: str,
    x: Sequence[Any],
    y: Sequence[Any],
    text: Sequence[str],
    marker: Mapping[str, Any],
) -> list[Trace]:
    """Points with a text for the mouse; no trace for no points."""
    trace = {"type": "scatter", "mode": "markers", "name": name, "x": x, "y": y, "text": text}
    return [{**trace, "hovertemplate": "%{text}<extra></extra>", "marker": marker}] if x else []


def plain(text: Any, limit: int = MAX_LABEL) -> str:
    """Write a text that plotly takes as text: it reads ``<b>`` and links in any string."""
    shown = cut("".join(c if c.isprintable() else " " for c in str(text)), limit)
    return shown.replace("<", "‹").replace(">", "›").replace("&", "＆")


def hover(trial: StoredTrial, digits: Digits, *more: str) -> str:
    """Describe a trial in lines, for the mouse; the page's script makes ``<br>`` of their ends."""
    lines = [
        f"{plain(trial.family)}, trial {trial.number}: {digits.score(trial.score)}",
        *(plain(line, 120) for line in more),
        *(f"{plain(k)} = {plain(value_text(v))}" for k, v in trial.configuration.items()),
    ]
    if len(lines) > MAX_LINES:
        lines[MAX_LINES:] = [f"and {len(lines) - MAX_LINES} more"]
    return "\n".join(lines)


def legend_only(name: str, **style: Any) -> Trace:
    """Make a trace that is nothing but its line in the legend."""
    return {"type": "scatter", "x": [None], "y": [None], "name": plain(name), **style}


def as_json(figures: Iterable[Figure], themes: Mapping[str, Mapping[str, str]]) -> str:
    """Write what the page's script reads, so that it can stand inside a script element.

    ``<``, ``>`` and ``&`` are written as escapes that mean the same in JSON: no name of a column
    or a class can end the element, whatever it is called.
    """
    document = {
        "themes": themes,
        "figures": {
            figure.id: [
                {"minWidth": plot.min_width, "data": plot.data, "layout": plot.layout}
                for plot in figure.plots
            ]
            for figure in figures
        },
    }
    text = json.dumps(
        jsonable(document), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def jsonable(value: Any) -> Any:
    """Copy into plain JSON: numbers short, None for what is not finite."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [jsonable(item) for item in value]
    return value
