"""The commands put together, behind the one place where errors become exit codes."""

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from searcher.cli import (
    check,
    compare,
    examples,
    going_on,
    looking_on,
    models,
    nodes,
    queries,
    reproduce,
    retention,
    run,
    searches,
    show,
    spaces,
    status,
    submit,
    transfer,
    trials,
)
from searcher.cli.exits import reported


class Commands(TyperGroup):
    """All commands; what they raise is said in a line, and the exit code says which kind it was."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        with reported(debug=ctx.params["debug"]):
            return super().invoke(ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Read the arguments and run; exit unless ``standalone_mode`` is off."""
        try:
            with reported():  # an option that is wrong before there is a command to invoke
                code = super().main(
                    args,
                    prog_name,
                    complete_var,
                    standalone_mode=False,
                    windows_expand_args=windows_expand_args,
                    **extra,
                )
        except typer.Exit as end:
            code = end.exit_code
        if not standalone_mode:
            return code
        sys.exit(code or 0)


app = typer.Typer(
    name="searcher",
    cls=Commands,
    rich_markup_mode=None,  # plain help: readable in any terminal, pipe and search
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    pretty_exceptions_enable=False,
)

store_app = typer.Typer(rich_markup_mode=None)
cluster_app = typer.Typer(rich_markup_mode=None)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"searcher {version('searcher')}")
        raise typer.Exit


@app.callback(invoke_without_command=True, epilog=examples.ALL)
def searcher(
    context: typer.Context,
    *,
    show_version: Annotated[  # noqa: ARG001 - its callback has done all
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Say the version and exit."
        ),
    ] = False,
    debug: Annotated[  # noqa: ARG001 - Commands.invoke reads it
        bool,
        typer.Option("--debug", envvar="SEARCHER_DEBUG", help="Show the traceback of an error."),
    ] = False,
) -> None:
    """Nested hyperparameter search: an honest score, every trial in SQL, a model as ONNX.

    Every command has its own --help, with examples.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@store_app.callback(invoke_without_command=True, epilog=examples.STORE)
def store(context: typer.Context) -> None:
    """Look after the database that keeps every search."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


COMMANDS: dict[str, Callable[..., None]] = {
    "check": check.check,
    "run": run.run,
    "resume": going_on.resume,
    "extend": going_on.extend,
    "fork": going_on.fork,
    "stop": going_on.stop,
    "submit": submit.submit,
    "follow": looking_on.follow,
    "status": status.status,
    "logs": looking_on.logs,
    "list": searches.list_searches,
    "show": show.show,
    "trials": trials.trials,
    "compare": compare.compare,
    "reproduce": reproduce.reproduce,
    "sql": queries.sql,
    "export": models.export,
    "predict": models.predict,
    "report": models.report,
    "spaces": spaces.spaces,
    "delete": retention.delete,
}

STORE_COMMANDS: dict[str, Callable[..., None]] = {
    "upgrade": queries.upgrade,
    "check": queries.check,
    "info": queries.info,
    "gc": retention.gc,
    **transfer.COMMANDS,
}

cluster_app.callback(invoke_without_command=True, epilog=examples.CLUSTER)(nodes.show_help)

for name, command in COMMANDS.items():
    app.command(name, epilog=examples.OF[name])(command)
for name, command in STORE_COMMANDS.items():
    store_app.command(name, epilog=examples.OF[f"store {name}"])(command)
for name, command in nodes.COMMANDS.items():
    cluster_app.command(name, epilog=examples.OF[f"cluster {name}"])(command)
app.add_typer(store_app, name="store")
app.add_typer(cluster_app, name="cluster")


def main() -> None:
    """Run ``searcher`` with the arguments of the process."""
    app(prog_name="searcher")
