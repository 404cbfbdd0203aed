"""How a condition on trials becomes SQL: known names only, and every value bound.

A parameter is looked up in ``trial_parameters``, where it is a number, a text, both (true is 1 and
'true' there) or neither (null).
"""

import operator
from datetime import UTC, datetime
from typing import Any, NoReturn

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    FromClause,
    Text,
    and_,
    false,
    func,
    literal,
    or_,
    select,
)

from searcher.errors import near
from searcher.store import where
from searcher.store.fields import (
    FIELDS,
    Bytewise,
    Field,
    Unindexed,
    has_parameter,
    parameter,
    parameters_of,
)
from searcher.store.schema import trial_parameters, trials
from searcher.store.types import UtcDateTime
from searcher.store.values import MAX_NAME, text
from searcher.store.words import complain

Test = ColumnElement[bool]

FEW = 2_000
"""Rows of a parameter; as many as it takes longer to sort than to look up one by one."""

OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def conditions(connection: Connection, search_id: str, asked: str | None = None) -> list[Test]:
    """Return what a trial of the search must be like.

    Raises
    ------
    QuestionError
        When it is no condition, or has names that the search does not know.
    """
    of_search = trials.c.search_id == text(search_id)
    if asked is None:
        return [of_search]
    tree = where.parse(asked)
    builder = _Builder(connection, asked)
    names = {(of.name.text, of.name.parameter): of.name for of in where.comparisons(tree)}
    for name in names.values():
        if builder.field(name) is None and not has_parameter(connection, search_id, name.text):
            _unknown(connection, search_id, asked, name)
    parts = tree.conditions if isinstance(tree, where.Every) else (tree,)
    tests = [builder.build(part) for part in parts]
    if any(part in builder.few for part in parts):
        of_search = Unindexed(trials.c.search_id) == text(search_id)
    return [of_search, *tests]


def _unknown(connection: Connection, search_id: str, asked: str, name: where.Name) -> None:
    """Name what there is; a search without trials can't tell, so there everything may be."""
    known = list(connection.execute(parameters_of(search_id)).scalars())
    if not known:
        return
    columns = () if name.parameter else FIELDS
    what = "column or parameter" if columns else "parameter"
    there = f"columns: {', '.join(columns)}; parameters: " if columns else "known: "
    wrong = f"this search has no {what} {text(name.text)[:MAX_NAME]!r}"
    hint = near(name.text, [*columns, *known])
    complain(asked, name.at, f"{wrong}; {there}{', '.join(known)}.{hint}")


