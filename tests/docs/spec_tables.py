"""The tables of docs/spec.md, rendered from the models; ``python -m tests.docs.spec_tables``."""

from collections.abc import Iterable
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from searcher.plugins import load_strategy, strategy_names
from searcher.spec import BudgetSpec, DataSpec, HardwareSpec, Spec, Strategy, ValidationSpec
from searcher.spec.models import ShapeSpec

MODELS: dict[str, type[BaseModel]] = {
    "search": Spec,
    "data": DataSpec,
    "shape": ShapeSpec,
    "validation": ValidationSpec,
    "budget": BudgetSpec,
    "hardware": HardwareSpec,
}
HEAD = "| field | type | default | meaning | example |\n| --- | --- | --- | --- | --- |"
_WORDS = {
    "array": "list",
    "boolean": "true/false",
    "integer": "whole number",
    "null": "null",
    "number": "number",
    "object": "mapping",
    "string": "text",
}
_LIMITS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
}


def tables() -> dict[str, str]:
    """Table of every part of a spec, and of every installed strategy, by name."""
    rendered = {name: table(model) for name, model in MODELS.items()}
    for kind in strategy_names():
        rendered[f"strategy {kind}"] = table(load_strategy(kind))
    return rendered


def table(model: type[BaseModel]) -> str:
    """Markdown table of a model's fields."""
    schema = model.model_json_schema()
    rows = [
        f"| `{name}` | {_type(part)} | {_default(model.model_fields[name])} "
        f"| {part.get('description', 'which strategy')} | {_example(model.model_fields[name])} |"
        for name, part in schema["properties"].items()
    ]
    return "\n".join([HEAD, *rows])


def words(spellings: Iterable[str]) -> str:
    """Spellings as the document lists them."""
    return ", ".join(f"`{word}`" for word in sorted(spellings) if word)


def _type(part: dict[str, Any]) -> str:
    if "anyOf" in part:
        return " or ".join(dict.fromkeys(_type(option) for option in part["anyOf"]))
    if "$ref" in part or "allOf" in part:
        return "mapping"
    if "const" in part or "enum" in part:
        return ", ".join(f"`{choice}`" for choice in part.get("enum", [part.get("const")]))
    name = _WORDS[part["type"]]
    if part["type"] == "array":
        return f"list of {_type(part['items'])}"
    if "enum" in part.get("additionalProperties", {}):
        return f"mapping to {_type(part['additionalProperties'])}"
    limits = [text.format(f"{part[key]:,.15g}") for key, text in _LIMITS.items() if key in part]
    return " ".join([name, ", ".join(limits)]).strip()


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, Strategy):
        value = {"kind": value.kind}
    if isinstance(value, BaseModel):
        return "its own"
    return f"`{_yaml(list(value) if isinstance(value, tuple) else value)}`"


def _example(field: FieldInfo) -> str:
    examples = field.examples or [field.get_default(call_default_factory=True)]
    return ", ".join(f"`{_yaml(example)}`" for example in examples)


def _yaml(value: Any) -> str:
    written: str = yaml.safe_dump(value, default_flow_style=True, width=1_000, sort_keys=False)
    return written.removesuffix("\n...\n").strip()


if __name__ == "__main__":
    for title, text in tables().items():
        print(f"## {title}\n\n{text}\n")  # noqa: T201 - this is what it is for
