"""What a search has cost."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from searcher.store.schema import attempts, fold_fits, outer_scores, trials, unit_scores


@dataclass(frozen=True, slots=True)
class Costs:
    """Where a search's time went.

    CPU seconds are those of fits and scores in the worker processes; an inner fold that failed, or
    was lost with its worker, has none on record. What a copied trial cost is told by the search it
    was copied from, and counts here as nothing.
    """

    useful_s: float  # CPU seconds of completed trials
    stopped_s: float  # CPU seconds of trials that the scheduler, or the search's end, stopped
    failed_s: float  # CPU seconds that failed trials took before they failed
    unfinished_s: float  # CPU seconds so far of trials that run, or are paused
    repeated_s: float  # wall seconds of inner folds that were lost with a worker or a driver
    repeats: int  # how often a trial had to start again
    refits: int  # of winners, defaults and dummies, on the outer folds
    refits_s: float  # wall seconds of them
    reused: int  # trials that were copied from another search

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all trials."""
        return self.useful_s + self.stopped_s + self.failed_s + self.unfinished_s


def costs_of(connection: Connection, search_id: str) -> Costs:
    """Sum up a search's trials, attempts and refits."""
    copied = trials.c.origin == "reused"
    question = (
        select(trials.c.state, copied.label("copied"), func.count(), func.sum(trials.c.cpu_s))
        .where(trials.c.search_id == search_id)
        .group_by(trials.c.state, copied)
    )
    spent = {"completed": 0.0, "stopped": 0.0, "failed": 0.0}
    reused = 0
    for state, is_copied, n_trials, cpu_s in connection.execute(question):
        if is_copied:
            reused += n_trials
        elif state in spent:
            spent[state] = float(cpu_s or 0.0)
    repeats, repeated_s = _repeated(connection, search_id)
    refits, refits_s = _refits(connection, search_id)
    return Costs(
        useful_s=spent["completed"],
        stopped_s=spent["stopped"],
        failed_s=spent["failed"],
        unfinished_s=_unfinished(connection, search_id),
        repeated_s=repeated_s,
        repeats=repeats,
        refits=refits,
        refits_s=refits_s,
        reused=reused,
    )


def _unfinished(connection: Connection, search_id: str) -> float:
    """CPU seconds so far of trials that have not ended: their rows have no sum yet."""
    return sum(
        float(
            connection.scalar(
                select(func.coalesce(func.sum(table.c.cpu_s), 0.0))
                .join(trials, trials.c.trial_id == table.c.trial_id)
                .where(trials.c.search_id == search_id, trials.c.state.in_(("running", "paused")))
            )
            or 0.0
        )
        for table in (fold_fits, unit_scores)
    )


def _repeated(connection: Connection, search_id: str) -> tuple[int, float]:
    """Start from the attempts, which are few, and not from the trials, as a planner may."""
    of_trial = trials.c.trial_id == attempts.c.trial_id
    owner = select(trials.c.search_id).where(of_trial).scalar_subquery()
    question = select(func.count(), func.coalesce(func.sum(attempts.c.lost_s), 0.0)).where(
        owner == search_id
    )
    n, seconds = connection.execute(question.select_from(attempts)).one()
    return int(n), float(seconds)


def _refits(connection: Connection, search_id: str) -> tuple[int, float]:
    """Count each refit once, though it stands there for each of its roles and metrics."""
    once = (
        select(outer_scores.c.outer_fold, outer_scores.c.trial_id, func.max(outer_scores.c.fit_s))
        .where(outer_scores.c.search_id == search_id)
        .group_by(outer_scores.c.outer_fold, outer_scores.c.trial_id)
    )
    fits = [float(row[2]) for row in connection.execute(once)]
    return len(fits), sum(fits)
