"""How a search gets from one store into another without a file between them."""

from sqlalchemy import select

from searcher.errors import StoreError
from searcher.store.engine import (
    open_for_reading,
    open_for_writing,
    parse_url,
    plain_errors,
    shown,
    start_log,
)
from searcher.store.revisions import prepare
from searcher.store.schema import searches
from searcher.store.transfer.belonging import carried, carried_columns
from searcher.store.transfer.cells import reader_of
from searcher.store.transfer.exporting import read_rows
from searcher.store.transfer.loading import load


def copy_search(source_url: str, target_url: str, search_id: str) -> None:
    """Copy a search, all of it or nothing.

    Raises
    ------
    StoreError
        When the target has it already, or can't be written.
    """
    source, target = parse_url(source_url), parse_url(target_url)
    reading, writing = open_for_reading(source), open_for_writing(target)
    try:
        with plain_errors(target):
            with reading.connect() as old, old.begin(), writing.begin() as new:
                prepare(target, new)
                known = select(searches.c.id).where(searches.c.search_id == search_id)
                if new.scalar(known) is not None:
                    raise StoreError(f"search {search_id} exists already in {shown(target)}")
                for table in carried(files=True):
                    columns = carried_columns(table)
                    readers = [reader_of(table.c[name]) for name in columns]
                    rows = (
                        [read(cell) for read, cell in zip(readers, row, strict=True)]
                        for row in read_rows(old, table, search_id)
                    )
                    load(new, table, columns, rows)
            start_log(writing)
    finally:
        reading.dispose()
        writing.dispose()
