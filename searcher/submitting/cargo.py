"""What a search takes along to a Ray cluster, and what it must find there."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.head import is_here
from cluster.jobs import Jobs
from searcher.errors import DataError, SpecError

LOOK = "import sys; open(sys.argv[1], 'rb').read(1)"
"""What the head does to see whether it can read a file."""


@dataclass(frozen=True, slots=True)
class Cargo:
    """What a search takes along, and where things are on the cluster."""

    working_dir: Path | None = None  # goes along whole
    data: str | None = None  # path that all nodes can read; None: the rows travel
    output: str | None = None  # folder for its files; None: one under the home of the driver's user
    python: str | None = None  # interpreter; None: ``python``, or this one if the head is here
    pip: Path | None = None  # requirements that the cluster installs for this search alone


def interpreter(cargo: Cargo, address: str) -> str:
    """Say which Python drives the search on the cluster at ``address``."""
    if cargo.python is not None:
        return cargo.python
    if cargo.pip is not None:  # Ray makes an environment for them, and puts its Python first
        return "python"
    return shlex.quote(sys.executable) if is_here(address) else "python"


def runtime_environment(cargo: Cargo, *, folder: str) -> dict[str, Any]:
    """Say what the driver's processes, and those of trials, are to find.

    Raises
    ------
    SpecError
        If there is no such file of requirements, or a search can't have those.
    """
    found: dict[str, Any] = {"working_dir": folder}
    if cargo.pip is None:
        return found
    if cargo.python is not None:
        raise SpecError("pip: what is installed for a search comes with a Python of its own")
    if not cargo.pip.is_file():
        raise SpecError(f"pip: no file {cargo.pip}")
    lines = cargo.pip.read_text(encoding="utf-8").splitlines()
    asked = [line.split(" #")[0].strip() for line in lines]
    return found | {"pip": [line for line in asked if line and not line.startswith("#")]}


def require_readable(
    path: str, jobs: Jobs, search_id: str, python: str, runtime_env: dict[str, Any]
) -> None:
    """Refuse rows that the driver could not read where it will run.

    Raises
    ------
    DataError
        Says what the head of the cluster said.
    """
    look = f"{python} -c {shlex.quote(LOOK)} {shlex.quote(path)}"
    found, said = jobs.ask(f"{search_id}.rows", look, runtime_env=runtime_env)
    if not found:
        why = (said.strip().splitlines() or ["it does not say why"])[-1]
        raise DataError(f"data: the head of the cluster at {jobs.address} can't read {path}: {why}")
