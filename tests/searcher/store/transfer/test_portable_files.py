import json
import threading
from hashlib import sha256
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from searcher.errors import NotFoundError, StoreError
from searcher.records import Artifact, FoldScore, Note, TrialStarted
from searcher.store import Store, Writer, check
from searcher.store.engine import open_for_reading, parse_url
from searcher.store.revisions import HEAD
from searcher.store.schema import metadata
from searcher.store.transfer import export_search, import_search
from searcher.store.transfer.belonging import NOT_CARRIED, carried, rows_of
from searcher.store.transfer.cells import reader_of, writer_of
from tests.searcher.store.records_factory import fill, make_records
from tests.searcher.store.transfer.conftest import SEARCH
from tests.searcher.store.transfer.tampering import rewrite


def manifest(path):
    with ZipFile(path) as file:
        return json.loads(file.read("manifest.json"))


def sums(path):
    return {name: part["sha256"] for name, part in manifest(path)["tables"].items()}


def test_a_search_moves_to_the_other_database_with_every_row_equal(filled, opposite_url, tmp_path):
    there, back = tmp_path / "there.zip", tmp_path / "back.zip"

    export_search(filled, SEARCH, there)
    import_search(opposite_url, there)
    export_search(opposite_url, SEARCH, back)

    assert sums(there) == sums(back)
    assert check(opposite_url) == []
    with Store(filled) as old, Store(opposite_url) as new:
        assert new.search(SEARCH) == old.search(SEARCH)
        assert [s.search_id for s in new.searches()] == [SEARCH]


def test_a_file_has_every_row_of_its_search_and_none_of_another(filled, tmp_path):
    path = tmp_path / "churn.zip"

    exported = export_search(filled, SEARCH, path)

    engine = open_for_reading(parse_url(filled))
    with engine.connect() as connection:
        for table in carried(files=False):
            rows = connection.execute(rows_of(table, SEARCH)).all()
            assert exported.rows[table.name] == len(rows)
        trials = metadata.tables["trials"]
        every = connection.execute(select(trials.c.search_id)).scalars().all()
    engine.dispose()
    assert set(every) == {SEARCH, "busy-77"}
    with ZipFile(path) as file:
        assert b"busy-77" not in b"".join(file.read(name) for name in file.namelist())


def test_every_table_of_the_schema_is_carried_or_left_out_on_purpose():
    names = {table.name for table in carried(files=True)}

    assert names == set(metadata.tables) - NOT_CARRIED
    for table in carried(files=True):
        rows_of(table, "any")
        for column in table.columns:
            assert writer_of(column) is None or callable(writer_of(column))
            assert callable(reader_of(column))


def test_a_running_search_is_exported_as_of_one_moment(url, tmp_path):
    path = tmp_path / "busy.zip"
    with Writer(url) as writer:
        for record in make_records("busy-77", state="running"):
            writer.add(record)
        writer.flush()
        with Store(url) as store:
            before = store.search("busy-77").trials

        def grow(what, done, total):
            writer.add(
                TrialStarted(
                    f"busy-77.final.{100 + done}",
                    "busy-77",
                    "final",
                    100 + done,
                    "xgboost",
                    {"eta": 0.1},
                    "strategy",
                )
            )
            writer.flush()

        exported = export_search(url, "busy-77", path, progress=grow)

    assert exported.rows["trials"] == sum(before.values())
    with Store(url) as store:
        assert sum(store.search("busy-77").trials.values()) == sum(before.values()) + 1


def test_who_drives_a_search_is_not_carried(url, other_url, tmp_path):
    with Writer(url) as writer:
        for record in make_records("busy-77", state="running"):
            writer.add(record)
        writer.flush()
        writer.lead("busy-77")
        export_search(url, "busy-77", tmp_path / "busy.zip")
        import_search(other_url, tmp_path / "busy.zip")

        with Writer(other_url) as other:
            other.lead("busy-77")  # nobody has it there

    assert "leases" not in manifest(tmp_path / "busy.zip")["tables"]


def test_a_search_whose_id_exists_is_refused_and_another_id_helps(filled, tmp_path):
    export_search(filled, SEARCH, tmp_path / "churn.zip")

    with pytest.raises(StoreError, match=r"exists already.*--as ID"):
        import_search(filled, tmp_path / "churn.zip")
    imported = import_search(filled, tmp_path / "churn.zip", new_id="copy-9")

    assert imported.search_id == "copy-9"
    assert check(filled) == []
    with Store(filled) as store:
        old, new = store.search(SEARCH), store.search("copy-9")
    assert new.outer_scores == old.outer_scores
    assert new.best_trial_id == old.best_trial_id.replace(SEARCH, "copy-9")


def test_another_id_stands_wherever_the_old_one_stood(url, tmp_path):
    told = {"trial_id": f"{SEARCH}.final.1", "of": [SEARCH, "busy-77.final.1", f"about {SEARCH}"]}
    fill(url, [*make_records(SEARCH), Note(SEARCH, "remark", told)])
    export_search(url, SEARCH, tmp_path / "churn.zip")

    import_search(url, tmp_path / "churn.zip", new_id="copy-9")
    export_search(url, "copy-9", tmp_path / "copy.zip")

    with Store(url) as store:
        payload = next(e.payload for e in store.events("copy-9") if e.kind == "remark")
    assert payload == {
        "trial_id": "copy-9.final.1",
        "of": ["copy-9", "busy-77.final.1", f"about {SEARCH}"],
    }
    with ZipFile(tmp_path / "copy.zip") as file:
        rows = b"".join(file.read(n) for n in file.namelist() if n != "tables/artifacts.jsonl")
    assert SEARCH.encode() not in rows.replace(f"about {SEARCH}".encode(), b"")


