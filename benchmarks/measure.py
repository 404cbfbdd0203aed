"""Wall and CPU seconds of a piece of work, with everything it starts."""

import threading
import time
from dataclasses import dataclass
from typing import Self

import psutil

EVERY_S = 0.02


@dataclass(frozen=True)
class Usage:
    """What a piece of work took."""

    wall_s: float
    cpu_s: float


class TreeClock:
    """Seconds of this process and of everything it starts, from the start of its interpreter.

    ``getrusage`` misses processes that are not waited for by their parent, as Ray's are not, so
    the process tree is sampled; what a process spends in its last 20 ms is lost.
    """

    def __init__(self) -> None:
        self._me = psutil.Process()
        self._cpu: dict[tuple[int, float], float] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._born = self._me.create_time()
        self._last = Usage(0.0, 0.0)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def lap(self) -> Usage:
        """Seconds since the last lap; the first one counts from the interpreter's start."""
        self._sample()
        with self._lock:
            now = Usage(time.time() - self._born, sum(self._cpu.values()))
        lap = Usage(now.wall_s - self._last.wall_s, now.cpu_s - self._last.cpu_s)
        self._last = now
        return lap

    def _watch(self) -> None:
        while not self._stop.wait(EVERY_S):
            self._sample()

    def _sample(self) -> None:
        for process in (self._me, *self._me.children(recursive=True)):
            try:
                times = process.cpu_times()
                key = process.pid, process.create_time()
            except psutil.Error:
                continue  # it ended in between
            with self._lock:
                self._cpu[key] = times.user + times.system
