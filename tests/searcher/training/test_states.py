"""Training states on disk."""

import io
import os
from pathlib import Path

import pytest
import torch

from searcher.errors import StoreError
from searcher.training import read_state, save_state, write_state
from searcher.training.states import copied

STATE = {"format": 1, "weights": {"a": torch.arange(6.0)}, "none": None, "loss": float("inf")}


class Dangerous:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("false",)


def test_a_saved_state_is_read_as_it_was(tmp_path: Path) -> None:
    written = save_state(STATE, tmp_path / "new" / "state.pt")

    found = read_state(written.path)

    assert torch.equal(found["weights"].pop("a"), torch.arange(6.0))
    assert found == {"format": 1, "weights": {}, "none": None, "loss": float("inf")}
    assert [path.name for path in written.path.parent.iterdir()] == ["state.pt"]


def test_a_state_goes_through_a_stream() -> None:
    stream = io.BytesIO()

    write_state(STATE, stream)

    stream.seek(0)
    assert read_state(stream)["format"] == 1


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_torn_file_is_refused(tmp_path: Path, share: float) -> None:
    path = save_state(STATE, tmp_path / "state.pt").path
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])

    with pytest.raises(StoreError, match="no training state"):
        read_state(path)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"format": Dangerous()}, tmp_path / "state.pt")

    with pytest.raises(StoreError, match="no training state"):
        read_state(tmp_path / "state.pt")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "state.pt")

    with pytest.raises(StoreError, match="holds a list"):
        read_state(tmp_path / "state.pt")


def test_a_missing_file_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_state(tmp_path / "state.pt")


def test_a_copy_does_not_follow_its_original() -> None:
    weights = torch.zeros(2)

    found = copied({"a": [weights], "b": weights})
    weights += 1

    assert found["b"].tolist() == [0.0, 0.0]
    assert found["a"][0].tolist() == [0.0, 0.0]