class _Builder:
    """Makes SQL of the parts of one condition, and can point at them."""

    def __init__(self, connection: Connection, asked: str) -> None:
        self._connection = connection
        self._asked = asked
        self.few: set[where.Comparison] = set()

    def field(self, name: where.Name) -> Field | None:
        return None if name.parameter else FIELDS.get(name.text)

    def build(self, tree: where.Condition) -> Test:
        if isinstance(tree, where.Every | where.Some):
            parts = [self.build(part) for part in tree.conditions]
            return and_(*parts) if isinstance(tree, where.Every) else or_(*parts)
        field = self.field(tree.name)
        return self._of_column(tree, field) if field else self._of_parameter(tree)

    def _of_column(self, of: where.Comparison, field: Field) -> Test:
        if isinstance(of, where.Null):
            return field.column.is_not(None) if of.negated else field.column.is_(None)
        if isinstance(of, where.Among):
            values = [self._value(field, value) for value in of.values]
            return field.column.not_in(values) if of.negated else field.column.in_(values)
        if isinstance(of, where.Like):
            if field.kind not in ("text", "choice"):
                self._wrong(of.pattern, f"{of.name.text} is no text: `like` has no meaning")
            return _like(field.column, of)
        if field.kind in ("choice", "fold"):
            self._wrong(of.value, f"{of.name.text} can be compared with =, != and in only")
        bound = self._value(field, of.value)
        column = Bytewise(field.column) if field.kind == "text" else field.column
        return _test(of.operator, column, bound)

    def _of_parameter(self, of: where.Comparison) -> Test:
        row = trial_parameters.alias()
        there = parameter(of.name.text, row)
        if isinstance(of, where.Null):
            found = select(row.c.name).where(there, _given(row)).correlate(trials).exists()
            return found if of.negated else ~found
        if isinstance(of, where.Among):
            test = _among(row, of)
        elif isinstance(of, where.Like):
            test = _like(row.c.text, of)
            if of.negated:  # a number is never like a text, so it is not
                test = or_(test, and_(row.c.text.is_(None), row.c.number.is_not(None)))
        else:
            test = _compare(row, of)
        indexed = isinstance(of, where.Compare) or (isinstance(of, where.Among) and not of.negated)
        rows_there = self._count(row, of.name.text, test) if indexed else FEW
        if not rows_there:
            return false()
        if rows_there < FEW:
            self.few.add(of)
            rows = select(row.c.trial_id).where(row.c.name == text(of.name.text), test)
            return trials.c.trial_id.in_(rows)
        return select(row.c.name).where(there, test).correlate(trials).exists()

    def _count(self, row: FromClause, name: str, test: Test) -> int:
        """Count up to a limit: few had better come first, which neither database can guess."""
        some = select(row.c.name).where(row.c.name == text(name), test).limit(FEW)
        count = select(func.count()).select_from(some.subquery())
        return self._connection.scalar(count) or 0

    def _value(self, field: Field, value: where.Value) -> ColumnElement[Any]:
        """Bind a value as the column's type, if it is one of that type."""
        of = value.of
        if field.kind == "number":
            if isinstance(of, bool | str):
                self._wrong(value, "a number is expected")
            return literal(of, Double)
        if field.kind == "time":
            return literal(self._moment(value), UtcDateTime)
        if field.kind == "fold" and isinstance(of, float) and of.is_integer():
            return literal(str(int(of)), Text)
        if not isinstance(of, str):
            self._wrong(value, f"a text is expected: '{value.spelt}'")
        if field.choices and of not in field.choices:
            self._wrong(value, f"one of {', '.join(field.choices)} is expected", field.choices)
        return literal(text(of), Text)

    def _moment(self, value: where.Value) -> datetime:
        try:
            moment = datetime.fromisoformat(str(value.of))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self._wrong(value, "a time is expected, as in '2026-01-31 12:00' (UTC)")

    def _wrong(self, value: where.Value, what: str, known: tuple[str, ...] = ()) -> NoReturn:
        hint = near(str(value.of), known)
        complain(self._asked, value.at, f"{what}, found {value.spelt}{'.' if hint else ''}{hint}")


def _given(row: FromClause) -> Test:
    return or_(row.c.number.is_not(None), row.c.text.is_not(None))


def _among(row: FromClause, of: where.Among) -> Test:
    """Compare numbers with numbers and texts with texts: a number is never one of the texts."""
    numbers = [literal(v.of, Double) for v in of.values if type(v.of) is float]
    texts = [literal(_text(v.of), Text) for v in of.values if type(v.of) is not float]
    pairs = [(row.c.number, numbers), (row.c.text, texts)]
    tests = [
        or_(column.is_(None), column.not_in(values)) if of.negated else column.in_(values)
        for column, values in pairs
        if values
    ]
    return and_(_given(row), *tests) if of.negated else or_(*tests)


def _compare(row: FromClause, of: where.Compare) -> Test:
    value = of.value.of
    if isinstance(value, str):
        return _test(of.operator, Bytewise(row.c.text), literal(_text(value), Text))
    return _test(of.operator, row.c.number, literal(value, Double))


def _test(sign: str, left: ColumnElement[Any], right: ColumnElement[Any]) -> Test:
    test: Test = OPERATORS[sign](left, right)
    return test


def _like(column: ColumnElement[Any], of: where.Like) -> Test:
    """Compare without regard to small and capital letters, as SQLite can do nothing else."""
    pattern = literal(text(str(of.pattern.of)), Text)
    found = column.ilike(pattern, escape="\\")
    return ~found if of.negated else found


def _text(of: where.Literal) -> str:
    """Spell a value as ``trial_parameters`` does; long texts are cut there."""
    if isinstance(of, bool):
        return "true" if of else "false"
    return text(str(of))[:MAX_NAME]
