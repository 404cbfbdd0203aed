"""The leaderboard shows the configuration that a member of a population ended with.

Until here it showed the one that the member began with, beside the score of the last one.
"""

from alembic import op

from searcher.store.migrations import views_0001
from searcher.store.migrations.views_0005 import VIEWS

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _replace_views(VIEWS)


def downgrade() -> None:
    _replace_views({view: views_0001.VIEWS[view] for view in VIEWS})


def _replace_views(views: dict[str, str]) -> None:
    for view, statement in views.items():
        op.execute(f"DROP VIEW {view}")
        op.execute(statement)
