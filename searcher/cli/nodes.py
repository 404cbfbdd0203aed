"""The commands that look at a Ray cluster rather than at searches."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from searcher.cli.on_ray import AtHead
from searcher.cli.options import AllowUnauthenticated, Head, OutputFile, OutputFormat, Quiet
from searcher.cli.output import Answer, Rows, check_format, deliver, note
from searcher.cli.tables import Column, identity, layout, right
from searcher.cli.words import duration

if TYPE_CHECKING:
    from cluster.nodes import Node, Standing, Waiting


def nodes(
    *,
    address: Head,
    allow_unauthenticated: AllowUnauthenticated = False,
    form: OutputFormat = None,
    output: OutputFile = None,
    quiet: Quiet = False,
) -> None:
    """Show a cluster's nodes, what of them is free, who waits for what, and why.

    A trial of a search, and each refit, asks for its cores and GPUs at once; what waits is named
    by its job, which is the search's id.
    """
    from cluster.head import Head as ClusterHead
    from cluster.nodes import standing

    check_format(form, output)
    AtHead(address, allow_unauthenticated).check(quiet=quiet)
    found = standing(ClusterHead(address, allow_unauthenticated=allow_unauthenticated))
    answer = Answer(
        document=lambda: asdict(found),
        rows=lambda: Rows.of([_row(node) for node in found.nodes]),
        table=lambda terminal: _tabulate(found, terminal=terminal),
    )
    deliver(answer, form, output=output)
    if not found.waiting:
        note("nobody waits", quiet=quiet)


def _row(node: "Node") -> dict[str, Any]:
    """Return a node in one row: what it has and what is free, in columns of their own."""
    row = {"node_id": node.node_id, "address": node.address, "is_head": node.is_head}
    totals = {f"total_{kind.lower()}": value for kind, value in node.total.items()}
    return row | totals | {f"free_{kind.lower()}": value for kind, value in node.free.items()}


def _tabulate(found: "Standing", *, terminal: bool) -> str:
    columns = [identity("node"), Column("role"), right("free CPU"), right("CPU")]
    columns += [right("free GPU"), right("GPU"), right("GiB")]
    rows = [
        [
            node.address,
            "head" if node.is_head else "worker",
            *(f"{of[kind]:g}" for kind in ("CPU", "GPU") for of in (node.free, node.total)),
            f"{node.total['memory'] / 2**30:.1f}",
        ]
        for node in found.nodes
    ]
    written = layout(columns, rows, terminal=terminal)
    if not found.waiting:
        return written
    waiting = [identity("job"), Column("waits for"), right("since"), Column("because")]
    return f"{written}\n{layout(waiting, [_line(one) for one in found.waiting], terminal=terminal)}"


def _line(one: "Waiting") -> list[str]:
    from cluster.nodes import described

    asked = " + ".join(described(bundle) for bundle in one.bundles)
    return [one.job_id or "a task", asked, duration(one.since_s), one.reason]


def show_help(context: typer.Context) -> None:
    """Look at a Ray cluster."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


COMMANDS = {"nodes": nodes}
