"""What a check of the data has to say: in numbers, in words, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the data that a person should look at; nothing is changed because of it."""

    kind: str  # a short word; docs/checks.md has a section for each
    severity: Severity  # warning: the estimate may be wrong; note: worth knowing
    columns: tuple[str, ...]  # () for what concerns whole rows
    numbers: Mapping[str, float | int | str]  # what was measured
    sentence: str
    advice: str

    @property
    def text(self) -> str:
        """Everything in one line."""
        return f"{self.sentence}. {self.advice}"
