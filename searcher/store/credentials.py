"""How a password gets to the database and nowhere else.

Whoever drives a search starts processes (Ray's, and those that check models), and processes inherit
the environment. So passwords move from the environment into this process's memory before that, and
URLs lose theirs: what is passed on, printed or stored has none to give away.
"""

import os
from dataclasses import dataclass, field

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from searcher.errors import SpecError

STORE = "SEARCHER_STORE"
PASSWORD = "PGPASSWORD"  # noqa: S105  (a name)


@dataclass
class _Taken:
    """What this process has taken out of URLs and its environment."""

    of_place: dict[tuple[object, ...], str] = field(default_factory=dict, repr=False)
    of_all: str | None = field(default=None, repr=False)  # PGPASSWORD


_taken = _Taken()


def refuse_password(url: str, *, option: str = "--store") -> None:
    """Refuse a URL with a password where every user of the machine can read it.

    Raises
    ------
    SpecError
        Says where a password may be instead.
    """
    parsed = _parsed(url)
    if parsed is not None and _password_in(parsed) is not None:
        raise SpecError(
            f"{option} has a password, and everyone on this machine can read a command line; "
            f"leave it out and put it into {PASSWORD} or ~/.pgpass, or put the whole URL into "
            f"{STORE}"
        )


def take_credentials(url: str) -> str:
    """Take passwords out of a store's URL and out of the environment, into this process's memory.

    Connections of this process find them there. Call it before other processes are started:
    those inherit neither ``PGPASSWORD`` nor a password in ``SEARCHER_STORE``. What the kernel shows
    of this process's own first environment (``/proc/PID/environ``, to its user) stays as it was.

    Returns
    -------
    url
        The same without its password.
    """
    if (given := os.environ.pop(PASSWORD, None)) is not None:
        _taken.of_all = given
    if (stored := os.environ.get(STORE)) is not None:
        os.environ[STORE] = _without_password(stored)
    return _without_password(url)


def password_of(url: URL) -> str | None:
    """Return the password for a connection to ``url``, as far as this process knows it.

    None leaves it to libpq, which reads ``~/.pgpass``.
    """
    given = _password_in(url)
    if given is not None or url.get_backend_name() == "sqlite":
        return given
    return _taken.of_place.get(_place(url)) or os.environ.get(PASSWORD) or _taken.of_all


def _without_password(url: str) -> str:
    parsed = _parsed(url)
    password = None if parsed is None else _password_in(parsed)
    if parsed is None or password is None:
        return url
    _taken.of_place[_place(parsed)] = password
    # _replace: set(password=None) would keep it (SQLAlchemy 2.1).
    bare = parsed.difference_update_query(["password"])._replace(password=None)
    return bare.render_as_string(hide_password=False)


def _parsed(url: str) -> URL | None:
    """Read a URL; None when it is none, which ``engine.parse_url`` says in plain words."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        return None


def _password_in(url: URL) -> str | None:
    """Return the password that a URL has, before the @ or among its options."""
    if url.drivername.startswith("sqlite"):
        return None
    among = url.query.get("password")
    return url.password or (among if isinstance(among, str) else None)


def _place(url: URL) -> tuple[object, ...]:
    """Name a server and a user there: where a password is good."""
    return (url.username, url.host, url.port, *(url.query.get(x) for x in ("user", "host", "port")))
