"""Trials that advance all inner folds in lockstep: epochs or boosting rounds as their resource.

Their scores by unit, and the lineage of populations whose members replace each other.
"""

import sqlalchemy as sa
from alembic import op

from searcher.store.migrations import views_0003
from searcher.store.migrations.views_0004 import VIEWS
from searcher.store.types import JsonObject, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LARGEST = "1.7976931348623157e+308"


def upgrade() -> None:
    _drop_views()
    op.add_column(
        "trials",
        sa.Column("unit", sa.Text(), nullable=False, server_default="inner_folds"),
    )
    _create_unit_scores()
    _create_lineage()
    for statement in VIEWS.values():
        op.execute(statement)


def downgrade() -> None:
    """Leave trials that count in other units with their folds' scores alone."""
    _drop_views()
    op.drop_table("lineage")
    op.drop_table("unit_scores")
    op.drop_column("trials", "unit")
    for view in VIEWS:
        if view in views_0003.VIEWS:
            op.execute(views_0003.VIEWS[view])


def _drop_views() -> None:
    for view in VIEWS:
        op.execute(f"DROP VIEW IF EXISTS {view}")


def _create_unit_scores() -> None:
    op.create_table(
        "unit_scores",
        sa.Column("trial_id", sa.Text(), nullable=False),
        sa.Column("resource", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("scores", JsonObject, nullable=False),
        sa.Column("is_last", sa.Boolean(), nullable=False),
        sa.Column("fit_s", sa.Double(), nullable=False),
        sa.Column("score_s", sa.Double(), nullable=False),
        sa.Column("cpu_s", sa.Double(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="1", nullable=False),
        sa.Column("sequence", sa.Integer()),
        sa.CheckConstraint(f"abs(score) <= {LARGEST}", name=op.f("ck_unit_scores_score_finite")),
        sa.ForeignKeyConstraint(
            ["trial_id"],
            ["trials.trial_id"],
            name=op.f("fk_unit_scores_trial_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("trial_id", "resource", name=op.f("pk_unit_scores")),
        sqlite_with_rowid=False,
    )


def _create_lineage() -> None:
    op.create_table(
        "lineage",
        sa.Column("trial_id", sa.Text(), nullable=False),
        sa.Column("resource", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source_trial_id", sa.Text(), nullable=False),
        sa.Column("configuration", JsonObject, nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column],
                ["trials.trial_id"],
                name=op.f(f"fk_lineage_{column}"),
                ondelete="CASCADE",
            )
            for column in ("trial_id", "source_trial_id")
        ),
        sa.PrimaryKeyConstraint("trial_id", "resource", name=op.f("pk_lineage")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_lineage_source_trial_id"), "lineage", ["source_trial_id"])
