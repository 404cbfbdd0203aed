"""What a user's change to one parameter means: fix it, narrow it, or replace it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from pydantic import TypeAdapter, ValidationError

from search_spaces.parameters import Categorical, Float, Integer, Parameter, text

_OUTSIDE = "; to try others, give the whole parameter with its type"
_ADAPTER: TypeAdapter[Parameter] = TypeAdapter(Parameter)


def override_parameter(parameter: Parameter, change: Any) -> Parameter:
    """Change a parameter as a spec asks for it.

    Parameters
    ----------
    change
        A number, string or boolean fixes it; a list leaves these choices; a mapping of ``low``,
        ``high``, ``log`` and ``step``, or of ``choices``, narrows it; a whole parameter (an
        instance, or a mapping with ``type``) replaces it and may be wider.

    Raises
    ------
    ValueError
        A sentence without its subject: "must be between 1 and 20, got 30".
    """
    if isinstance(change, (Float, Integer, Categorical)):
        return change
    if isinstance(parameter, Categorical) and parameter.allowed is not None:
        parameter = parameter.allowed
    if isinstance(change, Mapping):
        if "type" in change:
            with _in_one_sentence():
                return _ADAPTER.validate_python(dict(change))
        if set(change) == {"choices"} and isinstance(change["choices"], (list, tuple)):
            return _only(parameter, change["choices"])
        return _narrow(parameter, change)
    if isinstance(change, (list, tuple)):
        return _only(parameter, change)
    return _only(parameter, [change])


def _only(parameter: Parameter, values: list[Any] | tuple[Any, ...]) -> Categorical:
    if not values:
        raise ValueError(f"needs at least one choice of {parameter.describe()}")
    for value in values:
        _check(parameter, value)
    with _in_one_sentence():
        # nearest: 1 becomes 1.0 where real numbers are meant.
        return Categorical(choices=tuple(parameter.nearest(value) for value in values))


def _narrow(parameter: Parameter, change: Mapping[str, Any]) -> Parameter:
    if parameter.type == "categorical":
        raise ValueError(f"is one of {parameter.describe()}, not a range; give a value or a list")
    known = ["low", "high", "log", "step"]
    for key in map(str, change):
        if key not in known:
            match = get_close_matches(key, known, n=1)
            hint = f" Did you mean {match[0]!r}?" if match else ""
            raise ValueError(f"has no {key!r}; known: {', '.join(known)}.{hint}")
    with _in_one_sentence():
        narrowed = type(parameter).model_validate({**parameter.model_dump(), **change})
    _refuse_widening(parameter, narrowed)
    return narrowed


def _refuse_widening(old: Float | Integer, new: Float | Integer) -> None:
    for end in ("low", "high"):
        try:
            _check(old, getattr(new, end))
        except ValueError as error:
            raise ValueError(f"{end} {error}") from error
    if old.step is None:
        return
    ratio = new.step / old.step if new.step is not None else 0.5
    if abs(ratio - round(ratio)) > 1e-6:  # noqa: PLR2004 - what dividing two floats may leave
        wanted = "a multiple of" if ratio else "kept, or a multiple of"
        raise ValueError(f"step must be {wanted} {text(old.step)}, got {text(new.step)}{_OUTSIDE}")


def _check(parameter: Parameter, value: Any) -> None:
    try:
        parameter.check(value)
    except ValueError as error:
        raise ValueError(f"{error}{_OUTSIDE}") from error


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    """Turn pydantic's report into what is wrong, without the addresses."""
    try:
        yield
    except ValidationError as error:
        kinds = {"float", "integer", "categorical"}  # pydantic puts the discriminator first
        details = [
            (".".join(str(p) for p in part["loc"] if p not in kinds), part["msg"])
            for part in error.errors()
        ]
        problems = [
            f"{place}: {message}".removeprefix(": ").replace("Value error, ", "")
            for place, message in details
        ]
        raise ValueError("is not possible: " + "; ".join(problems)) from error
