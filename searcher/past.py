"""What the store has of a search, as whoever goes on with it needs it."""

from datetime import datetime

from searcher.nested import Past
from searcher.records import OuterScore, Role
from searcher.store import Store, StoredSearch


def past_of(store: str, search_id: str, *, seen_at: datetime | None = None) -> Past:
    """Gather what the store has of a search.

    Parameters
    ----------
    store
        URL of the database.
    search_id
        A whole id.
    seen_at
        The last sign of life of the driver that the search was lost by.
    """
    with Store(store) as reader:
        found = reader.search(search_id)
        judged = {predictions.outer_fold for predictions in reader.outer_predictions(search_id)}
        extended = [note for note in reader.events(search_id) if note.kind == "extended"]
        trials = reader.past(search_id)
    first = extended[0].payload["before"]["trials"] if extended else None
    return Past(trials, _outer_scores(found, judged), first, seen_at)


def _outer_scores(found: StoredSearch, judged: set[str]) -> tuple[OuterScore, ...]:
    """Return the outer scores that are whole: a winner's come with what it predicted."""
    judges: dict[tuple[str, Role, str], OuterScore] = {}
    for one in found.outer_scores_of:
        key = one.outer_fold, one.role, one.trial_id
        judges.setdefault(key, OuterScore(found.search_id, *key, {}, one.fit_s))
        judges[key].scores[one.metric] = float("nan") if one.score is None else one.score
    return tuple(
        score
        for score in judges.values()
        if score.role != "winner" or score.outer_fold in judged or found.task == "clustering"
    )
