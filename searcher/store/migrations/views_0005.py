"""The view of revision 0005 that differs from that before: what members of populations end with."""

from searcher.store.migrations.views_0001 import V_LEADERBOARD as LEADERBOARD_BEFORE

V_LEADERBOARD = LEADERBOARD_BEFORE.replace(
    "t.configuration,",
    """COALESCE(
        (SELECT l.configuration FROM lineage l WHERE l.trial_id = t.trial_id
          ORDER BY l.resource DESC LIMIT 1), t.configuration
    ) AS configuration,""",
)
"""As ``v_searches.best_configuration``: the score belongs to the last configuration."""

VIEWS = {"v_leaderboard": V_LEADERBOARD}
