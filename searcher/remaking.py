"""A stored trial's model, made again: what was not kept follows from what was."""

from searcher.errors import SearchFailedError
from searcher.lineage import Way, ways_of
from searcher.model import FittedModel
from searcher.nested import refit_work
from searcher.plan import Plan
from searcher.refit import RefitJob, refit
from searcher.store import Store, StoredTrial


def remake(plan: Plan, trial: StoredTrial, reader: Store) -> FittedModel:
    """Fit a trial's configuration, or its whole schedule, on its outer fold's training rows.

    Raises
    ------
    ScoreNotFiniteError
        If a metric is not finite on the outer test rows.
    SearchFailedError
        If nothing came of it.
    """
    lineage = reader.lineage(trial.search_id)
    way: Way = ((0, trial.configuration),)
    if lineage:
        members = reader.trials(trial.search_id, outer_fold=trial.outer_fold)
        began = {member.trial_id: member.configuration for member in members}
        way = ways_of(began, (one for one in lineage if one.trial_id in began))[trial.trial_id]
    job = RefitJob.of(trial, ["winner"], way, keep_model=True)
    model = refit(refit_work(plan), job).model
    if model is None:
        raise SearchFailedError(f"trial {trial.trial_id} gave no model")
    return model
