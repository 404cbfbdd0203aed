"""What a file that somebody made on purpose can do: nothing."""

import json
import pickle
import shutil
import zipfile
from hashlib import sha256

import pytest

from searcher.errors import StoreError
from searcher.records import Artifact
from searcher.store import Store, Writer
from searcher.store.transfer import export_search, import_search
from searcher.store.transfer.manifest import Limits
from searcher.store.transfer.settling import safe_name
from searcher.store.transfer.unpacking import Unpacker
from tests.searcher.store.records_factory import fill, make_records
from tests.searcher.store.transfer.conftest import SEARCH
from tests.searcher.store.transfer.tampering import agree, rewrite, unzipped, zipped


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    model = folder / "model.onnx"
    model.write_bytes(b"a model")
    kept = Artifact(SEARCH, "model", str(model), sha256(b"a model").hexdigest(), 7)
    url = fill(f"sqlite:///{folder / 'a.db'}", [*make_records(SEARCH, state="running"), kept])
    export_search(url, SEARCH, folder / "churn.zip", files=True)
    return unzipped(folder / "churn.zip")


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    path = tmp_path_factory.mktemp("mine") / "mine.db"
    fill(f"sqlite:///{path}", make_records("mine-1"))
    return path


@pytest.fixture
def target(mine, tmp_path):
    """A store with a search that must stay as it is."""
    return f"sqlite:///{shutil.copy(mine, tmp_path / 'searcher.db')}"


@pytest.fixture
def attempt(exported, target, tmp_path):
    """Import members that were changed; say why not, after seeing that nothing was written."""

    def run(change, *, finish=None, method=zipfile.ZIP_DEFLATED):
        members = dict(exported)
        change(members)
        path = zipped(tmp_path / "churn.zip", members, method)
        if finish:
            finish(path)
        with Store(target) as store:
            before = store.searches()
        with pytest.raises(StoreError) as refused:
            import_search(target, path, folder=tmp_path / "files")
        with Store(target) as store:
            assert store.searches() == before
        assert not list(tmp_path.glob("files/*"))
        return str(refused.value)

    return run


def said(change):
    """Change the manifest."""

    def apply(members):
        document = json.loads(members["manifest.json"])
        change(document)
        members["manifest.json"] = json.dumps(document).encode()

    return apply


def test_the_file_itself_is_good(exported, target, tmp_path):
    path = zipped(tmp_path / "churn.zip", exported)

    assert import_search(target, path, folder=tmp_path / "files").search_id == SEARCH


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "tables/../../evil", "C:\\evil"])
def test_a_member_that_would_leave_its_folder_is_refused(attempt, name):
    assert "disagree" in attempt(lambda members: members.update({name: b"evil"}))


def test_a_file_that_leaves_its_folder_by_the_path_of_its_row_is_put_into_it(
    exported, target, tmp_path
):
    path = zipped(tmp_path / "churn.zip", exported)

    def climb(rows):
        return [
            [cell if i != 4 else "../../../evil/.bashrc" for i, cell in enumerate(row)]
            for row in rows
        ]

    columns = json.loads(exported["manifest.json"])["tables"]["artifacts"]["columns"]
    assert columns[4] == "path"
    rewrite(path, "artifacts", climb)
    imported = import_search(target, path, folder=tmp_path / "files")

    assert imported.files == (tmp_path / "files" / "bashrc",)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/b/model.onnx", "model.onnx"),
        ("..", "file"),
        ("a\\..\\b.html", "b.html"),
        (".ssh", "ssh"),
        ("a\x00b\n", "a_b_"),
        ("", "file"),
        ("x" * 500, "x" * 120),
    ],
)
def test_names_of_files_are_made_harmless(path, name):
    assert safe_name(path) == name


def test_a_bomb_is_refused_before_it_is_unpacked(attempt):
    def bomb(members):
        agree(members, "events", b"\n" * 50_000_000)

    assert "zip bomb" in attempt(bomb)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_packing_that_bombs_are_made_of_are_refused(attempt, method):
    assert "packed in a way" in attempt(lambda members: None, method=method)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(manifest_bytes=100), "its manifest has"),
        (Limits(total_bytes=100), "unpacks to more"),
        (Limits(members=3), "members"),
    ],
)
def test_sizes_are_limited(exported, tmp_path, limits, message):
    path = zipped(tmp_path / "churn.zip", exported)

    with pytest.raises(StoreError, match=message):
        Unpacker(path, limits)


