"""The server for tests: it dies and comes back on demand, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.postgres import PostgresServer, need_postgres

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def package():
    need_postgres()


def processes_of(folder):
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if str(folder) in " ".join(process.info["cmdline"] or ())
    ]


def test_what_was_committed_survives_a_kill_and_nothing_survives_the_end():
    with PostgresServer() as server:
        server.execute("CREATE TABLE kept (x integer)")
        server.execute("INSERT INTO kept VALUES (1)")
        server.kill()
        server.restart()
        assert server.execute("SELECT x FROM kept") == [(1,)]
        assert processes_of(server.folder)

    assert not server.folder.exists()
    assert processes_of(server.folder) == []


def test_a_killed_server_leaves_nothing_either():
    with PostgresServer() as server:
        server.kill()

    assert not server.folder.exists()
    assert processes_of(server.folder) == []


KILLED = """
import sys
from tests.postgres import PostgresServer
print(PostgresServer().folder, flush=True)
sys.stdin.read()
"""


def test_the_server_of_killed_tests_ends_with_them_and_the_next_one_tidies_up():
    command = [sys.executable, "-c", KILLED]
    tests = subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    folder = Path(tests.stdout.readline().strip())
    servers = [psutil.Process(pid) for pid in processes_of(folder)]
    os.kill(tests.pid, signal.SIGKILL)
    tests.communicate()
    psutil.wait_procs(servers, timeout=30)

    with PostgresServer():
        assert servers
        assert not any(server.is_running() for server in servers)
        assert not folder.exists()
