"""In what two nested mappings differ, value by value."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that two specs, configurations or environments do not share."""

    what: str  # path of the value: "strategy.kind"
    a: Any  # None where it is lacking, too
    b: Any


def differences(
    a: Mapping[str, Any], b: Mapping[str, Any], *, without: Sequence[str] = ()
) -> tuple[Difference, ...]:
    """List what differs, in the order of ``a``, then what only ``b`` has.

    Parameters
    ----------
    without
        Paths that are left out, with what is below them.
    """
    flat_a, flat_b = (dict(_flat(of)) for of in (a, b))
    return tuple(
        Difference(what, flat_a.get(what), flat_b.get(what))
        for what in dict.fromkeys([*flat_a, *flat_b])
        if flat_a.get(what) != flat_b.get(what)
        and not any(what == path or what.startswith(f"{path}.") for path in without)
    )


def _flat(of: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in of.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
