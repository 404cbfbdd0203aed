"""How pydantic's complaints are said to people: path, what was found, what is allowed or near."""

import re
import reprlib
from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from searcher.errors import near
from searcher.plugins import load_strategy
from searcher.spec.settings import PATH_END
from searcher.spec.strategy import Strategy

Path = tuple[str | int, ...]

_ALLOWED: dict[str, str] = {
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping (name: value)",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_type": "must be a whole number",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "model_type": "must be a mapping (name: value)",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must not be empty",
    "string_type": "must be text",
    "too_short": "must not be empty",
    "tuple_type": "must be a list",
}
_QUOTED = re.compile(r"'([^']*)'")


def explain(error: ValidationError, model: type[BaseModel], given: Any) -> list[tuple[Path, str]]:
    """Path and one line for each problem, in the order of the fields.

    ``given`` is what was validated; it says which strategy's fields are meant.
    """
    lines = []
    for detail in error.errors(include_url=False):
        path = _path(detail["loc"])
        lines.append((path, f"{_join(path)}: {_sentence(detail, path, model, given)}"))
    return lines


def _path(loc: Path) -> Path:
    """Where an error is; pydantic marks an error of a key itself by ``"[key]"`` behind it."""
    return (*loc[:-2], str(loc[-2])) if loc and loc[-1] == "[key]" else loc


def _join(path: Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "spec"


def _sentence(detail: Mapping[str, Any], path: Path, model: type[BaseModel], given: Any) -> str:
    kind, found = detail["type"], detail["input"]
    if kind == "missing":
        return "is required"
    if kind == "extra_forbidden":
        known = list(_fields(model, path[:-1], given))
        return f"unknown field; known: {', '.join(known)}.{near(str(path[-1]), known)}"
    if kind == PATH_END:
        message = str(detail["ctx"]["message"])
        return message if repr(found) in message else f"found {_short(found)}; {message}"
    context = detail.get("ctx", {})
    allowed = _ALLOWED.get(kind)
    if allowed is None:
        return f"found {_short(found)}; {detail['msg'].replace('Input should', 'must')}"
    limits = {key: f"{v:g}" if isinstance(v, float) else v for key, v in context.items()}
    hint = near(str(found), _QUOTED.findall(context["expected"])) if kind == "literal_error" else ""
    return f"found {_short(found)}; {allowed.format(**limits)}.{hint}".removesuffix(".")


def _fields(model: type[BaseModel], path: Path, given: Any) -> Mapping[str, Any]:
    """Fields that the model at ``path`` knows."""
    for part in path:
        given = given.get(part) if isinstance(given, Mapping) else getattr(given, str(part), None)
        model = _model_of(model.model_fields[str(part)].annotation, given)
    return model.model_fields


def _model_of(annotation: Any, given: Any) -> type[BaseModel]:
    if annotation is Strategy:
        settings = type(given) if isinstance(given, Strategy) else load_strategy(given["kind"])
        return cast("type[BaseModel]", settings)
    return cast("type[BaseModel]", annotation)


def _short(value: Any) -> str:
    printer = reprlib.Repr()
    printer.maxstring = printer.maxother = 80
    return printer.repr(value)
