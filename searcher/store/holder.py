"""Who holds a lease: enough to tell, on the same machine, that the process is gone."""

import os
import socket
from pathlib import Path
from typing import Any

import psutil


def describe_process() -> dict[str, Any]:
    """Name this process so that no other one, on any machine, has the same description."""
    return {
        "host": socket.gethostname(),
        "boot": _boot(),
        "pid": os.getpid(),
        "created": psutil.Process().create_time(),
    }


def shown(holder: dict[str, Any]) -> str:
    """Say it to people."""
    return f"process {holder.get('pid')} on {holder.get('host')}"


def is_gone(holder: dict[str, Any]) -> bool:
    """Whether the process is known to have ended: only where this machine can know it.

    A process that is stopped (SIGSTOP) is not gone. Of a process on another machine, or in
    another container, nothing is known.
    """
    here = describe_process()
    if (holder.get("host"), holder.get("boot")) != (here["host"], here["boot"]):
        return False
    try:
        process = psutil.Process(int(holder["pid"]))
        same = abs(process.create_time() - float(holder["created"])) < 1.0
        return not same or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False


def _boot() -> str:
    """Name this start of this machine, and the namespace that process numbers are of."""
    parts = []
    for source in (Path("/proc/sys/kernel/random/boot_id"),):
        parts.append(source.read_text().strip() if source.is_file() else str(psutil.boot_time()))
    space = Path("/proc/self/ns/pid")
    parts.append(str(space.readlink()) if space.is_symlink() else "")
    return " ".join(filter(None, parts))
