"""How a released file becomes a smaller one of 8-bit weights, and what that costs.

It answers otherwise than the model, so it is another artifact with a gate of its own, and what that
gate says is not parity: how often both files agree, how much scores fall on the outer folds, how
large both are and how long they take.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from searcher.errors import ExportError
from searcher.export.artifact import ExportedFile
from searcher.export.columns import to_feeds
from searcher.export.convert import serialise, to_onnx
from searcher.export.eight_bits import quantise
from searcher.export.gate.halves import from_features, until_features
from searcher.export.gate.native import Probe
from searcher.export.gate.parity import MEMORY_BYTES, TIMEOUT_S
from searcher.export.gate.runtime import Files, Limits, RuntimeFailure, ask_runtime
from searcher.export.latency import Latency, measure_latency
from searcher.files import write_atomically
from searcher.model import FittedModel

LEAST_AGREEMENT = 0.99
"""Share of rows that both files have to give the same label; perceptrons and transformers of a few
hundred kB had 0.991 to 0.999."""

MOST_OFF = 0.05
"""Root mean square difference of values, in standard deviations of the float file's."""

FEWEST_FOLDS = 2
"""Outer folds from which a noise can be told."""

Answers = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class OuterFold:
    """The winner of an outer fold, and rows that it was not trained on."""

    model: FittedModel
    file: bytes  # what ``convert`` makes of the model: weights of 32 bits
    X: NDArray[np.float64]  # (n_rows, n_columns), the outer test rows
    y: NDArray[Any]  # (n_rows,), class codes or values

    @classmethod
    def of(cls, model: FittedModel, X: NDArray[np.float64], y: NDArray[Any]) -> "OuterFold":
        """Convert a model for it.

        Raises
        ------
        ExportError
            If that can't be done.
        """
        return cls(model, serialise(to_onnx(model, metadata={})), X, y)


@dataclass(frozen=True, slots=True)
class OuterScores:
    """Accuracy, or R2 of values, on the test rows of one outer fold; larger is better."""

    quantised: float
    released: float  # of the file with weights of 32 bits
    rows: int


@dataclass(frozen=True, slots=True)
class QuantisedVerdict:
    """How a file of 8-bit weights compares with the released one."""

    passed: bool
    failure: str | None  # the first reason
    rows: int
    agreement: float | None  # share of equal labels; None for values
    off: float  # largest difference of a probability; of values, see MOST_OFF
    outer: tuple[OuterScores, ...]
    fall: float  # of the mean outer score; negative if it rises
    noise: float  # how much it may fall: the standard error of the mean outer score
    size_bytes: int
    released_size_bytes: int
    latency: Latency | None = None  # told of a file that passed
    released_latency: Latency | None = None


class QuantisationError(ExportError):
    """A file of 8-bit weights is too far from the released one; ``verdict`` says more."""

    def __init__(self, message: str, verdict: QuantisedVerdict | None = None) -> None:
        super().__init__(message, verdict)  # both, so that it travels between processes
        self.verdict = verdict

    def __str__(self) -> str:
        return str(self.args[0])


def export_quantised(
    released: Path,
    path: Path,
    model: FittedModel,
    X: NDArray[np.float64],
    *,
    outer: Sequence[OuterFold],
) -> tuple[ExportedFile, QuantisedVerdict]:
    """Write the released file with 8-bit weights to ``path``, if it passes ``check_quantised``.

    Raises
    ------
    ExportError
        If the file has nothing to quantise, or it can't be done.
    QuantisationError
        If it does not pass; nothing is written then, and an older file stays.
    """
    original = released.read_bytes()
    data = quantise(original)
    verdict = check_quantised(data, original, model, X, outer=outer)
    if not verdict.passed:
        raise QuantisationError(f"{path.name} is not released: {verdict.failure}", verdict)
    verdict = replace(
        verdict, latency=_time(data, model, X), released_latency=measure_latency(released, model, X)
    )
    written = write_atomically(path, data)
    return ExportedFile(path, written.sha256, written.size_bytes), verdict


