"""What a database's words mean, and what to do about it."""

import re

PASSWORD_PLACES = "PGPASSWORD, ~/.pgpass, or the URL in SEARCHER_STORE may have it"  # noqa: S105
LOST = "the connection to the server was lost"
NO_CONNECTION_LEFT = "the server has no connection left (end others, or raise max_connections)"

MEANINGS = {
    # SQLite
    "database or disk is full": "the disk is full",
    "disk I/O error": "the disk is full, or refuses to write or read",
    "database is locked": "another process is writing and did not let go in time",
    "readonly database": "it may only be read (check the owner and rights of file and folder)",
    "unable to open database file": "it can't be opened (check the rights of file and folder)",
    "file is not a database": "it is some other kind of file",
    "malformed": "the file is damaged; `searcher store check` says more",
    # PostgreSQL: getting there
    "failed: Connection refused": "no server answers there (check host and port, and that it runs)",
    "failed: No such file or directory": "no server answers there (check host, and that it runs)",
    "failed to resolve host": "there is no such host (check its name, and the network)",
    "No route to host": "the host can't be reached (check its name, and the network)",
    "Network is unreachable": "the host can't be reached (check its name, and the network)",
    "connection timeout expired": "the server did not answer in time (check host, port, firewall)",
    "server does not support SSL": "the server has no TLS (take sslmode out of the URL)",
    "certificate verify failed": "the server's certificate is not trusted (sslrootcert says whose)",
    # ... and in
    "no password supplied": f"the server wants a password ({PASSWORD_PLACES})",
    "password authentication failed": f"user or password is wrong ({PASSWORD_PLACES})",
    "authentication failed for user": "the server refuses this user (see its pg_hba.conf)",
    "no pg_hba.conf entry": "the server lets nobody in from here (see its pg_hba.conf)",
    "too many clients": NO_CONNECTION_LEFT,
    "connection slots are reserved": NO_CONNECTION_LEFT,
    "too many connections for": "this user or database has no connection left (end others)",
    "is starting up": "the server is starting; try again in a moment",
    "is shutting down": "the server is shutting down; try again in a moment",
    "in recovery mode": "the server recovers from a crash; try again in a moment",
    "is not accepting connections": "the database takes no connections (ask who runs the server)",
    # ... and working
    "read-only transaction": "it may only be read (if this is a standby, name the primary server)",
    "permission denied": "the user lacks a right (the database's owner can grant it)",
    "lock timeout": "another process is writing and did not let go in time",
    "No space left on device": "the server's disk is full",
    "has no equivalent in encoding": "the database can't hold every character (make it with "
    "ENCODING 'UTF8')",
    "server closed the connection": LOST,
    "terminating connection": LOST,
    "connection is lost": LOST,
    "connection is closed": LOST,
    "QueuePool limit": "this process asks too many questions at once",
}
"""Words that an exception's first line may have, and their meaning; the first that fits counts."""

NAMED = (
    (
        re.compile(r'database "(?P<name>[^"]+)" does not exist'),
        "there is no database {name!r} on that server (`createdb {name}` makes it)",
    ),
    (
        re.compile(r'role "(?P<name>[^"]+)" does not exist'),
        "there is no user {name!r} on that server (`createuser --pwprompt {name}` makes it)",
    ),
)
"""The same, with a name."""


def meaning_of(said: str) -> str:
    """Return what a line of a database means, with the line; the line alone if nobody knows."""
    for pattern, meaning in NAMED:
        if match := pattern.search(said):
            return meaning.format(**match.groupdict())
    for words, meaning in MEANINGS.items():
        if words in said:
            return f"{meaning} ({said})"
    return said
