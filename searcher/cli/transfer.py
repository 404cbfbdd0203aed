"""Commands that carry searches in and out of a store: backups, portable files, other tools."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from searcher.cli.options import DEFAULT_STORE, Quiet, SearchId, StoreUrl
from searcher.cli.output import note

EVERY_S = 2.0
"""Between two words of progress; what is done sooner needs none."""

File = Annotated[Path, typer.Argument(metavar="FILE", help="The file.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")]
NewId = Annotated[
    str | None,
    typer.Option("--as", metavar="ID", help="Its id in this store.", show_default=False),
]


class Meter:
    """Says on stderr how far long work is."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet, self._said = quiet, monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Say it, at most every two seconds."""
        now = monotonic()
        if now - self._said >= EVERY_S:
            self._said = now
            note(f"{what}: {done:,} of {total:,}", quiet=self._quiet)


def backup(
    path: File,
    *,
    force: Force = False,
    store: StoreUrl = DEFAULT_STORE,
    quiet: Quiet = False,
) -> None:
    """Copy the whole store into one file.

    Searches may go on meanwhile: the copy is of one moment. Of an SQLite store it is an SQLite
    file; of a PostgreSQL store it is what pg_dump writes, which must be installed in the
    server's version.
    """
    from searcher.store.transfer import backup as back_up

    made = back_up(store, path, overwrite=force, progress=Meter(quiet=quiet))
    note(f"{made.stat().st_size:,} bytes; `searcher store restore` reads it", quiet=quiet)
    typer.echo(made)


def restore(path: File, *, store: StoreUrl = DEFAULT_STORE, quiet: Quiet = False) -> None:
    """Make a store of a backup.

    The store must not exist, or have no searches. What was running when the backup was made can
    be resumed from it.
    """
    from searcher.store.revisions import HEAD
    from searcher.store.transfer import restore as bring_back

    made = bring_back(store, path, progress=Meter(quiet=quiet))
    note(f"restored {made.searches:,} searches with {made.trials:,} trials", quiet=quiet)
    if made.revision != HEAD:
        note(f"its schema is {made.revision}: run `searcher store upgrade`", quiet=quiet)
    for search_id in made.running:
        note(f"{search_id} was running: `searcher resume {search_id}` goes on", quiet=quiet)


def export(
    search_id: SearchId,
    path: File,
    *,
    with_artifacts: Annotated[
        bool,
        typer.Option(
            "--with-artifacts", help="Models, reports and checkpoints too, not only their names."
        ),
    ] = False,
    force: Force = False,
    store: StoreUrl = DEFAULT_STORE,
    quiet: Quiet = False,
) -> None:
    """Write a whole search into one file.

    Any store can import it, on SQLite and on PostgreSQL. The file is a zip of JSON lines with a
    SHA-256 of every part; docs/transfer.md says how to read it without searcher.
    """
    from searcher.store.transfer import export_search

    found = export_search(
        store,
        resolved(store, search_id),
        path,
        files=with_artifacts,
        overwrite=force,
        progress=Meter(quiet=quiet),
    )
    for missing in found.missing:
        note(f"left out: {missing}", quiet=quiet)
    note(f"{found.search_id}: {found.rows['trials']:,} trials, {found.files:,} files", quiet=quiet)
    typer.echo(found.path)


def import_(
    path: File,
    *,
    new_id: NewId = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where files that come along are put.",
            show_default="searcher-output/ID",
        ),
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    quiet: Quiet = False,
) -> None:
    """Read a search from such a file.

    All of it or nothing. Every sum, size and cell is checked first: a file that somebody sent
    can't do more than add one search. A search whose id exists is refused; --as gives it
    another.
    """
    from searcher.store.transfer import import_search

    found = import_search(store, path, new_id=new_id, folder=folder, progress=Meter(quiet=quiet))
    note(f"{found.rows['trials']:,} trials, {len(found.files):,} files", quiet=quiet)
    typer.echo(found.search_id)