def test_a_row_without_end_is_refused(exported, tmp_path):
    members = dict(exported)
    agree(members, "events", b'["' + b"x" * 5_000)
    path = zipped(tmp_path / "churn.zip", members)

    with (
        Unpacker(path, Limits(row_bytes=1_000)) as unpacker,
        pytest.raises(StoreError, match="more than 1,000 bytes"),
    ):
        list(unpacker.rows("events"))


def test_two_members_of_one_name_are_refused(attempt):
    def twice(path):
        with (
            pytest.warns(UserWarning, match="Duplicate"),
            zipfile.ZipFile(path, "a") as file,
        ):
            file.writestr("tables/trials.jsonl", b"")

    assert "one name" in attempt(lambda members: None, finish=twice)


@pytest.mark.parametrize("part", [b"tables/trials", b"PK\x05\x06", None])
def test_damage_is_noticed(attempt, part):
    def damage(path):
        content = bytearray(path.read_bytes())
        at = len(content) // 2 if part is None else content.find(part)
        content[at : at + 4] = b"\xff\xff\xff\xff"
        path.write_bytes(content)

    assert "can't be imported" in attempt(lambda members: None, finish=damage)


def test_half_a_file_is_refused(attempt):
    def cut(path):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    assert "no sound zip file" in attempt(lambda members: None, finish=cut)


def test_a_changed_cell_is_noticed(attempt):
    def change(members):
        name = "tables/fold_scores.jsonl"
        members[name] = members[name].replace(b"0.8", b"0.9", 1)

    assert "another SHA-256" in attempt(change)


def test_a_file_that_is_not_what_its_name_says_is_noticed(attempt):
    def change(members):
        name = next(name for name in members if name.startswith("files/"))
        members[name] = b"a maudel"[: len(members[name])]

    assert "another SHA-256" in attempt(change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format="pickle"), "'pickle', version 1"),
        (lambda m: m.update(version=99), "version 99"),
        (lambda m: m.update(schema_revision="9999"), "schema 9999"),
        (lambda m: m.update(more=1), "wrong at more"),
        (lambda m: m.pop("search_id"), "wrong at search_id"),
        (lambda m: m["tables"].pop("trials"), "disagree"),
        (lambda m: m["tables"]["trials"].update(rows=-1), "wrong at tables.trials.rows"),
        (lambda m: m["tables"]["trials"].update(rows=5), "rows, the manifest says 5"),
        (lambda m: m["tables"]["trials"].update(rows="27"), "wrong at tables.trials.rows"),
        (lambda m: m["tables"]["trials"].update(size_bytes=2**61), "disagree"),
        (lambda m: m["tables"]["trials"].update(sha256="x"), "wrong at tables.trials.sha256"),
        (lambda m: m["tables"]["trials"]["columns"].append("x"), "other columns"),
        (lambda m: m["tables"]["trials"]["columns"].reverse(), "other columns"),
        (lambda m: m.update(search_id="mine-1"), "exists already"),
        (lambda m: m.update(search_id="another-1"), "is of search"),
        (lambda m: m.update(search_id="../../up"), "search_id is"),
        (lambda m: m.update(search_id="a\x1b[31m"), "search_id is"),
    ],
)
def test_a_manifest_that_lies_is_refused(attempt, change, message):
    assert message in attempt(said(change))


def test_a_file_without_a_manifest_or_with_another_document_is_refused(attempt):
    assert "no manifest" in attempt(lambda members: members.pop("manifest.json"))
    assert "version None" in attempt(lambda members: members.update({"manifest.json": b"[1]"}))
    assert "no JSON" in attempt(lambda members: members.update({"manifest.json": b"{"}))


def test_a_table_that_no_search_has_is_refused(attempt):
    def add(members):
        document = json.loads(members["manifest.json"])
        document["tables"]["leases"] = document["tables"]["events"]
        members["manifest.json"] = json.dumps(document).encode()
        members["tables/leases.jsonl"] = members["tables/events.jsonl"]

    assert "table 'leases' that no search has" in attempt(add)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000 + b"\n",
        b"not json\n",
        b"[NaN]\n",
        b"{}\n",
        b"[1]\n",
        b"\xff\xfe\n",
        b"[" + b"9" * 10_000 + b"]\n",
        pickle.dumps({"a": 1}) + b"\n",
    ],
)
def test_rows_that_no_store_writes_are_refused(attempt, content):
    assert "can't be imported" in attempt(lambda members: agree(members, "events", content))


