"""What a search found, for people: the same words after ``run`` and from ``show``."""

import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

import typer

from searcher.cli import facts
from searcher.cli.options import store_option
from searcher.cli.tables import Column, identity, layout, right, terminal_width
from searcher.cli.way import Way, cost_lines, driver_line, incumbent_lines
from searcher.cli.words import (
    count,
    duration,
    interval,
    local_time,
    number,
    one_line,
    signed,
    value,
)
from searcher.records import FINAL, ParityVerdict

if TYPE_CHECKING:
    from searcher.store import StoredSearch

MARGIN = 10
"""Characters that the names of the sections take."""

LEAST_SHARE = 0.001

NOT_BETTER = "not better than the default configuration"


def tell(search: "StoredSearch", *, terminal: bool, way: Way | None = None) -> str:
    """Tell a search: what was asked, found, released; with ``way``, how it came there."""
    sections = {
        "data": facts.data_lines(search.data),
        "notice": facts.notices(search.data),
        "plan": [facts.plan_line(search.spec, search.metric, search.task)],
        "trials": [_trials(search)],
        "cost": cost_lines(way.costs, search.trials) if way else [],
        "course": incumbent_lines(way.incumbents) if way else [],
        "race": way.race if way else [],
    }
    results = {
        "score": list(_estimate(search)),
        "best": list(_best(search, way)),
        "parity": [parity_line(search.parity)] if search.parity else [],
        "model": [search.model_path or "none was released"] if search.ended_at else [],
        "report": [search.report_path] if search.report_path else [],
        "error": [one_line(line) for line in (search.error or "").splitlines()],
        "driver": [driver_line(way.driver, search.state)] if way else [],
    }
    return (
        _headline(search)
        + "".join(section(name, lines, terminal) for name, lines in sections.items())
        + _outer(search, terminal=terminal)
        + "".join(section(name, lines, terminal) for name, lines in results.items())
        + (section("next", list(way.next), terminal=False) if way else "")
    )


def _headline(search: "StoredSearch") -> str:
    took = f", {duration(search.seconds)}" if search.seconds is not None else ""
    title = typer.style(search.search_id, bold=True)
    started = local_time(search.started_at)
    return f"{title}  {one_line(search.name)}: {search.state}, started {started}{took}\n"


def section(name: str, lines: list[str], terminal: bool) -> str:
    """Write lines beside their name, which is written once."""
    folded = [part for line in lines for part in _fold(line, terminal)]
    names = [name] + [""] * (len(folded) - 1)
    return "".join(f"{n:<{MARGIN}}{line}\n" for n, line in zip(names, folded, strict=False))


def _fold(line: str, terminal: bool) -> list[str]:
    """Break a line between words where the terminal ends; in a pipe it stays one."""
    if not terminal:
        return [line]
    width = max(terminal_width() - MARGIN, 20)
    return textwrap.wrap(
        line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _trials(search: "StoredSearch") -> str:
    states = [
        f"{n:,} {state}"
        for state, n in search.trials.items()
        if n or state not in ("running", "paused")
    ]
    total = sum(search.trials.values())
    return f"{total:,}: {', '.join(states)}; {duration(search.cpu_s)} of CPU"


def _outer(search: "StoredSearch", *, terminal: bool) -> str:
    """Tabulate each outer fold: what its winner was thought to be worth, and what it was."""
    if not search.winners:
        return ""
    inner = {winner.outer_fold: winner.inner_score for winner in search.winners}
    scores = [inner, *(search.scores(role) for role in ("winner", "default", "dummy"))]
    columns = [
        identity("outer fold"),
        right("inner"),
        right("outer"),
        right("default"),
        right("dummy"),
        Column("winner"),
    ]
    rows = [
        [
            "all rows" if winner.outer_fold == FINAL else winner.outer_fold,
            *(number(of.get(winner.outer_fold)) for of in scores),
            f"{winner.family} ({winner.trial_id.removeprefix(search.search_id + '.')})",
        ]
        for winner in search.winners
    ]
    judged = [fold for fold in inner if fold != FINAL]
    rows.insert(len(judged), ["mean", *(number(_mean(of, judged)) for of in scores), ""])
    return f"\n{layout(columns, rows, terminal=terminal, indent='  ')}\n"


def _mean(scores: Mapping[str, float | None], folds: Sequence[str]) -> float | None:
    """Average over all of the folds; None if one has no score, as that would be another mean."""
    values = [value for fold in folds if (value := scores.get(fold)) is not None]
    return fmean(values) if values and len(values) == len(folds) else None


def _estimate(search: "StoredSearch") -> Iterator[str]:
    if search.outer_mean is None:
        return
    mean = typer.style(number(search.outer_mean), bold=True)
    sure = f"95 % interval {interval(search.interval)}" if search.interval else "no interval"
    yield f"outer {search.metric} {mean}, {sure} (corrected; larger is better)"
    if search.optimism is not None:
        yield f"optimism {signed(search.optimism)}: inner best minus outer score"
    if search.default_difference is not None:
        yield f"winner minus default {signed(search.default_difference)}{_verdict(search)}"


def _verdict(search: "StoredSearch") -> str:
    ends = search.default_interval
    if ends is None:
        return ""
    better = "better than the default configuration" if search.beats_default else NOT_BETTER
    return f", interval {interval(ends, write=signed)}: {better}"


def _best(search: "StoredSearch", way: Way | None) -> Iterator[str]:
    best = search.best_configuration
    if best is None:
        return
    yield f"{best['family']}, chosen on all rows (trial {search.best_trial_id})"
    if way and way.evolved:
        yield (
            "  a member of a population: this is what it ended with, "
            f"`searcher show {search.best_trial_id}` tells its way"
        )
    for name, of in best.items():
        if name != "family":
            yield f"  {name} = {value(of)}"


def parity_line(verdict: ParityVerdict) -> str:
    """Say whether the ONNX file computes what the model computes, and on how many rows."""
    compared = count(verdict.rows, "row")
    if not verdict.passed:
        failure = one_line(verdict.failure or "the outputs differ")
        return f"failed, so no model was released ({compared} compared): {failure}"
    return (
        f"passed: {compared} compared, every label equal, largest difference "
        f"{verdict.worst_absolute:.1e} ({_share(verdict.worst)} of what is allowed)"
    )


def _share(of: float) -> str:
    return f"{of:.1%}" if of >= LEAST_SHARE or of == 0 else "less than 0.1%"


def next_steps(search: "StoredSearch", store: str) -> str:
    """Write the commands that are likely to come next."""
    option = store_option(store)
    steps = []
    if search.model_path:
        steps.append(f"searcher predict {shlex.quote(search.model_path)} NEW.csv")
    steps += [
        f"searcher trials {search.search_id} --limit 10{option}",
        f"searcher show {search.search_id} --format json{option}",
    ]
    return section("next", steps, terminal=False)
