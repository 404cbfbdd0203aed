"""What may be asked of trials in a line: ``score > 0.8 and learning_rate < 0.1``.

Here the text becomes a tree of conditions, and no SQL is in sight; ``conditions`` makes SQL of the
tree, with every value bound. The language, words in any case::

    condition  = part {"or" part}
    part       = one {"and" one}
    one        = ["not"] ("(" condition ")" | comparison)
    comparison = name ("=" | "!=" | "<" | "<=" | ">" | ">=") value   and the other way round
               | name ["not"] ("in" "(" value {"," value} ")" | "between" value "and" value
                              | "like" text)
               | name "is" ["not"] "null"
    value      = number | 'text' | true | false
    name       = word | "word in quotes" | parameters.word

As in SQL, a comparison with what is not there is neither true nor false. ``not`` is pushed down to
the comparisons, so that this holds for columns and parameters alike.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NoReturn, TypeAlias

from searcher.store.words import Token, complain, split

DEEPEST = 20
"""Parentheses and nots within each other."""

MOST = 200
"""Comparisons, and values in a list: databases have limits too, and worse messages."""

OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
TURNED = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
SPELT = {"==": "=", "<>": "!="}
VALUE = "a value is expected (a number, 'text', true or false)"

Literal: TypeAlias = float | str | bool


@dataclass(frozen=True, slots=True)
class Name:
    """What is asked about; ``parameter`` when it was called ``parameters.NAME``."""

    text: str
    parameter: bool
    at: int  # where it stands, to point at


@dataclass(frozen=True, slots=True)
class Value:
    """What it is compared with, and how that was spelt."""

    of: Literal
    spelt: str
    at: int


@dataclass(frozen=True, slots=True)
class Compare:
    """``name operator value``; equality is an ``Among``."""

    name: Name
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Among:
    """``name in (values)``, also for ``=`` and ``!=``."""

    name: Name
    values: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Like:
    """``name like 'pattern'``: ``%`` is anything, ``_`` a character, backslash takes them plain."""

    name: Name
    pattern: Value
    negated: bool


@dataclass(frozen=True, slots=True)
class Null:
    """``name is null``."""

    name: Name
    negated: bool


@dataclass(frozen=True, slots=True)
class Every:
    """All of these."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these."""

    conditions: tuple["Condition", ...]


Comparison: TypeAlias = Compare | Among | Like | Null
Condition: TypeAlias = Comparison | Every | Some