def cell(exported, table, column):
    return json.loads(exported["manifest.json"])["tables"][table]["columns"].index(column)


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("trials", "score", "0.9", "a number"),
        ("trials", "score", 1e999, "no JSON"),
        ("trials", "score", True, "a number"),
        ("trials", "score", 10**400, "can't be imported|allowed"),
        ("trials", "number", 2**31, "32 bits"),
        ("trials", "number", 1.5, "32 bits"),
        ("trials", "state", "won", "contradicts itself"),
        ("trials", "family", None, "is null"),
        ("trials", "family", "a\x00b", "NUL"),
        ("trials", "family", "\ud800", "surrogates"),
        ("trials", "started_at", "yesterday", "started_at"),
        ("trials", "started_at", "2026-01-31T12:00:00", "zone"),
        ("trials", "trial_id", "mine-1.final.0", "is of trial"),
        ("trials", "trial_id", f"{SEARCH}.final.7777", "by its other cells"),
        ("trials", "search_id", "mine-1", "is of search"),
        ("trials", "configuration", {"a": [[]] * 3, "b": "x"}, None),
        ("trial_parameters", "name", "n" * 201, "at most 200"),
        ("trial_parameters", "trial_id", "mine-1.final.0", "is of trial"),
        ("fold_fits", "trial_id", f"{SEARCH}.final.7777", "contradicts itself"),
        ("index_arrays", "data", "!!!!", "base64"),
        ("index_arrays", "data", "AAAA", "damaged"),
        ("index_arrays", "length", 2**30, "positions"),
        ("index_arrays", "encoding", "pickle", "encoding"),
        ("artifacts", "record_key", "k" * 5_000, "at most 200"),
    ],
)
def test_cells_that_no_store_writes_are_refused(  # noqa: PLR0917 - one case a row
    exported, target, tmp_path, table, column, value, message
):
    path = zipped(tmp_path / "churn.zip", exported)
    at = cell(exported, table, column)
    rewrite(path, table, lambda rows: [[*rows[0][:at], value, *rows[0][at + 1 :]], *rows[1:]])

    if message is None:
        import_search(target, path, folder=tmp_path / "files")
        return
    with Store(target) as store:
        before = store.searches()
    with pytest.raises(StoreError, match=message):
        import_search(target, path, folder=tmp_path / "files")
    with Store(target) as store:
        assert store.searches() == before


def test_a_document_nested_without_end_is_refused(exported, target, tmp_path):
    path = zipped(tmp_path / "churn.zip", exported)
    at = cell(exported, "events", "payload")
    deep: object = 1
    for _ in range(60):
        deep = [deep]
    rewrite(path, "events", lambda rows: [[*row[:at], {"a": deep}, *row[at + 1 :]] for row in rows])

    with pytest.raises(StoreError, match="nested deeper"):
        import_search(target, path, folder=tmp_path / "files")


def test_arrays_that_other_searches_share_are_not_overwritten(exported, target, tmp_path):
    path = zipped(tmp_path / "churn.zip", exported)
    with Store(target) as store:
        before = [fold.train.tolist() for fold in store.folds("mine-1")]

    import_search(target, path, folder=tmp_path / "files")

    with Store(target) as store:
        assert [fold.train.tolist() for fold in store.folds("mine-1")] == before


def test_a_file_of_another_kind_is_refused(target, tmp_path):
    for content in (b"", b"SQLite format 3\x00", b"PK\x03\x04 and no more"):
        path = tmp_path / "x.zip"
        path.write_bytes(content)
        with pytest.raises(StoreError, match="no sound zip file"):
            import_search(target, path)


def test_a_store_of_another_program_is_left_alone(exported, tmp_path):
    import sqlite3

    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE mine (a)")
    connection.close()
    path = zipped(tmp_path / "churn.zip", exported)

    with pytest.raises(StoreError):
        import_search(f"sqlite:///{other}", path, folder=tmp_path / "files")

    connection = sqlite3.connect(other)
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("mine",)]
    connection.close()


def test_an_imported_search_that_ran_can_be_driven(exported, target, tmp_path):
    path = zipped(tmp_path / "churn.zip", exported)

    import_search(target, path, folder=tmp_path / "files")

    with Writer(target) as writer:
        writer.lead(SEARCH)
