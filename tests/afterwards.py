"""What must be true of a search after anything has died: asked in SQL, and compared."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

from searcher.store import Store
from tests.driven import SPEC

NONE_TWICE = {
    "trials by number": "SELECT outer_fold, number FROM trials WHERE search_id = '{id}'",
    "trials by id": "SELECT trial_id FROM trials WHERE search_id = '{id}'",
    "fits": "SELECT f.trial_id, f.inner_fold FROM fold_fits f JOIN trials t"
    " ON t.trial_id = f.trial_id WHERE t.search_id = '{id}'",
    "places": "SELECT t.sequence FROM trials t WHERE search_id = '{id}'"
    " UNION ALL SELECT ended_sequence FROM trials WHERE search_id = '{id}'"
    " UNION ALL SELECT f.sequence FROM fold_fits f JOIN trials t"
    " ON t.trial_id = f.trial_id WHERE t.search_id = '{id}' AND t.unit = 'inner_folds'"
    " UNION ALL SELECT u.sequence FROM unit_scores u JOIN trials t"
    " ON t.trial_id = u.trial_id WHERE t.search_id = '{id}'",
    "outer scores": "SELECT outer_fold, role, metric FROM outer_scores WHERE search_id = '{id}'",
}

COUNTERS = """
SELECT s.n_running, s.n_paused, s.n_completed, s.n_stopped, s.n_failed,
       (SELECT count(*) FROM trials t WHERE t.search_id = s.search_id AND t.state = 'running'),
       (SELECT count(*) FROM trials t WHERE t.search_id = s.search_id AND t.state = 'paused'),
       (SELECT count(*) FROM trials t WHERE t.search_id = s.search_id AND t.state = 'completed'),
       (SELECT count(*) FROM trials t WHERE t.search_id = s.search_id AND t.state = 'stopped'),
       (SELECT count(*) FROM trials t WHERE t.search_id = s.search_id AND t.state = 'failed')
FROM searches s WHERE s.search_id = '{id}'
"""

SECONDS = """
SELECT s.cpu_s, (SELECT sum(f.cpu_s) FROM (
    SELECT f.trial_id, f.cpu_s FROM fold_fits f JOIN trials t ON t.trial_id = f.trial_id
    WHERE t.unit = 'inner_folds' UNION ALL SELECT trial_id, cpu_s FROM unit_scores
  ) f JOIN trials t ON t.trial_id = f.trial_id WHERE t.search_id = s.search_id)
FROM searches s WHERE s.search_id = '{id}'
"""

ATTEMPTS = """
SELECT t.trial_id, t.attempt, (SELECT count(*) FROM attempts a WHERE a.trial_id = t.trial_id),
       (SELECT max(a.attempt) FROM attempts a WHERE a.trial_id = t.trial_id)
FROM trials t WHERE t.search_id = '{id}' AND t.attempt > 1
   OR t.trial_id IN (SELECT trial_id FROM attempts) AND t.search_id = '{id}'
