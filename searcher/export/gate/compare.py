"""How two answers differ: which rows, by how much, and the first difference in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.export.columns import FEATURES
from searcher.export.gate import run_onnx
from searcher.export.gate.native import Probe
from searcher.export.gate.structure import Structure
from searcher.records import ParityVerdict

Mask = NDArray[np.bool_]

SHOWN = 8
"""Numbers of a differing row that a message shows in full."""

N_WORST = 3
"""Rows that a verdict keeps."""

CELLS = 40
"""Cells of such a row that it keeps."""

TEXT = 200
"""Characters of a cell that it keeps."""

HELD = 2.0**-32
"""A number this close to one of float32, as a share of it, may be one but for rounding."""

N_LOST = 5
"""So many numbers that are none of float32 can't be ones in the file by chance (2**-29 each)."""

EVERYWHERE = ("extreme", "units", "own", "nodes")
"""Sets whose values may be about 1e30: their absolute differences say nothing of the data."""


@dataclass(slots=True)
class Tally:
    """The differences found so far."""

    names: tuple[str, ...]  # of the columns
    rtol: float
    atol: float
    bound: float  # the estimator's own, relative and absolute
    may_narrow: bool = False  # answer in float32 what the model answers in float64
    probes: list[dict[str, Any]] = field(default_factory=list)
    worst_rows: list[dict[str, Any]] = field(default_factory=list)
    failure: str | None = None
    structure: str = ""
    first_node: str | None = None

    def fail(self, reason: str) -> None:
        """Remember why the file does not pass; the first reason counts."""
        self.failure = self.failure or reason

    def add(self, probe: Probe, answer: dict[str, NDArray[Any]]) -> None:
        """Compare all that ONNX Runtime said of one probe set with what the model says."""
        unequal = np.zeros(len(probe.X), dtype=bool)
        worst = worst_absolute = 0.0
        if probe.features is not None:
            self._add_features(probe, probe.features, answer["features"])
        for way, got, native, output in _pairs(probe, answer):
            where = f"{output} of probe set {probe.name!r} ({way})"
            if not _same_form(got, native):
                self.fail(f"{where} is {_form(got)}, the model's is {_form(native)}")
                unequal[:] = unequal[:] | (output == "label")
                worst = worst_absolute = np.inf
            elif output == "label":
                bad = got != native
                unequal[: len(bad)] |= bad[: len(unequal)]
                self._add_rows(probe, bad, got, native, where)
            else:
                ratio, absolute, bad = self._differences(got, native)
                worst = max(worst, _largest(ratio))
                worst_absolute = max(worst_absolute, _largest(absolute))
                self._add_rows(probe, bad, got, native, where)
                if not self.may_narrow and _is_narrowed(got, native):
                    self.fail(f"{where} is rounded to float32, the model's is not")
                self._keep_worst(probe, ratio, got, native, where)
        self._note(probe, int(unequal.sum()), worst, worst_absolute)

    def add_no_rows(self, probe: Probe, shapes: dict[str, Any], *, may_refuse: bool) -> None:
        """Compare what ONNX Runtime said of an empty batch: empty answers.

        A crash never passes. Some operators of converters refuse it with an error, which is noted.
        """
        if "error" in shapes and may_refuse:
            empty = Probe("no rows", probe.X[:0], {}, None, {}, refusal=shapes["error"])
            self._note(empty, 0, 0.0, 0.0)
        elif said := shapes.get("crash") or shapes.get("error"):
            self.fail(f"an empty batch is not answered: {said}")
        else:
            self._compare_shapes(probe, shapes)

    def _compare_shapes(self, probe: Probe, shapes: dict[str, Any]) -> None:
        for name, native in probe.expected.items():
            wanted = [0, *native.shape[1:]]
            if shapes.get(name) != wanted:
                self.fail(f"for an empty batch {name} has shape {shapes.get(name)}, not {wanted}")

    def skip(self, probe: Probe) -> None:
        """Note a probe set of which the model answers no row."""
        self._note(probe, 0, 0.0, 0.0)

    def look_at(self, structure: Structure) -> None:
        """Note how the file's constants compare with the model's."""
        self.structure = structure.compared
        if structure.difference:
            self.first_node = structure.difference
            self.fail(f"the file does not hold the model's numbers: {structure.difference}")

    def verdict(self, seconds: float) -> ParityVerdict:
        """Sum up."""
        rows = sum(probe["rows"] for probe in self.probes)
        if not rows:
            self.fail("no row could be compared")
        # values of 1e30 differ by 1e14 in their last bit: that says nothing of the data's own scale
        ordinary = [p["worst_absolute"] for p in self.probes if p["name"] not in EVERYWHERE]
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
            bound=self.bound,
            structure=self.structure,
            first_node=self.first_node,
            worst_rows=tuple(self.worst_rows),
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
        note |= {"unsettled": probe.unsettled} if probe.unsettled else {}
        note |= {"refusal": probe.refusal} if probe.refusal else {}
        self.probes.append(note | ({"sample": probe.note} if probe.note else {}))

    def _differences(
        self, got: NDArray[Any], native: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any], Mask]:
        """Return each row's share of the tolerance, its difference, and whether it is too far."""
        with np.errstate(invalid="ignore", over="ignore"):
            difference = np.abs(got - native)
            ratio = difference / (self.atol + self.rtol * np.abs(native))
            bad = ~(difference <= self.bound + self.bound * np.abs(native))  # NaN is never within
        rows = len(got)
        whole = [array.reshape(rows, -1) for array in (ratio, difference)]
        return whole[0].max(axis=1), whole[1].max(axis=1), bad.reshape(rows, -1).any(axis=1)

    def _add_features(self, probe: Probe, native: NDArray[Any], got: NDArray[Any]) -> None:
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
        if not bad.any():
            return
        row = int(np.argmax(bad))
        place = row % len(probe.X)
        node = probe.about.node(place) if probe.about else ""
        if node and self.first_node is None:
            self.first_node = node
        if self.failure is None:
            shown = ", ".join(f"{name}={cell!r}" for name, cell in self._cells(probe, place))
            self.fail(
                f"{where}, row {place}: the file says {_short(got[row])}, "
                f"the model says {_short(native[row])}; {node and f'probes {node}; '}"
                f"the row: {shown}"
            )

    def _cells(self, probe: Probe, row: int) -> list[tuple[str, Any]]:
        """Return name and value of a row's cells, or of its features."""
        if probe.about is not None:
            values = [(f"feature {i}", float(v)) for i, v in enumerate(probe.X[row])]
        else:
            cells = [cell for array in probe.feeds.values() for cell in array[row].ravel()]
            values = [(n, _shortened(c)) for n, c in zip(self.names, cells, strict=True)]
        return values[:CELLS]

    def _keep_worst(
        self,
        probe: Probe,
        ratio: NDArray[Any],
        got: NDArray[Any],
        native: NDArray[Any],
        where: str,
    ) -> None:
        """Keep the row that is farthest off, if it is among the worst ones found so far."""
        row = int(np.argmax(np.where(np.isnan(ratio), np.inf, ratio)))
        share = float(ratio[row]) if not np.isnan(ratio[row]) else np.inf
        kept = {(one["set"], one["row"]): one["share"] for one in self.worst_rows}
        key = (probe.name, row % len(probe.X))
        if share <= kept.get(key, 0.0):
            return
        entry = {
            "set": key[0],
            "row": key[1],
            "share": share,
            "where": where,
            "cells": {
                n: v if isinstance(v, str) else float(v) for n, v in self._cells(probe, key[1])
            },
            "file": got[row].tolist(),
            "model": native[row].tolist(),
        }
        others = [one for one in self.worst_rows if (one["set"], one["row"]) != key]
        self.worst_rows = sorted([*others, entry], key=lambda one: -one["share"])[:N_WORST]


