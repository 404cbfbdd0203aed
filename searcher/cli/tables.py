"""How rows are laid out for people: within a terminal's width, or one line each in a pipe."""

import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from searcher.cli.words import one_line

GAP = "  "
NARROW = 8
"""Characters below which a column is not pressed: one word a line is no table."""

ROOMY = 160
"""Columns of text beyond which a line in a pipe is hard to read."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and how the cells below it behave."""

    heading: str
    align: Literal["left", "right"] = "left"
    whole: bool = False  # never broken over lines while anything else can give way: ids, numbers


def right(heading: str) -> Column:
    """Column of numbers."""
    return Column(heading, align="right", whole=True)


def identity(heading: str) -> Column:
    """Column of names that people copy."""
    return Column(heading, whole=True)


def layout(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, terminal: bool, indent: str = ""
) -> str:
    """Write a table; nothing in it is ever cut off.

    In a terminal long cells are folded; elsewhere each row is one line, however long.
    """
    rows = [[one_line(cell) for cell in row] for row in rows]
    return (_folded if terminal else _aligned)(columns, rows, indent)


def terminal_width() -> int:
    """Return the characters in a line of the terminal."""
    return shutil.get_terminal_size().columns


def natural_width(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> int:
    """Characters that the longest line takes when nothing is folded."""
    return sum(_widths(columns, rows)) + len(GAP) * (len(columns) - 1)


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    from rich.cells import cell_len

    return [
        max([cell_len(column.heading), *(cell_len(row[i]) for row in rows)])
        for i, column in enumerate(columns)
    ]


def _aligned(columns: Sequence[Column], rows: Sequence[Sequence[str]], indent: str) -> str:
    # By hand, because rich takes a second for a thousand rows and pads every line with blanks.
    from rich.cells import cell_len

    widths = _widths(columns, rows)
    lines = []
    for row in [[column.heading for column in columns], *rows]:
        cells = []
        for column, cell, width in zip(columns, row, widths, strict=True):
            blanks = " " * (width - cell_len(cell))
            cells.append(blanks + cell if column.align == "right" else cell + blanks)
        lines.append((indent + GAP.join(cells)).rstrip())
    return "\n".join(lines) + "\n"


def _folded(columns: Sequence[Column], rows: Sequence[Sequence[str]], indent: str) -> str:
    room = terminal_width() - len(indent) - len(GAP) * (len(columns) - 1)
    widths = _share_out(columns, rows, room)
    if sum(widths) > room:
        return _upright(columns, rows, indent)

    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, len(GAP) // 2), header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column.heading, justify=column.align, overflow="fold", width=width)
    for row in rows:
        table.add_row(*row)
    text = io.StringIO()
    console = Console(
        file=text,
        width=terminal_width(),
        force_terminal=True,
        markup=False,
        emoji=False,
        highlight=False,
    )
    console.print(Padding(table, (0, 0, 0, len(indent)), expand=False))
    return text.getvalue()


def _share_out(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Give each column the width it needs, or less to the widest of those that may be broken.

    By hand, because rich 15.0 cuts cells off where a column has a least width.
    """
    widths = [min(width, room) for width in _widths(columns, rows)]
    breakable = [i for i, column in enumerate(columns) if not column.whole]
    for candidates in (breakable, range(len(columns))):
        while candidates and sum(widths) > room:
            widest = max(candidates, key=widths.__getitem__)
            if widths[widest] <= NARROW:
                break
            widths[widest] -= 1
    return widths


def _upright(columns: Sequence[Column], rows: Sequence[Sequence[str]], indent: str) -> str:
    """Write a cell a line: there are too many columns for the terminal."""
    longest = max(len(column.heading) for column in columns)
    parts = [
        "".join(
            f"{indent}{column.heading:<{longest}}{GAP}{cell}\n"
            for column, cell in zip(columns, row, strict=True)
        )
        for row in rows
    ]
    return "\n".join(parts)
