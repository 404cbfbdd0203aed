"""Ray's worker processes, forked where the libraries are imported.

Ray (2.60) starts Python for each worker process, has it import Ray, starts Python anew, and there
Ray, Tune, pandas and scikit-learn are imported: two to three seconds of CPU, for the trial actor
and the refits of each of some hundred small searches. With ``forked_workers`` one process imports
what is neither Ray's nor ours, and forks for each worker: the child has the words, environment
and files that Ray gave it, and runs Ray's own script. Ray itself reads the environment when it is
imported, so each worker imports it.

This file is also what the raylet starts in place of its own script (``setup_worker.py``): it asks
for a fork, or does what Ray does if that is more than Python's own worker.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partialmethod
from pathlib import Path

VARIABLE = "SEARCHER_TESTS_FORKED_WORKERS"
"""Names the socket at which the process waits that forks."""

LIBRARIES = (
    "aiohttp",
    "google.protobuf.descriptor_pb2",
    "joblib",
    "numpy",
    "packaging.version",
    "pandas",
    "psutil",
    "pyarrow.compute",
    "pydantic",
    "rich.console",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.naive_bayes",
    "sklearn.pipeline",
    "torch._dynamo",
    "yaml",
)

CONTEXT = "--serialized-runtime-env-context="
LANGUAGE = "--language="
SAID = CONTEXT, LANGUAGE


@contextmanager
def forked_workers() -> Iterator[dict[str, str]]:
    """Give the variables that ``use_forked_workers`` needs where a Ray is started."""
    with tempfile.TemporaryDirectory(prefix="workers-") as folder:
        path = str(Path(folder) / "socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as waiting:
            waiting.bind(path)
            waiting.listen(64)
            process = subprocess.Popen(
                [sys.executable, "-m", __name__, "serve", str(waiting.fileno())],
                stdin=subprocess.PIPE,
                pass_fds=[waiting.fileno()],
                start_new_session=True,
            )
        assert process.stdin is not None
        try:
            yield {VARIABLE: path}
        finally:
            process.stdin.close()
            process.wait(60)


def use_forked_workers() -> None:
    """Let a Ray that this process starts from now on ask for forks, and nobody read its logs.

    The process that reads them (Ray 2.60) looks for new files all the time, of which there are
    three for each worker that ever was: 26 s of CPU in twenty minutes.
    """
    from ray._private import ray_constants
    from ray._private.parameter import RayParams

    ray_constants.SETUP_WORKER_FILENAME = __file__
    RayParams.__init__ = partialmethod(RayParams.__init__, include_log_monitor=False)


def plain_worker(words: list[str]) -> tuple[list[str], dict[str, str]] | None:
    """Return the script with its words, and variables; None if Ray asks for more than Python."""
    said = {
        name: word.removeprefix(name) for word in words for name in SAID if word.startswith(name)
    }
    asked = json.loads(said.get(CONTEXT) or "{}")
    variables = asked.pop("env_vars", {})
    python = asked.pop("py_executable", sys.executable)
    if said[LANGUAGE] != "PYTHON" or python != sys.executable or any(asked.values()):
        return None
    return [word for word in words if not word.startswith(SAID)], variables


def _ask() -> None:
    """Hand on what Ray asks for, or do what its own script does."""
    plain = plain_worker(sys.argv[1:])
    if plain is None:
        import ray

        own = Path(ray.__file__).parent / "_private" / "workers" / "setup_worker.py"
        os.execv(sys.executable, [sys.executable, str(own), *sys.argv[1:]])  # noqa: S606
    words, variables = plain
    asked = json.dumps([words, dict(os.environ) | variables]).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        one.connect(os.environ[VARIABLE])
        socket.send_fds(one, [asked], [0, 1, 2])


def _serve(number: int) -> None:
    """Fork for each worker that is asked for, and run it there; end with whoever started this."""
    import importlib
    import runpy
    import select
    import signal

    from tests.forked import become

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how workers ended
    with socket.socket(fileno=number) as waiting:
        for library in LIBRARIES:
            importlib.import_module(library)
        while True:
            ready, _, _ = select.select([waiting, sys.stdin], [], [])
            if waiting not in ready:
                return
            with waiting.accept()[0] as one:
                asked, descriptors, _, _ = socket.recv_fds(one, 1 << 20, 3)
            if os.fork() == 0:
                break
            for descriptor in descriptors:
                os.close(descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setpgid(0, 0)  # the raylet kills a worker's group
    become(*json.loads(asked), dict(enumerate(descriptors)))
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        _serve(int(sys.argv[2]))
    else:
        _ask()
