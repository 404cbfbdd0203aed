"""A search goes whole, with its files, and nothing else goes with it."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, insert, select, text

from searcher.errors import LeaseHeldError, NotFoundError, StoreError
from searcher.records import Artifact, SearchStarted
from searcher.store import Store, Writer, check
from searcher.store.deletion import delete_search, own_rows, plan_deletion
from searcher.store.leases import hold
from searcher.store.schema import checkpoints, metadata
from searcher.store.spool import Spool
from tests.crashes import crash
from tests.searcher.store.records_factory import fill, make_records

CONTENT = {"model.onnx": b"a model", "report.html": b"a report"}


def records_of(search_id, folder, **options):
    """Tell of a search whose artifacts are really in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for record in make_records(search_id, **options):
        if isinstance(record, Artifact):
            path = folder / Path(record.path).name
            content = CONTENT[path.name] + search_id.encode()
            path.write_bytes(content)
            yield replace(
                record,
                path=str(path),
                sha256=sha256(content).hexdigest(),
                size_bytes=len(content),
            )
        elif isinstance(record, SearchStarted):
            yield replace(record, environment=record.environment | {"output": str(folder)})
        else:
            yield record


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "output" / "a"


@pytest.fixture
def two(url, tmp_path, folder):
    """A store of the searches ``a`` and ``b`` (other rows), each with its files."""
    other = tmp_path / "output" / "b"
    return fill(
        url, list(records_of("a", folder)), list(records_of("b", other, seed=3, n_samples=60))
    )


def count_rows(url):
    engine = create_engine(url)
    with engine.connect() as connection:
        counts = {
            table.name: connection.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return counts


def execute(url, statement):
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement) if isinstance(statement, str) else statement)
    engine.dispose()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_search_goes_with_its_rows_and_its_files(two, folder, tmp_path):
    alone = count_rows(two)

    deleted = delete_search(two, "a")

    assert not folder.exists()
    assert names(tmp_path / "output" / "b") == ["model.onnx", "report.html"]
    assert sorted(file.kind for file in deleted.files) == ["model", "report"]
    assert deleted.size_bytes == sum(len(content) + 1 for content in CONTENT.values())
    with Store(two) as store:
        assert [search.search_id for search in store.searches()] == ["b"]
    left = count_rows(two)
    for table, rows in deleted.rows.items():
        assert left[table] == alone[table] - rows
    assert check(two) == []


def test_what_is_left_is_what_a_store_without_that_search_has(two, other_url, tmp_path):
    fill(other_url, list(records_of("b", tmp_path / "output" / "b", seed=3, n_samples=60)))

    delete_search(two, "a")

    assert count_rows(two) == count_rows(other_url)


def test_every_table_of_a_search_is_known():
    nobodys = [table.name for table in metadata.sorted_tables if own_rows(table, "a") is None]

    assert nobodys == ["index_arrays"]


def test_a_plan_changes_nothing_and_says_what_would_go(two, folder):
    before = count_rows(two)

    plan = plan_deletion(two, "a")

    assert count_rows(two) == before
    assert names(folder) == ["model.onnx", "report.html"]
    assert plan.rows["searches"] == 1
    assert plan == replace(delete_search(two, "a"), rows=plan.rows)


def test_files_can_be_kept(two, folder):
    deleted = delete_search(two, "a", keep_files=True)

    assert deleted.files == deleted.left == ()
    assert names(folder) == ["model.onnx", "report.html"]


def test_a_file_that_somebody_replaced_is_left_and_said(two, folder):
    (folder / "report.html").write_text("my own notes")

    deleted = delete_search(two, "a")

    assert names(folder) == ["report.html"]
    (left,) = deleted.left
    assert (left.what, left.why) == (
        str(folder / "report.html"),
        "it was changed or replaced since",
    )


def test_a_file_that_is_gone_is_no_trouble(two, folder):
    (folder / "report.html").unlink()

    deleted = delete_search(two, "a")

    assert [file.kind for file in deleted.files] == ["model"]
    assert deleted.left == ()


def test_a_symbolic_link_is_not_followed(two, folder, tmp_path):
    (folder / "model.onnx").rename(tmp_path / "elsewhere")
    (folder / "model.onnx").symlink_to(tmp_path / "elsewhere")

    deleted = delete_search(two, "a")

    assert (tmp_path / "elsewhere").exists()
    assert deleted.left[0].why == "it is no regular file"


