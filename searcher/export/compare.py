"""How two answers differ: which rows, by how much, and the first difference in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.export.native import Probe
from searcher.export.probes import EXTREME
from searcher.records import ParityVerdict

Mask = NDArray[np.bool_]

SHOWN = 8
"""Numbers of a differing row that a message shows in full."""


@dataclass(slots=True)
class Tally:
    """The differences found so far."""

    names: tuple[str, ...]  # of the columns
    rtol: float
    atol: float
    probes: list[dict[str, Any]] = field(default_factory=list)
    failure: str | None = None

    def fail(self, reason: str) -> None:
        """Remember why the file does not pass; the first reason counts."""
        self.failure = self.failure or reason

    def add(self, probe: Probe, answer: dict[str, NDArray[Any]]) -> None:
        """Compare all that ONNX Runtime said of one probe set with what the model says."""
        unequal = np.zeros(len(probe.X), dtype=bool)
        worst = worst_absolute = 0.0
        self._add_features(probe, answer["features"])
        for way, got, native, output in _pairs(probe, answer):
            where = f"{output} of probe set {probe.name!r} ({way})"
            if not _same_form(got, native):
                self.fail(f"{where} is {_form(got)}, the model's is {_form(native)}")
                unequal[:] = unequal[:] | (output == "label")
                worst = worst_absolute = np.inf
            elif output == "label":
                bad = got != native
                unequal[: len(bad)] |= bad
                self._add_rows(probe, bad, got, native, where)
            else:
                ratio, absolute, bad = self._differences(got, native)
                worst, worst_absolute = max(worst, ratio), max(worst_absolute, absolute)
                self._add_rows(probe, bad, got, native, where)
        self._note(probe, int(unequal.sum()), worst, worst_absolute)

    def skip(self, probe: Probe) -> bool:
        """Note a probe set of which the model answers no row, if it is such a one."""
        if len(probe.X):
            return False
        self._note(probe, 0, 0.0, 0.0)
        return True

    def verdict(self, seconds: float) -> ParityVerdict:
        """Sum up."""
        rows = sum(probe["rows"] for probe in self.probes)
        if not rows:
            self.fail("no row could be compared")
        # values of 1e30 differ by 1e14 in their last bit: that says nothing of the data's own scale
        ordinary = [p["worst_absolute"] for p in self.probes if p["name"] != EXTREME]
        return ParityVerdict(
            passed=self.failure is None,
            rows=rows,
            labels_unequal=sum(probe["labels_unequal"] for probe in self.probes),
            worst=max((probe["worst"] for probe in self.probes), default=np.inf),
            worst_absolute=max(ordinary, default=np.inf),
            rtol=self.rtol,
            atol=self.atol,
            probes=tuple(self.probes),
            failure=self.failure,
            seconds=seconds,
        )

    def _note(self, probe: Probe, unequal: int, worst: float, worst_absolute: float) -> None:
        note = {
            "name": probe.name,
            "rows": len(probe.X),
            "labels_unequal": unequal,
            "worst": worst,
            "worst_absolute": worst_absolute,
            "left_out": probe.left_out,
        }
        self.probes.append(note | ({"refusal": probe.refusal} if probe.refusal else {}))

    def _differences(self, got: NDArray[Any], native: NDArray[Any]) -> tuple[float, float, Mask]:
        """Largest share of the tolerance, largest difference, and the rows that are too far off."""
        with np.errstate(invalid="ignore", over="ignore"):
            difference = np.abs(got - native)
            tolerance = self.atol + self.rtol * np.abs(native)
            ratio = difference / tolerance
        bad = ~(difference <= tolerance)  # NaN is never within
        rows = bad.reshape(len(bad), -1).any(axis=1)
        return _largest(ratio), _largest(difference), rows

    def _add_features(self, probe: Probe, got: NDArray[Any]) -> None:
        native = probe.features
        where = f"features of probe set {probe.name!r}"
        if got.dtype != native.dtype or got.shape != native.shape:
            self.fail(f"{where} are {_form(got)}, the model's are {_form(native)}")
            return
        same = (got == native) & (np.signbit(got) == np.signbit(native))
        same |= np.isnan(got) & np.isnan(native)
        self._add_rows(probe, ~same.all(axis=1), got, native, where)

    def _add_rows(
        self, probe: Probe, bad: Mask, got: NDArray[Any], native: NDArray[Any], where: str
    ) -> None:
        if self.failure is None and bad.any():
            row = int(np.argmax(bad))
            values = zip(self.names, probe.feeds.values(), strict=True)
            shown = ", ".join(f"{name}={array[row, 0]!r}" for name, array in values)
            self.fail(
                f"{where}, row {row}: the file says {_short(got[row])}, "
                f"the model says {_short(native[row])}; the row: {shown}"
            )


def _pairs(
    probe: Probe, answer: dict[str, NDArray[Any]]
) -> Iterator[tuple[str, NDArray[Any], NDArray[Any], str]]:
    """Walk through the answers: way, the file's, the model's, name of the output."""
    for key, got in answer.items():
        way, _, output = key.partition(":")
        if output in probe.expected:
            native = probe.expected[output]
            yield way, got, native[: len(got)] if way == "row by row" else native, output


def _largest(values: NDArray[Any]) -> float:
    """Return the maximum; infinity if any is NaN."""
    if np.isnan(values).any():
        return float(np.inf)
    return float(values.max(initial=0.0))


def _same_form(got: NDArray[Any], native: NDArray[Any]) -> bool:
    texts = got.dtype.kind == native.dtype.kind == "U"  # of whatever length
    return (texts or got.dtype == native.dtype) and got.shape == native.shape


def _form(array: NDArray[Any]) -> str:
    return f"{array.dtype} {array.shape}"


def _short(value: Any) -> str:
    array = np.asarray(value)
    return repr(array.tolist()) if array.size <= SHOWN else np.array2string(array, threshold=SHOWN)
