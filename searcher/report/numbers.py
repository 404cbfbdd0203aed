"""How numbers are written for people, the same way all over the page."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

NOTHING = "–"
SIGNIFICANT = 4  # digits of a score
MOST_DECIMALS = 8
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
KILO = 1000


@dataclass(frozen=True, slots=True)
class Digits:
    """With how many decimals the scores of one search are written."""

    decimals: int

    def score(self, value: float | None) -> str:
        """Write a score; a dash where there is none."""
        if value is None or not math.isfinite(value):
            return NOTHING
        return _no_minus_zero(f"{value:,.{self.decimals}f}")

    def signed(self, value: float | None) -> str:
        """Write a difference of two scores, with its sign."""
        written = self.score(value)
        return f"+{written}" if value is not None and written[0].isdigit() else written

    def interval(self, value: tuple[float, float] | None) -> str:
        """Write an interval of scores: ``0.8102 to 0.8611``."""
        return NOTHING if value is None else " to ".join(map(self.score, value))

    def signed_interval(self, value: tuple[float, float] | None) -> str:
        """Write an interval of differences: ``[-0.0021, +0.0103]``."""
        return NOTHING if value is None else f"[{', '.join(map(self.signed, value))}]"


def digits_for(scores: Iterable[float | None], spread: float) -> Digits:
    """Decimals that give the largest score four digits, and show a tenth of the spread.

    Parameters
    ----------
    scores
        What will be written.
    spread
        A difference that readers should see two digits of; 0 if there is none.
    """
    finite = [abs(score) for score in scores if score is not None and math.isfinite(score)]
    largest = max(finite, default=0.0)
    before_point = math.floor(math.log10(largest)) + 1 if largest > 0 else 0
    decimals = max(0, min(SIGNIFICANT, SIGNIFICANT - before_point))
    if spread > 0:
        decimals = max(decimals, min(decimals + 3, 1 - math.floor(math.log10(spread))))
    return Digits(min(decimals, MOST_DECIMALS))


def value_text(value: Any, limit: int = 60) -> str:
    """Write a value of a configuration: numbers short, texts cut."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    if isinstance(value, float):
        return f"{value:.4g}"
    return cut(str(value), limit)


def small_number(value: Any) -> str:
    """Write a tolerance or a deviation: ``1.2e-07``."""
    if not isinstance(value, int | float):
        return NOTHING if value is None else cut(str(value), 20)
    return "0" if value == 0 else f"{value:.2g}"


def count(value: Any) -> str:
    """Write a whole number with thousands apart; anything else as it is."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return NOTHING if value is None else cut(str(value), 40)


def percent(part: float, whole: float) -> str:
    """Write a share."""
    if not whole:
        return NOTHING
    share = 100 * part / whole
    if 0 < share < 0.1:  # noqa: PLR2004
        return "less than 0.1\N{NO-BREAK SPACE}%"
    return f"{share:.1f}\N{NO-BREAK SPACE}%" if 0 < share < 1 else f"{share:.0f}\N{NO-BREAK SPACE}%"


def duration(seconds: float | None) -> str:
    """Write seconds as people say them: ``3 min 12 s``."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    if seconds < MINUTE_S:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004
    whole = round(seconds)
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min {whole % MINUTE_S} s"
    if whole < DAY_S:
        return f"{whole // HOUR_S} h {whole % HOUR_S // MINUTE_S} min"
    return f"{whole // DAY_S} d {whole % DAY_S // HOUR_S} h"


def size(size_bytes: int) -> str:
    """Write a file's size."""
    if size_bytes < KILO:
        return f"{size_bytes} B"
    if size_bytes < KILO**2:
        return f"{size_bytes / KILO:.1f} kB"
    return f"{size_bytes / KILO**2:.1f} MB"


def moment(value: datetime | None) -> str:
    """Write a time of the store, which is UTC."""
    return NOTHING if value is None else value.strftime("%Y-%m-%d %H:%M:%S UTC")


def cut(text: str, limit: int) -> str:
    """Cut a text that is too long to be read, and show that it was."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def plural(number: int, noun: str) -> str:
    """Count a noun: ``1 trial``, ``1,204 trials``; words in -ch and -s take -es."""
    ending = "" if number == 1 else "es" if noun.endswith(("ch", "s")) else "s"
    return f"{number:,} {noun}{ending}"


def _no_minus_zero(written: str) -> str:
    return written.removeprefix("-") if not written.strip("-0.,") else written
