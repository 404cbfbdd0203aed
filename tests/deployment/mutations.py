"""Ways to spoil a file, each with the rule that must notice and what it must say."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Rule = Callable[[Any], Iterable[str]]


@dataclass(frozen=True)
class Mutation:
    """One change.

    Parameters
    ----------
    of
        Which file.
    at
        Of YAML a JSON pointer, else a text that is there once.
    """

    rule: str
    of: str
    at: str
    to: Any
    says: str

    def __str__(self) -> str:
        """Name it in the report of a test."""
        return f"{self.rule}: {self.of} {self.at}"


def findings(rules: Sequence[Rule], name: str, thing: Any) -> list[str]:
    """What the rule of that name finds."""
    (rule,) = [rule for rule in rules if names([rule]) == [name]]
    return list(rule(thing))


def names(rules: Sequence[Rule]) -> list[str]:
    """What rules are called."""
    return [getattr(rule, "__name__", "") for rule in rules]
