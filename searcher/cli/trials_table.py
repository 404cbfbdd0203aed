"""Trials for people: the parameters that differ, as columns while there is room for them."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from searcher.cli.tables import (
    ROOMY,
    Column,
    identity,
    layout,
    natural_width,
    right,
    terminal_width,
)
from searcher.cli.words import number, one_line, value

if TYPE_CHECKING:
    from searcher.records import Configuration
    from searcher.store import StoredTrial

COLUMNS = (
    identity("trial"),
    Column("state"),
    right("score"),
    right("folds"),
    Column("family"),
)
INDENT = "    "
DIGITS = 4  # of a float; JSON, csv and parquet have them all


def tabulate(
    trials: "Sequence[StoredTrial]",
    last: "Mapping[str, Configuration] | None" = None,
    *,
    terminal: bool,
) -> str:
    """Lay trials out, one a row.

    Parameters
    ----------
    last
        What members of a population ended with, where that is not what they began with.
    """
    if not trials:
        return ""
    pairs = [(t.configuration, (last or {}).get(t.trial_id, t.configuration)) for t in trials]
    shared, differing = split_parameters(
        [began for began, _ in pairs] + [ended for began, ended in pairs if ended is not began]
    )
    texts = {"reason": [one_line(t.reason or "") for t in trials]} if _all_failed(trials) else {}
    wide = [*COLUMNS, *(Column(name) for name in (*texts, *differing))]
    rows = [
        [
            *_facts(trial),
            *(text[i] for text in texts.values()),
            *(_change(*pairs[i], name) for name in differing),
        ]
        for i, trial in enumerate(trials)
    ]
    if natural_width(wide, rows) <= (terminal_width() if terminal else ROOMY):
        table = layout(wide, rows, terminal=terminal)
    else:
        texts["configuration"] = [_together(*pair, differing) for pair in pairs]
        table = _with_texts([_facts(trial) for trial in trials], texts, terminal=terminal)
    if shared:
        said = f"in all that have it: {_together(shared, shared, list(shared))}"
        table += f"\n{_filled(said) if terminal else said}\n"
    return table


def tabulate_columns(names: Sequence[str], rows: Iterable[Sequence[Any]], *, terminal: bool) -> str:
    """Lay the chosen columns out, one trial a row."""
    rows = list(rows)
    if not rows:
        return ""
    numeric = [
        all(type(row[i]) in (int, float, type(None)) for row in rows) for i in range(len(names))
    ]
    columns = [
        Column(name, "right" if is_number else "left", whole=is_number or name.endswith("_id"))
        for name, is_number in zip(names, numeric, strict=True)
    ]
    return layout(columns, [[_written(cell) for cell in row] for row in rows], terminal=terminal)


def _written(cell: Any) -> str:
    if cell is None:
        return ""
    return number(cell) if isinstance(cell, float) else value(cell)


def _with_texts(rows: list[list[str]], texts: Mapping[str, list[str]], *, terminal: bool) -> str:
    """Write long texts below their trials in a terminal, beside them in a pipe."""
    if not terminal or natural_width(COLUMNS, rows) > terminal_width():
        rows = [[*row, *more] for row, *more in zip(rows, *texts.values(), strict=True)]
        columns = [*COLUMNS, *(Column(name) for name in texts)]
        return layout(columns, rows, terminal=terminal)
    heading, *lines = layout(COLUMNS, rows, terminal=True).splitlines()
    parts = [heading]
    for line, *more in zip(lines, *texts.values(), strict=True):
        parts += [line, *(_filled(text, INDENT) for text in more if text)]
    return "\n".join(parts) + "\n"


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text,
        terminal_width(),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _all_failed(trials: "Sequence[StoredTrial]") -> bool:
    return all(trial.state == "failed" for trial in trials)


def split_parameters(
    configurations: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, Any], list[str]]:
    """Tell parameters with one value from those that differ among the trials that have them.

    Of a single trial all parameters are told.
    """
    values: dict[str, list[Any]] = {}
    for configuration in configurations:
        for name, of in configuration.items():
            known = values.setdefault(name, [])
            if not any(of is one or (type(of) is type(one) and of == one) for one in known):
                known.append(of)
    differing = [name for name, seen in values.items() if len(seen) > 1 or len(configurations) == 1]
    return {n: seen[0] for n, seen in values.items() if n not in differing}, differing


def _facts(trial: "StoredTrial") -> list[str]:
    """Return the cells that every such table has."""
    return [
        trial.trial_id,
        trial.state,
        number(trial.score),
        str(trial.resource),
        _family(trial),
    ]


def _family(trial: "StoredTrial") -> str:
    return f"{trial.family} (default)" if trial.origin == "default" else trial.family


def _cell(configuration: Mapping[str, Any], name: str) -> str:
    return value(configuration[name], digits=DIGITS) if name in configuration else ""


def _change(began: Mapping[str, Any], ended: Mapping[str, Any], name: str) -> str:
    """Write a parameter's value; two, if a member of a population ended with another one."""
    first, second = _cell(began, name), _cell(ended, name)
    return first if first == second else f"{first or '-'} -> {second or '-'}"


def _together(began: Mapping[str, Any], ended: Mapping[str, Any], names: Sequence[str]) -> str:
    return " ".join(
        f"{name}={one_line(_change(began, ended, name))}"
        for name in names
        if name in began or name in ended
    )
