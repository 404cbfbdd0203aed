"""Run all inner searches of a nested search in one Ray Tune run."""

import logging
import os
import signal
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

from cluster.gate import Gate
from cluster.ranks import bundles
from searcher.records import Record
from searcher.room import Room
from searcher.tuning.inner import InnerSearch
from searcher.tuning.trainable import TrialActor
from searcher.tuning.work import Work

# Read by Ray Tune from the environment only (2.60): no result files, no snapshots to resume
# from (the store is what a search is resumed from), no second reporter, no signal handler of its
# own.
TUNE_ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": str(10**9),
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
}


@dataclass(frozen=True, slots=True)
class Watch:
    """What is asked while trials run, many times a second; what it raises ends the run."""

    stops: Callable[[], bool] = lambda: False  # whether somebody wants the search to stop
    waits: Callable[[], bool] = lambda: False  # whether nothing is to be proposed for now


def run_inner_searches(
    inner: Mapping[str, InnerSearch],
    work: Work,
    *,
    search_id: str,
    room: Room,
    emit: Callable[[Record], None],
    watch: Watch | None = None,
) -> bool:
    """Try configurations until every inner search has used up its budget.

    Parameters
    ----------
    inner
        Inner searches by outer fold.
    work
        Among others what a trial of each family occupies (``demands``).
    room
        Says whether one more trial may run by now.
    emit
        Takes every record of what happens, in this thread.
    watch
        What is asked while trials run; None: nothing is.

    Returns
    -------
    False if the user, or ``watch``, interrupted it; everything up to then has been emitted.
    """
    from ray import tune
    from threadpoolctl import threadpool_limits

    from searcher.tuning.recorder import Recorder
    from searcher.tuning.scheduler import NestedScheduler
    from searcher.tuning.searcher import NestedSearcher

    if all(search.done and not search.live for search in inner.values()):
        return True
    watch = watch or Watch()
    n_workers = min(room.together, sum(search.trials for search in inner.values()))
    gate = Gate(n_workers) if n_workers > 1 else None  # one worker has nobody to wait for
    work = replace(work, gate=gate)
    trainable = tune.with_resources(
        tune.with_parameters(TrialActor, work=work),
        lambda config: _place(work, config),
    )
    with (
        tempfile.TemporaryDirectory(prefix="searcher-tune-") as folder,
        _quiet_tune(sum(search.trials for search in inner.values())),
        _interruptible() as interrupted,
        threadpool_limits(limits=1),  # models of strategies are small, and the cores the workers'
    ):
        recorder = Recorder(emit, inner=inner, stopping=interrupted.is_set)

        def waits() -> bool:
            # While nothing runs, Tune (2.60) asks for trials for ten minutes and not its stopper.
            return stopper.stop_all() or watch.waits()

        proposer = NestedSearcher(inner, room=room, record=recorder.record, waits=waits)
        stopper = _Interrupt(interrupted, proposer.stop, watch)
        try:
            tune.run(
                trainable,
                name=search_id,
                metric="score",
                mode="max",
                num_samples=-1,
                search_alg=proposer,
                scheduler=NestedScheduler(inner, record=recorder.record),
                stop=stopper,
                callbacks=[recorder],
                storage_path=folder,
                reuse_actors=True,
                raise_on_failed_trial=False,
                trial_dirname_creator=lambda trial: str(trial.trial_id),
                verbose=0,
            )
        except tune.TuneError as error:
            if recorder.failure is not None:
                raise recorder.failure from error
            raise
        finally:
            if gate is not None:
                gate.close()
        return not interrupted.is_set()


def _place(work: Work, config: Mapping[str, Any]) -> Any:
    """Say what a trial's processes occupy, as Ray Tune wants to have it said."""
    from ray import tune

    asks = work.demand(config["family"])
    return tune.PlacementGroupFactory(bundles(asks.ranks, cpus=asks.cpus, gpus=asks.gpus))


def _Interrupt(  # noqa: N802
    flag: threading.Event, stop: Callable[[], None], watch: Watch
) -> Any:
    """Tune's stopper: ends the run once the user has asked for it."""
    from ray.tune.stopper import NoopStopper, Stopper

    class Interrupt(Stopper):
        """Stops everything when the flag is set, nothing before."""

        def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
            """No trial is stopped on its own."""
            return False

        def stop_all(self) -> bool:
            """Whether the user has asked to stop; Tune asks before every event."""
            if watch.stops():
                flag.set()
            if flag.is_set():
                stop()
            return flag.is_set()

        def __reduce__(self) -> tuple[Any, tuple[()]]:
            """Tune pickles this into snapshots that nobody reads; a lock can't be pickled."""
            return NoopStopper, ()

    return Interrupt()


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into a flag; the second one is what it always was."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag  # signals belong to the main thread
        return
    before: dict[int, Any] = {}

    def on_signal(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        flag.set()
        for number, handler in before.items():
            signal.signal(number, handler)

    for wanted in (signal.SIGINT, signal.SIGTERM):
        before[wanted] = signal.signal(wanted, on_signal)
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _quiet_tune(trials: int) -> Iterator[None]:
    """Set what Ray Tune takes from the environment, and silence its own chatter."""
    # Tune would ask a searcher of ours for one trial at a time, and start one worker at a time.
    settings = TUNE_ENVIRONMENT | {"TUNE_MAX_PENDING_TRIALS_PG": str(trials)}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    logger = logging.getLogger("ray.tune")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
