"""Any order of what may happen to a search: its rows never contradict each other."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from searcher.errors import LeaseHeldError, NotAllowedError, NotFoundError
from searcher.lifecycle import ALLOWED, require
from searcher.records import (
    FoldScore,
    SearchEnded,
    SearchExtended,
    SearchResumed,
    TrialAgain,
    TrialEnded,
    TrialStarted,
)
from searcher.store import Store, Writer, check
from searcher.store.deletion import delete_search
from tests.searcher.store.records_factory import START, make_records

STARTED = make_records("s", outer=2, inner=3)[0]
COUNTS = "SELECT state, count(*), coalesce(sum(cpu_s), 0) FROM trials GROUP BY state"


class Life(RuleBasedStateMachine):
    """A search, its driver, and who else has to do with it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="searcher-life-")
        self.url = f"sqlite:///{Path(self.folder.name) / 'searcher.db'}"
        self.driver: Writer | None = None
        self.state = "running"
        self.trials: dict[str, dict] = {}
        self.deleted = False

    def teardown(self) -> None:
        if self.driver is not None:
            self.driver.close()
        if not self.deleted:
            assert check(self.url) == []
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        self.driver = Writer(self.url)
        self.driver.add(STARTED)
        self.driver.lead("s")

    def tell(self, *records) -> None:
        for record in records:
            self.driver.add(record)
        self.driver.flush()

    def live(self) -> list[str]:
        return [name for name, trial in self.trials.items() if trial["state"] == "running"]

    @precondition(lambda self: self.driver is not None)
    @rule()
    def propose(self) -> None:
        number = len(self.trials)
        name = f"s.0.{number}"
        self.trials[name] = {"state": "running", "folds": 0, "attempt": 1}
        self.tell(TrialStarted(name, "s", "0", number, "ridge", {"alpha": number}, "strategy"))

    @precondition(lambda self: self.driver is not None and self.live())
    @rule(data=st.data(), again=st.booleans())
    def score(self, data, again) -> None:
        name = data.draw(st.sampled_from(self.live()))
        trial = self.trials[name]
        record = FoldScore(
            name, trial["folds"] + 1, trial["folds"], {"roc_auc": 0.5}, 0.1, 0.1, 1.0
        )
        trial["folds"] += 1
        self.tell(record, *([record] if again else []))

    @precondition(lambda self: self.driver is not None and self.live())
    @rule(data=st.data(), state=st.sampled_from(["completed", "stopped", "failed"]))
    def end(self, data, state) -> None:
        name = data.draw(st.sampled_from(self.live()))
        trial = self.trials[name]
        if state == "completed" and not trial["folds"]:
            state = "failed"
        trial["state"] = state
        score = None if state == "failed" else 0.5
        ended = TrialEnded(name, state, score, trial["folds"])
        self.tell(ended, ended)

    @precondition(lambda self: self.driver is not None and self.live())
    @rule(data=st.data())
    def lose_a_worker(self, data) -> None:
        name = data.draw(st.sampled_from(self.live()))
        self.trials[name]["attempt"] += 1
        self.tell(TrialAgain(name, self.trials[name]["attempt"], "its worker process died", 0.1))

    @precondition(lambda self: self.driver is not None)
    @rule(state=st.sampled_from(["interrupted", "failed", "completed"]))
    def finish(self, state) -> None:
        if state == "completed" and self.live():
            return
        self.tell(SearchEnded("s", state, at=START))
        self.driver.close()
        self.driver, self.state = None, state
        for name in self.live():
            self.trials[name]["state"] = "paused"

    @precondition(lambda self: self.driver is not None)
    @rule()
    def die(self) -> None:
        """The driver is gone without a word; its lease is that of a process that is dead."""
        self.driver.close()
        self.driver = None
        self.change("UPDATE leases SET released = 0, holder = json_set(holder, '$.created', 1.0)")

    @precondition(lambda self: self.driver is None and not self.deleted)
    @rule(action=st.sampled_from(["resume", "extend"]))
    def go_on(self, action) -> None:
        if self.state not in ALLOWED[action]:
            with pytest.raises(NotAllowedError, match="can't"):
                require(action, "s", self.state)
            return
        self.driver = Writer(self.url)
        self.driver.lead("s")
        extended = SearchExtended("s", before={"trials": 1}, budget={"trials": 2})
        self.tell(SearchResumed("s") if action == "resume" else extended)
        self.state = "running"
        for name, trial in self.trials.items():
            if trial["state"] in ("running", "paused"):
                trial["state"], trial["attempt"] = "running", trial["attempt"] + 1
                self.tell(TrialAgain(name, trial["attempt"], "its driver was lost", 0.0))

    @precondition(lambda self: not self.deleted)
    @rule()
    def a_second_driver_comes(self) -> None:
        if self.driver is None:
            return
        rival = Writer(self.url)
        with pytest.raises(LeaseHeldError):
            rival.lead("s")
        rival.close()

    @precondition(lambda self: not self.deleted and len(self.trials) > 3)
    @rule()
    def delete(self) -> None:
        if self.driver is not None:
            with pytest.raises(LeaseHeldError):
                delete_search(self.url, "s")
            return
        delete_search(self.url, "s")
        self.deleted = True

    @invariant()
    def the_rows_are_what_happened(self) -> None:
        if not Path(self.folder.name, "searcher.db").exists():
            return
        with Store(self.url) as store:
            if self.deleted:
                with pytest.raises(NotFoundError):
                    store.search("s")
                return
            found = store.search("s")
            _, counted = store.query(COUNTS)
            _, kept = store.query("SELECT trial_id, state, attempt FROM trials")
            _, fits = store.query("SELECT trial_id, count(*) FROM fold_fits GROUP BY trial_id")
        assert found.state == self.state
        assert {s: n for s, n in found.trials.items() if n} == {s: n for s, n, _ in counted}
        assert found.cpu_s == pytest.approx(sum(cpu_s for _, _, cpu_s in counted))
        assert {name: (s, a) for name, s, a in kept} == {
            name: (trial["state"], trial["attempt"]) for name, trial in self.trials.items()
        }
        assert dict(fits) == {n: t["folds"] for n, t in self.trials.items() if t["folds"]}

    def change(self, statement: str) -> None:
        writer = Writer(self.url)
        writer.ask(lambda connection: connection.execute(text(statement)))
        writer.close()


@pytest.mark.slow
def test_whatever_happens_to_a_search_its_rows_agree() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=8,
            stateful_step_count=16,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
