"""The words and signs of a condition, and where in it something is wrong."""

import re
from dataclasses import dataclass
from typing import NoReturn

from searcher.errors import QuestionError

LONGEST = 10_000
"""Characters of a condition."""

KEYWORDS = frozenset(("and", "or", "not", "in", "between", "like", "is", "null", "true", "false"))

TOKEN = re.compile(
    r"""
    (?P<number> [+-]? (?:[0-9]+ (?:\.[0-9]*)? | \.[0-9]+) (?:[eE][+-]?[0-9]+)? )
  | (?P<text>   '(?:[^']|'')*' )
  | (?P<quoted> "(?:[^"]|"")*" )
  | (?P<name>   [^\W\d]\w* (?:\.[^\W\d]\w*)* )
  | (?P<sign>   <= | >= | <> | != | == | [=<>(),.] )
    """,
    re.VERBOSE,
)

UNCLOSED = {
    "'": "this text is never closed by another '",
    '"': 'this name is never closed by another "',
}

AROUND = 35
"""Characters shown before and after the place."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign and where it stands."""

    kind: str  # number, text, quoted, name, word (of the language), sign, end
    text: str
    at: int

    @property
    def word(self) -> str | None:
        """The word of the language that it is, in small letters."""
        return self.text.lower() if self.kind == "word" else None

    @property
    def unquoted(self) -> str:
        """What stands between the quotes."""
        quote = self.text[0]
        return self.text[1:-1].replace(quote * 2, quote)

    @property
    def shown(self) -> str:
        """How a message says it."""
        if self.kind == "end":
            return "the end"
        if self.kind in ("number", "text", "quoted"):
            return _shortened(self.text)
        return f"'{_shortened(self.text)}'"


def split(text: str) -> list[Token]:
    """Cut a condition into its words and signs; the last one is the end.

    Raises
    ------
    QuestionError
        When there is something in it that is neither; points at it.
    """
    if len(text) > LONGEST:
        raise QuestionError(f"a condition has at most {LONGEST:,} characters, this {len(text):,}")
    tokens, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = TOKEN.match(text, at)
        if found is None:
            complain(text, at, UNCLOSED.get(text[at]) or f"{text[at]!r} has no meaning here")
        kind = found.lastgroup or ""
        if kind == "name" and found[0].lower() in KEYWORDS:
            kind = "word"
        tokens.append(Token(kind, found[0], at))
        at = found.end()
    return [*tokens, Token("end", "", len(text))]


def complain(text: str, at: int, what: str) -> NoReturn:
    """Raise an error that shows the place."""
    start, end = max(0, at - AROUND), at + AROUND
    shown = "".join(c if c.isprintable() else " " for c in text[start:end])
    before = "..." if start else ""
    after = "..." if end < len(text) else ""
    pointer = " " * (len(before) + at - start) + "^"
    raise QuestionError(f"{what} (character {at + 1})\n  {before}{shown}{after}\n  {pointer}")


def _shortened(text: str) -> str:
    printable = "".join(c if c.isprintable() else "�" for c in text)
    return printable if len(printable) <= AROUND else f"{printable[:AROUND]}..."
