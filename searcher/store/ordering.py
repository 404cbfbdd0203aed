"""In which order trials come, and where a page of them ends.

An order is a row of stages: in each, what is sorted by is never null, and the stages without it
come last. That makes one order of both databases, lets an index answer the first page, and makes
"after this one" a comparison and never an OFFSET.
"""

import base64
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Integer,
    Text,
    and_,
    func,
    literal,
    or_,
    select,
)

from searcher.errors import QuestionError, near
from searcher.store.fields import FIELDS, Bytewise, has_parameter, parameter, parameters_of
from searcher.store.schema import inner_searches, trial_parameters, trials
from searcher.store.types import UtcDateTime
from searcher.store.values import text

Kind = Literal["number", "whole", "text", "time"]

TYPES: dict[Kind, Any] = {"number": Double, "whole": Integer, "text": Text, "time": UtcDateTime}

MOST = 2**31
"""Whole numbers below this fit every database."""


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that a stage is sorted by."""

    of: ColumnElement[Any]
    kind: Kind
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """Trials that have the keys, in the order of these and then of arrival."""

    only: tuple[ColumnElement[bool], ...]
    keys: tuple[Key, ...]

    def order(self) -> list[ColumnElement[Any]]:
        """Return what to sort by."""
        signed = [key.of.desc() if key.descending else key.of for key in self.keys]
        return [*signed, trials.c.id]

    def after(self, place: "Place") -> ColumnElement[bool]:
        """Return what comes after a place in this stage."""
        return _after([*self.keys, Key(trials.c.id, "whole")], [*place.values, place.trial])


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an order one trial stands."""

    stage: int
    values: tuple[Any, ...]  # of the stage's keys
    trial: int  # its id, which settles ties


def stages(connection: Connection, search_id: str, order: str) -> list[Stage]:
    """Return an order by its name: a column or a parameter, with a minus from the end.

    ``score``: completed trials and the best first, then the others, which saw fewer or other rows.

    Raises
    ------
    QuestionError
        When the search knows no such name.
    """
    name = order.removeprefix("-")
    back = name != order
    if name == "score":
        return _by_score(back=back)
    if name == "number":
        return _by_number(connection, search_id, back=back)
    plain = name.removeprefix("parameters.")
    if plain == name and name in FIELDS:
        return _by_column(name, back=back)
    if not has_parameter(connection, search_id, plain):
        _check_known(connection, search_id, order, plain)
    return _by_parameter(plain, back=back)


@cache  # building it takes a tenth of the time that asking for a page does
def _by_score(*, back: bool) -> list[Stage]:
    score, state = trials.c.score, trials.c.state
    keys = (Key(score, "number", descending=not back),)
    others = state.in_(("running", "paused", "stopped", "failed"))
    return [
        Stage((state == "completed",), keys),
        Stage((others, score.is_not(None)), keys),
        Stage((others, score.is_(None)), ()),
    ]


def _by_number(connection: Connection, search_id: str, *, back: bool) -> list[Stage]:
    """One outer fold after the other, so that the index of numbers is in order."""
    fold = inner_searches.c.outer_fold  # shorter names first: "0", "1", ..., "10", "final"
    question = select(fold).where(inner_searches.c.search_id == search_id)
    folds = connection.execute(question.order_by(func.length(fold), Bytewise(fold))).scalars().all()
    keys = (Key(trials.c.number, "whole", back),)
    found = [Stage((trials.c.outer_fold == of,), keys) for of in folds]
    return found[::-1] if back else found


def _by_column(name: str, *, back: bool) -> list[Stage]:
    field = FIELDS[name]
    kinds: dict[str, Kind] = {"number": "number", "time": "time"}
    kind = kinds.get(field.kind, "text")
    of = Bytewise(field.column) if kind == "text" else field.column
    first = Stage((field.column.is_not(None),), (Key(of, kind, back),))
    return [first, Stage((field.column.is_(None),), ())] if field.column.nullable else [first]


def _by_parameter(name: str, *, back: bool) -> list[Stage]:
    """Numbers, then texts (true and false are numbers), then trials that have neither."""
    row = trial_parameters.alias()
    there = parameter(name, row)
    number, word = row.c.number, row.c.text
    given = or_(number.is_not(None), word.is_not(None))
    found = select(row.c.name).where(there, given).correlate(trials).exists()
    return [
        Stage((there, number.is_not(None)), (Key(number, "number", back),)),
        Stage((there, number.is_(None), word.is_not(None)), (Key(Bytewise(word), "text", back),)),
        Stage((~found,), ()),
    ]


def _check_known(connection: Connection, search_id: str, order: str, name: str) -> None:
    known = list(connection.execute(parameters_of(search_id)).scalars())
    if known:
        raise QuestionError(
            f"no order {text(order)!r}; columns: {', '.join(FIELDS)}; parameters of this search: "
            f"{', '.join(known)}.{near(name, [*FIELDS, *known])}"
        )


def _after(keys: list[Key], values: list[Any]) -> ColumnElement[bool]:
    """Compare key by key; the first comparison alone already bounds an index."""
    key, value = keys[0], literal(values[0], TYPES[keys[0].kind])
    beyond = key.of < value if key.descending else key.of > value
    if len(keys) == 1:
        return beyond
    bound = key.of <= value if key.descending else key.of >= value
    return and_(bound, or_(beyond, _after(keys[1:], values[1:])))


def token(search_id: str, order: str, place: Place) -> str:
    """Write a place so that it can be given back: letters, digits, - and _."""
    values = [v.isoformat() if isinstance(v, datetime) else v for v in place.values]
    written = json.dumps([search_id, order, place.stage, values, place.trial])
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def place_of(search_id: str, order: str, after: str, known: list[Stage]) -> Place:
    """Read what ``token`` wrote.

    Raises
    ------
    QuestionError
        When it was not written for this search and this order.
    """
    try:
        padded = after.encode("ascii") + b"=" * (-len(after) % 4)
        of, by, stage, values, trial = json.loads(base64.b64decode(padded, b"-_", validate=True))
        fits = (of, by) == (search_id, order) and _whole(stage, len(known)) and _whole(trial, MOST)
        read = tuple(_read(known[stage].keys, values)) if fits else ()
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise QuestionError(f"{after[:80]!r} is not where a page of trials ended") from error
    if not fits:
        raise QuestionError(f"{after[:80]!r} is where a page of another search or order ended")
    return Place(stage, read, trial)


def _read(keys: tuple[Key, ...], values: list[Any]) -> Iterator[Any]:
    for key, value in zip(keys, values, strict=True):
        if key.kind == "time":
            yield datetime.fromisoformat(value).astimezone(UTC)
        elif key.kind == "number" and isinstance(value, float | int) and math.isfinite(value):
            yield float(value)
        elif (key.kind == "whole" and _whole(value, MOST)) or (
            key.kind == "text" and isinstance(value, str)
        ):
            yield text(value) if isinstance(value, str) else value
        else:
            raise ValueError(f"{value!r} is no {key.kind}")


def _whole(value: Any, below: int) -> bool:
    return type(value) is int and 0 <= value < below
