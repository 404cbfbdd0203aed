"""The first schema.

Searches, their folds, trials with parameters and scores, decisions, outer scores, artifacts,
parity verdicts and events, and the views over them. Longer than our files are, because a revision
is frozen and must not lean on code that changes.
"""

import sqlalchemy as sa
from alembic import op

from searcher.store.migrations.views_0001 import VIEWS
from searcher.store.types import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_searches()
    _create_index_arrays()
    _create_folds()
    _create_trials()
    _create_inner_searches()
    _create_trial_parameters()
    _create_fold_fits()
    _create_fold_scores()
    _create_decisions()
    _create_outer_scores()
    _create_artifacts()
    _create_parity_verdicts()
    _create_events()
    for statement in VIEWS.values():
        op.execute(statement)


def downgrade() -> None:
    for view in reversed(VIEWS):
        op.execute(f"DROP VIEW {view}")
    for table in reversed(TABLES):
        op.drop_table(table)


TABLES = (
    "searches",
    "index_arrays",
    "folds",
    "trials",
    "inner_searches",
    "trial_parameters",
    "fold_fits",
    "fold_scores",
    "decisions",
    "outer_scores",
    "artifacts",
    "parity_verdicts",
    "events",
)


def _create_searches() -> None:
    op.create_table(
        "searches",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("environment", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("outer_mean", sa.Double()),
        sa.Column("interval_low", sa.Double()),
        sa.Column("interval_high", sa.Double()),
        sa.Column("optimism", sa.Double()),
        sa.Column("default_difference", sa.Double()),
        sa.Column("default_interval_low", sa.Double()),
        sa.Column("default_interval_high", sa.Double()),
        sa.Column("error", sa.Text()),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("seconds", sa.Double()),
        sa.CheckConstraint(
            "state IN ('running', 'completed', 'failed', 'interrupted')",
            name=op.f("ck_searches_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_searches")),
        sa.UniqueConstraint("search_id", name=op.f("uq_searches_search_id")),
        sqlite_autoincrement=True,
    )


def _create_index_arrays() -> None:
    op.create_table(
        "index_arrays",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_index_arrays")),
    )


def _create_folds() -> None:
    op.create_table(
        "folds",
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outer_fold", sa.Text(), nullable=False),
        sa.Column("inner_fold", sa.Integer()),
        sa.Column("train_sha256", sa.Text(), nullable=False),
        sa.Column("test_sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["searches.search_id"],
            name=op.f("fk_folds_search_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["test_sha256"], ["index_arrays.sha256"], name=op.f("fk_folds_test_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["train_sha256"], ["index_arrays.sha256"], name=op.f("fk_folds_train_sha256")
        ),
        sa.PrimaryKeyConstraint("search_id", "position", name=op.f("pk_folds")),
    )


def _create_trials() -> None:
    op.create_table(
        "trials",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("trial_id", sa.Text(), nullable=False),
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("outer_fold", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("configuration", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("configuration_hash", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("score", sa.Double()),
        sa.Column("resource", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("traceback", sa.Text()),
        sa.Column("fit_s", sa.Double()),
        sa.Column("cpu_s", sa.Double()),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("seconds", sa.Double()),
        sa.CheckConstraint(
            "origin IN ('default', 'dummy', 'strategy')", name=op.f("ck_trials_origin")
        ),
        sa.CheckConstraint(
            "state <> 'completed' OR score IS NOT NULL", name=op.f("ck_trials_completed_has_score")
        ),
        sa.CheckConstraint(
            "state <> 'failed' OR score IS NULL", name=op.f("ck_trials_failed_has_no_score")
        ),
        sa.CheckConstraint(
            "state IN ('running', 'completed', 'stopped', 'failed')", name=op.f("ck_trials_state")
        ),
        sa.CheckConstraint(
            "abs(score) <= 1.7976931348623157e+308", name=op.f("ck_trials_score_finite")
        ),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["searches.search_id"],
            name=op.f("fk_trials_search_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trials")),
        sa.UniqueConstraint(
            "search_id", "outer_fold", "number", name=op.f("uq_trials_search_id_outer_fold_number")
        ),
        sa.UniqueConstraint("trial_id", name=op.f("uq_trials_trial_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_trials_search_id_score"), "trials", ["search_id", "score"])
    op.create_index(op.f("ix_trials_search_id_state"), "trials", ["search_id", "state"])


def _create_inner_searches() -> None:
    op.create_table(
        "inner_searches",
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("outer_fold", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("trial_id", sa.Text()),
        sa.Column("inner_score", sa.Double()),
        sa.Column("ended_at", UtcDateTime()),
        sa.CheckConstraint(
            "state IN ('running', 'completed', 'failed', 'interrupted')",
            name=op.f("ck_inner_searches_state"),
        ),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["searches.search_id"],
            name=op.f("fk_inner_searches_search_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["trials.trial_id"], name=op.f("fk_inner_searches_trial_id")
        ),
        sa.PrimaryKeyConstraint("search_id", "outer_fold", name=op.f("pk_inner_searches")),
    )


def _create_trial_parameters() -> None:
    op.create_table(
        "trial_parameters",
        sa.Column("trial_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Double()),
        sa.Column("text", sa.Text()),
        sa.ForeignKeyConstraint(
            ["trial_id"],
            ["trials.trial_id"],
            name=op.f("fk_trial_parameters_trial_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("trial_id", "name", name=op.f("pk_trial_parameters")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_trial_parameters_name_number"),
        "trial_parameters",
        ["name", "number"],
        sqlite_where=sa.text("number IS NOT NULL"),
        postgresql_where=sa.text("number IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_trial_parameters_name_text"),
        "trial_parameters",
        ["name", "text"],
        sqlite_where=sa.text("text IS NOT NULL"),
        postgresql_where=sa.text("text IS NOT NULL"),
    )


def _create_fold_fits() -> None:
    op.create_table(
        "fold_fits",
        sa.Column("trial_id", sa.Text(), nullable=False),
        sa.Column("inner_fold", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("resource", sa.Integer(), nullable=False),
        sa.Column("fit_s", sa.Double(), nullable=False),
        sa.Column("score_s", sa.Double(), nullable=False),
        sa.Column("cpu_s", sa.Double(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trial_id"],
            ["trials.trial_id"],
            name=op.f("fk_fold_fits_trial_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("trial_id", "inner_fold", name=op.f("pk_fold_fits")),
        sqlite_with_rowid=False,
    )


def _create_fold_scores() -> None:
    op.create_table(
        "fold_scores",
        sa.Column("trial_id", sa.Text(), nullable=False),
        sa.Column("inner_fold", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("score", sa.Double()),
        sa.CheckConstraint(
            "abs(score) <= 1.7976931348623157e+308", name=op.f("ck_fold_scores_score_finite")
        ),
        sa.ForeignKeyConstraint(
            ["trial_id", "inner_fold"],
            ["fold_fits.trial_id", "fold_fits.inner_fold"],
            name=op.f("fk_fold_scores_trial_id_inner_fold"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("trial_id", "inner_fold", "metric", name=op.f("pk_fold_scores")),
        sqlite_with_rowid=False,
    )


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("trial_id", sa.Text(), nullable=False),
        sa.Column("resource", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double()),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer()),
        sa.Column("rivals", sa.Integer()),
        sa.Column("cutoff", sa.Double()),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("decision IN ('continue', 'stop')", name=op.f("ck_decisions_decision")),
        sa.ForeignKeyConstraint(
            ["trial_id"],
            ["trials.trial_id"],
            name=op.f("fk_decisions_trial_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("trial_id", "resource", name=op.f("uq_decisions_trial_id_resource")),
        sqlite_autoincrement=True,
    )


def _create_outer_scores() -> None:
    op.create_table(
        "outer_scores",
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("outer_fold", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("score", sa.Double()),
        sa.Column("trial_id", sa.Text(), nullable=False),
        sa.Column("fit_s", sa.Double(), nullable=False),
        sa.Column("scored_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "role IN ('winner', 'default', 'dummy')", name=op.f("ck_outer_scores_role")
        ),
        sa.CheckConstraint(
            "abs(score) <= 1.7976931348623157e+308", name=op.f("ck_outer_scores_score_finite")
        ),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["searches.search_id"],
            name=op.f("fk_outer_scores_search_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["trials.trial_id"], name=op.f("fk_outer_scores_trial_id")
        ),
        sa.PrimaryKeyConstraint(
            "search_id", "outer_fold", "role", "metric", name=op.f("pk_outer_scores")
        ),
    )


def _create_artifacts() -> None:
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
        sa.CheckConstraint("kind IN ('model', 'report')", name=op.f("ck_artifacts_kind")),
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


def _create_parity_verdicts() -> None:
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


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["searches.search_id"],
            name=op.f("fk_events_search_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("record_key", name=op.f("uq_events_record_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_events_search_id"), "events", ["search_id"])
