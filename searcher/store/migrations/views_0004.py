"""The views of revision 0004 that differ from those before: trials that count in other units."""

from searcher.store.migrations.views_0003 import V_LEARNING_CURVES as BY_FOLDS
from searcher.store.migrations.views_0003 import V_SEARCHES as SEARCHES_BEFORE
from searcher.store.migrations.views_0003 import V_TRIALS as TRIALS_BEFORE

V_SEARCHES = SEARCHES_BEFORE.replace(
    "w.configuration AS best_configuration",
    """COALESCE(
        (SELECT l.configuration FROM lineage l WHERE l.trial_id = w.trial_id
          ORDER BY l.resource DESC LIMIT 1), w.configuration
    ) AS best_configuration""",
)
"""A member of a population ends with another configuration than it began with."""

V_TRIALS = TRIALS_BEFORE.replace("t.source_trial_id\n", "t.source_trial_id, t.unit\n")

# In lockstep the mean over the inner folds is there after each unit; the folds' own scores, kept
# once such a trial is trained to its end, are no curve.
V_LEARNING_CURVES = (
    BY_FOLDS.replace("WINDOW so_far", "WHERE t.unit = 'inner_folds'\nWINDOW so_far")
    + """UNION ALL
SELECT
    t.search_id, t.outer_fold, t.trial_id, t.number, t.family, t.state, s.metric, u.resource,
    u.score
FROM trials t
JOIN searches s ON s.search_id = t.search_id
JOIN unit_scores u ON u.trial_id = t.trial_id
"""
)

V_LINEAGE = """
CREATE VIEW v_lineage AS
SELECT
    t.search_id, t.outer_fold, l.trial_id, t.number, l.resource, l.source_trial_id,
    l.configuration, l.decided_at
FROM lineage l
JOIN trials t ON t.trial_id = l.trial_id
"""

VIEWS = {
    "v_searches": V_SEARCHES,
    "v_trials": V_TRIALS,
    "v_learning_curves": V_LEARNING_CURVES,
    "v_lineage": V_LINEAGE,
}
