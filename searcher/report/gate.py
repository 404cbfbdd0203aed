"""What the parity gate found, probe set by probe set, and how fast the released file is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from searcher.records import Note, ParityVerdict
from searcher.report.numbers import cut, small_number, value_text

PROBE = ("name", "rows", "labels_unequal", "worst", "worst_absolute", "seconds")
VERDICT = (
    *("passed", "rows", "labels_unequal", "worst", "worst_absolute", "rtol", "atol"),
    *("probes", "failure", "seconds"),
)
MAX_TEXT = 600
MAX_ITEMS = 20


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """One probe set."""

    known: Mapping[str, Any]  # by the names in PROBE, None where it does not say
    more: str  # whatever else it says


@dataclass(frozen=True, slots=True)
class Gate:
    """The table of a verdict."""

    probes: list[ProbeRow]
    facts: list[tuple[str, str]]  # whatever else the verdict says
    has_seconds: bool
    has_more: bool


@dataclass(frozen=True, slots=True)
class LatencyRow:
    """One size of batch."""

    batch: Any
    onnx_ms: float | None
    native_ms: float | None

    @property
    def ratio(self) -> str:
        """How many times faster the file is."""
        return f"{self.native_ms / self.onnx_ms:.1f} ×" if self.onnx_ms and self.native_ms else ""


@dataclass(frozen=True, slots=True)
class LatencySection:
    """The newest measurement of the released file."""

    rows: list[LatencyRow]
    size_bytes: int | None
    error: str | None


def gate(verdict: ParityVerdict) -> Gate:
    """List the probe sets; fields that this code does not know are shown as text."""
    probes = [_probe(probe) for probe in verdict.probes]
    told = {f.name: getattr(verdict, f.name) for f in fields(verdict) if f.name not in VERDICT}
    return Gate(
        probes=probes,
        facts=[(_words(name), _text(value)) for name, value in told.items() if _says(value)],
        has_seconds=any(probe.known["seconds"] is not None for probe in probes),
        has_more=any(probe.more for probe in probes),
    )


def latency(notes: Sequence[Note]) -> LatencySection | None:
    """Read the newest note on it; None if it was not measured."""
    for note in reversed(notes):
        if note.kind == "latency":
            said = note.payload
            size, error = said.get("size_bytes"), said.get("error")
            return LatencySection(
                rows=list(_latencies(said)),
                size_bytes=size if isinstance(size, int) else None,
                error=None if error is None else cut(str(error), MAX_TEXT),
            )
    return None


def _latencies(said: Mapping[str, Any]) -> Iterator[LatencyRow]:
    columns = [said.get("batches", said.get("batch")), said.get("onnx_ms"), said.get("native_ms")]
    lists = [column if isinstance(column, list) else [] for column in columns]
    for i, batch in enumerate(lists[0][:MAX_ITEMS]):
        onnx, native = (c[i] if i < len(c) else None for c in lists[1:])
        yield LatencyRow(batch, _number(onnx), _number(native))


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None


def _probe(probe: Mapping[str, Any]) -> ProbeRow:
    more = {name: value for name, value in probe.items() if name not in PROBE and _says(value)}
    said = "; ".join(f"{_words(name)}: {_text(value)}" for name, value in more.items())
    return ProbeRow({name: probe.get(name) for name in PROBE}, cut(said, MAX_TEXT))


def _says(value: Any) -> bool:
    """Whether there is anything to show."""
    return value is not None and value not in ("", [], (), {})


def _words(name: str) -> str:
    return cut(str(name).replace("_", " "), 60)


def _text(value: Any) -> str:
    """Write any JSON value in a line."""
    if isinstance(value, Mapping):
        items = [f"{_words(name)} {_text(item)}" for name, item in value.items()]
        return cut(", ".join(items), MAX_TEXT)
    if isinstance(value, list | tuple):
        shown = "; ".join(_text(item) for item in value[:MAX_ITEMS])
        more = f"; and {len(value) - MAX_ITEMS} more" if len(value) > MAX_ITEMS else ""
        return cut(shown, MAX_TEXT) + more
    if isinstance(value, float):
        return small_number(value)
    return value_text(value, MAX_TEXT)