def _pairs(
    probe: Probe, answer: dict[str, NDArray[Any]]
) -> Iterator[tuple[str, NDArray[Any], NDArray[Any], str]]:
    """Walk through the answers: way, the file's, the model's, name of the output."""
    for output, native in probe.expected.items():
        for key, got in answer.items():
            way, _, name = key.partition(":")
            if name == output and key != FEATURES:
                yield way, got, native[_asked(way, len(native))], output


def _asked(way: str, n_rows: int) -> NDArray[np.int64]:
    """Return which rows of the set were asked about in this way."""
    counts = {
        "row by row": min(n_rows, run_onnx.SINGLE_ROWS),
        "in sevens": min(n_rows, run_onnx.SEVENS),
    }
    if way.endswith(" rows"):
        counts[way] = int(way.removesuffix(" rows"))
    return np.arange(counts.get(way, n_rows)) % n_rows


def _is_narrowed(got: NDArray[Any], native: NDArray[Any]) -> bool:
    """Tell whether float32 could hold every number but could not hold the model's."""
    with np.errstate(over="ignore", invalid="ignore"):
        lost = np.abs(native.astype(np.float32) - native) > HELD * np.abs(native)
        held = got.astype(np.float32) == got
    return int(lost.sum()) >= N_LOST and bool(held[lost].all())


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


def _shortened(cell: Any) -> Any:
    """Cut a text to what a verdict, which is stored, should hold of it."""
    is_long = isinstance(cell, str) and len(cell) > TEXT
    return f"{cell[:TEXT]}... ({len(cell):,} characters)" if is_long else cell


def _short(value: Any) -> str:
    array = np.asarray(value)
    return repr(array.tolist()) if array.size <= SHOWN else np.array2string(array, threshold=SHOWN)
