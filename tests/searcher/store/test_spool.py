"""Records on disk while the database is away."""

import numpy as np
import pytest

from searcher.errors import StoreAwayError
from searcher.records import OuterPredictions, SearchStarted
from searcher.store import Store, Writer
from searcher.store.clean import clean
from searcher.store.spool import Spool
from tests.searcher.store.records_factory import make_records

RECORDS = [clean(record) for record in make_records("s")]


def same(one, other):
    """Equal, whether a value is an array, a list or a tuple."""
    if isinstance(one, OuterPredictions | SearchStarted):
        return type(one) is type(other) and one.at == other.at
    return one == other


def test_every_kind_of_record_comes_back_as_it_was(tmp_path):
    spool = Spool(tmp_path / "spool.jsonl")

    spool.append(RECORDS)

    back = list(spool.records())
    assert len(back) == len(RECORDS)
    assert all(same(one, other) for one, other in zip(back, RECORDS, strict=True))


def test_a_search_told_from_the_spool_is_the_search(tmp_path, url, other_url):
    spool = Spool(tmp_path / "spool.jsonl")
    spool.append(RECORDS)

    for place, records in ((url, RECORDS), (other_url, spool.records())):
        with Writer(place) as writer:
            for record in records:
                writer.add(record)

    with Store(url) as one, Store(other_url) as other:
        assert one.search("s") == other.search("s")
        assert one.trials("s") == other.trials("s")
        assert all(
            np.array_equal(a.truth, b.truth) and np.array_equal(a.predicted, b.predicted)
            for a, b in zip(one.outer_predictions("s"), other.outer_predictions("s"), strict=True)
        )


@pytest.mark.parametrize("lost", [1, 10, 200])
def test_a_line_that_was_being_written_when_the_process_died_is_left_out(tmp_path, lost):
    spool = Spool(tmp_path / "spool.jsonl")
    spool.append(RECORDS[:3])
    spool.path.write_bytes(spool.path.read_bytes()[:-lost])

    assert len(list(spool.records())) < 3


def test_a_line_with_a_flipped_byte_and_what_follows_are_left_out(tmp_path):
    spool = Spool(tmp_path / "spool.jsonl")
    for record in RECORDS[1:4]:
        spool.append([record])
    content = bytearray(spool.path.read_bytes())
    content[content.index(b"\n") + 30] ^= 1
    spool.path.write_bytes(content)

    assert list(spool.records()) == RECORDS[1:2]


def test_a_spool_does_not_grow_beyond_its_bound(tmp_path):
    spool = Spool(tmp_path / "spool.jsonl", most_bytes=1_000)

    with pytest.raises(StoreAwayError, match=r"beyond 1,000 bytes"):
        spool.append(RECORDS)
    assert not list(spool.records())


def test_there_is_no_file_where_nothing_was_spooled(tmp_path):
    spool = Spool(tmp_path / "spool.jsonl")

    assert not list(spool.records())
    spool.clear()
    assert not spool.path.exists()


def test_a_driver_tells_what_the_one_before_it_had_to_leave_on_disk(tmp_path, url):
    with Writer(url) as writer:
        writer.add(RECORDS[0])
    Spool(tmp_path / "spool.jsonl").append(RECORDS[1:])

    with Writer(url) as writer:
        writer.lead("s", spool=tmp_path / "spool.jsonl")

    with Store(url) as store:
        assert store.search("s").state == "completed"
    assert not (tmp_path / "spool.jsonl").exists()
