"""What searches are called: ids that we make up, and ids that a user may give."""

import re
import secrets

from searcher.errors import SpecError

ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""No dots, which part the id of a trial; nothing that a shell or a URL reads otherwise."""

RESERVED = ("latest",)
"""What an id stands for on the command line."""


def new_search_id(name: str) -> str:
    """Make a readable id that no other search has: ``churn-3f9a2c``."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-")
    return f"{slug or 'search'}-{secrets.token_hex(3)}"


def check_search_id(search_id: str) -> str:
    """Return an id that a user chose, if it can be one.

    Raises
    ------
    SpecError
        If it has other characters, is too long, or means something else.
    """
    if ALLOWED.fullmatch(search_id) is None or search_id in RESERVED:
        raise SpecError(
            f"search_id: {search_id[:80]!r} can't be an id; allowed: up to 64 letters (a-z, A-Z), "
            f"digits, - and _, beginning with a letter or digit; not {', '.join(RESERVED)}"
        )
    return search_id
