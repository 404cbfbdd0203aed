"""A family that leaves a trace of where each fit was made: node and process."""

import os
from pathlib import Path
from typing import Any

import ray

from search_spaces.columns import Profile
from tests.flows.counted import VARIABLE, Counted


class Placed(Counted):
    """Adds the id of its node and its process number to ``places`` for each model."""

    name = "placed"

    def build(self, configuration: Any, profile: Profile, **options: Any) -> Any:
        if ray.is_initialized():
            node_id = ray.get_runtime_context().get_node_id()
            with (Path(os.environ[VARIABLE]) / "places").open("a") as file:
                file.write(f"{node_id} {os.getpid()}\n")
        return super().build(configuration, profile, **options)


def places(folder: Path) -> list[tuple[str, int]]:
    """Node and process of all fits so far, in order."""
    path = folder / "places"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(node_id, int(pid)) for node_id, pid in map(str.split, lines)]
