"""How an exported model reaches the disk: only whole, and only if it passed the gate."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from searcher.errors import ExportError, ParityError
from searcher.export.gate.native import Truth, tell_truth
from searcher.export.gate.parity import MEMORY_BYTES, TIMEOUT_S, hold_to, no_truth
from searcher.export.gate.runtime import Limits
from searcher.export.repairs import Way, ways
from searcher.files import write_atomically
from searcher.model import FittedModel
from searcher.records import ParityVerdict


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A released model."""

    path: Path
    sha256: str
    size_bytes: int


def export_model(
    model: FittedModel,
    path: Path,
    *,
    probes: Mapping[str, NDArray[np.float64]],
    metadata: Mapping[str, str],
    seed: int = 0,
    timeout_s: float = TIMEOUT_S,
    memory_bytes: int = MEMORY_BYTES,
) -> tuple[ExportedFile, ParityVerdict]:
    """Convert, compare, and write ``path`` if nothing differs; an older file there is replaced.

    A file that differs is written in other ways, each of which has to pass the whole comparison;
    the verdict's ``repairs`` say which were tried.

    Parameters
    ----------
    probes : mapping of name to array of shape (n_rows, n_columns)
        From ``probes.make_probes``.
    metadata
        See ``metadata``: what the caller knows of the model's origin.
    seed
        Of the probe rows that the model's own nodes call for.
    timeout_s, memory_bytes
        Limits of the subprocess that runs ONNX Runtime.

    Raises
    ------
    ExportError
        If the model can't be converted.
    ParityError
        If the file does not compute what the model computes; its ``verdict`` says more. Nothing
        is written then, and an older file stays.
    """
    limits = Limits(timeout_s=timeout_s, memory_bytes=memory_bytes)
    data, verdict = _first_that_passes(model, ways(model, metadata), probes, seed, limits)
    if data is None:
        raise ParityError(f"{path.name} is not released: {verdict.failure}", verdict)
    written = write_atomically(path, data)
    return ExportedFile(path, written.sha256, written.size_bytes), verdict


def _first_that_passes(
    model: FittedModel,
    ways_to_write: Iterable[Way],
    probes: Mapping[str, NDArray[np.float64]],
    seed: int,
    limits: Limits,
) -> tuple[bytes | None, ParityVerdict]:
    """Return the file that passed, with its verdict; or none, with the verdict of the first."""
    truth: Truth | None = None
    first: ParityVerdict | None = None
    refusal: ExportError | None = None
    tried: list[dict[str, str]] = []
    for way in ways_to_write:
        try:
            data = way.write()
        except ExportError as error:
            if way.is_ours:  # what we refuse by name is not for a converter to try
                raise
            refusal = refusal or error
            tried.append({"name": way.name, "result": str(error)})
            continue
        try:
            truth = truth or tell_truth(model, probes, seed=seed)
        except ValueError as error:
            return None, no_truth(error)
        verdict = hold_to(truth, data, limits=limits, is_ours=way.is_ours)
        tried.append({"name": way.name, "result": verdict.failure or "passed"})
        if verdict.passed:
            return data, replace(verdict, repairs=tuple(tried))
        first = first or verdict
    if first is None:
        raise refusal or ExportError("there is no way to write the model")
    return None, replace(first, repairs=tuple(tried))
