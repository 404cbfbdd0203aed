"""How the final model leaves a search: as an ONNX file that passed the parity gate, or not."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from searcher.data import Dataset
from searcher.environment import git_commit
from searcher.errors import ExportError, ParityError
from searcher.export.artifact import ExportedFile, export_model
from searcher.export.gate.probes import make_probes
from searcher.export.latency import measure_latency
from searcher.files import write_atomically
from searcher.model import FittedModel
from searcher.model_card import describe_model, to_markdown
from searcher.plan import Plan
from searcher.records import Artifact, Fold, Note, ParityChecked, ParityVerdict, Record
from searcher.store import Store


@dataclass(frozen=True, slots=True)
class Released:
    """What came of an export."""

    path: Path | None  # None: nothing was released
    verdict: ParityVerdict | None  # None: the model could not even be converted
    error: str | None  # why there is no file
    records: tuple[Record, ...]  # for the store


def release_model(
    plan: Plan,
    model: FittedModel,
    path: Path,
    *,
    trial_id: str,
    outer_fold: str,
    outer_mean: float | None,
) -> Released:
    """Export a refitted model, if the file computes what the model computes.

    Parameters
    ----------
    outer_fold
        Where it was refitted; that fold's test rows, where it has any, are held-out rows for the
        comparison.
    outer_mean
        What the search's outer scores came to, for the file's metadata.
    """
    metadata = {
        "search_id": plan.search_id,
        "trial_id": trial_id,
        "fingerprint": plan.dataset.fingerprint,
        "metric": plan.metrics[0],
        "outer_score": "" if outer_mean is None else repr(outer_mean),
        "git_commit": git_commit(Path.cwd()) or "",
        "missing": json.dumps(list(plan.spec.data.missing)),
    }
    return _export(
        model,
        plan.dataset,
        path,
        search_id=plan.search_id,
        trial_id=trial_id,
        fold=plan.outer[outer_fold],
        metadata=metadata,
        seed=plan.spec.seed,
    )


def release_card(store: str, search_id: str, folder: Path) -> list[Artifact]:
    """Write the model card of a search into a folder: ``model_card.md`` and ``model_card.json``."""
    with Store(store) as reader:
        card = describe_model(reader.search(search_id), reader.events(search_id))
    texts = {
        "model_card.md": to_markdown(card),
        "model_card.json": json.dumps(card, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
    }
    artifacts = []
    for name, text in texts.items():
        card_file = write_atomically(folder / name, text.encode())
        path, digest = str(card_file.path), card_file.sha256
        artifacts.append(Artifact(search_id, "model_card", path, digest, card_file.size_bytes))
    return artifacts


def release_report(store: str, search_id: str, folder: Path) -> Artifact:
    """Write the report of a search into a folder."""
    from searcher.report import write_report

    with Store(store) as reader:
        path = write_report(reader, search_id, folder / "report.html")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return Artifact(search_id, "report", str(path), digest, len(content))


def _export(
    model: FittedModel,
    dataset: Dataset,
    path: Path,
    *,
    search_id: str,
    trial_id: str,
    fold: Fold,
    metadata: Mapping[str, str],
    seed: int,
) -> Released:
    held_out = dataset.X[fold.test] if len(fold.test) else None
    probes = make_probes(dataset.columns, dataset.X[fold.train], seed=seed, held_out=held_out)
    try:
        file, verdict = export_model(model, path, probes=probes, metadata=metadata, seed=seed)
    except ParityError as error:
        checked = ParityChecked(search_id, trial_id, error.verdict)
        return Released(None, error.verdict, str(error), (checked,))
    except (ExportError, OSError) as error:  # OSError: a full disk must not cost the estimate
        note = Note(search_id, "export", {"trial_id": trial_id, "error": str(error)})
        return Released(None, None, str(error), (note,))
    artifact = Artifact(
        search_id=search_id,
        kind="model",
        path=str(file.path),
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        trial_id=trial_id,
    )
    checked = ParityChecked(search_id, trial_id, verdict)
    timed = _time(file, model, dataset, search_id=search_id, trial_id=trial_id)
    return Released(file.path, verdict, None, (checked, artifact, timed))


def _time(
    file: ExportedFile, model: FittedModel, dataset: Dataset, *, search_id: str, trial_id: str
) -> Note:
    """Measure the released file; what goes wrong there is noted and costs no release."""
    payload: dict[str, Any] = {"trial_id": trial_id, "size_bytes": file.size_bytes}
    try:
        latency = measure_latency(file.path, model, dataset.X)
        payload |= {
            "batches": list(latency.batches),
            "onnx_ms": list(latency.onnx_ms),
            "native_ms": list(latency.native_ms),
        }
    except ExportError as error:
        payload["error"] = str(error)
    return Note(search_id, "latency", payload)
