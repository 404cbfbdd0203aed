"""Propose for all inner searches at once: one Ray Tune searcher in front of K + 1."""

from collections.abc import Callable, Mapping
from typing import Any

from ray.tune.search import Searcher

from searcher.failpoints import failpoint
from searcher.records import TrialStarted
from searcher.room import Room
from searcher.tuning.inner import InnerSearch
from searcher.tuning.trial import Proposal


class NestedSearcher(Searcher):
    """Ask the inner search that is furthest behind; tell each only of its own trials.

    Parameters
    ----------
    inner
        Inner searches by outer fold; the scheduler works on the same ones.
    room
        Says whether one more trial may run. No more are proposed than there is room for: a proposal
        made before it can run is made without the results that come in meanwhile.
    record
        Takes the record of each proposal.
    waits
        Whether to propose nothing for the moment: while the store can't be written.
    """

    def __init__(
        self,
        inner: Mapping[str, InnerSearch],
        *,
        room: Room,
        record: Callable[[TrialStarted], None],
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(metric="score", mode="max")
        self._inner, self._room = inner, room
        self._record, self._waits = record, waits
        self._ours: dict[str, tuple[InnerSearch, str]] = {}  # by Ray Tune's trial id
        self._families: dict[str, str] = {}  # of the same trials
        self._stopping = False

    def stop(self) -> None:
        """Propose nothing more."""
        self._stopping = True

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Config of a new Ray Tune trial; None to be asked later; FINISHED when all are done."""
        if self._stopping:
            return str(Searcher.FINISHED)
        if self._waits() or not self._room.takes_more(self._families.values()):
            return None
        for inner in sorted(self._inner.values(), key=_progress):
            if inner.done:
                continue
            proposal = inner.propose()
            if proposal is not None:
                self._ours[trial_id] = inner, proposal.trial_id
                self._families[trial_id] = proposal.family
                self._say(inner, proposal)
                return proposal.to_config()
        # A trial that runs may lose its worker and be proposed again.
        is_over = not self._ours and all(inner.done for inner in self._inner.values())
        return str(Searcher.FINISHED) if is_over else None

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Pass a score on to the strategy that proposed the trial."""
        inner, ours = self._ours[trial_id]
        inner.learn(ours, result)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Tell the strategy how its trial ended; a failed one teaches it no score.

        Tune passes a trial's last result here and not to ``on_trial_result``. A worker that died
        is the recorder's business.
        """
        inner, ours = self._ours.pop(trial_id)
        del self._families[trial_id]
        if error or self._stopping:
            return
        if result is not None and result.get("waits"):
            inner.park(ours, result)
        else:
            inner.conclude(ours, result)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store, never from Ray's snapshots."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store, never from Ray's snapshots."""

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        """Nothing: Ray would pickle this object every few seconds."""

    def _say(self, inner: InnerSearch, proposal: Proposal) -> None:
        if proposal.attempt > 1 or proposal.resource:
            return  # whoever queued it again has said so
        failpoint("driver.proposed")
        self._record(
            TrialStarted(
                trial_id=proposal.trial_id,
                search_id=inner.search_id,
                outer_fold=proposal.outer_fold,
                number=proposal.number,
                family=proposal.family,
                configuration=proposal.configuration,
                origin=proposal.origin,
                unit=proposal.unit,
            )
        )
        failpoint("driver.trial_recorded")


def _progress(inner: InnerSearch) -> tuple[bool, int, float]:
    """Trials to run once more first; fewest running; the smallest part of its budget proposed.

    Anything else first would leave more trials begun than there are workers.
    """
    return not inner.waiting, inner.running, inner.proposed / inner.trials
