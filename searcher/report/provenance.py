"""What the search ran on, and all it takes to run it again."""

import base64
import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from searcher.report.material import Material
from searcher.report.numbers import count, cut, moment, percent, value_text
from searcher.store import StoredSearch

MAX_COLUMNS = 200
MAX_CLASSES = 100
MAX_NOTES = 50
MAX_TEXT = 300

NAMES = {"base": "folder that paths start at", "git_commit": "git commit", "cpus": "cores"}

PLAIN_TEXT = re.compile(r"[A-Za-z_][A-Za-z_0-9./-]*")
WORDS_OF_YAML = {"null", "true", "false"}


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class of the target."""

    name: str
    rows: Any
    share: str


@dataclass(frozen=True, slots=True)
class Data:
    """What was loaded."""

    facts: list[tuple[str, str]]
    kinds: list[tuple[str, int]]
    columns: list[Mapping[str, Any]]
    columns_left_out: int
    classes: list[ClassRow]
    classes_left_out: int
    notices: list[str]


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


def data_section(search: StoredSearch) -> Data:
    """Describe the rows; tolerant, as the description may be an older search's."""
    data = search.data
    columns = [column for column in _listed(data.get("columns")) if isinstance(column, Mapping)]
    classes = _classes(data)
    facts = {
        "file": search.spec.get("data", {}).get("path"),
        "rows": data.get("rows"),
        "columns": len(columns),
        "target": data.get("target") or search.spec.get("data", {}).get("target"),
        "task": search.task,
        "groups": data.get("groups"),
        "fingerprint of the rows": search.fingerprint,
    }
    return Data(
        facts=[
            (name, count(value) if isinstance(value, int) else _text(value))
            for name, value in facts.items()
            if value is not None
        ],
        kinds=Counter(str(column.get("kind")) for column in columns).most_common(),
        columns=columns[:MAX_COLUMNS],
        columns_left_out=max(0, len(columns) - MAX_COLUMNS),
        classes=classes[:MAX_CLASSES],
        classes_left_out=max(0, len(classes) - MAX_CLASSES),
        notices=[str(notice) for notice in _listed(data.get("notices"))][:MAX_NOTES],
    )


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
        facts=[(name, _text(value)) for name, value in facts.items() if value is not None],
        versions=[(str(k), _text(v)) for k, v in versions.items()]
        if isinstance(versions, Mapping)
        else [],
        commands=_commands(search, file),
        notes=[
            (moment(note.at), note.kind, _note(note.payload)) for note in material.notes[:MAX_NOTES]
        ],
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


def _classes(data: Mapping[str, Any]) -> list[ClassRow]:
    given = data.get("classes") or ()
    if isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        pairs = [(c.get("name"), c.get("rows")) for c in _listed(given) if isinstance(c, Mapping)]
    total = sum(rows for _, rows in pairs if isinstance(rows, int))
    return [
        ClassRow(str(name), rows, percent(rows, total) if isinstance(rows, int) else "")
        for name, rows in pairs
    ]


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _note(payload: Mapping[str, Any]) -> str:
    return cut("; ".join(f"{name}: {_text(value)}" for name, value in payload.items()), 1000)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return cut(", ".join(map(str, value)), MAX_TEXT)
    return value_text(value, MAX_TEXT) if not isinstance(value, int) else str(value)
