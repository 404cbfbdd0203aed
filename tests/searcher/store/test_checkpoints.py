"""Whatever happens while checkpoints are saved, the last whole one can be loaded."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searcher.errors import StoreError
from searcher.store.checkpoint_files import safe_name
from searcher.store.checkpoints import Checkpoints
from tests.crashes import crash, die
from tests.full_disk import small_disk

__all__ = ["small_disk"]

REPOSITORY = Path(__file__).parents[3]
AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
TRIAL = "churn-1a2b3c.0.7"

HOSTILE_IDS = [
    "../../etc/passwd",
    "..",
    ".",
    "",
    "/absolute",
    "a/b",
    "a\\b",
    "nul\x00byte",
    "lone \ud800",
    "UPPER",
    "upper",
    "x" * 10_000,
    "😀 emoji",
    "\u202eright to left",
    "new\nline",
    "CON",
    "~",
    "a~0123456789abcdef0123456789abcdef",
    "'; DROP TABLE trials; --",
]


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path / "checkpoints")


def payload(text):
    return {"weights": text.encode() * 1000, "state.json": b"{}"}


def resources(checkpoints, trial_id=TRIAL):
    return sorted(int(p.name[:10]) for p in checkpoints.folder_of(trial_id).glob("*.checkpoint"))


def file_at(checkpoints, resource, trial_id=TRIAL):
    (path,) = checkpoints.folder_of(trial_id).glob(f"{resource:010d}-*")
    return path


def test_what_was_saved_is_loaded(checkpoints):
    saved = checkpoints.save(TRIAL, 3, payload("a"), score=0.75, at=AT)

    loaded = checkpoints.newest_valid(TRIAL)

    assert loaded.payload == payload("a")
    assert loaded.checkpoint == saved.checkpoint
    assert (loaded.checkpoint.score, loaded.checkpoint.created_at) == (0.75, AT)
    assert loaded.checkpoint.size_bytes == Path(saved.checkpoint.path).stat().st_size
    assert Path(saved.checkpoint.path).is_absolute()


def test_a_part_can_be_written_as_a_stream(checkpoints):
    def write(stream):
        for _ in range(100):
            stream.write(bytes(10_000))

    checkpoints.save(TRIAL, 1, {"weights": write})

    assert checkpoints.newest_valid(TRIAL).payload == {"weights": bytes(1_000_000)}


def test_anyone_can_open_a_checkpoint_and_nothing_in_it_is_a_pickle(checkpoints):
    saved = checkpoints.save(TRIAL, 1, payload("a"))

    with zipfile.ZipFile(saved.checkpoint.path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()

    assert names == ["checkpoint.json", "payload/weights", "payload/state.json"]


def test_the_last_two_and_the_best_are_kept(checkpoints):
    removed = []
    for resource, score in enumerate([0.1, 0.9, 0.3, None, float("nan"), 0.5, 0.4]):
        removed += checkpoints.save(TRIAL, resource, payload(str(resource)), score=score).removed

    assert resources(checkpoints) == [1, 5, 6]
    assert [int(Path(path).name[:10]) for path in removed] == [0, 2, 3, 4]


def test_more_of_the_best_can_be_kept(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep_last=3, keep_best=2)
    for resource, score in enumerate([0.1, 0.9, 0.8, 0.2, 0.2, 0.2, 0.2]):
        checkpoints.save(TRIAL, resource, payload("a"), score=score)

    assert resources(checkpoints) == [1, 2, 4, 5, 6]


def test_fewer_than_two_are_no_protection():
    with pytest.raises(StoreError, match="keep_last is 1"):
        Checkpoints(Path(), keep_last=1)


def test_a_resource_that_is_saved_again_replaces_the_older_one(checkpoints):
    checkpoints.save(TRIAL, 1, payload("a"), score=1.0)
    checkpoints.save(TRIAL, 2, payload("old"), score=2.0)

    checkpoints.save(TRIAL, 2, payload("new"), score=0.5)

    assert resources(checkpoints) == [1, 2]
    assert checkpoints.newest_valid(TRIAL).payload == payload("new")


def test_there_is_nothing_to_load_where_nothing_was_saved(checkpoints):
    assert checkpoints.newest_valid(TRIAL) is None


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path):
    path.write_bytes(b"")


def replace_by_a_folder(path):
    path.unlink()
    path.mkdir()


def replace_by_a_link(path):
    path.rename(path.with_name("moved"))
    path.symlink_to(path.with_name("moved"))


DAMAGES = [truncate, flip, empty, replace_by_a_folder, replace_by_a_link]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_falls_back_to_the_one_before_and_says_so(checkpoints, damage):
    for resource in (1, 2, 3):
        checkpoints.save(TRIAL, resource, payload(str(resource)))
    damage(file_at(checkpoints, 3))
    notices = []

    loaded = checkpoints.newest_valid(TRIAL, notice=notices.append)

    assert (loaded.checkpoint.resource, loaded.payload) == (2, payload("2"))
    (notice,) = notices
    assert notice.startswith("the checkpoint at resource 3 can't be used: ")


def test_a_missing_checkpoint_falls_back_to_the_one_before_and_says_so(checkpoints):
    checkpoints.save(TRIAL, 2, payload("2"))
    recorded = checkpoints.save(TRIAL, 3, payload("3")).checkpoint
    Path(recorded.path).unlink()
    notices = []

    loaded = checkpoints.newest_valid(TRIAL, recorded=[recorded], notice=notices.append)

    assert loaded.payload == payload("2")
    assert notices == [f"the checkpoint at resource 3 is missing: {recorded.path}"]


def test_when_all_are_damaged_nothing_is_raised(checkpoints):
    for resource in (1, 2):
        checkpoints.save(TRIAL, resource, payload("a"))
    for resource in (1, 2):
        flip(file_at(checkpoints, resource))
    notices = []

    assert checkpoints.newest_valid(TRIAL, notice=notices.append) is None
    assert len(notices) == 2


def test_a_damaged_checkpoint_does_not_push_out_a_whole_one(checkpoints):
    checkpoints.save(TRIAL, 1, payload("1"))
    checkpoints.save(TRIAL, 2, payload("2"))
    flip(file_at(checkpoints, 2))

    checkpoints.save(TRIAL, 3, payload("3"))
    truncate(file_at(checkpoints, 3))

    assert checkpoints.newest_valid(TRIAL).payload == payload("1")


def test_a_checkpoint_of_another_trial_is_refused(checkpoints):
    saved = checkpoints.save("other", 5, payload("other")).checkpoint
    checkpoints.save(TRIAL, 1, payload("own"))
    path = Path(saved.path)
    path.rename(checkpoints.folder_of(TRIAL) / path.name)
    notices = []

    assert checkpoints.newest_valid(TRIAL, notice=notices.append).payload == payload("own")
    assert "is of another trial, 'other'" in notices[0]


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip", b"\x80\x04."])
def test_a_file_that_is_no_checkpoint_but_named_like_one_is_refused(checkpoints, content):
    from hashlib import sha256

    checkpoints.save(TRIAL, 1, payload("own"))
    name = f"{9:010d}-{sha256(content).hexdigest()}.checkpoint"
    (checkpoints.folder_of(TRIAL) / name).write_bytes(content)

    assert checkpoints.newest_valid(TRIAL).payload == payload("own")


@pytest.mark.parametrize("trial_id", HOSTILE_IDS)
def test_an_id_of_any_characters_stays_inside_the_folder(checkpoints, tmp_path, trial_id):
    saved = checkpoints.save(trial_id, 1, payload("a"))

    path = Path(saved.checkpoint.path)
    assert path.resolve().parent.parent == (tmp_path / "checkpoints").resolve()
    assert checkpoints.newest_valid(trial_id).payload == payload("a")
    assert checkpoints.newest_valid(trial_id).checkpoint.trial_id == trial_id


def test_no_two_ids_share_a_folder():
    names = [safe_name(trial_id).lower() for trial_id in HOSTILE_IDS]

    assert len(set(names)) == len(HOSTILE_IDS)
    assert max(map(len, names)) <= 100
    assert all(name not in (".", "..") and "/" not in name for name in names)


@given(st.text(), st.text())
def test_different_ids_have_different_folders(one, other):
    assert (safe_name(one) == safe_name(other)) == (one == other)


@pytest.mark.parametrize("name", ["", "../up", "a/b", "x" * 101, "nul\x00"])
def test_a_part_with_a_bad_name_is_refused_and_leaves_nothing(checkpoints, name):
    with pytest.raises(StoreError, match="a checkpoint's part is named"):
        checkpoints.save(TRIAL, 1, {name: b""})

    assert list(checkpoints.folder_of(TRIAL).iterdir()) == []


def test_a_full_disk_leaves_the_checkpoint_before_it_and_is_a_plain_error(small_disk):
    checkpoints = Checkpoints(small_disk)
    checkpoints.save(TRIAL, 1, payload("a"))

    with pytest.raises(StoreError) as refused:
        checkpoints.save(TRIAL, 2, {"weights": bytes(1 << 20)})

    assert str(refused.value).startswith(
        f"no checkpoint of trial '{TRIAL}' at resource 2: the disk is full: {small_disk}"
    )
    assert checkpoints.newest_valid(TRIAL).payload == payload("a")
    checkpoints.save(TRIAL, 2, payload("b"))  # what the attempt took is free again
    assert checkpoints.newest_valid(TRIAL).payload == payload("b")


def test_what_a_killed_process_left_is_removed_by_the_next_save(checkpoints):
    crash(lambda: checkpoints.save(TRIAL, 1, {"weights": die}))
    assert len(list(checkpoints.folder_of(TRIAL).iterdir())) == 1

    checkpoints.save(TRIAL, 1, payload("a"))

    assert resources(checkpoints) == [1]
    assert len(list(checkpoints.folder_of(TRIAL).iterdir())) == 1


SAVE = """
import sys
from pathlib import Path
from searcher.errors import StoreError
from searcher.store.checkpoints import Checkpoints

