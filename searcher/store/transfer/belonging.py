"""Which rows belong to a search, table by table, read off the schema itself.

A table or a column that a later revision adds is carried without a change here: rows are found by
their ``search_id``, by their ``trial_id``, or because rows that are found point at them.
"""

from sqlalchemy import ColumnElement, Select, Table, Text, or_, select

from searcher.errors import StoreError
from searcher.store import schema

NOT_CARRIED = frozenset({"leases"})
"""Who drives a search is no part of it."""

FILES = {"artifacts": True, "checkpoints": False}
"""Tables whose rows stand for files: whether a row means anything where its file is not."""


def carried(*, files: bool) -> list[Table]:
    """Return the tables that hold a search, parents first.

    Parameters
    ----------
    files
        Whether the files come along; without its file a checkpoint is nothing.
    """
    left_out = NOT_CARRIED | {name for name, alone in FILES.items() if not alone and not files}
    return [table for table in schema.metadata.sorted_tables if table.name not in left_out]


def carried_columns(table: Table) -> list[str]:
    """Return the columns that move: all but ``id``, which is the order of arrival."""
    return [column.name for column in table.columns if column.name != "id"]


def rows_of(table: Table, search_id: str, *, collation: str | None = None) -> Select[tuple[object]]:
    """Ask for a search's rows of one table, in an order that every database agrees on.

    Parameters
    ----------
    collation
        Under which texts sort by their bytes, where that is not the database's own way.
    """
    columns = [table.c[name] for name in carried_columns(table)]
    keys = [table.c.id] if "id" in table.c else list(table.primary_key.columns)
    order = [
        key.collate(collation) if collation and isinstance(key.type, Text) else key for key in keys
    ]
    return select(*columns).where(_owned(table, search_id)).order_by(*order)


def _owned(table: Table, search_id: str) -> ColumnElement[bool]:
    if "search_id" in table.c:
        return table.c.search_id == search_id
    if "trial_id" in table.c:
        trials = schema.trials
        own = select(trials.c.trial_id).where(trials.c.search_id == search_id)
        return table.c.trial_id.in_(own)
    return or_(*_pointed_at(table, search_id))


def _pointed_at(table: Table, search_id: str) -> list[ColumnElement[bool]]:
    """Find the rows that rows of the search point at: shared ones, such as arrays of positions."""
    found: list[ColumnElement[bool]] = [
        key.column.in_(select(key.parent).where(other.c.search_id == search_id))
        for other in schema.metadata.sorted_tables
        if "search_id" in other.c
        for key in other.foreign_keys
        if key.column.table is table
    ]
    if not found:
        raise StoreError(f"rows of {table.name} can't be told to belong to a search")
    return found
