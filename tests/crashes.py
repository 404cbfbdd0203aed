"""Processes that die while they touch files."""

import os
import resource
import signal
import sys

TOUCHES = ("open", "os.rename", "os.remove", "os.mkdir", "os.chmod", "os.listdir")


def die(*_):
    """End this process as a power cut would: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def crash(act, *, at=None, touches=TOUCHES, most_bytes=None):
    """Do it in a process of its own, which is killed just before its ``at``-th touch of a file.

    With ``most_bytes`` the operating system lets it write no more to a file than that. Returns
    whether the process was killed.
    """
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.WIFSIGNALED(status)
    touched = 0

    def count(event, _):
        nonlocal touched
        if event in touches:
            touched += 1
            if touched == at:
                die()

    try:
        if at is not None:
            sys.addaudithook(count)
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
        act()
    except BaseException:  # noqa: BLE001 - the parent looks at what is on disk
        os._exit(1)
    os._exit(0)
