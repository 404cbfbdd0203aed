"""Which Ray a command is to use, and what is said where that one asks for no token."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.tokens import FLAG, OPEN
from searcher.cli.exits import RequestError
from searcher.cli.output import note

if TYPE_CHECKING:
    from cluster.jobs import Jobs


@dataclass(frozen=True, slots=True)
class OnRay:
    """Where a search is to run, as the command line says it.

    The names are those of ``search``.
    """

    address: str | None
    cpus: int | None
    allow_unauthenticated: bool

    def check(self, *, quiet: bool) -> None:
        """Refuse two answers to where; say what was allowed.

        Raises
        ------
        RequestError
            If cores are named and a running cluster.
        """
        if self.address is not None and self.cpus is not None:
            raise RequestError(
                "--cpus is for a Ray that is started here, and --address names a running one"
            )
        if self.allow_unauthenticated:
            from cluster.session import is_open

            _say(self.address, open_=is_open(self.address), quiet=quiet)


@dataclass(frozen=True, slots=True)
class AtHead:
    """A cluster's head, as the command line names it."""

    address: str
    allow_unauthenticated: bool

    @property
    def options(self) -> str:
        """What says so on a command line."""
        return f"--address {self.address}" + (f" {FLAG}" if self.allow_unauthenticated else "")

    def jobs(self) -> "Jobs":
        """Return its jobs."""
        from cluster.jobs import Jobs

        return Jobs(self.address, allow_unauthenticated=self.allow_unauthenticated)

    def check(self, *, quiet: bool = False) -> None:
        """Say what was allowed; what was not is refused where it is asked."""
        if self.allow_unauthenticated:
            from cluster.head import Head

            open_ = Head(self.address, allow_unauthenticated=True).is_open
            _say(self.address, open_=open_, quiet=quiet)


def _say(address: str | None, *, open_: bool, quiet: bool) -> None:
    if open_:
        where = "Ray that is started here" if address is None else f"the cluster at {address}"
        note(f"{where} asks for no token: {OPEN}", quiet=quiet)
