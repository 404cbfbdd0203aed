"""What is said of a search that was handed to a cluster, whichever kind that is."""

from searcher.cli.options import store_option
from searcher.cli.output import note


def say_what_next(search_id: str, where: str, store: str, *, quiet: bool) -> None:
    """Say which commands go on with a search that was submitted there."""
    option = store_option(store)
    note(
        f"searcher follow {search_id}{option}\n"
        f"searcher logs {search_id} {where}{option}\n"
        f"searcher stop {search_id}{option}",
        quiet=quiet,
    )