def parse(text: str) -> Condition:
    """Read a condition.

    Raises
    ------
    QuestionError
        When it is none; points at the place.
    """
    parser = _Parser(text)
    condition = parser.condition(depth=0)
    if parser.now.kind != "end":
        parser.expected("'and', 'or' or the end is expected")
    return condition


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Yield the comparisons of a condition."""
    if isinstance(condition, Every | Some):
        for part in condition.conditions:
            yield from comparisons(part)
    else:
        yield condition


def opposite(condition: Condition) -> Condition:
    """Return what is true where the condition is false, and only there."""
    if isinstance(condition, Every):
        return Some(tuple(map(opposite, condition.conditions)))
    if isinstance(condition, Some):
        return Every(tuple(map(opposite, condition.conditions)))
    if isinstance(condition, Compare):
        return replace(condition, operator=OPPOSITE[condition.operator])
    return replace(condition, negated=not condition.negated)


class _Parser:
    """One function for each line of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = split(text)
        self._at = 0
        self._compared = 0

    @property
    def now(self) -> Token:
        return self._tokens[self._at]

    def condition(self, *, depth: int) -> Condition:
        if depth > DEEPEST:
            complain(self._text, self.now.at, f"at most {DEEPEST} levels of parentheses and nots")
        return _several(Some, self._chain("or", lambda: self._part(depth)))

    def expected(self, what: str) -> NoReturn:
        hint = ""
        if what == VALUE and self.now.kind in ("name", "quoted"):
            hint = "; text stands in single quotes"
        complain(self._text, self.now.at, f"{what}, found {self.now.shown}{hint}")

    def _part(self, depth: int) -> Condition:
        return _several(Every, self._chain("and", lambda: self._one(depth)))

    def _chain(self, word: str, one: Callable[[], Condition]) -> list[Condition]:
        found = [one()]
        while self._take(word):
            found.append(one())
        return found

    def _one(self, depth: int) -> Condition:
        if self._take("not"):
            if depth >= DEEPEST:
                complain(self._text, self.now.at, f"at most {DEEPEST} levels of nots")
            return opposite(self._one(depth + 1))
        if self._take("("):
            condition = self.condition(depth=depth + 1)
            if not self._take(")"):
                self.expected("'and', 'or' or ')' is expected")
            return condition
        return self._comparison()

    def _comparison(self) -> Condition:
        self._compared += 1
        if self._compared > MOST:
            complain(self._text, self.now.at, f"at most {MOST} comparisons")
        if self.now.kind in ("number", "text") or self.now.word in ("true", "false"):
            value = self._value()
            operator = self._operator("=, !=, <, <=, > or >= is expected")
            return self._compare(self._name(), TURNED[operator], value)
        name = self._name()
        if self._take("is"):
            negated = self._take("not")
            if not self._take("null"):
                self.expected("'null' is expected after 'is'")
            return Null(name, negated)
        negated = self._take("not")
        if self._take("in"):
            return Among(name, self._list(), negated)
        if self._take("between"):
            return self._between(name, negated=negated)
        if self._take("like"):
            return Like(name, self._pattern(), negated)
        if negated:
            self.expected("'in', 'between' or 'like' is expected after 'not'")
        operator = self._operator("a comparison is expected (=, !=, <, <=, >, >=, in, is null ...)")
        return self._compare(name, operator, self._value())

    def _compare(self, name: Name, operator: str, value: Value) -> Condition:
        if operator in ("=", "!="):
            return Among(name, (value,), operator == "!=")
        if isinstance(value.of, bool):
            complain(self._text, value.at, f"{value.spelt} can be compared with = and != only")
        return Compare(name, operator, value)

    def _between(self, name: Name, *, negated: bool) -> Condition:
        low = self._value()
        if not self._take("and"):
            self.expected("'and' is expected between the two ends")
        both = Every((self._compare(name, ">=", low), self._compare(name, "<=", self._value())))
        return opposite(both) if negated else both

    def _list(self) -> tuple[Value, ...]:
        if not self._take("("):
            self.expected("'(' is expected after 'in'")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
            if len(values) > MOST:
                complain(self._text, values[-1].at, f"at most {MOST} values")
        if not self._take(")"):
            self.expected("',' or ')' is expected")
        return tuple(values)

    def _pattern(self) -> Value:
        if self.now.kind != "text":
            self.expected("a pattern is expected, as in like '%part%'")
        pattern = self._value()
        spelt = str(pattern.of)
        if (len(spelt) - len(spelt.rstrip("\\"))) % 2:
            complain(self._text, pattern.at, "a pattern can't end with a single backslash")
        return pattern

    def _operator(self, expected: str) -> str:
        token = self.now
        operator = SPELT.get(token.text, token.text)
        if token.kind != "sign" or operator not in OPPOSITE:
            self.expected(expected)
        self._at += 1
        return operator

    def _value(self) -> Value:
        token = self.now
        if token.word == "null":
            self.expected("a value is expected; write `is null` or `is not null`")
        if token.kind not in ("number", "text") and token.word not in ("true", "false"):
            self.expected(VALUE)
        self._at += 1
        of: Literal
        if token.kind == "number":
            of = float(token.text)
            if of in (float("inf"), float("-inf")):
                complain(self._text, token.at, f"{token.text} is too large for a number")
        else:
            of = token.unquoted if token.kind == "text" else token.word == "true"
        return Value(of, token.word or token.shown, token.at)

    def _name(self) -> Name:
        """Read a name; which ones there are is judged later, by who knows the search."""
        token = self.now
        if token.kind == "quoted":
            self._at += 1
            return Name(token.unquoted, parameter=False, at=token.at)
        if token.kind != "name":
            self.expected("a column or a parameter is expected")
        self._at += 1
        if token.text != "parameters" or not self._take("."):
            plain = token.text.removeprefix("parameters.")
            return Name(plain, parameter=plain != token.text, at=token.at)
        if self.now.kind != "quoted":
            self.expected("a parameter's name is expected")
        return replace(self._name(), parameter=True)

    def _take(self, what: str) -> bool:
        if self.now.word != what and not (self.now.kind == "sign" and self.now.text == what):
            return False
        self._at += 1
        return True


def _several(kind: type[Every | Some], found: list[Condition]) -> Condition:
    return found[0] if len(found) == 1 else kind(tuple(found))
