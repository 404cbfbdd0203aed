"""Portable files that somebody has changed."""

import json
from hashlib import sha256
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile


def unzipped(path: Path) -> dict[str, bytes]:
    """Members of a file."""
    with ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def zipped(path: Path, members: dict[str, bytes], method: int = ZIP_DEFLATED) -> Path:
    """Write a file of members."""
    with ZipFile(path, "w", method) as file:
        for member, content in members.items():
            file.writestr(member, content)
    return path


def agree(members: dict[str, bytes], table: str, content: bytes) -> None:
    """Change a table's member, and the manifest so that it agrees."""
    members[f"tables/{table}.jsonl"] = content
    said = json.loads(members["manifest.json"])
    said["tables"][table] |= {
        "rows": content.count(b"\n"),
        "size_bytes": len(content),
        "sha256": sha256(content).hexdigest(),
    }
    members["manifest.json"] = json.dumps(said).encode()


def rewrite(path: Path, table: str, change):
    """Change a table's rows, and the manifest so that it agrees."""
    members = unzipped(path)
    rows = [json.loads(line) for line in members[f"tables/{table}.jsonl"].splitlines()]
    lines = [json.dumps(row).encode() + b"\n" for row in change(rows)]
    agree(members, table, b"".join(lines))
    zipped(path, members)
