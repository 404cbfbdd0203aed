"""How numbers, times and values are written for people."""

import math
from datetime import datetime
from typing import Any

MINUTE, HOUR, DAY = 60, 3600, 86_400

SMALL, LARGE = 0.01, 1000

KILO = 1000


def number(value: float | None) -> str:
    """Write a score: four decimals in the usual range, significant digits outside it."""
    if value is None or not math.isfinite(value):
        return "-"
    size = abs(value)
    if 0 < size < SMALL:
        return f"{value:.3g}"
    return f"{value:.4f}" if size < LARGE else f"{value:.7g}"


def signed(value: float | None) -> str:
    """Write a difference, with its sign."""
    return number(value) if value is None or value < 0 else f"+{number(value)}"


def interval(ends: tuple[float, float] | None, *, write: Any = number) -> str:
    """Write ``low to high``."""
    return "none" if ends is None else f"{write(ends[0])} to {write(ends[1])}"


def duration(seconds: float | None) -> str:
    """Write ``8.2 s``, ``3:05 min``, ``2:10 h`` or ``1 d 3 h``."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    if seconds < MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004
    whole = round(seconds)
    if whole < HOUR:
        return f"{whole // MINUTE}:{whole % MINUTE:02d} min"
    if whole < DAY:
        return f"{whole // HOUR}:{whole % HOUR // MINUTE:02d} h"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"


def local_time(moment: datetime | None) -> str:
    """Write a moment in the reader's time zone; stored times are UTC."""
    return "-" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


def count(how_many: int, what: str, *, plural: str | None = None) -> str:
    """Write ``1 row``, ``1,234 rows``."""
    return f"{how_many:,} {what if how_many == 1 else plural or what + 's'}"


def size(size_bytes: int) -> str:
    """Write ``512 B``, ``1.2 kB``, ``3.4 MB`` or ``5.6 GB``."""
    if size_bytes < KILO:
        return f"{size_bytes} B"
    amount = size_bytes / KILO
    for unit in ("kB", "MB"):
        if amount < KILO:
            return f"{amount:.1f} {unit}"
        amount /= KILO
    return f"{amount:.1f} GB"


def value(of: Any, *, digits: int | None = None) -> str:
    """Write a parameter's value as a spec would; ``digits`` significant ones for a float."""
    if of is None or isinstance(of, bool):
        return {None: "null", True: "true", False: "false"}[of]
    if isinstance(of, float) and digits is not None:
        return f"{of:.{digits}g}"
    return str(of)


def one_line(text: Any) -> str:
    """Drop what would break a line or steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in str(text))
