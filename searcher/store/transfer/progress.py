"""How long work says how far it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Told what is counted (``pages``, ``trials``, ``bytes``), how much is done, and of how much."""


def silent(what: str, done: int, total: int) -> None:
    """Say nothing."""
