"""How an exported model reaches the disk: only whole, and only if it passed the gate."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from searcher.errors import ParityError
from searcher.export.convert import serialise, to_onnx
from searcher.export.parity import MEMORY_BYTES, TIMEOUT_S, check_parity
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
    timeout_s: float = TIMEOUT_S,
    memory_bytes: int = MEMORY_BYTES,
) -> tuple[ExportedFile, ParityVerdict]:
    """Convert, compare, and write ``path`` if nothing differs; an older file there is replaced.

    Parameters
    ----------
    probes : mapping of name to array of shape (n_rows, n_columns)
        From ``probes.make_probes``.
    metadata
        See ``metadata``: what the caller knows of the model's origin.
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
    data = serialise(to_onnx(model, metadata=metadata))
    verdict = check_parity(data, model, probes, timeout_s=timeout_s, memory_bytes=memory_bytes)
    if not verdict.passed:
        raise ParityError(f"{path.name} is not released: {verdict.failure}", verdict)
    write_atomically(path, data)
    return ExportedFile(path, hashlib.sha256(data).hexdigest(), len(data)), verdict


def write_atomically(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``; a reader, or a power cut, finds the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)  # mkstemp gives it to nobody else
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
