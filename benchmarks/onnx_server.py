"""One process that runs ONNX Runtime for many files in turn; started anew if a file ends it."""

import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from searcher.export.gate import run_onnx
from searcher.export.gate.runtime import Limits, RuntimeFailure


class Server:
    """What ``runtime.ask_runtime`` takes as its runner."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._stop()

    def run(self, folder: Path, limits: Limits) -> None:
        """Answer in a folder.

        Raises
        ------
        RuntimeFailure
            If ONNX Runtime refused the file, crashed or took too long.
        """
        process = self._process or self._start()
        if process.stdin is None or process.stdout is None:
            raise RuntimeFailure("the process has no pipes")
        process.stdin.write(f"{folder}\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], limits.timeout_s)
        said = process.stdout.readline().strip() if ready else "stopped"
        if said == "done":
            return
        if not ready or not said:  # it hangs, or is no more
            self._stop()
        raise RuntimeFailure(f"ONNX Runtime failed: {said or 'it crashed'}")

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", run_onnx.__file__]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self._process

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
