"""What racing has cost a search: how often it stopped a trial that would have won."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from searcher.candidates import DUMMY
from searcher.racing import AUDITED, Audit, audit, pooled_rate

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


def told(audits: Mapping[str, Audit]) -> list[str]:
    """Say how often a race stopped a trial that would have won, as far as audited ones tell."""
    if not audits:
        return []
    every = list(audits.values())
    drawn, false = (sum(getattr(one, name) for one in every) for name in ("n_audited", "n_false"))
    stopped = sum(one.n_stopped for one in every)
    rate, (low, high) = pooled_rate(every)
    largest = max(one.largest_excess for one in every)
    return [
        f"racing stopped {stopped:,} trials; {drawn:,} of them ran on to be audited, "
        f"{false:,} would have won an inner search",
        f"false stops {rate:.0%}, 95 % interval {low:.1%} to {high:.0%}; "
        f"largest loss {largest:.2g}",
    ]
