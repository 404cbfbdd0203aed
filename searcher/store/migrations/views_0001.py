"""The views of revision 0001, in SQL that SQLite and PostgreSQL both read."""

V_SEARCHES = """
CREATE VIEW v_searches AS
SELECT
    s.search_id, s.name, s.state, s.metric, s.task,
    s.outer_mean, s.interval_low, s.interval_high, s.optimism,
    s.default_difference, s.default_interval_low, s.default_interval_high,
    w.trial_id AS best_trial_id, w.family AS best_family, w.configuration AS best_configuration,
    (SELECT count(*) FROM trials t WHERE t.search_id = s.search_id) AS trials,
    (SELECT count(*) FROM trials t
      WHERE t.search_id = s.search_id AND t.state = 'running') AS running,
    (SELECT count(*) FROM trials t
      WHERE t.search_id = s.search_id AND t.state = 'completed') AS completed,
    (SELECT count(*) FROM trials t
      WHERE t.search_id = s.search_id AND t.state = 'stopped') AS stopped,
    (SELECT count(*) FROM trials t
      WHERE t.search_id = s.search_id AND t.state = 'failed') AS failed,
    (SELECT coalesce(sum(t.cpu_s), 0.0) FROM trials t WHERE t.search_id = s.search_id) AS cpu_s,
    (SELECT a.path FROM artifacts a
      WHERE a.search_id = s.search_id AND a.kind = 'model'
      ORDER BY a.id DESC LIMIT 1) AS model_path,
    (SELECT a.path FROM artifacts a
      WHERE a.search_id = s.search_id AND a.kind = 'report'
      ORDER BY a.id DESC LIMIT 1) AS report_path,
    (SELECT p.passed FROM parity_verdicts p
      WHERE p.search_id = s.search_id
      ORDER BY p.id DESC LIMIT 1) AS parity_passed,
    s.fingerprint, s.started_at, s.ended_at, s.seconds, s.error
FROM searches s
LEFT JOIN inner_searches i ON i.search_id = s.search_id AND i.outer_fold = 'final'
LEFT JOIN trials w ON w.trial_id = i.trial_id
"""

V_TRIALS = """
CREATE VIEW v_trials AS
SELECT
    t.search_id, t.outer_fold, t.trial_id, t.number, t.state, t.family, t.configuration,
    t.score, t.resource, t.origin, t.reason, t.started_at, t.ended_at, t.seconds,
    t.fit_s, t.cpu_s
FROM trials t
"""

V_LEADERBOARD = """
CREATE VIEW v_leaderboard AS
SELECT
    t.search_id, t.outer_fold,
    row_number() OVER (
        PARTITION BY t.search_id, t.outer_fold ORDER BY t.score DESC NULLS LAST, t.number
    ) AS place,
    t.trial_id, t.number, t.family, t.configuration, t.score, t.resource, t.origin, t.seconds,
    CASE WHEN i.trial_id = t.trial_id THEN 1 ELSE 0 END AS is_winner
FROM trials t
LEFT JOIN inner_searches i ON i.search_id = t.search_id AND i.outer_fold = t.outer_fold
WHERE t.state = 'completed'
"""

V_FOLD_SCORES = """
CREATE VIEW v_fold_scores AS
SELECT
    t.search_id, t.outer_fold, t.trial_id, t.number, t.family, f.inner_fold, f.resource,
    c.metric, c.score, f.fit_s, f.score_s, f.cpu_s, f.ended_at
FROM trials t
JOIN fold_fits f ON f.trial_id = t.trial_id
JOIN fold_scores c ON c.trial_id = f.trial_id AND c.inner_fold = f.inner_fold
"""

# Every partition names the search and the trial, so that a condition on them is used before
# the window is computed. A mean over folds of which one has no score is no mean.
V_LEARNING_CURVES = """
CREATE VIEW v_learning_curves AS
SELECT
    t.search_id, t.outer_fold, t.trial_id, t.number, t.family, t.state, c.metric, f.resource,
    CASE WHEN count(c.score) OVER so_far = count(*) OVER so_far
         THEN avg(c.score) OVER so_far END AS score
FROM trials t
JOIN fold_fits f ON f.trial_id = t.trial_id
JOIN fold_scores c ON c.trial_id = f.trial_id AND c.inner_fold = f.inner_fold
WINDOW so_far AS (
    PARTITION BY t.search_id, t.outer_fold, t.trial_id, c.metric ORDER BY f.resource
)
"""

VIEWS = {
    "v_searches": V_SEARCHES,
    "v_trials": V_TRIALS,
    "v_leaderboard": V_LEADERBOARD,
    "v_fold_scores": V_FOLD_SCORES,
    "v_learning_curves": V_LEARNING_CURVES,
}
