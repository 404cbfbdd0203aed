"""The arguments and options that several commands share."""

import os
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from searcher.cli.output import Format
from searcher.errors import SearcherError

DEFAULT_STORE = "sqlite:///searcher.db"
"""What ``searcher.store`` says too (a test compares); importing that takes half a second."""

STORE_VARIABLE = "SEARCHER_STORE"


def store_option(store: str) -> str:
    """Write ``--store`` where a command would not find the store without it."""
    if store in (DEFAULT_STORE, os.environ.get(STORE_VARIABLE)):
        return ""
    return f" --store {shlex.quote(store)}"


def complete_search_id(context: typer.Context) -> list[tuple[str, str]]:
    """Offer the searches of the store in hand, the newest first, with their names."""
    from searcher.store import Store

    with suppress(SearcherError, OSError), Store(context.params.get("store") or DEFAULT_STORE) as s:
        found = [(search.search_id, search.name) for search in s.searches(limit=50)]
        return [("latest", "the newest search"), *found]
    return []


def without_password(context: typer.Context, parameter: typer.CallbackParam, url: str) -> str:
    """Return a store's URL without its password, which connections of this process know then.

    Raises
    ------
    SpecError
        When the password was typed, and so can be read by everyone on the machine.
    """
    if context.resilient_parsing or url.startswith("sqlite"):
        return url
    from searcher.store.credentials import refuse_password, take_credentials

    source = context.get_parameter_source(parameter.name or "")
    if source is not None and source.name == "COMMANDLINE":
        refuse_password(url, option=parameter.opts[0])
    return take_credentials(url)


def complete_family() -> list[str]:
    """Offer the installed families."""
    from searcher.plugins import family_names

    return family_names()


SpecFile = Annotated[Path, typer.Argument(metavar="SPEC.yaml", help="What to search.")]
SkipExports = Annotated[
    bool, typer.Option("--skip-exports", help="Do not try first whether models can be exported.")
]
SkipTraining = Annotated[
    bool, typer.Option("--skip-training", help="Do not try first whether networks can be trained.")
]
SearchId = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A search: its id, an unambiguous beginning of it, or `latest`.",
        autocompletion=complete_search_id,
        show_default=False,
    ),
]
StoreUrl = Annotated[
    str,
    typer.Option(
        "--store",
        envvar=STORE_VARIABLE,
        metavar="URL",
        help="Where searches are kept.",
        callback=without_password,
    ),
]
_HEAD = typer.Option(
    "--address",
    envvar="SEARCHER_ADDRESS",
    metavar="URL",
    help="The dashboard of the cluster's head, http://HOST:8265.",
    show_default=False,
)
Head = Annotated[str, _HEAD]
HeadIfAny = Annotated[str | None, _HEAD]
AllowUnauthenticated = Annotated[
    bool,
    typer.Option(
        "--allow-unauthenticated",
        help="Use a cluster without a token, where anyone who reaches it may run code.",
    ),
]
OutputFormat = Annotated[
    Format | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="table, json, jsonl, csv or parquet.",
        show_default="by the ending of --output, else table",
    ),
]
AnswerFormat = Annotated[
    Format, typer.Option("--format", metavar="FORMAT", help="table, json, jsonl, csv or parquet.")
]
"""For commands whose --output is no place for the answer."""

OutputFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to a file.", show_default="stdout"),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing beside the result and errors.")
]
