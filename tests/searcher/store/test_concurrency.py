"""Readers and the writer in processes of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

from searcher.records import TrialEnded
from searcher.store import Store, Writer, check
from tests.searcher.store.records_factory import make_records

REPOSITORY = Path(__file__).parents[3]

READ = """
import sys
from searcher.store import Store

store, reads, seen = Store(sys.argv[1]), 0, 0
print("ready", flush=True)
while store.search("s").state == "running":
    found = store.trials("s")
    assert len(found) >= seen, "a trial was there and is not any more"
    for trial in found:
        assert (trial.state == "completed") <= (trial.score is not None)
    seen, reads = len(found), reads + 1
print(reads, len(store.trials("s")), flush=True)
"""

WRITE = """
import sys
from searcher.store import Writer
from tests.searcher.store.records_factory import make_records

start, *rest = make_records("s", trials=200)
writer = Writer(sys.argv[1])
writer.add(start)
for i, record in enumerate(rest[:-1]):
    writer.add(record)
    if i % 20 == 0:
        writer.flush()
        print(i, flush=True)
sys.stdin.read()
"""


def start(script, url):
    return subprocess.Popen(
        [sys.executable, "-c", script, url],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_a_reader_in_another_process_sees_the_search_grow_and_never_stops_it(url):
    first, *rest = make_records("s", trials=40)
    with Writer(url) as writer:
        writer.add(first)
        writer.flush()
        reader = start(READ, url)
        assert reader.stdout.readline() == "ready\n"

        for i, record in enumerate(rest):
            writer.add(record)
            if i % 5 == 0:
                writer.flush(timeout_s=10)

    said, _ = reader.communicate(timeout=60)
    reads, trials = map(int, said.split())
    assert reader.returncode == 0
    assert reads >= 2
    assert trials == 160


@pytest.mark.slow
def test_what_was_flushed_survives_the_death_of_the_process(url):
    writing = start(WRITE, url)
    flushed = 0
    for line in writing.stdout:
        flushed = int(line)
        if flushed >= 400:
            writing.kill()
            break
    writing.communicate()

    told = make_records("s", trials=200)[1 : flushed + 2]
    ends = [record for record in told if isinstance(record, TrialEnded)]
    with Store(url) as store:
        for end in ends:
            assert store.trial(end.trial_id).state == end.state
    assert check(url) == []


@pytest.mark.slow
def test_a_new_writer_goes_on_where_a_killed_one_was(url):
    writing = start(WRITE, url)
    for line in writing.stdout:
        if int(line) >= 100:
            writing.kill()
            break
    writing.communicate()

    with Writer(url) as writer:  # tells everything again, from the beginning
        for record in make_records("s", trials=200):
            writer.add(record)

    with Store(url) as store:
        assert store.search("s").state == "completed"
        assert sum(store.search("s").trials.values()) == 800
    assert check(url) == []
