"""Drive a sampler that keeps its own state in the trials it was asked for: CMA-ES."""

from optuna.trial import TrialState

from search_spaces.space import Configuration
from searcher.strategies.listed import check_is_in, check_recalled, key
from searcher.strategies.optuna_searcher import OptunaSearcher, Proposed


class AskingAgain(OptunaSearcher):
    """An Optuna study whose trials are those that the sampler was asked for.

    Optuna's CMA-ES (5.0, samplers/_cmaes.py) writes a trial's generation and the optimizer into
    the trial. The store does not have them, so ``recall`` asks again, which costs as much as it
    did then, and compares.
    """

    def recall(self, trial_id: str, configuration: Configuration, *, own: bool = True) -> None:
        """Ask as it was asked then; a configuration taken over is told as a start-up trial."""
        if not own:
            check_is_in(self._problem.space, trial_id, configuration)
            self._keep(trial_id, self._start(configuration))
            return
        now = self._propose()
        check_recalled(trial_id, configuration, now=now and now.configuration)
        if now is not None:
            self._keep(trial_id, now)

    def _sample(self, spare: Configuration) -> Proposed:
        """Take what the sampler says; a generation goes on with the known score of a known one."""
        asked = self._ask()
        if key(asked.configuration) not in self._known:
            return asked
        score = self._known[key(asked.configuration)]
        if score is None:  # still running, stopped early or failed: nothing new to learn
            self._tell(asked.storage_id, TrialState.FAIL)
        else:
            self._tell(asked.storage_id, TrialState.COMPLETE, score)
        return self._start(spare)

    def _start(self, configuration: Configuration) -> Proposed:
        """Ask for exactly this one; Optuna counts it to no generation."""
        self._study.enqueue_trial(configuration)
        return self._ask()
