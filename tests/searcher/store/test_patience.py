"""Who reads a store that is away waits, as long as that may help."""

import sqlite3
from collections.abc import Callable

import pytest

from searcher.errors import NotFoundError, StoreError
from searcher.store.patience import patiently


def away() -> StoreError:
    error = StoreError("the store is away")
    error.__cause__ = sqlite3.OperationalError("database is locked")
    return error


def reading(*answers: "Exception | str") -> Callable[[], str]:
    """Answer one after the other."""
    left = iter(answers)

    def read() -> str:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return read


def test_what_passes_is_waited_for() -> None:
    done: list[str] = []

    answer = patiently(reading(away(), away(), "here"), before=lambda: done.append("again"))

    assert answer == "here"
    assert done == ["again"] * 3


@pytest.mark.parametrize("error", [NotFoundError("no such search"), StoreError("another schema")])
def test_what_does_not_pass_is_raised_at_once(error: StoreError) -> None:
    with pytest.raises(type(error), match=str(error)):
        patiently(reading(error, "here"))


def test_patience_ends() -> None:
    with pytest.raises(StoreError, match="away"):
        patiently(reading(away(), "here"), patience_s=0.0)
