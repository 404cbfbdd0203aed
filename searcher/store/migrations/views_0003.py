"""The views of revision 0003 that differ from those before: counted, not counting."""

V_SEARCHES = """
CREATE VIEW v_searches AS
SELECT
    s.search_id, s.name, s.state, s.metric, s.task,
    s.outer_mean, s.interval_low, s.interval_high, s.optimism,
    s.default_difference, s.default_interval_low, s.default_interval_high,
    w.trial_id AS best_trial_id, w.family AS best_family, w.configuration AS best_configuration,
    s.n_running + s.n_paused + s.n_completed + s.n_stopped + s.n_failed AS trials,
    s.n_running AS running, s.n_paused AS paused, s.n_completed AS completed,
    s.n_stopped AS stopped, s.n_failed AS failed, s.cpu_s,
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
    t.fit_s, t.cpu_s, t.attempt, t.source_trial_id
FROM trials t
"""

# As before, but for scores beyond 1e150, which are added up apart and made smaller meanwhile:
# PostgreSQL's avg squares what it averages and fails on 1e200 beside 0.5, its sum on 1.7e308 twice,
# and its division on what is too small.
V_LEARNING_CURVES = """
CREATE VIEW v_learning_curves AS
SELECT
    t.search_id, t.outer_fold, t.trial_id, t.number, t.family, t.state, c.metric, f.resource,
    CASE WHEN count(c.score) OVER so_far = count(*) OVER so_far
         THEN avg(CASE WHEN abs(c.score) <= 1e150 THEN c.score ELSE 0 END) OVER so_far
            + sum(CASE WHEN abs(c.score) > 1e150 THEN c.score / 1024 ELSE 0 END) OVER so_far
              / count(*) OVER so_far * 1024 END AS score
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
    "v_learning_curves": V_LEARNING_CURVES,
}