def check_quantised(
    quantised: bytes,
    released: bytes,
    model: FittedModel,
    X: NDArray[np.float64],
    *,
    outer: Sequence[OuterFold],
    timeout_s: float = TIMEOUT_S,
    memory_bytes: int = MEMORY_BYTES,
) -> QuantisedVerdict:
    """Compare a file of 8-bit weights with the released one.

    The released model has seen all rows, so scores are those of the outer folds' winners: each is
    quantised alike, and asked about its own test rows. Their mean may fall by its own standard
    error, that between the folds.

    Parameters
    ----------
    model
        Whose released file it is.
    X : array of shape (n_rows, n_columns)
        Rows of the data, coded as in ``search_spaces.columns``.
    outer
        Two folds at least.
    timeout_s, memory_bytes
        Limits of each subprocess that runs ONNX Runtime.

    Raises
    ------
    ValueError
        If there are no rows, or fewer than two outer folds.
    ExportError
        If a file can't be run, or one of an outer fold's can't be quantised.
    """
    if not len(X) or len(outer) < FEWEST_FOLDS or not all(len(fold.X) for fold in outer):
        raise ValueError(f"a comparison needs rows, and {FEWEST_FOLDS} outer folds at least")
    limits = Limits(timeout_s=timeout_s, memory_bytes=memory_bytes)
    ours, theirs = (_ask(data, model, X, limits) for data in (quantised, released))
    agreement, off = _compare(ours, theirs)
    scores = tuple(_scores(fold, limits) for fold in outer)
    fall = float(np.mean([fold.released - fold.quantised for fold in scores]))
    verdict = QuantisedVerdict(
        passed=False,
        failure=None,
        rows=len(X),
        agreement=agreement,
        off=off,
        outer=scores,
        fall=fall,
        noise=float(np.std([fold.released for fold in scores], ddof=1)) / sqrt(len(scores)),
        size_bytes=len(quantised),
        released_size_bytes=len(released),
    )
    failure = _judge(verdict)
    return replace(verdict, passed=failure is None, failure=failure)


def _ask(data: bytes, model: FittedModel, X: NDArray[np.float64], limits: Limits) -> Answers:
    """Return a file's outputs by name."""
    probe = Probe("given", X, to_feeds(model.profile, X), None, {})
    try:
        proto = onnx.load_from_string(data)
        files = Files(data, until_features(proto, model), from_features(proto, model))
        told = ask_runtime(files, [probe], limits=limits, quick=True).by_probe[0]
    except (DecodeError, RuntimeFailure, ValueError) as error:
        raise ExportError(f"the file can't be run: {error}") from error
    return {key.partition(":")[2]: array for key, array in told.items()}


def _compare(ours: Answers, theirs: Answers) -> tuple[float | None, float]:
    """Return the agreement of labels, and how far probabilities or values are off."""
    if "label" in theirs:
        agreement = float(np.mean(ours["label"] == theirs["label"]))
        return agreement, float(np.abs(ours["probabilities"] - theirs["probabilities"]).max())
    difference, spread = ours["prediction"] - theirs["prediction"], np.std(theirs["prediction"])
    root = float(np.sqrt(np.mean(difference**2)))
    return None, root / float(spread) if spread else root


def _scores(fold: OuterFold, limits: Limits) -> OuterScores:
    quantised, released = (
        _score(_ask(data, fold.model, fold.X, limits), fold)
        for data in (quantise(fold.file), fold.file)
    )
    return OuterScores(quantised, released, len(fold.X))


def _score(answers: Answers, fold: OuterFold) -> float:
    """Accuracy, or the share of the variance that is explained."""
    if fold.model.classes:
        return float(np.mean(answers["label"] == np.array(fold.model.classes)[fold.y]))
    left = np.mean((answers["prediction"] - fold.y) ** 2)
    return float(1 - left / np.var(fold.y))


def _time(data: bytes, model: FittedModel, X: NDArray[np.float64]) -> Latency:
    with tempfile.TemporaryDirectory(prefix="searcher-quantised-") as name:
        path = Path(name) / "model.onnx"
        path.write_bytes(data)
        return measure_latency(path, model, X)


def _judge(found: QuantisedVerdict) -> str | None:
    """Say the first thing that is too bad; NaN is."""
    if found.agreement is not None and not found.agreement >= LEAST_AGREEMENT:
        return f"{found.agreement:.2%} of the labels are equal; {LEAST_AGREEMENT:.0%} have to be"
    if found.agreement is None and not found.off <= MOST_OFF:
        return f"values are {found.off:.3g} standard deviations off; {MOST_OFF:g} is allowed"
    if not found.fall <= found.noise:
        return (
            f"the mean outer score falls by {found.fall:.4g}, by more than its noise, "
            f"{found.noise:.4g}"
        )
    if found.size_bytes >= found.released_size_bytes:
        return f"it has {found.size_bytes:,} bytes, the released file {found.released_size_bytes:,}"
    return None
