"""How everything that can go wrong becomes one plain message and an exit code."""

import os
import select
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import UnsupportedOperation
from typing import IO, Any

import typer

from cluster.head import ClusterError, UnauthenticatedError
from searcher.errors import (
    DataError,
    ExportError,
    LeaseHeldError,
    NotFoundError,
    QuestionError,
    SearcherError,
    SearchInterruptedError,
    SpecError,
)

FAILED = 1
WRONG_REQUEST = 2
NOT_RELEASED = 3
NOT_FOUND = 4
HELD = 5
OWN_MISTAKE = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130  # 128 + SIGINT, as shells say it

CODES: tuple[tuple[type[BaseException], int], ...] = (
    (KeyboardInterrupt, INTERRUPTED),
    (SearchInterruptedError, INTERRUPTED),
    (NotFoundError, NOT_FOUND),
    (LeaseHeldError, HELD),
    (ExportError, NOT_RELEASED),
    (SpecError, WRONG_REQUEST),
    (DataError, WRONG_REQUEST),
    (QuestionError, WRONG_REQUEST),
    (UnauthenticatedError, WRONG_REQUEST),
    (SearcherError, FAILED),
    (ClusterError, FAILED),
    (OSError, FAILED),  # a full disk, a folder without rights: true, and no mistake of ours
)
"""What each kind of error means for the caller; the first that fits."""

PYDANTIC_SAYS = {"Value error, ": "", "Input should be": "must be"}
"""What typer hands through of the library that reads its arguments, and what we say instead."""

INDENT = "\n       "  # as wide as "error: "


class RequestError(typer.TyperException):
    """The command line asks for something that can't be done."""

    exit_code = WRONG_REQUEST


@contextmanager
def reported(*, debug: bool = False) -> Iterator[None]:
    """Run a command: whatever it raises is said on stderr and becomes ``typer.Exit``.

    Parameters
    ----------
    debug
        Whether to show the traceback too.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # here rather than at exit, where a closed pipe can't be handled
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError as error:
        if not _nobody_reads(sys.stdout):
            raise _told(error, debug=debug) from error
        _discard(sys.stdout)
        raise typer.Exit(0) from error  # `| head` has seen enough
    except (Exception, KeyboardInterrupt) as error:
        raise _told(error, debug=debug) from error


def _told(error: BaseException, *, debug: bool) -> typer.Exit:
    """Say on stderr what went wrong, and with which code to exit."""
    if debug:
        _say("".join(traceback.format_exception(error)))
    if isinstance(error, typer.TyperException):
        _say(f"error: {_usage_message(error)}\n")
        return typer.Exit(error.exit_code)
    code = next((code for kind, code in CODES if isinstance(error, kind)), OWN_MISTAKE)
    _say(f"error: {_message(error, code).replace(chr(10), INDENT)}\n")
    return typer.Exit(code)


def _message(error: BaseException, code: int) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, SearchInterruptedError):
        return (
            f"{error}\nsee it with `searcher show {error.search_id}`, "
            f"go on with `searcher resume {error.search_id}`"
        )
    if isinstance(error, OSError) and not isinstance(error, SearcherError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    if code == OWN_MISTAKE:
        return (
            f"a mistake in searcher itself: {type(error).__name__}: {error}\n"
            "please report it, with what `searcher --debug ...` (or SEARCHER_DEBUG=1) shows"
        )
    return str(error)


def _usage_message(error: typer.TyperException) -> str:
    """Say what is wrong with the arguments, and whose help to ask for."""
    said = error.format_message().rstrip(".").replace("\n\t", " ").replace("\n", INDENT)
    for theirs, ours in PYDANTIC_SAYS.items():
        said = said.replace(theirs, ours)
    context: Any = getattr(error, "ctx", None)  # typer's usage errors have one
    if context is None:
        return said
    said = said[:1].lower() + said[1:]
    if context.parent is None and "option" in said:
        said += "; options follow the command, as in `searcher list --store URL`"
    return f"{said}{INDENT}`{context.command_path} --help` shows what is possible"


def _say(text: str) -> None:
    with suppress(OSError):  # stderr may be closed, and the exit code still counts
        sys.stderr.write(text)
        sys.stderr.flush()


def _nobody_reads(stream: IO[str]) -> bool:
    """Whether the other end of a pipe is closed: Ray's own pipes break too, and that is news."""
    try:
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
        return any(events & select.POLLERR for _, events in poll.poll(0))
    except (OSError, UnsupportedOperation, ValueError):
        return False


def _discard(stream: IO[str]) -> None:
    """Let what is still buffered go nowhere, instead of failing once more at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
