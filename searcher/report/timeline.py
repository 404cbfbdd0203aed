"""What ran when: every trial as a bar from its start to its end, side by side."""

import heapq
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from searcher.report.figures import Figure, Plot, Trace, axis, hover, layout
from searcher.report.material import Material
from searcher.report.numbers import HOUR_S, MINUTE_S, duration
from searcher.report.sampling import evenly
from searcher.report.words import of_fold
from searcher.store import StoredTrial

MAX_BARS = 1200
MAX_LANES = 64
MAX_PATTERNED = 200  # bars above which they are too thin for a pattern or an outline
LANE_PX, MOST_PX = 26, 700

LOOKS = {
    "completed": ("@s3", ""),
    "stopped": ("@f1", "/"),
    "failed": ("@bad", "x"),
    "running": ("@muted", "."),
    "paused": ("@muted", "-"),
}
"""State -> colour and pattern: the pattern says it to those who don't see the colour."""


def timeline_figure(material: Material) -> Figure | None:
    """Draw the trials of all inner searches; None if there are none."""
    trials = sorted(material.every_trial, key=lambda t: (t.started_at, t.trial_id))
    if not trials:
        return None
    now = max(trial.ended_at or trial.started_at for trial in trials)
    lanes = dict(zip((t.trial_id for t in trials), lay_out(trials, now), strict=True))
    drawn = evenly([t for t in trials if lanes[t.trial_id] < MAX_LANES], MAX_BARS)
    n_lanes = 1 + max(lanes[trial.trial_id] for trial in drawn)
    unit, seconds = unit_of(material)
    data = [
        _bars(found, lanes, material, now=now, seconds=seconds)
        | {"marker": _look(state, thin=len(drawn) > MAX_PATTERNED)}
        for state in LOOKS
        if (found := [trial for trial in drawn if trial.state == state])
    ]
    ours = layout(
        barmode="overlay",
        bargap=0.15,
        showlegend=True,
        xaxis=axis(title={"text": f"{unit} since the search began"}, rangemode="tozero"),
        yaxis=axis(
            title={"text": "side by side"},
            autorange="reversed",
            showticklabels=False,
            showgrid=False,
        ),
    )
    note = ""
    if len(drawn) < len(trials):
        note = f"{len(drawn):,} of {len(trials):,} trials are drawn, an even sample in time."
    alt = f"When each trial ran, at most {n_lanes} at once"
    height = min(MOST_PX, 130 + LANE_PX * max(n_lanes, 3))
    return Figure("timeline", alt, (Plot("", data, ours, note),), height=height)


def lay_out(trials: Sequence[StoredTrial], now: datetime) -> list[int]:
    """Lane of each trial, in order of their starts: the lowest that is free.

    There are as many lanes as trials ever ran at once. Which worker ran a trial is not stored.
    """
    free: list[int] = []
    busy: list[tuple[datetime, int]] = []  # (until, lane)
    lanes = []
    for trial in trials:
        while busy and busy[0][0] <= trial.started_at:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (trial.ended_at or now, lane))
        lanes.append(lane)
    return lanes


def unit_of(material: Material) -> tuple[str, float]:
    """Choose the unit of time that suits the search; return its name and its seconds."""
    start = material.search.started_at
    ends = [trial.ended_at or trial.started_at for trial in material.every_trial]
    total = max(((end - start).total_seconds() for end in ends), default=0.0)
    if total < 3 * MINUTE_S:
        return "seconds", 1.0
    return ("minutes", float(MINUTE_S)) if total < 3 * HOUR_S else ("hours", float(HOUR_S))


def in_unit(at: datetime | None, start: datetime, seconds: float) -> float | None:
    """Time since the start, in units of so many seconds; None for no time."""
    return None if at is None else (at - start).total_seconds() / seconds


def _bars(
    trials: Sequence[StoredTrial],
    lanes: dict[str, int],
    material: Material,
    *,
    now: datetime,
    seconds: float,
) -> Trace:
    """Draw the trials of one state."""
    start = material.search.started_at
    return {
        "type": "bar",
        "orientation": "h",
        "name": trials[0].state,
        "y": [lanes[trial.trial_id] for trial in trials],
        "base": [in_unit(trial.started_at, start, seconds) for trial in trials],
        "x": [in_unit(t.ended_at or now, t.started_at, seconds) for t in trials],
        "text": [
            hover(trial, material.digits, of_fold(trial.outer_fold), duration(trial.seconds))
            for trial in trials
        ],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
    }


def _look(state: str, *, thin: bool) -> dict[str, Any]:
    colour, shape = LOOKS[state]
    if thin:
        return {"color": colour}
    pattern = {"shape": shape, "fillmode": "overlay", "fgcolor": "@paper", "size": 6}
    return {"color": colour, "line": {"color": "@paper", "width": 0.5}, "pattern": pattern}
