"""How a spec is read, from wherever it comes, and how everything wrong with it is said at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from searcher.errors import SpecError, near
from searcher.spec.messages import explain
from searcher.spec.search import Spec
from searcher.spec.yaml_text import MAX_BYTES, Lines, read_yaml


def load_spec(source: str | Path | Mapping[str, Any] | Spec) -> Spec:
    """Read and check a spec.

    Parameters
    ----------
    source : path, mapping or Spec
        A YAML file's path; or what such a file says, as a mapping; or a spec, which is returned
        as it is. Relative data paths in a file mean "beside that file": give ``load_dataset`` the
        file's folder as ``base``.

    Raises
    ------
    SpecError
        With one line for each problem: path of the field, what was found, what is allowed.
    """
    if isinstance(source, Spec):
        return source
    if isinstance(source, Mapping):
        return _validate(dict(source), {}, "")
    if not isinstance(source, str | Path):
        raise SpecError(f"a spec is a file's path, a mapping or a Spec; found {source!r:.80}")
    path = Path(source)
    return spec_from_yaml(_read(path), name=str(path))


def spec_from_yaml(text: str, *, name: str = "") -> Spec:
    """Read and check a spec written as YAML; ``name`` is what errors call the text.

    Raises
    ------
    SpecError
        With one line for each problem, each with its line in the text.
    """
    prefix = f"{name}: " if name else ""
    try:
        value, lines = read_yaml(text)
    except SpecError as error:
        raise SpecError(f"{prefix}{error}") from error
    if not isinstance(value, dict):
        raise SpecError(
            f"{prefix}a spec is a mapping with at least name, data and seed; found "
            f"{'a list' if isinstance(value, list) else repr(value)[:80]}"
        )
    return _validate(value, lines, prefix)


def _validate(value: dict[str, Any], lines: Lines, prefix: str) -> Spec:
    try:
        return Spec.model_validate(value)
    except ValidationError as error:
        found = explain(error, Spec, value)
        raise SpecError(
            "\n".join(f"{prefix}{line}{_place(path, lines)}" for path, line in found)
        ) from error


def _place(path: tuple[str | int, ...], lines: Lines) -> str:
    """``" (line 7)"``: of the field, or of the nearest part around it that is there."""
    while path and path not in lines:
        path = path[:-1]
    return f" (line {lines[path]})" if path else ""


def _read(path: Path) -> str:
    if not path.exists():
        beside = (
            [other.name for other in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        )
        raise SpecError(f"{path}: no such file.{near(path.name, beside)}")
    if path.is_dir():
        raise SpecError(f"{path}: a folder, not a YAML file")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SpecError(f"{path}: can't be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise SpecError(f"{path}: more than {MAX_BYTES:,} bytes; a spec has some hundred")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SpecError(f"{path}: line {line}: not UTF-8 text; save the file as UTF-8") from error
