"""Only what nobody needs is freed, and everything else stays."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete, insert, select, text

from searcher.errors import NotFoundError
from searcher.records import SearchStarted
from searcher.store import Store, Writer, check
from searcher.store.checkpoints import Checkpoints
from searcher.store.deletion import delete_search
from searcher.store.retention import collect, plan_gc
from searcher.store.schema import checkpoints, folds, index_arrays
from searcher.store.spool import Spool
from tests.crashes import crash, die
from tests.searcher.store.records_factory import fill, make_records


def begun(search_id, folder, **options):
    """Tell of a search that writes to ``folder``."""
    first, *others = make_records(search_id, **options)
    assert isinstance(first, SearchStarted)
    return [replace(first, environment=first.environment | {"output": str(folder)}), *others]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "output").mkdir()
    return tmp_path / "output"


@pytest.fixture
def full(url, folder):
    """A store of one completed search, which wrote to ``folder``."""
    return fill(url, begun("a", folder))


def execute(url, statement, *rows):
    engine = create_engine(url)
    with engine.begin() as connection:
        found = connection.execute(text(statement) if isinstance(statement, str) else statement)
        answer = found.all() if found.returns_rows else []
    engine.dispose()
    return answer


def save(url, folder, trial_id, *resources, row=True, scores=None):
    """Save checkpoints as a search would, with their rows."""
    kept = Checkpoints(folder / "checkpoints", keep_last=50)
    for resource in resources:
        score = None if scores is None else scores[resource]
        saved = kept.save(trial_id, resource, {"weights": bytes(1000)}, score=score).checkpoint
        if row:
            values = {name: getattr(saved, name) for name in checkpoints.c.keys()}  # noqa: SIM118
            execute(url, insert(checkpoints).values(**values))
    return kept


def saved_of(url):
    rows = execute(url, select(checkpoints.c.trial_id, checkpoints.c.resource))
    return sorted(tuple(row) for row in rows)


def files_of(kept, trial_id):
    return sorted(int(path.name[:10]) for path in kept.folder_of(trial_id).glob("*.checkpoint"))


def aged(path):
    old = time.time() - 7200
    os.utime(path, (old, old))
    return path


def kinds(collection):
    return [one.kind for one in collection.garbage if one.kind != "free pages"]


def best_first(url):
    """Completed trials of outer fold 0."""
    with Store(url) as store:
        found = store.trials("a", outer_fold="0")
    return [trial.trial_id for trial in found if trial.state == "completed"]


def test_in_a_tidy_store_there_is_nothing_to_free(full):
    found = plan_gc(full)

    assert kinds(found) == []
    assert found.left == ()


def test_a_file_that_a_killed_process_left_is_freed_when_it_is_old(full, folder):
    old, young = aged_and_young(folder)
    (folder / ".keep.tmp").write_text("not ours")

    planned, freed = plan_gc(full), collect(full)

    assert kinds(planned) == kinds(freed) == ["temporary"]
    assert not old.exists()
    assert young.exists()
    assert (folder / ".keep.tmp").exists()


def aged_and_young(folder):
    def write_a_part():
        from searcher.files import fresh_file

        with fresh_file(folder, "model.onnx") as file:
            file.write(bytes(5000))
            file.flush()
            die()

    crash(write_a_part)
    (old,) = folder.glob(".model.onnx.*.tmp")
    aged(old)
    crash(write_a_part)
    (young,) = set(folder.glob(".model.onnx.*.tmp")) - {old}
    return old, young


def test_a_temporary_file_that_is_a_symbolic_link_is_left(full, folder, tmp_path):
    (tmp_path / "mine").write_text("mine")
    (folder / ".model.onnx.abcdefgh.tmp").symlink_to(tmp_path / "mine")
    os.utime(folder / ".model.onnx.abcdefgh.tmp", (0, 0), follow_symlinks=False)

    collect(full)

    assert (tmp_path / "mine").exists()
    assert (folder / ".model.onnx.abcdefgh.tmp").is_symlink()


def test_checkpoints_of_ended_trials_go_but_those_of_the_best(full, folder):
    best, second, *_ = trials = best_first(full)
    for trial_id in trials:
        kept = save(full, folder, trial_id, 1, 2, 3, scores={1: 0.9, 2: 0.1, 3: 0.5})

    planned = plan_gc(full, keep_best=1)
    freed = collect(full, keep_best=1)

    assert kinds(planned) == kinds(freed) == ["checkpoint"] * (3 * len(trials) - 2)
    assert freed.size_bytes >= planned.size_bytes > 1000 * len(planned.garbage)
    assert saved_of(full) == [(best, 1), (best, 3)]
    assert files_of(kept, best) == [1, 3]
    assert not kept.folder_of(second).exists()
    assert kinds(plan_gc(full, keep_best=1)) == []


@pytest.mark.parametrize("state", ["running", "paused"])
def test_checkpoints_of_trials_that_go_on_are_needed(url, folder, state):
    fill(url, begun("a", folder, state="running"))
    execute(url, f"UPDATE trials SET state = '{state}' WHERE trial_id = 'a.final.2'")  # noqa: S608
    save(url, folder, "a.final.2", 1, 2, 3)

    collect(url, keep_best=0)

    assert saved_of(url) == [("a.final.2", resource) for resource in (1, 2, 3)]


def test_a_checkpoint_without_a_row_goes_when_its_trial_has_ended(full, folder):
    first, second, *_ = best_first(full)
    kept = save(full, folder, first, 1)
    save(full, folder, first, 2, row=False)
    save(full, folder, second, 7, row=False)  # died before its first row
    save(full, folder, "another.0.0", 1, row=False)  # of another store

    collect(full, keep_best=5)

    assert files_of(kept, first) == [1]
    assert files_of(kept, second) == []
    assert files_of(kept, "another.0.0") == [1]


def test_a_row_whose_file_is_gone_is_freed(full, folder):
    (trial_id, *_) = best_first(full)
    kept = save(full, folder, trial_id, 1)
    next(kept.folder_of(trial_id).iterdir()).unlink()

    freed = collect(full, keep_best=0)

    assert kinds(freed) == ["checkpoint"]
    assert saved_of(full) == []


def test_a_checkpoint_that_somebody_changed_is_left_with_its_row(full, folder):
    (trial_id, *_) = best_first(full)
    kept = save(full, folder, trial_id, 1)
    path = next(kept.folder_of(trial_id).iterdir())
    path.write_bytes(b"mine now")

    freed = collect(full, keep_best=0)

    assert path.read_bytes() == b"mine now"
    assert [(left.what, left.why) for left in freed.left] == [
        (str(path), "it was changed or replaced since")
    ]
    assert saved_of(full) == [(trial_id, 1)]


@pytest.mark.parametrize("state", ["completed", "interrupted", "failed", "running"])
def test_spooled_records_go_only_when_the_search_is_completed(url, folder, state):
    records = begun("a", folder, state=state)
    fill(url, records)
    spool = Spool(folder / "spool.jsonl")
    spool.append(records[:5])

    freed = collect(url)

    assert kinds(freed) == (["spool"] if state == "completed" else [])
    assert spool.path.exists() == (state != "completed")


def test_what_a_live_search_uses_is_left(url, folder):
    with Writer(url) as writer:
        for record in begun("a", folder, state="running"):
            writer.add(record)
        writer.lead("a")
        save(url, folder, "a.0.1", 1, 2, 3)
        old = aged_and_young(folder)[0]

        freed = collect(url, keep_best=0)

    assert old.exists()
    assert len(saved_of(url)) == 3
    assert kinds(freed) == []
    assert freed.left[0].what == "search a"
    assert freed.left[0].why.startswith("driven by process")


def test_arrays_that_no_fold_uses_are_freed_and_others_stay(full):
    needed = len(execute(full, select(index_arrays.c.sha256)))
    orphan = {"encoding": "delta-int32-zlib", "length": 1, "data": bytes(100)}
    execute(full, insert(index_arrays).values(sha256="0" * 64, **orphan))

    freed = collect(full)

    (garbage,) = [one for one in freed.garbage if one.kind == "index arrays"]
    assert (garbage.what, garbage.size_bytes) == ("1 that no fold uses", 100)
    assert len(execute(full, select(index_arrays.c.sha256))) == needed
    assert check(full) == []


def test_arrays_of_folds_that_were_deleted_are_found(full):
    execute(full, delete(folds))

    assert kinds(plan_gc(full)) == ["index arrays"]


def test_the_pages_of_a_deleted_search_are_given_back(sqlite_url, folder):
    fill(sqlite_url, begun("a", folder), begun("b", folder, trials=40, n_samples=5000))
    delete_search(sqlite_url, "b")
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    before = path.stat().st_size

    freed = collect(sqlite_url)

    (pages,) = [one for one in freed.garbage if one.kind == "free pages"]
    assert path.stat().st_size == before - pages.size_bytes
    assert check(sqlite_url) == []
    assert plan_gc(sqlite_url).garbage == ()


def test_pages_are_not_moved_under_a_live_search(sqlite_url, folder):
    fill(sqlite_url, begun("b", folder, trials=40))
    delete_search(sqlite_url, "b")
    with Writer(sqlite_url) as writer:
        for record in begun("a", folder, state="running"):
            writer.add(record)
        writer.lead("a")

        freed = collect(sqlite_url)

    assert freed.garbage == ()
    assert [left.what for left in freed.left] == ["search a", "free pages of the database"]


def test_a_plan_changes_nothing(full, folder):
    trial_id = best_first(full)[0]
    save(full, folder, trial_id, 1, 2)
    old, _ = aged_and_young(folder)
    rows = saved_of(full)

    first, second = plan_gc(full, keep_best=0), plan_gc(full, keep_best=0)

    assert first == second
    assert len(kinds(first)) == 3
    assert old.exists()
    assert saved_of(full) == rows


def test_a_store_that_is_not_there_is_said(sqlite_url):
    with pytest.raises(NotFoundError):
        plan_gc(sqlite_url)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_collection_that_is_killed_can_be_repeated(full, folder, at):
    trial_id = best_first(full)[0]
    kept = save(full, folder, trial_id, 1, 2, 3)

    assert crash(lambda: collect(full, keep_best=0), at=at, touches=("os.remove",))
    collect(full, keep_best=0)

    assert saved_of(full) == []
    assert not kept.folder_of(trial_id).exists()
    assert check(full) == []
