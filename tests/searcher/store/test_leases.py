"""One live driver a search: who has the lease, who gets it, and who may not write any more."""

import json
import os
import subprocess
import sys

import pytest
from sqlalchemy import text

from searcher.errors import FencedError, LeaseHeldError, NotFoundError
from searcher.records import Note, SearchEnded, SearchStarted, TrialStarted
from searcher.store import Store, Writer, leases
from searcher.store.engine import open_for_writing, parse_url
from searcher.store.holder import describe_process, is_gone
from tests.searcher.store.records_factory import START, make_records

STARTED = next(r for r in make_records("s") if isinstance(r, SearchStarted))


@pytest.fixture
def engine(url):
    with Writer(url) as writer:
        writer.add(STARTED)
    engine = open_for_writing(parse_url(url))
    yield engine
    engine.dispose()


def trial(number):
    return TrialStarted(f"s.0.{number}", "s", "0", number, "ridge", {}, "strategy", at=START)


def take(engine, **options):
    with engine.begin() as connection:
        return leases.acquire(connection, "s", **options)


def strangers(engine):
    """Let the lease be held by a process of another machine, of which nothing is known here."""
    holder = json.dumps({**describe_process(), "host": "elsewhere"})
    with engine.begin() as connection:
        connection.execute(text("UPDATE leases SET holder = :holder"), {"holder": holder})


def test_a_second_driver_is_told_who_has_the_search_and_since_when(engine):
    take(engine)

    with pytest.raises(LeaseHeldError, match=rf"process {os.getpid()} on .*, since 20\d\d-"):
        take(engine)


def test_each_driver_has_a_later_epoch(engine):
    first = take(engine)
    with engine.begin() as connection:
        leases.release(connection, first)

    assert (first.epoch, take(engine).epoch) == (1, 2)


def test_a_lease_that_has_run_out_is_free(engine):
    first = take(engine, ttl_s=-1.0)
    strangers(engine)

    assert take(engine).epoch == first.epoch + 1


def test_a_lease_of_another_machine_is_waited_for(engine):
    take(engine)
    strangers(engine)

    with pytest.raises(LeaseHeldError):
        take(engine)


def test_the_lease_of_a_dead_process_of_this_machine_is_free_at_once(engine, url):
    script = (
        "import sys; from searcher.store import Writer; import os\n"
        "writer = Writer(sys.argv[1]); writer.lead('s'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, url], check=False)
    with Store(url) as store:
        assert not store.driver("s").live

    assert take(engine).epoch == 2


def test_a_search_that_is_not_there_has_no_lease(engine):
    with engine.begin() as connection, pytest.raises(NotFoundError):
        leases.acquire(connection, "nope")


def test_a_process_number_that_was_given_out_again_is_no_sign_of_life():
    here = describe_process()

    assert not is_gone(here)
    assert is_gone({**here, "created": here["created"] - 100})
    assert not is_gone({**here, "host": "elsewhere", "pid": 2**22 + 1})
    assert not is_gone({**here, "boot": "another", "pid": 2**22 + 1})


def test_a_writer_that_lost_its_search_writes_nothing_more(url, engine):
    late = Writer(url)
    late.lead("s")
    late.add(trial(0))
    late.flush()
    with engine.begin() as connection:
        connection.execute(text("UPDATE leases SET expires_at = 0"))
    strangers(engine)
    with Writer(url) as rival:
        rival.lead("s")
        rival.add(trial(1))
        late.add(trial(2))

        with pytest.raises(FencedError, match=r"held by process .*resume s"):
            late.flush()
        with pytest.raises(FencedError):
            late.close()

    with Store(url) as store:
        assert [t.number for t in store.trials("s", sort="number")] == [0, 1]


def test_a_writer_that_was_suspended_past_its_lease_writes_nothing_though_nobody_took_it(
    url, engine
):
    writer = Writer(url)
    writer.lead("s")
    with engine.begin() as connection:
        connection.execute(text("UPDATE leases SET expires_at = 0"))
    writer.add(trial(0))

    with pytest.raises(FencedError, match="suspended for longer than it lasts"):
        writer.flush()
    with pytest.raises(FencedError):
        writer.close()
    with Store(url) as store:
        assert not store.trials("s")


def test_a_writer_that_is_closed_lets_go_of_its_search(url, engine):
    with Writer(url) as writer:
        writer.lead("s")
        with Store(url) as store:
            assert store.driver("s").live

    with Store(url) as store:
        assert not store.driver("s").live


def test_a_writer_that_has_nothing_to_write_keeps_its_lease_alive(url, engine, monkeypatch):
    monkeypatch.setattr("searcher.store.guard.HEARTBEAT_S", 0.01)
    with Writer(url) as writer:
        writer.lead("s")
        with Store(url) as store:
            _, ((first,),) = store.query("SELECT heartbeat_at FROM leases")
        while True:  # until there is a later one: the test's time limit is the limit
            with Store(url) as store:
                _, ((later,),) = store.query("SELECT heartbeat_at FROM leases")
            if later > first:
                break


def test_a_driver_hears_that_somebody_wants_it_to_stop(url, engine, monkeypatch):
    monkeypatch.setattr("searcher.store.guard.HEARTBEAT_S", 0.01)
    with Writer(url) as writer:
        writer.lead("s")
        with engine.begin() as connection:
            assert leases.request_stop(connection, "s").owner.startswith("process ")
        while not writer.stop_requested:
            writer.check()


def test_nobody_is_asked_to_stop_where_nobody_drives(engine):
    with engine.begin() as connection:
        assert leases.request_stop(connection, "s") is None


def test_a_held_search_has_no_driver_and_is_free_afterwards(url, engine):
    with leases.hold(url, "s"):
        writer = Writer(url)
        with pytest.raises(LeaseHeldError):
            writer.lead("s")
        writer.close()

    with Writer(url) as writer:
        writer.lead("s")


def test_other_writers_may_still_add_to_another_search(url, engine):
    with Writer(url) as driver, Writer(url) as other:
        driver.lead("s")
        other.add(Note("s", "export", {"path": "there"}))
        other.flush()
        driver.add(SearchEnded("s", "failed"))
        driver.flush()
