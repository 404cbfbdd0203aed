"""The process on a cluster's head that drives a search: ``python -m searcher.cli.job ID``.

Where the store is says ``SEARCHER_STORE``, all else the store. It may be started as often as one
likes: it goes on with the search, steps back if another process drives it, and is done at once if
it is completed. Once ``searcher stop`` has asked it to, it exits with 0: whatever starts jobs that
have failed again must leave it stopped.
"""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import typer

from searcher.cli.exits import reported
from searcher.cli.progress.lines import Lines
from searcher.errors import SearchStoppedError, SpecError
from searcher.resuming import resume
from searcher.store import DEFAULT_URL, Store
from searcher.store.credentials import STORE, take_credentials
from searcher.submitting import SUBMITTED


def drive(search_id: str) -> None:
    """Go on with a submitted search, until it has ended or somebody asks it to stop.

    Raises
    ------
    SpecError
        If it was not submitted, or from an environment that differs from this one.
    """
    store = take_credentials(os.environ.get(STORE, DEFAULT_URL))
    with Store(store) as reader:
        notes = [note for note in reader.events(search_id) if note.kind == SUBMITTED]
    if not notes:
        raise SpecError(f"search {search_id} was not submitted; `searcher resume` goes on with it")
    said = notes[-1].payload
    require_same_versions(said["versions"])
    output = Path(said["output"]) if said["output"] else Path.home() / "searcher-output" / search_id
    lines = Lines(sys.stdout)
    data = said["data"]
    try:
        resume(
            search_id,
            store=store,
            output=output,
            address="auto",
            allow_unauthenticated=True,  # that was asked of whoever submitted it
            observe=lines,
            data=data,
        )
    except SearchStoppedError as stopped:
        sys.stdout.write(f"{stopped}; `searcher stop` asked for that\n")


def require_same_versions(asked: dict[str, str]) -> None:
    """Refuse to drive what another Python, Ray or Searcher planned.

    Raises
    ------
    SpecError
        Says what differs and what to do.
    """
    here = {"python": ".".join(platform.python_version_tuple()[:2])}
    here |= {package: version(package) for package in ("ray", "searcher")}
    differing = [f"{n} {asked[n]} there, {here[n]} here" for n in here if asked[n] != here[n]]
    if differing:
        raise SpecError(
            f"the search was planned by other versions than this cluster has: "
            f"{'; '.join(differing)}. Install the same on both, and submit it again"
        )


def main() -> None:
    """Drive the search that the only argument names, and exit as it ended."""
    (search_id,) = sys.argv[1:]
    try:
        with reported():
            drive(search_id)
    except typer.Exit as end:
        sys.exit(end.exit_code)


if __name__ == "__main__":
    main()
