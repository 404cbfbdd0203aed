"""All it takes to run a search again."""

import base64
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from searcher.report.data import any_text
from searcher.report.material import Material
from searcher.report.numbers import cut, moment
from searcher.store import StoredSearch

MAX_NOTES = 50
SHOWN_ELSEWHERE = ("check", "latency")  # events that have a table of their own

NAMES = {"base": "folder that paths start at", "git_commit": "git commit", "cpus": "cores"}

PLAIN_TEXT = re.compile(r"[A-Za-z_][A-Za-z_0-9./-]*")
WORDS_OF_YAML = {"null", "true", "false"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to do it again."""

    yaml: str
    download: str  # the same as a data: URL
    file: str
    facts: list[tuple[str, str]]
    versions: list[tuple[str, str]]
    commands: list[tuple[str, str]]  # the command, what it does
    notes: list[tuple[str, str, str]]  # when, kind, what


def recipe(material: Material) -> Recipe:
    """Gather what decides the result: spec, seed, rows, versions, commit."""
    search, environment = material.search, dict(material.search.environment)
    versions = environment.pop("versions", {})
    text = to_yaml(search.spec)
    file = f"{re.sub(r'[^A-Za-z0-9_-]+', '-', search.name).strip('-')[:60] or 'search'}.yaml"
    facts = {
        "search": search.search_id,
        "seed": search.spec.get("seed"),
        "fingerprint of the rows": search.fingerprint,
        "started": moment(search.started_at),
        "ended": moment(search.ended_at),
        **{NAMES.get(name, name): value for name, value in environment.items()},
    }
    return Recipe(
        yaml=text,
        download=f"data:text/yaml;base64,{base64.b64encode(text.encode()).decode()}",
        file=file,
        facts=[(name, any_text(value)) for name, value in facts.items() if value is not None],
        versions=[(str(k), any_text(v)) for k, v in versions.items()]
        if isinstance(versions, Mapping)
        else [],
        commands=_commands(search, file),
        notes=[
            (moment(note.at), note.kind, _note(note.payload))
            for note in material.notes
            if note.kind not in SHOWN_ELSEWHERE
        ][:MAX_NOTES],
    )


def to_yaml(spec: Mapping[str, Any]) -> str:
    """Write a stored spec as YAML that reads back as the same spec.

    Text that is not a plain word is quoted: "1e-3" is text to YAML 1.1, which PyYAML writes, and a
    number to YAML 1.2, which specs are read by.
    """

    class Dumper(yaml.SafeDumper):
        """Quotes where in doubt."""

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        is_plain = PLAIN_TEXT.fullmatch(value) and value.lower() not in WORDS_OF_YAML
        return dumper.represent_scalar(
            "tag:yaml.org,2002:str", value, style=None if is_plain else '"'
        )

    Dumper.add_representer(str, text)
    written = yaml.dump(dict(spec), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
    return str(written)


def _commands(search: StoredSearch, file: str) -> list[tuple[str, str]]:
    search_id = shlex.quote(search.search_id)
    commands = [
        (f"searcher run {file}", "the same search again, from the spec above, beside the data"),
        (f"searcher show {search_id}", "the numbers of this page, from the store"),
        (f"searcher trials {search_id} --format csv", "every trial"),
        (f"searcher report {search_id} -o report.html", "this page"),
    ]
    if search.model_path is not None:
        model = shlex.quote(search.model_path)
        commands.append((f"searcher predict {model} new.csv", "the model on new rows"))
    return commands


def _note(payload: Mapping[str, Any]) -> str:
    return cut("; ".join(f"{name}: {any_text(value)}" for name, value in payload.items()), 1000)