@pytest.mark.parametrize("new_id", ["../up", "a b", "a.b", "", "x" * 101, "-x"])
def test_an_id_that_could_not_name_a_folder_is_refused(sqlite_url, tmp_path, new_id):
    fill(sqlite_url, make_records(SEARCH))
    export_search(sqlite_url, SEARCH, tmp_path / "churn.zip")

    with pytest.raises(StoreError, match="search_id is"):
        import_search(sqlite_url, tmp_path / "churn.zip", new_id=new_id)


def test_files_come_along_and_their_rows_point_at_them(url, other_url, tmp_path):
    model = tmp_path / "old" / "model.onnx"
    model.parent.mkdir()
    model.write_bytes(b"a model")
    gone = Artifact(SEARCH, "report", str(tmp_path / "gone.html"), "0" * 64, 3)
    kept = Artifact(SEARCH, "model", str(model), sha256(b"a model").hexdigest(), 7)
    fill(url, [*make_records(SEARCH, state="running"), kept, gone])

    exported = export_search(url, SEARCH, tmp_path / "churn.zip", files=True)
    imported = import_search(other_url, tmp_path / "churn.zip", folder=tmp_path / "new")

    assert exported.files == 1
    assert len(exported.missing) == 1
    assert "gone.html" in exported.missing[0]
    assert imported.files == (tmp_path / "new" / "model.onnx",)
    assert imported.files[0].read_bytes() == b"a model"
    with Store(other_url) as store:
        paths = [artifact.path for artifact in store.artifacts(SEARCH)]
    assert paths == [str(tmp_path / "new" / "model.onnx"), str(tmp_path / "gone.html")]


def test_files_are_taken_back_when_the_rows_are_refused(sqlite_url, tmp_path):
    model = tmp_path / "model.onnx"
    model.write_bytes(b"a model")
    kept = Artifact(SEARCH, "model", str(model), sha256(b"a model").hexdigest(), 7)
    fill(sqlite_url, [*make_records(SEARCH, state="running"), kept])
    export_search(sqlite_url, SEARCH, tmp_path / "churn.zip", files=True)
    rewrite(tmp_path / "churn.zip", "outer_scores", lambda rows: [*rows, rows[0]])

    with pytest.raises(StoreError, match="contradicts itself"):
        import_search(
            f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "churn.zip", folder=tmp_path / "new"
        )

    assert list((tmp_path / "new").iterdir()) == []


def test_a_file_is_whole_or_not_there(sqlite_url, tmp_path):
    fill(sqlite_url, make_records(SEARCH))

    def fail(what, done, total):
        raise KeyboardInterrupt

    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(KeyboardInterrupt):
        export_search(sqlite_url, SEARCH, folder / "churn.zip", progress=fail)

    assert list(folder.iterdir()) == []


def test_a_file_that_exists_is_replaced_only_if_asked(sqlite_url, tmp_path):
    fill(sqlite_url, make_records(SEARCH))
    (tmp_path / "churn.zip").write_text("mine")

    with pytest.raises(StoreError, match="exists already"):
        export_search(sqlite_url, SEARCH, tmp_path / "churn.zip")
    assert (tmp_path / "churn.zip").read_text() == "mine"
    export_search(sqlite_url, SEARCH, tmp_path / "churn.zip", overwrite=True)

    assert manifest(tmp_path / "churn.zip")["schema_revision"] == HEAD


def test_what_has_no_search_or_no_file_is_not_found(filled, tmp_path):
    with pytest.raises(NotFoundError):
        export_search(filled, "nobody", tmp_path / "x.zip")
    with pytest.raises(NotFoundError, match="no file"):
        import_search(filled, tmp_path / "x.zip")


def test_odd_texts_and_numbers_arrive_as_they_were(url, opposite_url, tmp_path):
    odd = {"name\n\t'\"\\": "\\N", "unicode": "žluť 木 \U0001f600", "tiny": 5e-324, "big": 2**70}
    trial = TrialStarted("busy-77.final.50", "busy-77", "final", 50, "xgboost", odd, "strategy")
    score = FoldScore("busy-77.final.50", 1, 0, {"roc_auc": 0.1 + 0.2}, 0.1, 0.1, 1 / 3)
    fill(url, [*make_records("busy-77", state="running"), trial, score])

    export_search(url, "busy-77", tmp_path / "busy.zip")
    import_search(opposite_url, tmp_path / "busy.zip")

    with Store(url) as old, Store(opposite_url) as new:
        assert new.trial("busy-77.final.50") == old.trial("busy-77.final.50")
        assert new.trial("busy-77.final.50").configuration == odd
        assert new.fold_scores("busy-77") == old.fold_scores("busy-77")


def test_an_import_does_not_disturb_a_search_that_is_writing(url, tmp_path):
    fill(f"sqlite:///{tmp_path / 'from.db'}", make_records(SEARCH))
    export_search(f"sqlite:///{tmp_path / 'from.db'}", SEARCH, tmp_path / "churn.zip")
    with Writer(url) as writer:
        for record in make_records("busy-77", state="running"):
            writer.add(record)
        importing = threading.Thread(target=import_search, args=(url, tmp_path / "churn.zip"))
        importing.start()
        for i in range(50):
            writer.add(Note("busy-77", "tick", {"i": i}))
        writer.flush()
        importing.join()

    with Store(url) as store:
        assert sum(event.kind == "tick" for event in store.events("busy-77")) == 50
        assert store.search(SEARCH).state == "completed"
