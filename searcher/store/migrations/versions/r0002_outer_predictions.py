"""Outer predictions, model cards, and what more a parity verdict has to say.

A table of what the winners said of the outer test rows, a view of it with the names of the classes,
``model_card`` as one more kind of artifact, and a column of details. Longer than our files are,
because a revision is frozen and SQLite changes a table by making it again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

from searcher.store.migrations.views_0002 import VIEWS
from searcher.store.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_outer_predictions()
    _allow_artifacts("kind IN ('model', 'report', 'model_card')")
    _change_verdicts(details=True)
    for statement in VIEWS.values():
        op.execute(statement)


def downgrade() -> None:
    for view in reversed(VIEWS):
        op.execute(f"DROP VIEW {view}")
    op.execute("DELETE FROM artifacts WHERE kind = 'model_card'")
    _allow_artifacts("kind IN ('model', 'report')")
    _change_verdicts(details=False)
    op.drop_table("outer_predictions")


def _create_outer_predictions() -> None:
    biggest = "1.7976931348623157e+308"
    op.create_table(
        "outer_predictions",
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("outer_fold", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("row_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("truth", sa.Double()),
        sa.Column("predicted", sa.Double()),
        sa.Column("probability", sa.Double()),
        sa.Column("probabilities", sa.JSON(none_as_null=True)),
        sa.CheckConstraint(
            "role IN ('winner', 'default', 'dummy')", name=op.f("ck_outer_predictions_role")
        ),
        *(
            sa.CheckConstraint(
                f"abs({column}) <= {biggest}", name=op.f(f"ck_outer_predictions_{column}_finite")
            )
            for column in ("truth", "predicted", "probability")
        ),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["searches.search_id"],
            name=op.f("fk_outer_predictions_search_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "search_id",
            "outer_fold",
            "role",
            "row_number",
            name=op.f("pk_outer_predictions"),
        ),
        sqlite_with_rowid=False,
    )


def _allow_artifacts(condition: str) -> None:
    """Allow other kinds of artifact."""
    name = op.f("ck_artifacts_kind")
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(name, "artifacts", type_="check")
        op.create_check_constraint(name, "artifacts", condition)
        return
    columns = "id, record_key, search_id, trial_id, kind, path, sha256, size_bytes, created_at"
    with _made_again("artifacts", columns):
        _create_artifacts(sa.CheckConstraint(condition, name=name))


def _change_verdicts(*, details: bool) -> None:
    """Add the column ``details``, or take it away."""
    column = sa.Column("details", sa.JSON(none_as_null=True))
    if op.get_bind().dialect.name != "sqlite":
        if details:
            op.add_column("parity_verdicts", column)
        else:
            op.drop_column("parity_verdicts", "details")
        return
    columns = (
        "id, record_key, search_id, trial_id, passed, rows_compared, labels_unequal, worst, "
        "worst_absolute, rtol, atol, probes, failure, seconds, checked_at"
    )
    with _made_again("parity_verdicts", columns):
        _create_parity_verdicts([column] if details else [])


@contextmanager
def _made_again(table: str, columns: str) -> Iterator[None]:
    """Keep the rows of a table that is created anew in the ``with`` block.

    Renaming a copy, as Alembic does, would change the views that name the table. No other table
    points at these.
    """
    op.execute(f"CREATE TEMPORARY TABLE kept AS SELECT * FROM {table}")  # noqa: S608 - our own names
    op.drop_table(table)
    yield
    op.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM kept")  # noqa: S608
    op.execute("DROP TABLE kept")


def _create_artifacts(kinds: sa.CheckConstraint) -> None:
    op.create_table(
        "artifacts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("trial_id", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        kinds,
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["searches.search_id"],
            name=op.f("fk_artifacts_search_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["trials.trial_id"], name=op.f("fk_artifacts_trial_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifacts")),
        sa.UniqueConstraint("record_key", name=op.f("uq_artifacts_record_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_artifacts_search_id"), "artifacts", ["search_id"])


def _create_parity_verdicts(details: Sequence[sa.Column[Any]]) -> None:
    op.create_table(
        "parity_verdicts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("trial_id", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("rows_compared", sa.Integer(), nullable=False),
        sa.Column("labels_unequal", sa.Integer(), nullable=False),
        sa.Column("worst", sa.Double()),
        sa.Column("worst_absolute", sa.Double()),
        sa.Column("rtol", sa.Double(), nullable=False),
        sa.Column("atol", sa.Double(), nullable=False),
        sa.Column("probes", sa.JSON(none_as_null=True), nullable=False),
        *details,
        sa.Column("failure", sa.Text()),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["searches.search_id"],
            name=op.f("fk_parity_verdicts_search_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["trials.trial_id"], name=op.f("fk_parity_verdicts_trial_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parity_verdicts")),
        sa.UniqueConstraint("record_key", name=op.f("uq_parity_verdicts_record_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_parity_verdicts_search_id"), "parity_verdicts", ["search_id"])
