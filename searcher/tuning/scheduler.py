"""Decide about all inner searches at once: one Ray Tune scheduler in front of K + 1."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from searcher.records import Decision
from searcher.tuning.inner import InnerSearch, Proposal


class NestedScheduler(FIFOScheduler):
    """Pass each result to its own inner search's scheduler, and write down what it decides.

    The dummy and the default configurations are never stopped: a search that could not say how
    they do could not say what it was worth.
    """

    def __init__(
        self, inner: Mapping[str, InnerSearch], *, record: Callable[[Decision], None]
    ) -> None:
        super().__init__()
        self._inner, self._record = inner, record
        self._metric = "score"
        self._supports_buffered_results = False
        self._seen: dict[tuple[str, int], list[float]] = defaultdict(list)

    def set_search_properties(self, metric: str | None, mode: str | None, **spec: Any) -> bool:
        """Metric and mode are ours to say, and are said."""
        return True

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Pass on, but for the dummy."""
        self._pass_on("on_trial_add", tune_controller, trial)

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        """Pass on, but for the dummy."""
        self._pass_on("on_trial_error", tune_controller, trial)

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        """Pass on, but for the dummy."""
        self._pass_on("on_trial_remove", tune_controller, trial)

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """Pass on, but for the dummy and for trials without a score."""
        if result.get("score") is None:
            self._pass_on("on_trial_remove", tune_controller, trial)
        else:
            self._pass_on("on_trial_complete", tune_controller, trial, result)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Decision of the inner search's scheduler, or STOP when its time is spent."""
        proposal = Proposal.from_config(trial.config)
        inner = self._inner[proposal.outer_fold]
        if result.get("score") is None or proposal.origin == "dummy":
            return str(TrialScheduler.CONTINUE)
        view = _View(tune_controller, proposal.outer_fold)
        action = str(inner.scheduler.on_trial_result(view, trial, result))
        reason = self._reason(inner, trial.trial_id, result["resource"], action)
        if proposal.origin == "default" and action == TrialScheduler.STOP:
            action, reason = str(TrialScheduler.CONTINUE), "a default is never stopped"
        elif inner.out_of_time and proposal.origin == "strategy":
            action, reason = str(TrialScheduler.STOP), f"budget.time_s {inner.time_s:g} is spent"
        if reason is not None and result["resource"] < inner.max_resource:
            self._write_down(inner, trial, result, action=action, reason=reason)
        return action

    def choose_trial_to_run(self, tune_controller: Any, **options: Any) -> Any:
        """First trial that waits: ours never pause, so the order of proposal is the order."""
        return super().choose_trial_to_run(tune_controller)

    def debug_string(self) -> str:
        """For Ray's own log."""
        return ", ".join(f"{fold}: {i.scheduler.debug_string()}" for fold, i in self._inner.items())

    def _pass_on(self, event: str, controller: Any, trial: Any, *details: Any) -> None:
        proposal = Proposal.from_config(trial.config)
        if proposal.origin == "dummy":
            return
        scheduler = self._inner[proposal.outer_fold].scheduler
        getattr(scheduler, event)(_View(controller, proposal.outer_fold), trial, *details)

    def _reason(
        self, inner: InnerSearch, tune_trial_id: str, resource: int, action: str
    ) -> str | None:
        """Why, for the log; None where nothing was compared."""
        rungs = getattr(inner.scheduler, "rungs", None)
        if rungs is None:
            return None if action == TrialScheduler.CONTINUE else "the strategy stopped it"
        if resource not in rungs(tune_trial_id):
            return None
        return "below the cutoff" if action == TrialScheduler.STOP else "at or above the cutoff"

    def _write_down(
        self,
        inner: InnerSearch,
        trial: Any,
        result: dict[str, Any],
        *,
        action: str,
        reason: str,
    ) -> None:
        proposal = Proposal.from_config(trial.config)
        resource, score = int(result["resource"]), float(result["score"])
        seen = self._seen[proposal.outer_fold, resource]
        seen.append(score)
        cutoff = getattr(inner.scheduler, "cutoff", None)
        self._record(
            Decision(
                trial_id=proposal.trial_id,
                resource=resource,
                score=score,
                decision="stop" if action == TrialScheduler.STOP else "continue",
                reason=reason,
                rank=1 + sum(other > score for other in seen),
                rivals=len(seen),
                cutoff=None if cutoff is None else cutoff(trial.trial_id, resource),
            )
        )


class _View:
    """Tune's controller as one inner search sees it: only its own trials."""

    search_alg = None  # PBT refuses controllers with a searcher; in here it has none to disturb

    def __init__(self, controller: Any, outer_fold: str) -> None:
        self._controller, self._outer_fold = controller, outer_fold

    def get_trials(self) -> list[Any]:
        """List this outer fold's trials."""
        return [t for t in self._controller.get_trials() if self._is_ours(t)]

    def get_live_trials(self) -> set[Any]:
        """List this outer fold's trials that have not ended."""
        return {t for t in self._controller.get_live_trials() if self._is_ours(t)}

    def _is_ours(self, trial: Any) -> bool:
        return bool(trial.config["outer_fold"] == self._outer_fold)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._controller, name)
