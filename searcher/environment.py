"""What a search ran on: versions, platform, the caller's git commit."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "searcher",
    "ray",
    "optuna",
    "scikit-learn",
    "xgboost",
    "lightgbm",
    "numpy",
    "onnx",
    "onnxruntime",
    "skl2onnx",
    "sqlalchemy",
)


def describe_environment(*, cpus: int, base: Path, output: Path | None = None) -> dict[str, Any]:
    """Everything about this process that a result may depend on, as JSON values.

    Parameters
    ----------
    cpus
        Cores that the search may use.
    base
        Folder that the spec's relative data path starts at.
    output
        Folder for the search's files; None if it leaves none.
    """
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": cpus,
        "base": str(base.resolve()),
        "output": None if output is None else str(output.resolve()),
        "versions": installed_versions(),
        "git_commit": git_commit(Path.cwd()),
    }


def installed_versions() -> dict[str, str]:
    """Versions of the packages that compute something."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue  # an optional one that is not installed
    return found


def git_commit(folder: Path) -> str | None:
    """Commit that ``folder`` is at, with "+changes" if files differ; None outside a repository."""
    head = _git(folder, "rev-parse", "HEAD")
    if not head:
        return None
    return f"{head}+changes" if _git(folder, "status", "--porcelain", "-uno") else head


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "-C", os.fspath(folder), *arguments],  # noqa: S607 - whichever git is on PATH
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