def test_a_folder_that_became_a_symbolic_link_is_not_followed(two, folder, tmp_path):
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")

    deleted = delete_search(two, "a")

    assert names(tmp_path / "moved") == ["model.onnx", "report.html"]
    assert {left.why for left in deleted.left} == {"its folder is a symbolic link"}


def test_a_file_that_another_search_recorded_too_is_left(url, folder):
    mine, others = list(records_of("a", folder)), list(records_of("b", folder, seed=3))
    mine = [
        replace(record, sha256=other.sha256, size_bytes=other.size_bytes)
        if isinstance(record, Artifact)
        else record
        for record, other in zip(mine, others, strict=False)
    ]
    shared = {r.kind: r for r in others if isinstance(r, Artifact)}
    mine = [
        replace(r, sha256=shared[r.kind].sha256) if isinstance(r, Artifact) else r for r in mine
    ]
    fill(url, mine, others)

    deleted = delete_search(url, "a")

    assert names(folder) == ["model.onnx", "report.html"]
    assert {left.why for left in deleted.left} == {"search b recorded the same file"}


def test_other_files_in_its_folder_are_left(two, folder):
    (folder / "notes.txt").write_text("mine")

    delete_search(two, "a")

    assert names(folder) == ["notes.txt"]


def test_its_checkpoints_go_too(two, folder):
    path = folder / "checkpoints" / "a.0.0" / "one"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"state")
    row = {
        "trial_id": "a.0.0",
        "resource": 1,
        "path": str(path),
        "sha256": sha256(b"state").hexdigest(),
        "size_bytes": 5,
        "created_at": next(iter(Store(two).trials("a"))).started_at,
    }
    execute(two, insert(checkpoints).values(**row))

    deleted = delete_search(two, "a")

    assert not path.parent.exists()
    assert deleted.rows["checkpoints"] == 1


def test_its_spool_goes_and_that_of_another_search_does_not(two, folder, tmp_path):
    own, others = folder / "spool.jsonl", tmp_path / "output" / "b" / "spool.jsonl"
    Spool(own).append(make_records("a")[:3])
    others.write_bytes(own.read_bytes())

    delete_search(two, "a")
    left = delete_search(two, "b").left

    assert not own.exists()
    assert [(one.what, one.why) for one in left] == [(str(others), "it is of another search")]


@pytest.mark.parametrize("act", [plan_deletion, delete_search])
def test_a_search_that_is_not_there_is_said(two, act):
    with pytest.raises(NotFoundError, match="no search nobody"):
        act(two, "nobody")


@pytest.mark.parametrize("act", [plan_deletion, delete_search])
def test_a_search_with_a_live_driver_is_refused_and_stays(url, tmp_path, act):
    with Writer(url) as writer:
        for record in records_of("a", tmp_path / "a", state="running"):
            writer.add(record)
        writer.lead("a")

        with pytest.raises(LeaseHeldError, match="search a is being driven by process"):
            act(url, "a")

    assert Store(url).search("a").state == "running"


def test_a_search_whose_driver_is_gone_can_be_deleted_whatever_its_state(url, tmp_path):
    for state in ("running", "interrupted", "failed"):
        fill(url, list(records_of(state, tmp_path / state, state=state)))

        delete_search(url, state)

    assert set(count_rows(url).values()) == {0}


def test_while_a_search_is_deleted_nobody_can_lead_it(two):
    with (
        hold(two, "a"),
        pytest.raises(LeaseHeldError),
        Writer(two) as writer,
    ):
        writer.lead("a")


def test_a_deleted_search_can_be_told_again(two, folder):
    delete_search(two, "a")

    fill(two, list(records_of("a", folder)))

    assert Store(two).search("a").state == "completed"
    assert check(two) == []


def test_when_the_rows_can_not_go_the_files_stay(two, folder, tmp_path):
    statement = "CREATE TABLE kept (search_id TEXT REFERENCES searches(search_id))"
    execute(two, statement)
    execute(two, "INSERT INTO kept VALUES ('a')")
    before = count_rows(two)

    with pytest.raises(StoreError, match=r"(?i)foreign key"):
        delete_search(two, "a")

    assert count_rows(two) == before | {"leases": before["leases"] + 1}
    assert names(folder) == ["model.onnx", "report.html"]


def test_a_deletion_killed_before_its_commit_can_be_repeated(two, folder):
    assert crash(lambda: delete_search(two, "a"), at=2, touches=("os.remove",))
    assert len(names(folder)) == 1
    assert Store(two).search("a").state == "completed"

    delete_search(two, "a")

    assert not folder.exists()
    assert check(two) == []
