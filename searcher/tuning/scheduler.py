"""Decide about all inner searches at once: one Ray Tune scheduler in front of K + 1."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from searcher.records import Decision
from searcher.tuning.handle import TrialHandle
from searcher.tuning.inner import InnerSearch
from searcher.tuning.trial import Proposal


class NestedScheduler(FIFOScheduler):
    """Pass each result to its own inner search's scheduler, and write down what it decides."""

    def __init__(
        self, inner: Mapping[str, InnerSearch], *, record: Callable[[Decision], None]
    ) -> None:
        super().__init__()
        self._inner, self._record = inner, record
        self._metric = "score"
        self._supports_buffered_results = False
        self._added: deque[Trial] = deque()  # that have not been seen to run, in their order

    def set_search_properties(self, metric: str | None, mode: str | None, **spec: Any) -> bool:
        """Metric and mode are ours to say, and are said."""
        return True

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Keep its place in the order; the inner search adds its trials where it proposes them."""
        self._added.append(trial)

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        """Nothing: a worker that died is the recorder's business."""

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        """Nothing: Ray Tune removes what it has completed."""

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """Pass on."""
        inner, handle, view = self._ours(tune_controller, trial)
        if not result.get("waits"):
            inner.retire(handle, result, view)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Decision of the inner search's scheduler, or STOP when its time is spent."""
        inner, handle, view = self._ours(tune_controller, trial)
        if handle.trial_id not in inner.live:
            return str(TrialScheduler.CONTINUE)
        action, decision = inner.judge(handle.trial_id, result, handle, view)
        if decision is not None:
            self._record(decision)
        return action

    def choose_trial_to_run(self, tune_controller: Any, **options: Any) -> Any:
        """First trial that waits: ours never pause, so the order of proposal is the order.

        Tune asks several times a trial, and its own answer (2.60) walks over all trials so far.
        """
        while self._added and self._added[0].status != Trial.PENDING:
            self._added.popleft()  # ours do not wait a second time: one that fails is a new one
        return self._added[0] if self._added else None

    def debug_string(self) -> str:
        """For Ray's own log."""
        return ", ".join(
            f"{fold}: {scheduler.debug_string()}"
            for fold, inner in self._inner.items()
            for scheduler in inner.schedulers.values()
        )

    def _ours(self, controller: Any, trial: Any) -> tuple[InnerSearch, TrialHandle, "_View"]:
        proposal = Proposal.from_config(trial.config)
        handle = TrialHandle(proposal.trial_id, proposal.origin, trial)
        return self._inner[proposal.outer_fold], handle, _View(controller, proposal.outer_fold)


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
