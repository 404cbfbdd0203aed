"""What racing has cost a search: how often it stopped a trial that would have won."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from searcher.candidates import DUMMY
from searcher.racing import AUDITED, Audit, audit

if TYPE_CHECKING:
    from searcher.records import Decision
    from searcher.store import StoredTrial


def audits(trials: "Sequence[StoredTrial]", decisions: "Sequence[Decision]") -> dict[str, Audit]:
    """Compare the audited trials of each inner search with the one that it chose without them.

    Parameters
    ----------
    trials, decisions
        All of a search.

    Returns
    -------
    By outer fold; of those inner searches that have stopped and completed trials. Empty if the
    search was no race.
    """
    names = {one.trial_id for one in decisions if one.reason.startswith(AUDITED)}
    if not names:
        return {}
    found = {}
    for fold in dict.fromkeys(trial.outer_fold for trial in trials):
        raced = [t for t in trials if t.outer_fold == fold and t.family != DUMMY]
        complete = [t for t in raced if t.state == "completed" and t.score is not None]
        chosen = [t.score for t in complete if t.trial_id not in names]
        drawn = [t.score for t in complete if t.trial_id in names]
        n_stopped = len(drawn) + sum(t.state == "stopped" for t in raced)
        if chosen and n_stopped:
            best = max(score for score in chosen if score is not None)
            scores = [score for score in drawn if score is not None]
            found[fold] = audit(scores, chosen=best, n_stopped=n_stopped)
    return found
