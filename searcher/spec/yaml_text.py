"""How a spec's YAML is read: YAML 1.2's core schema, within limits, every value with its line.

PyYAML reads YAML 1.1, where ``Yes`` is true, ``010`` is 8, ``1:30`` is 90, ``2024-01-01`` is a
date and ``1e-3`` is text. In a spec ``positive: Yes`` means the class "Yes", so scalars are read
by YAML 1.2's core schema (yaml.org/spec/1.2.2, section 10.3) here. Keys are always text.
"""

import re
from typing import Any

import yaml
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode

from searcher.errors import SpecError

MAX_BYTES = 2**20
MAX_NODES = 10_000  # values in the file, and again after aliases are written out
MAX_DEPTH = 32
MAX_ALIASES = 100

Path = tuple[str | int, ...]
Lines = dict[Path, int]

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.inf|\.nan", re.IGNORECASE)
_MAX_DIGITS = 100  # no field needs more, and reading digits takes quadratic time


class _Loader(yaml.SafeLoader):
    """Composes nodes and nothing else, counting what it is asked to build."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - scalars are read by ``_plain``

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes = self._depth = self._aliases = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Refuse what no spec needs, before it costs anything."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        self._nodes += 1
        self._depth += 1
        self._aliases += self.check_event(AliasEvent)
        for count, limit, what in (
            (self._nodes, MAX_NODES, "values"),
            (self._depth, MAX_DEPTH, "levels"),
            (self._aliases, MAX_ALIASES, "aliases"),
        ):
            if count > limit:
                raise SpecError(f"line {line}: more than {limit:,} {what}")
        if getattr(event, "tag", None):
            raise SpecError(f"line {line}: the tag {event.tag!r} is not read; write plain values")
        node: Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


def read_yaml(text: str) -> tuple[Any, Lines]:
    """Value of the one document in ``text``, and the line (from 1) of each path in it.

    Raises
    ------
    SpecError
        With the line, if the text is not YAML, repeats a key, uses a tag, or breaks a limit.
    """
    if len(text) > MAX_BYTES:
        raise SpecError(f"more than {MAX_BYTES:,} characters; a spec has some hundred")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SpecError(f"{_line(mark)}not YAML: {error.problem or error.context}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SpecError(f"line {line}: not YAML: {error.reason}") from error
    if node is None:
        raise SpecError("empty; a spec is a mapping with at least name, data and seed")
    reader = _Reader()
    return reader.read(node, ()), reader.lines


def _line(mark: Any) -> str:
    return f"line {mark.line + 1}: " if mark else ""


class _Reader:
    """Turns nodes into values, aliases written out, and remembers where each one stood."""

    def __init__(self) -> None:
        self.lines: Lines = {}
        self._open: set[int] = set()
        self._values = 0

    def read(self, node: Node, path: Path) -> Any:
        """Value of a node."""
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self._values += 1
        if self._values > MAX_NODES:
            raise SpecError(f"line {line}: more than {MAX_NODES:,} values with aliases written out")
        if id(node) in self._open:
            raise SpecError(f"line {line}: an alias stands inside what it stands for")
        if isinstance(node, ScalarNode):
            return node.value if node.style else _plain(node.value)
        self._open.add(id(node))
        value = (
            self._mapping(node, path) if isinstance(node, MappingNode) else self._list(node, path)
        )
        self._open.discard(id(node))
        return value

    def _list(self, node: Node, path: Path) -> list[Any]:
        return [self.read(item, (*path, i)) for i, item in enumerate(node.value)]

    def _mapping(self, node: Node, path: Path) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key, item in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode):
                raise SpecError(f"line {line}: a key must be text")
            if key.value == "<<" and key.style is None:
                raise SpecError(f"line {line}: merge keys (<<) are not read; write the fields out")
            if key.value in value:
                before = self.lines[(*path, key.value)]
                raise SpecError(
                    f"line {line}: {key.value!r} is there twice (first in line {before})"
                )
            self.lines[(*path, key.value)] = line
            value[key.value] = self.read(item, (*path, key.value))
        return value


def _plain(text: str) -> Any:
    """Value of a scalar without quotes."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    is_short = len(text) <= _MAX_DIGITS
    if is_short and (_INT.fullmatch(text) or _OCTAL_HEX.fullmatch(text)):
        return int(text, base=10 if _INT.fullmatch(text) else 0)
    if is_short and (_FLOAT.fullmatch(text) or _SPECIAL.fullmatch(text)):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text
