"""Our own scripts in processes of their own: ONNX Runtime may crash, or hang."""

import os
import subprocess
import sys
from pathlib import Path


def run_script(
    script: str, folder: Path, *, timeout_s: float
) -> subprocess.CompletedProcess[bytes]:
    """Run a script on a folder, which holds its questions and gets its answers.

    Raises
    ------
    subprocess.TimeoutExpired
        After ``timeout_s`` seconds; the process is gone then.
    """
    # -P: the script's folder must not shadow modules
    command = [sys.executable, "-P", script, str(folder)]
    return subprocess.run(  # noqa: S603 - our own script
        command, env=environment(), capture_output=True, timeout=timeout_s, check=False
    )


def environment() -> dict[str, str]:
    """Return the variables of such a process: one BLAS thread, whose buffers count as memory."""
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1"}


def last_line(stderr: bytes) -> str:
    """Take what a failed script says last, behind a colon; nothing if it said nothing."""
    lines = stderr.decode(errors="replace").strip().splitlines()
    return f": {lines[-1]}" if lines else ""
