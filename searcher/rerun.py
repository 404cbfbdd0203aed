"""Evaluate one configuration in a process of its own: it may crash, hang, or print.

The new process runs ``main``: a ``Rerun`` comes pickled on its stdin; on its stdout goes one
pickled ``FoldResult`` for each inner fold, and at last ``Failed`` if a fold failed. Both ends are
ours.
"""

import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

from search_spaces.families.base import Family
from searcher.errors import TrialTimeoutError
from searcher.evaluation import FeatureCache, FoldResult, Rows, evaluate, make_scorer
from searcher.plugins import load_family
from searcher.records import Fold
from searcher.warm_up import warm_up

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Read by the libraries when they are loaded, so set before the process starts."""

GRACE_S = 60.0
"""How long a process may take beyond its trial's time, to start and to end."""

DIED = "the worker process died"
"""How the reason begins with which a search records the death of a trial's process."""


@dataclass(frozen=True, slots=True, eq=False)
class Rerun:
    """All that the scores of a trial follow from."""

    family: str  # what to load it by
    configuration: Mapping[str, Any]
    rows: Rows
    folds: tuple[Fold, ...]  # in the order in which trials see them
    metrics: tuple[str, ...]
    seed: int
    cpus: int
    trial_time_s: float | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there are no more folds."""

    reason: str
    traceback: str | None = None


def rerun(work: Rerun) -> tuple[list[FoldResult], Failed | None]:
    """Evaluate in a new process, with as many threads as the trial had.

    Returns
    -------
    The folds that were finished, and why there are not more.
    """
    environment = {
        **os.environ,
        **dict.fromkeys(THREADS, str(work.cpus)),
        "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", "from searcher.rerun import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    limit_s = None if work.trial_time_s is None else work.trial_time_s + GRACE_S
    late = False
    with process:
        try:
            said, _ = process.communicate(pickle.dumps(work), timeout=limit_s)
        except subprocess.TimeoutExpired:
            late = True
            process.kill()
            said, _ = process.communicate()
        except BaseException:
            process.kill()
            raise
    results, failed = _read(said)
    if failed is None and late:
        failed = Failed(_too_long(work.trial_time_s))
    if failed is None and process.returncode:
        failed = Failed(f"{DIED} ({_ending(process.returncode)})")
    return results, failed


def _read(said: bytes) -> tuple[list[FoldResult], Failed | None]:
    results: list[FoldResult] = []
    while said:
        size = int.from_bytes(said[:8], "big")
        whole, said = said[8 : 8 + size], said[8 + size :]
        if len(whole) < size:
            break  # it died while it wrote
        item = pickle.loads(whole)  # noqa: S301 - our own process
        if isinstance(item, Failed):
            return results, item
        results.append(item)
    return results, None


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def main() -> None:
    """Do what stdin says."""
    from threadpoolctl import threadpool_limits

    answer = _private_stdout()
    work: Rerun = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this
    make_scorer(work.metrics)
    with threadpool_limits(limits=work.cpus):
        try:
            family = load_family(work.family)
            warm_up(family, work.rows.profile, cpus=work.cpus)  # a trial's time has not begun
            with _time_limit(work.trial_time_s):
                for result in _evaluate(work, family):
                    _write(answer, result)
        except Exception as error:  # noqa: BLE001 - the border of the trial body (style.md)
            reason = f"{type(error).__name__}: {error}"
            _write(answer, Failed(reason, "".join(traceback.format_exception(error))))


def _evaluate(work: Rerun, family: Family) -> Iterator[FoldResult]:
    yield from evaluate(
        family,
        work.configuration,
        work.rows,
        work.folds,
        metrics=work.metrics,
        seed=work.seed,
        cpus=work.cpus,
        cache=FeatureCache(),
    )


def _private_stdout() -> IO[bytes]:
    """Keep stdout for the answer; what foreign code prints goes to stderr."""
    answer = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return answer


def _write(answer: IO[bytes], item: FoldResult | Failed) -> None:
    """Write at once: the process may die in the next fold."""
    whole = pickle.dumps(item)
    answer.write(len(whole).to_bytes(8, "big") + whole)


@contextmanager
def _time_limit(limit_s: float | None) -> Iterator[None]:
    """Raise in Python code when the time is up; compiled code is ended by the other process."""
    if limit_s is None:
        yield
        return

    def on_alarm(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise TrialTimeoutError(_too_long(limit_s, named=False))

    signal.signal(signal.SIGALRM, on_alarm)
    # Again every second: an import or a callback that catches everything swallows the first one.
    signal.setitimer(signal.ITIMER_REAL, limit_s, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _too_long(limit_s: float | None, *, named: bool = True) -> str:
    """Say it as a search does (searcher.tuning.trainable)."""
    said = f"took longer than budget.trial_time_s = {limit_s:g} s"
    return f"{TrialTimeoutError.__name__}: {said}" if named else said
