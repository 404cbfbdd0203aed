"""How a training is put on disk: one file of tensors and plain values, read without unpickling."""

import copy
from pathlib import Path
from pickle import UnpicklingError
from typing import IO, Any, TypeAlias, cast

import torch

from searcher.errors import StoreError
from searcher.files import Written, fresh_file

State: TypeAlias = dict[str, Any]
"""Tensors on the CPU, numbers, texts and None, in dicts: nothing else can be read back."""

TORN = (UnpicklingError, RuntimeError, EOFError, LookupError, ValueError)
"""What ``torch.load`` (2.13) raises of files that ``torch.save`` did not write."""


def copied(value: Any) -> Any:
    """Copy what is in a state, tensors to the CPU, so that no later training changes it."""
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    return copy.deepcopy(value)


def save_state(state: State, path: Path) -> Written:
    """Put a state at ``path``, durably: a reader finds the old file or the new one, whole.

    Raises
    ------
    OSError
        When it can't be written; the old file is as it was.
    """
    with fresh_file(path.parent, path.name) as file:
        torch.save(state, cast(IO[bytes], file))  # it has write and flush
        return file.publish(path)


def write_state(state: State, stream: IO[bytes]) -> None:
    """Write a state into a stream, such as a part of a checkpoint."""
    torch.save(state, stream)


def read_state(source: Path | IO[bytes]) -> State:
    """Read what ``save_state`` or ``write_state`` wrote, tensors onto the CPU.

    Raises
    ------
    OSError
        When it is not there, or can't be read.
    StoreError
        When it is torn, or something else.
    """
    try:
        state = torch.load(source, map_location="cpu", weights_only=True)
    except TORN as error:
        raise StoreError(f"{source} is no training state: {error}") from error
    if not isinstance(state, dict):
        raise StoreError(f"{source} is no training state: it holds a {type(state).__name__}")
    return state
