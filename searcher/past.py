"""What the store has of a search, as whoever goes on with it needs it."""

from datetime import datetime

from searcher.differences import differences
from searcher.errors import NotFoundError, SpecError
from searcher.nested import Past
from searcher.preflight import Changes, changed_families
from searcher.records import OuterScore, Role
from searcher.spec import Spec
from searcher.store import Store, StoredSearch


def begun(search_id: str, spec: Spec, store: str) -> StoredSearch | None:
    """Return the search of this id if the store has one; None if not.

    Parameters
    ----------
    spec
        As it was asked for. What was left out of its spaces before the search began is no
        difference from the spec that is stored.

    Raises
    ------
    SpecError
        If it was begun with another spec.
    """
    try:
        with Store(store) as reader:
            found = reader.search(search_id)
            changes = _changes(reader, found.search_id)
    except NotFoundError:
        return None
    if found.search_id != search_id:
        return None  # one that only begins like this
    asked = spec.model_dump(mode="json")
    if changes:  # what can't be trained is left out of the stored spec
        asked["families"] = changed_families(asked["families"] or {}, changes)
    others = differences(found.spec, asked)
    if others:
        said = "; ".join(
            f"{one.what}: {one.a!r:.60} there, {one.b!r:.60} here" for one in others[:5]
        )
        raise SpecError(
            f"search {search_id} was begun with another spec ({said}); `searcher resume "
            f"{search_id}` goes on with that one, `searcher fork {search_id} --spec ...` takes its "
            "trials over"
        )
    return found


def _changes(reader: Store, search_id: str) -> Changes:
    """Say what its preflight left out of the spaces of a search."""
    notes = (note for note in reader.events(search_id) if note.kind == "preflight")
    return next((note.payload.get("changes", {}) for note in notes), {})


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
