"""Whether objects are what the API server takes, unknown fields refused."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from tests.k8s.builtin_kinds import Schema, builtin
from tests.k8s.queues import kinds
from tests.k8s.rendering import Document, called

OPERATORS = ("ray.io", "monitoring.coreos.com", "postgresql.cnpg.io")
"""Groups of kinds that operators bring, and whose schemas lie beside the repository."""


def schema_errors(documents: list[Document], folder: Path) -> list[str]:
    """What the API server would refuse.

    Parameters
    ----------
    folder
        Schemas of the operators' kinds: ``<group>/<kind>_<version>.json``, with closed objects.
    """
    return [message for document in documents for message in _errors(document, folder)]


def _errors(document: Document, folder: Path) -> list[str]:
    validator = _validator(document["apiVersion"], document["kind"], folder)
    if validator is None:
        return [f"{called(document)}: no schema of {document['apiVersion']} {document['kind']}"]
    found = validator.iter_errors(document)
    return [f"{called(document)} {error.json_path}: {error.message}" for error in found]


@cache
def _validator(version: str, kind: str, folder: Path) -> Any:
    group, _, number = version.rpartition("/")
    if group in OPERATORS:
        schema = _read(folder / group / f"{kind.lower()}_{number}.json")
    else:
        schema = _own(folder).get(f"{version}/{kind}")
    return None if schema is None else jsonschema.Draft7Validator(schema)


@cache
def _own(folder: Path) -> dict[str, Schema]:
    """Schemas of Kubernetes' kinds, with what RayJob's says of pods and claims."""
    job = _read(folder / "ray.io" / "rayjob_v1.json")["properties"]["spec"]["properties"]
    template = job["submitterPodTemplate"]
    volume = template["properties"]["spec"]["properties"]["volumes"]["items"]["properties"]
    claim = volume["ephemeral"]["properties"]["volumeClaimTemplate"]["properties"]["spec"]
    return builtin(template, claim) | kinds()


def _read(path: Path) -> Any:
    return json.loads(path.read_text()) if path.exists() else None
