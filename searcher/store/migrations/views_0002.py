"""The view of revision 0002, in SQL that SQLite (3.38) and PostgreSQL both read."""

V_OUTER_PREDICTIONS = """
CREATE VIEW v_outer_predictions AS
SELECT
    p.search_id, p.outer_fold, p.role, p.row_number,
    CASE WHEN s.task <> 'regression'
         THEN CAST(s.data -> 'classes' -> CAST(p.truth AS INTEGER) ->> 'name' AS TEXT)
         END AS true_class,
    CASE WHEN s.task <> 'regression'
         THEN CAST(s.data -> 'classes' -> CAST(p.predicted AS INTEGER) ->> 'name' AS TEXT)
         END AS predicted_class,
    CASE WHEN s.task <> 'regression'
         THEN CASE WHEN p.truth = p.predicted THEN 1 ELSE 0 END END AS correct,
    p.truth, p.predicted,
    CASE WHEN s.task = 'regression' THEN p.truth - p.predicted END AS residual,
    p.probability, p.probabilities
FROM outer_predictions p
JOIN searches s ON s.search_id = p.search_id
"""

VIEWS = {"v_outer_predictions": V_OUTER_PREDICTIONS}
