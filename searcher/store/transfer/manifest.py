"""What a portable file says of itself, and how large anything in one may be."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

FORMAT = "searcher-search"
VERSION = 1
"""Of the layout of the file; the layout of the tables is ``schema_revision``."""

MANIFEST = "manifest.json"

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, lt=2**62)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class TableMember(_Part):
    """One table's rows: a JSON array of cells a line, in the order of ``columns``."""

    columns: tuple[Name, ...] = Field(max_length=200)
    rows: Count
    size_bytes: Count
    sha256: Sha256


class FileMember(_Part):
    """A file that rows of ``artifacts`` or ``checkpoints`` stand for."""

    sha256: Sha256
    size_bytes: Count


class Manifest(_Part):
    """What is in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: str
    version: int
    schema_revision: Name
    searcher: Name = Field(description="version that wrote it")
    search_id: Name
    exported_at: datetime
    tables: dict[Name, TableMember] = Field(max_length=200)
    files: tuple[FileMember, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused: a file is not trusted because somebody sent it."""

    manifest_bytes: int = 32 * 2**20
    row_bytes: int = 64 * 2**20  # a search's row holds its whole description
    total_bytes: int = 64 * 2**30  # unpacked
    ratio: int = 500  # unpacked over packed; rows reach 5 to 50
    members: int = 200_000


LIMITS = Limits()


def member_of_table(name: str) -> str:
    """Return the name of a table's member."""
    return f"tables/{name}.jsonl"


def member_of_file(sha256: str) -> str:
    """Return the name of a file's member."""
    return f"files/{sha256}"


FILE_MEMBER = re.compile(r"files/[0-9a-f]{64}")
