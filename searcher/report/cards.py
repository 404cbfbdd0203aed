"""The model card that lies beside the model, if it is still the one that the search wrote."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from searcher.records import Artifact
from searcher.report.material import Material

MAX_BYTES = 300_000


@dataclass(frozen=True, slots=True)
class CardFile:
    """One file of the card."""

    artifact: Artifact
    text: str | None  # None: it can't be shown
    why_not: str


def card_files(material: Material) -> list[CardFile]:
    """Read the newest file of each name, Markdown first."""
    newest = {
        Path(artifact.path).name: artifact
        for artifact in material.artifacts
        if artifact.kind == "model_card"
    }
    ordered = sorted(newest.values(), key=lambda a: (not a.path.endswith(".md"), a.path))
    return list(_read(ordered))


def _read(artifacts: list[Artifact]) -> Iterator[CardFile]:
    for artifact in artifacts:
        try:
            yield CardFile(artifact, _text(artifact), "")
        except (OSError, ValueError) as error:
            yield CardFile(artifact, None, str(error))


def _text(artifact: Artifact) -> str:
    """Text of the file whose hash the store has: a stored path alone opens nothing else."""
    if artifact.size_bytes > MAX_BYTES:
        raise ValueError(f"it has {artifact.size_bytes:,} bytes; up to {MAX_BYTES:,} are shown")
    path = Path(artifact.path)
    if not path.is_file():
        raise ValueError("the file is not there any more, or lies in another folder")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if sha256(content).hexdigest() != artifact.sha256:
        raise ValueError("the file was changed since the search wrote it")
    return content.decode("utf-8")
