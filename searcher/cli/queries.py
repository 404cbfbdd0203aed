"""Commands that look at the store itself: sql, and store upgrade, check, info."""

from typing import Annotated, Any

import typer

from searcher.cli.exits import FAILED
from searcher.cli.options import DEFAULT_STORE, OutputFile, OutputFormat, Quiet, StoreUrl
from searcher.cli.output import Answer, Rows, check_format, deliver, note
from searcher.cli.tables import Column, layout
from searcher.cli.words import number, value


def sql(
    query: Annotated[str, typer.Argument(metavar="SELECT", help="One SELECT, or WITH ... SELECT.")],
    *,
    max_rows: Annotated[int, typer.Option(min=1, metavar="N", help="At most N rows.")] = 10_000,
    timeout: Annotated[
        float, typer.Option(min=0.001, metavar="SECONDS", help="Stop a query after this time.")
    ] = 30.0,
    store: StoreUrl = DEFAULT_STORE,
    form: OutputFormat = None,
    output: OutputFile = None,
    quiet: Quiet = False,
) -> None:
    """Ask the store in SQL, without being able to change it."""
    from searcher.store import Store
    from searcher.store.query import distinct

    check_format(form, output)
    with (
        Store(store) as opened,
        opened.each_row(query, max_rows=max_rows, timeout_s=timeout) as rows,
    ):
        columns = tuple(distinct(rows.columns))
        answer = Answer(
            document=lambda: [dict(zip(columns, row, strict=True)) for row in rows],
            rows=lambda: Rows(columns, rows),
            table=lambda terminal: _tabulate(columns, [*map(list, rows)], terminal=terminal),
            items=lambda: (dict(zip(columns, row, strict=True)) for row in rows),
        )
        deliver(answer, form, output=output)
    if rows.truncated:
        note(f"only the first {max_rows:,} rows; --max-rows N gives more", quiet=quiet)


def _tabulate(columns: tuple[str, ...], rows: list[list[Any]], *, terminal: bool) -> str:
    numeric = [
        all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(columns))
    ]
    headings = [
        Column(name, align="right" if is_numeric else "left", whole=name.endswith("_id"))
        for name, is_numeric in zip(columns, numeric, strict=True)
    ]
    return layout(headings, [[_cell(cell) for cell in row] for row in rows], terminal=terminal)


def _cell(cell: Any) -> str:
    if cell is None:
        return ""
    return number(cell) if isinstance(cell, float) else value(cell)


def upgrade(*, store: StoreUrl = DEFAULT_STORE, quiet: Quiet = False) -> None:
    """Bring a store to the newest schema, or create it.

    Needed once after an upgrade of searcher whose change log says so.
    """
    from searcher.store import upgrade as upgrade_store
    from searcher.store.revisions import HEAD

    before = upgrade_store(store)
    if before == HEAD:
        note(f"the store has schema {HEAD} already", quiet=quiet)
    else:
        done = f"upgraded from {before} to" if before else "created with"
        note(f"the store was {done} schema {HEAD}", quiet=quiet)


def check(
    *,
    store: StoreUrl = DEFAULT_STORE,
    form: OutputFormat = None,
    output: OutputFile = None,
) -> None:
    """Look for damage and contradictions (exit code 1)."""
    from searcher.store import check as check_store

    check_format(form, output)
    problems = check_store(store)
    answer = Answer(
        document=lambda: {"sound": not problems, "problems": problems},
        rows=lambda: Rows(("problem",), [[problem] for problem in problems]),
        table=lambda _: "".join(f"{line}\n" for line in problems or ["the store is sound"]),
    )
    deliver(answer, form, output=output)
    if problems:
        raise typer.Exit(FAILED)


def info(
    *,
    store: StoreUrl = DEFAULT_STORE,
    form: OutputFormat = None,
    output: OutputFile = None,
) -> None:
    """Say where a store is, how large, and what it holds."""
    from searcher.store import Store
    from searcher.store.engine import file_of, masked, parse_url
    from searcher.store.revisions import HEAD

    check_format(form, output)
    with Store(store) as opened:  # which refuses every schema but HEAD
        counts = opened.query("select count(*), coalesce(sum(trials), 0) from v_searches").rows[0]
    url = parse_url(store)
    path = file_of(url).resolve() if url.get_backend_name() == "sqlite" else None
    found = {
        "url": masked(store),
        "path": None if path is None else str(path),
        "size_bytes": None if path is None else path.stat().st_size,
        "schema": HEAD,
        "searches": int(counts[0]),
        "trials": int(counts[1]),
    }
    answer = Answer(
        document=lambda: found,
        rows=lambda: Rows.of([found]),
        table=lambda _: "".join(f"{k:<10}  {value(v)}\n" for k, v in found.items()),
    )
    deliver(answer, form, output=output)
