"""How PostgreSQL's own programs are run: without a password in sight, and with its errors told."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.engine import URL

from searcher.errors import StoreError
from searcher.store.engine import masked, shown

VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "options": "PGOPTIONS",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "sslnegotiation": "PGSSLNEGOTIATION",
    "requiressl": "PGREQUIRESSL",
    "channel_binding": "PGCHANNELBINDING",
    "gssencmode": "PGGSSENCMODE",
    "krbsrvname": "PGKRBSRVNAME",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "application_name": "PGAPPNAME",
}
"""What a URL may say, and how libpq is told it in the environment."""

IGNORED = ("keepalives", "tcp_user_timeout")
"""What a URL may say that a program does not need to be told."""

SOUGHT = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
"""Where packages of several versions put programs that are not, or not all, on the PATH."""


def find(program: str, server: int) -> Path:
    """Return a program that is made for a server of this major version, or for a later one.

    Raises
    ------
    StoreError
        When there is none; says what to install.
    """
    found = shutil.which(program)
    candidates = [Path(found)] if found else []
    for pattern in SOUGHT:
        candidates += sorted(Path("/").glob(f"{pattern[1:]}/{program}"), reverse=True)
    versions = {path: _version(path) for path in dict.fromkeys(candidates)}
    for path, version in versions.items():
        if version >= server:
            return path
    there = f"only that of version {max(versions.values())} is here" if versions else "not here"
    raise StoreError(
        f"the server is PostgreSQL {server}, and {program} of that version is needed ({there}): "
        f"install postgresql-client-{server} or put its programs on the PATH; "
        "`searcher store export` copies searches without it"
    )


def _version(program: Path) -> int:
    """Return a program's major version; 0 when it does not say."""
    try:
        said = subprocess.run(  # noqa: S603 - its own name, no input
            [program, "--version"], capture_output=True, text=True, timeout=30, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(match[1]) if match else 0


def run(program: Path, arguments: list[str], url: URL, *, what: str) -> None:
    """Run a program on a store's database.

    Raises
    ------
    StoreError
        When it fails; says what it said last.
    """
    with _environment(url) as environment:
        ended = subprocess.run(  # noqa: S603 - found above; no shell
            [program, "--no-password", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            check=False,
        )
    if ended.returncode:
        lines = [line for line in ended.stderr.strip().splitlines() if line.strip()]
        said = masked(" ".join(lines[:2])) or f"it ended with {ended.returncode}"
        raise StoreError(f"{shown(url)} can't be {what}: {said}")


@contextmanager
def _environment(url: URL) -> Iterator[dict[str, str]]:
    """Give a child's environment; the password is in a file that only this user can read.

    Other processes of the user can read a child's environment (``ps e``), and everybody can read
    its arguments.
    """
    environment = {**os.environ, "PGDATABASE": url.database or "", "LC_MESSAGES": "C"}
    parts = {"host": url.host, "port": url.port, "user": url.username}
    environment |= {VARIABLES[name]: str(part) for name, part in parts.items() if part}
    for name, value in url.query.items():
        if name in VARIABLES:
            environment[VARIABLES[name]] = value if isinstance(value, str) else ",".join(value)
        elif not name.startswith(IGNORED) and name not in ("dbname", "password"):
            raise StoreError(f"{shown(url)}: {name!r} can't be told to PostgreSQL's programs")
    password = url.password or url.query.get("password")
    with TemporaryDirectory(prefix="searcher-") as folder:
        if password:
            file = Path(folder) / "password"
            file.touch(mode=0o600)
            escaped = re.sub(r"([:\\])", r"\\\1", str(password))
            file.write_text(f"*:*:*:*:{escaped}\n")
            environment["PGPASSFILE"] = str(file)
            environment.pop("PGPASSWORD", None)
        yield environment
