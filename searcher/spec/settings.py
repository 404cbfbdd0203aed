"""What every part of a spec has in common: frozen, strict, and errors that can be collected."""

from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

PATH_END = "problem"  # type of an error whose message is already meant for people

Item = TypeVar("Item")

_TEXT = {"type": "string"}


class Settings(BaseModel):
    """A part of a spec: immutable, no unknown fields, no guessing between types.

    ``True`` and ``"5"`` are not whole numbers, NaN is not a number; ``2`` is one, also where a
    fraction is allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def problem(message: str) -> PydanticCustomError:
    """Error of a single field, in words for people (braces in it are not formatted)."""
    return PydanticCustomError(PATH_END, "{message}", {"message": message})


def problems(
    title: str, found: Iterable[tuple[tuple[str | int, ...], str, Any]]
) -> ValidationError:
    """Several errors at once, each with its path below here, its message and what was found."""
    details = [InitErrorDetails(type=problem(m), loc=loc, input=value) for loc, m, value in found]
    return ValidationError.from_exception_data(title, details)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Listed = Annotated[tuple[Item, ...], BeforeValidator(_as_tuple)]
"""A list in YAML and JSON, a tuple here, because frozen models hold nothing that can change."""


def _one_or_several(value: Any) -> Any:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(value)
    raise problem("must be a name or a list of names")


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_several),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}),
]
"""One name or a list of them; a tuple either way."""


def either(expected: str) -> WrapValidator:
    """One error for a union, in place of one for each of its members."""

    def validate(value: Any, handler: Any) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            raise problem(f"must be {expected}") from error

    return WrapValidator(validate)