checkpoints = Checkpoints(Path(sys.argv[1]))
try:
    for resource in (1, 2, 3):
        checkpoints.save("t", resource, {"weights": str(resource).encode()})
        print(resource, flush=True)
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize("action", ["kill", "error"])
@pytest.mark.parametrize(
    ("failpoint", "newest"), [("checkpoint.before_rename", 1), ("checkpoint.after_rename", 2)]
)
def test_at_each_failpoint_the_newest_whole_checkpoint_is_there(
    tmp_path, failpoint, newest, action
):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SAVE), str(tmp_path)],
        cwd=REPOSITORY,
        env=os.environ | {"SEARCHER_FAILPOINTS": f"{failpoint}={action}@2"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == (-signal.SIGKILL if action == "kill" else 0), done.stderr
    assert done.stdout.startswith("1\n")
    assert "2\n" not in done.stdout.replace("resource 2", "")
    assert Checkpoints(tmp_path).newest_valid("t").payload == {"weights": b"%d" % newest}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["save", "save", "kill", "kill", "limit", "damage"]),
        st.integers(0, 3),  # how much resource is added
        st.integers(1, 14),  # at which touch of a file it dies
        st.one_of(st.none(), st.floats(0, 1)),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_any_sequence_of_saves_and_crashes_leaves_the_newest_whole_checkpoint(steps):
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Path(folder) / "checkpoints")
        resource, present, spare = 0, None, False  # spare: a whole one before the newest
        for i, (kind, more, at, score) in enumerate(steps):
            resource += more
            new = payload(f"step {i}")

            def save(resource=resource, new=new, score=score):
                checkpoints.save(TRIAL, resource, new, score=score)

            if kind == "damage":
                if spare:
                    loaded = checkpoints.newest_valid(TRIAL)
                    flip(Path(loaded.checkpoint.path))
                    present, spare = checkpoints.newest_valid(TRIAL).payload, False
            elif kind == "save":
                save()
                spare, present = present is not None and more > 0, new
            else:
                crash(save, **({"at": at} if kind == "kill" else {"most_bytes": 4000}))
            loaded = checkpoints.newest_valid(TRIAL)
            found = None if loaded is None else loaded.payload
            assert found in (present, new)
            if found == new:
                spare = spare if present == new else present is not None and more > 0
                present = new
