"""What a search needs to go on after its driver died: leases, attempts, the order of events.

Trials may be paused or reused; searches count their trials in the transaction that changes them;
checkpoints belong to trials. Longer than our files are, because a revision is frozen.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from searcher.store.migrations import views_0001
from searcher.store.migrations.views_0003 import VIEWS
from searcher.store.types import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COUNTED = ("running", "paused", "completed", "stopped", "failed")
STATES = (
    "state",
    "running, completed, stopped, failed",
    "running, paused, completed, stopped, failed",
)
ORIGINS = ("origin", "default, dummy, strategy", "default, dummy, strategy, reused")

POINT_AT_TRIALS = ("inner_searches", "outer_scores", "artifacts", "parity_verdicts")
"""Tables where a database looks for each trial that is deleted."""


def upgrade() -> None:
    _drop_views()
    for name in COUNTED:
        op.add_column("searches", _counter(f"n_{name}", sa.Integer()))
    op.add_column("searches", _counter("cpu_s", sa.Double()))
    for column, before, after in (STATES, ORIGINS):
        _allow("trials", column, before, after)
    op.add_column("trials", sa.Column("source_trial_id", sa.Text()))
    for table in ("trials", "fold_fits"):
        op.add_column(table, sa.Column("attempt", sa.Integer(), nullable=False, server_default="1"))
        op.add_column(table, sa.Column("sequence", sa.Integer()))
    op.add_column("trials", sa.Column("ended_sequence", sa.Integer()))
    _count()
    _create_leases()
    _create_attempts()
    _create_checkpoints()
    for table in POINT_AT_TRIALS:
        op.create_index(op.f(f"ix_{table}_trial_id"), table, ["trial_id"])
    op.drop_index(op.f("ix_trials_search_id_state"), "trials")
    columns = ["search_id", "state", "score"]
    op.create_index(op.f("ix_trials_search_id_state_score"), "trials", columns)
    for statement in VIEWS.values():
        op.execute(statement)


def downgrade() -> None:
    _drop_views()
    op.drop_index(op.f("ix_trials_search_id_state_score"), "trials")
    op.create_index(op.f("ix_trials_search_id_state"), "trials", ["search_id", "state"])
    for table in POINT_AT_TRIALS:
        op.drop_index(op.f(f"ix_{table}_trial_id"), table)
    for table in ("checkpoints", "attempts", "leases"):
        op.drop_table(table)
    op.execute(
        "UPDATE trials SET state = 'stopped', reason = 'paused', ended_at = started_at "
        "WHERE state = 'paused'"
    )
    op.execute("UPDATE trials SET origin = 'strategy' WHERE origin = 'reused'")
    for table, columns in {
        "trials": ("ended_sequence", "sequence", "attempt", "source_trial_id"),
        "fold_fits": ("sequence", "attempt"),
        "searches": ("cpu_s", *(f"n_{name}" for name in COUNTED)),
    }.items():
        for column in columns:
            op.drop_column(table, column)
    for column, before, after in (STATES, ORIGINS):
        _allow("trials", column, after, before)
    for view in VIEWS:
        op.execute(views_0001.VIEWS[view])


def _drop_views() -> None:
    for view in VIEWS:
        op.execute(f"DROP VIEW {view}")


def _counter(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default="0")


def _allow(table: str, column: str, before: str, after: str) -> None:
    """Change which values a column may have."""
    old, new = (f"{column} IN ({_quoted(values)})" for values in (before, after))
    name = op.f(f"ck_{table}_{column}")
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, new)
        return
    # A CHECK is text in the schema and nowhere else; making the table again, which others point
    # at, would delete their rows (sqlite.org/lang_altertable.html, section 7, allows this).
    bind = op.get_bind()
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = bind.execute(
        sa.text(
            "UPDATE sqlite_schema SET sql = replace(sql, :old, :new) "
            "WHERE type = 'table' AND name = :table AND instr(sql, :old) > 0"
        ),
        {"old": old, "new": new, "table": table},
    )
    if changed.rowcount != 1:
        raise RuntimeError(f"{table} has no constraint {old}")
    bind.exec_driver_sql(f"PRAGMA schema_version = {int(version or 0) + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")


def _quoted(values: str) -> str:
    return ", ".join(f"'{value}'" for value in values.split(", "))


def _count() -> None:
    """Count what is there."""
    for name in COUNTED:
        op.execute(
            f"UPDATE searches SET n_{name} = (SELECT count(*) FROM trials t "  # noqa: S608
            f"WHERE t.search_id = searches.search_id AND t.state = '{name}')"
        )
    op.execute(
        "UPDATE searches SET cpu_s = (SELECT coalesce(sum(t.cpu_s), 0.0) FROM trials t "
        "WHERE t.search_id = searches.search_id)"
    )


def _create_leases() -> None:
    op.create_table(
        "leases",
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("holder", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("acquired_at", sa.Double(), nullable=False),
        sa.Column("heartbeat_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        _of_search("leases"),
        sa.PrimaryKeyConstraint("search_id", name=op.f("pk_leases")),
    )


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("trial_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("lost_s", sa.Double(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        _of_trial("attempts"),
        sa.PrimaryKeyConstraint("trial_id", "attempt", name=op.f("pk_attempts")),
        sqlite_with_rowid=False,
    )


def _create_checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("trial_id", sa.Text(), nullable=False),
        sa.Column("resource", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Double()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        _of_trial("checkpoints"),
        sa.PrimaryKeyConstraint("trial_id", "resource", name=op.f("pk_checkpoints")),
        sqlite_with_rowid=False,
    )


def _of_search(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["search_id"],
        ["searches.search_id"],
        name=op.f(f"fk_{table}_search_id"),
        ondelete="CASCADE",
    )


def _of_trial(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["trial_id"], ["trials.trial_id"], name=op.f(f"fk_{table}_trial_id"), ondelete="CASCADE"
    )
