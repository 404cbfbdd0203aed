"""Everything this package raises on purpose.

SearcherError
  SpecError (ValueError)            the request is wrong; the caller can fix it
    UnknownNameError                a family, strategy or metric nobody knows
  DataError (ValueError)            the dataset can't be used as asked
  SearchFailedError                 a search ended without a model
    NoTrialSucceededError           every trial of an inner search failed
    SearchInterruptedError          the user ended it; everything up to then is stored
    RecallError                     a stored search can't go on: its strategy can't follow it
  TrialError                        one trial can't be scored; the search goes on
    TrialTimeoutError (TimeoutError)
    ScoreNotFiniteError (ArithmeticError)
  ExportError                       a model can't be written as ONNX
    ParityError                     the ONNX file does not compute what the model computes
  StoreError                        the trial store refused or could not be reached
    NotFoundError (LookupError)     no search, trial or artifact of that name
    StoreAwayError                  the database was away for longer than a search waits
    LeaseHeldError                  another live process drives the search
    FencedError                     this process lost its search to another one
    NotAllowedError                 what is asked for is not possible in the search's state
    QuestionError (ValueError)      a question that the store can't understand
"""

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches
from typing import Any


class SearcherError(Exception):
    """Base class: catch this to catch every deliberate error."""


class SpecError(SearcherError, ValueError):
    """The request is wrong; the caller can fix it."""


class UnknownNameError(SpecError):
    """A name that nothing is registered under; says what is, and what is near."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        super().__init__(
            f"no {kind} named {name!r}; known: {', '.join(self.known)}.{near(name, self.known)}"
        )

    def __reduce__(self) -> tuple[type["UnknownNameError"], tuple[str, str, list[str]]]:
        """Travel between processes with all three arguments."""
        return type(self), (self.kind, self.name, self.known)


class DataError(SearcherError, ValueError):
    """The dataset can't be used as asked."""


class SearchFailedError(SearcherError):
    """A search ended without a model."""


class NoTrialSucceededError(SearchFailedError):
    """Every trial of an inner search failed, so there is nothing to choose from."""


class SearchInterruptedError(SearchFailedError):
    """The user ended the search; everything up to then is in the store."""

    def __init__(self, search_id: str) -> None:
        super().__init__(f"search {search_id} was interrupted; what it found so far is stored")
        self.search_id = search_id

    def __reduce__(self) -> tuple[type["SearchInterruptedError"], tuple[str]]:
        """Travel between processes with the id alone."""
        return type(self), (self.search_id,)


class SearchStoppedError(SearchInterruptedError):
    """Somebody asked the search to stop, through the store (``searcher stop``)."""


class RecallError(SearchFailedError):
    """A stored search can't go on: its trials are not what its strategy proposes."""


class TrialError(SearcherError):
    """One trial can't be scored; the search goes on without it."""


class TrialTimeoutError(TrialError, TimeoutError):
    """A trial took longer than ``budget.trial_time_s``."""


class ScoreNotFiniteError(TrialError, ArithmeticError):
    """A metric came out NaN or infinite: that is a failed trial, never a number."""


class ExportError(SearcherError):
    """A model can't be written as ONNX."""


class ParityError(ExportError):
    """The ONNX file does not compute what the model computes, so it is not released."""

    def __init__(self, message: str, verdict: Any = None) -> None:
        super().__init__(message, verdict)  # both, so that it travels between processes
        self.verdict = verdict  # a records.ParityVerdict: records stand above errors

    def __str__(self) -> str:
        return str(self.args[0])


class StoreError(SearcherError):
    """The trial store refused or could not be reached."""


class NotFoundError(StoreError, LookupError):
    """No search, trial or artifact of that name."""


class QuestionError(StoreError, ValueError):
    """A question that the store can't understand; the caller can fix it."""


class StoreAwayError(StoreError):
    """The database was away for longer, or there was more to keep, than a search waits for."""


class LeaseHeldError(StoreError):
    """Another live process drives the search."""

    def __init__(self, search_id: str, owner: str, since: datetime) -> None:
        when = since.strftime("%Y-%m-%d %H:%M:%S UTC")
        super().__init__(
            f"search {search_id} is being driven by {owner}, since {when}; "
            f"`searcher stop {search_id}` asks it to stop"
        )
        self.search_id, self.owner, self.since = search_id, owner, since

    def __reduce__(self) -> tuple[type["LeaseHeldError"], tuple[str, str, datetime]]:
        """Travel between processes with all three arguments."""
        return type(self), (self.search_id, self.owner, self.since)


class FencedError(StoreError):
    """Another process took the search over, or may have: nothing more is written here."""

    def __init__(self, search_id: str, why: str) -> None:
        super().__init__(
            f"the lease of search {search_id} is lost: {why}; nothing was written since. "
            f"`searcher show {search_id}` says how it stands, "
            f"`searcher resume {search_id}` goes on"
        )
        self.search_id, self.why = search_id, why

    def __reduce__(self) -> tuple[type["FencedError"], tuple[str, str]]:
        """Travel between processes with both arguments."""
        return type(self), (self.search_id, self.why)


class NotAllowedError(StoreError):
    """What is asked for is not possible in the search's state."""


def near(name: str, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` for the nearest known name, or nothing."""
    matches = get_close_matches(name, list(known), n=1)
    return f" Did you mean {matches[0]!r}?" if matches else ""
