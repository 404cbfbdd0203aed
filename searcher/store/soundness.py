"""Whether a store is sound."""

from collections.abc import Iterator

from sqlalchemy import Connection, Select, exists, select, union

from searcher.errors import NotFoundError, StoreError
from searcher.store import arrays
from searcher.store.engine import DEFAULT_URL, open_for_reading, parse_url, plain_errors
from searcher.store.revisions import require_head
from searcher.store.schema import (
    fold_fits,
    folds,
    index_arrays,
    inner_searches,
    metadata,
    outer_predictions,
    outer_scores,
    searches,
    trials,
)

MOST = 20
"""Problems of one kind that are told one by one."""


def check(url: str = DEFAULT_URL) -> list[str]:
    """Return what is wrong with a store, one line each; an empty list is good news.

    Looks at the file's structure (SQLite), the revision, rows that point at nothing, what runs
    though its search has ended, and every stored fold against its hash.

    Raises
    ------
    NotFoundError
        When there is no such file.
    StoreError
        When the URL is none.
    """
    parsed = parse_url(url)
    engine = open_for_reading(parsed)
    try:
        with plain_errors(parsed), engine.connect() as connection, connection.begin():
            require_head(parsed, connection)
            return list(_problems(connection))
    except NotFoundError:
        raise
    except StoreError as error:
        return [str(error)]
    finally:
        engine.dispose()


def _problems(connection: Connection) -> Iterator[str]:
    yield from _damage(connection) if connection.dialect.name == "sqlite" else _orphans(connection)
    for what, question in CONTRADICTIONS:
        found = sorted(str(row[0]) for row in connection.execute(question))
        if found:
            more = ", ..." if len(found) > MOST else ""
            yield f"{len(found)} {what}: {', '.join(found[:MOST])}{more}"
    for row in connection.execute(select(index_arrays)):
        try:
            arrays.decode(row.sha256, row.encoding, row.length, row.data)
        except StoreError as error:
            yield str(error)


def _damage(connection: Connection) -> Iterator[str]:
    for (said,) in connection.exec_driver_sql(f"PRAGMA integrity_check({MOST})"):
        if said != "ok":
            yield f"the file is damaged: {said}"
    for table, _, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"a row of {table} points at a row of {parent} that is not there"


def _orphans(connection: Connection) -> Iterator[str]:
    """Look for what a server's own foreign keys refuse, unless somebody has switched them off."""
    for table in metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            parent = key.referred_table.alias()
            pairs = [(element.parent, parent.c[element.column.name]) for element in key.elements]
            told = [child.is_not(None) for child, _ in pairs]
            there = select(1).select_from(parent).where(*(one == other for one, other in pairs))
            orphans = select(1).select_from(table).where(*told, ~there.correlate(table).exists())
            if connection.execute(orphans.limit(1)).first():
                missing = f"a row of {key.referred_table.name} that is not there"
                yield f"a row of {table.name} points at {missing}"


def _contradictions() -> Iterator[tuple[str, Select[tuple[str]]]]:
    own_search = searches.c.search_id == trials.c.search_id
    own_inner = (inner_searches.c.search_id == trials.c.search_id) & (
        inner_searches.c.outer_fold == trials.c.outer_fold
    )
    ids = select(trials.c.trial_id)
    yield (
        "trials are running though their search has ended",
        ids.join(searches, own_search).where(
            trials.c.state == "running", searches.c.state != "running"
        ),
    )
    yield (
        "trials are of an outer fold that their search does not have",
        ids.where(~exists().where(own_inner)),
    )
    yield (
        "trials are completed without a score on any inner fold",
        ids.where(
            trials.c.state == "completed",
            ~exists().where(fold_fits.c.trial_id == trials.c.trial_id),
            # a study that was imported from elsewhere has no inner folds at all
            exists().where(folds.c.search_id == trials.c.search_id, folds.c.inner_fold >= 0),
        ),
    )
    yield (
        "trials won an inner search that is not theirs",
        ids.join(inner_searches, inner_searches.c.trial_id == trials.c.trial_id).where(~own_inner),
    )
    own_score = (
        (outer_scores.c.search_id == outer_predictions.c.search_id)
        & (outer_scores.c.outer_fold == outer_predictions.c.outer_fold)
        & (outer_scores.c.role == outer_predictions.c.role)
    )
    yield (
        "outer folds have predictions and no outer score",
        select(outer_predictions.c.outer_fold).distinct().where(~exists().where(own_score)),
    )
    yield (
        "index arrays belong to no fold",
        select(index_arrays.c.sha256).where(
            index_arrays.c.sha256.not_in(
                union(select(folds.c.train_sha256), select(folds.c.test_sha256))
            )
        ),
    )


CONTRADICTIONS = tuple(_contradictions())