def export_optuna(
    search_id: SearchId,
    target: Annotated[
        str,
        typer.Argument(
            metavar="STORAGE",
            help="A database's URL, or a file for Optuna's journal.",
            show_default=False,
        ),
    ],
    *,
    store: StoreUrl = DEFAULT_STORE,
    quiet: Quiet = False,
) -> None:
    """Write a search as Optuna studies.

    optuna-dashboard shows them. One study for each inner search, named ID/FOLD: parameters with
    their distributions, the score after each inner fold, stopped trials as pruned. The names of
    the studies are the answer.
    """
    from searcher.store.transfer import export_optuna as write_studies
    from searcher.stored_space import space_of

    made = write_studies(
        store,
        resolved(store, search_id),
        target,
        space_of=space_of,
        progress=Meter(quiet=quiet),
    )
    note(f"{made.trials:,} trials", quiet=quiet)
    if made.observed:
        count = len(made.observed)
        note(f"of {count} parameters the range is that of what was tried", quiet=quiet)
    for name in made.names:
        typer.echo(name)


def import_optuna(
    source: Annotated[
        str,
        typer.Argument(
            metavar="STORAGE",
            help="A database's URL, or a file of Optuna's journal.",
            show_default=False,
        ),
    ],
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="The study's name.", show_default=False)
    ],
    *,
    new_id: NewId = None,
    store: StoreUrl = DEFAULT_STORE,
    quiet: Quiet = False,
) -> None:
    """Read an Optuna study as a search.

    It has ended, and has one inner search and what the study has; no folds, no outer scores, no
    fingerprint. The id of the search is the answer.
    """
    from searcher.store.transfer import import_optuna as adopt

    found = adopt(store, source, study, new_id=new_id, progress=Meter(quiet=quiet))
    left = f", {found.left_out:,} that never ran left out" if found.left_out else ""
    note(f"{found.trials:,} trials{left}", quiet=quiet)
    typer.echo(found.search_id)


def export_mlflow(
    search_id: SearchId,
    *,
    tracking: Annotated[
        str,
        typer.Option(metavar="URI", help="MLflow's tracking URI.", show_default=False),
    ],
    experiment: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="MLflow's experiment.", show_default="the search's name"),
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    quiet: Quiet = False,
) -> None:
    """Write a search as MLflow runs.

    One, and below it one for each trial. Needs the extra `tracking`. MLflow takes some 100 ms
    for each run. The id of the search's run is the answer.
    """
    from searcher.store.transfer import export_mlflow as write_runs

    made = write_runs(
        store,
        resolved(store, search_id),
        tracking,
        experiment=experiment,
        progress=Meter(quiet=quiet),
    )
    note(f"{made.trials:,} trials in experiment {made.experiment_id}", quiet=quiet)
    typer.echo(made.run_id)


def export_tensorboard(
    search_id: SearchId,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A new folder.", show_default=False)
    ],
    *,
    store: StoreUrl = DEFAULT_STORE,
    quiet: Quiet = False,
) -> None:
    """Write a search for TensorBoard.

    A curve and hparams for each trial. Needs the extra `tracking`. `tensorboard --logdir
    FOLDER` shows it.
    """
    from searcher.store.transfer import export_tensorboard as write_board

    made = write_board(store, resolved(store, search_id), folder, progress=Meter(quiet=quiet))
    note(f"{made.trials:,} trials; `tensorboard --logdir {made.folder}` shows them", quiet=quiet)
    typer.echo(made.folder)


def resolved(store: str, search_id: str) -> str:
    """Return the whole id that an ID on the command line means."""
    from searcher.cli.finding import find
    from searcher.store import Store

    with Store(store) as opened:
        return opened.search(find(opened, search_id)).search_id


COMMANDS: dict[str, Callable[..., None]] = {
    "backup": backup,
    "restore": restore,
    "export": export,
    "import": import_,
    "export-optuna": export_optuna,
    "import-optuna": import_optuna,
    "export-mlflow": export_mlflow,
    "export-tensorboard": export_tensorboard,
}
"""Subcommands of ``searcher store``."""