"""

FITS = """
SELECT t.trial_id, t.resource, t.state, count(f.trial_id), max(f.resource)
FROM trials t LEFT JOIN (
    SELECT f.trial_id, f.resource FROM fold_fits f JOIN trials t ON t.trial_id = f.trial_id
    WHERE t.unit = 'inner_folds' UNION ALL SELECT trial_id, resource FROM unit_scores
) f ON f.trial_id = t.trial_id
WHERE t.search_id = '{id}' GROUP BY t.trial_id, t.resource, t.state
"""

ENDED = ("completed", "stopped", "failed")


def ask(url: str, question: str, search_id: str) -> list[tuple[Any, ...]]:
    """Ask the store in SQL."""
    with Store(url) as store:
        return [tuple(row) for row in store.query(question.format(id=search_id)).rows]


def assert_whole(url: str, search_id: str, *, trials: int, model: bool = True) -> None:
    """A completed search has all its trials, each once, and counts them right."""
    states = Counter(
        state
        for (state,) in ask(url, "SELECT state FROM trials WHERE search_id = '{id}'", search_id)
    )
    assert sum(states[state] for state in ENDED) == trials == states.total(), states
    for what, question in NONE_TWICE.items():
        found = Counter(ask(url, question, search_id))
        assert set(found.values()) == {1}, (what, found.most_common(3))
    (counted,) = ask(url, COUNTERS, search_id)
    assert counted[:5] == counted[5:]
    ((told, summed),) = ask(url, SECONDS, search_id)
    assert abs(told - summed) < 1e-6, (told, summed)
    for trial_id, attempt, rows, last in ask(url, ATTEMPTS, search_id):
        assert (attempt - 1, attempt - 1) == (rows, last), trial_id
    for trial_id, resource, state, fits, last in ask(url, FITS, search_id):
        assert (resource, resource) == (fits, last or 0), (trial_id, state)
    ((state, released),) = ask(
        url,
        "SELECT s.state, l.released FROM searches s JOIN leases l ON l.search_id = s.search_id"
        " WHERE s.search_id = '{id}'",
        search_id,
    )
    assert (state, bool(released)) == ("completed", True)
    if model:
        _assert_released(url, search_id)


def _assert_released(url: str, search_id: str) -> None:
    models = ask(
        url,
        "SELECT path, sha256 FROM artifacts"
        " WHERE search_id = '{id}' AND kind = 'model' ORDER BY id",
        search_id,
    )
    path, sha256 = models[-1]
    assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == sha256


def told(url: str, search_id: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that a search found, without times, ids and attempts; the same from equal ones."""
    questions = {
        "order": "SELECT outer_fold, number FROM trials WHERE search_id = '{id}' ORDER BY sequence",
        "trials": "SELECT outer_fold, number, family, configuration, origin, state, score, resource"
        " FROM trials WHERE search_id = '{id}' ORDER BY outer_fold, number",
        "scores": "SELECT t.outer_fold, t.number, s.inner_fold, s.metric, s.score"
        " FROM fold_scores s JOIN trials t ON t.trial_id = s.trial_id"
        " WHERE t.search_id = '{id}' ORDER BY 1, 2, 3, 4",
        "units": "SELECT t.outer_fold, t.number, u.resource, u.score FROM unit_scores u"
        " JOIN trials t ON t.trial_id = u.trial_id WHERE t.search_id = '{id}' ORDER BY 1, 2, 3",
        "lineage": "SELECT t.outer_fold, t.number, l.resource, l.configuration FROM lineage l"
        " JOIN trials t ON t.trial_id = l.trial_id WHERE t.search_id = '{id}' ORDER BY 1, 2, 3",
        "decisions": "SELECT t.outer_fold, t.number, d.resource, d.score, d.decision, d.reason,"
        " d.rank, d.rivals, d.cutoff FROM decisions d JOIN trials t ON t.trial_id = d.trial_id"
        " WHERE t.search_id = '{id}' ORDER BY 1, 2, 3",
        "winners": "SELECT i.outer_fold, i.state, i.inner_score, t.number FROM inner_searches i"
        " JOIN trials t ON t.trial_id = i.trial_id WHERE i.search_id = '{id}' ORDER BY 1",
        "outer": "SELECT o.outer_fold, o.role, o.metric, o.score, t.number FROM outer_scores o"
        " JOIN trials t ON t.trial_id = o.trial_id WHERE o.search_id = '{id}' ORDER BY 1, 2, 3",
        "predictions": "SELECT outer_fold, role, row_number, predicted FROM outer_predictions"
        " WHERE search_id = '{id}' ORDER BY 1, 2, 3",
        "result": "SELECT state, outer_mean, interval_low, interval_high, optimism, error"
        " FROM searches WHERE search_id = '{id}'",
    }
    found = {name: ask(url, question, search_id) for name, question in questions.items()}
    for name in ("trials", "lineage"):
        found[name] = [(*row[:3], str(row[3]), *row[4:]) for row in found[name]]
    return found


def again(url: str, search_id: str) -> list[tuple[Any, ...]]:
    """Return the trials that had to start again: outer fold, number, attempt, reason, lost_s."""
    return ask(
        url,
        "SELECT t.outer_fold, t.number, a.attempt, a.reason, a.lost_s FROM attempts a"
        " JOIN trials t ON t.trial_id = a.trial_id WHERE t.search_id = '{id}' ORDER BY 1, 2, 3",
        search_id,
    )


def trials_of(spec: dict[str, Any] | None = None) -> int:
    """How many trials a search of this spec has in all."""
    spec = spec or SPEC
    return int((spec["validation"]["outer"] + 1) * spec["budget"]["trials"])
