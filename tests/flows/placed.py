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
    trace = "places"

    def build(self, configuration: Any, profile: Profile, **options: Any) -> Any:
        if ray.is_initialized():
            node_id = ray.get_runtime_context().get_node_id()
            with (Path(os.environ[VARIABLE]) / self.trace).open("a") as file:
                file.write(f"{node_id} {os.getpid()}\n")
        return super().build(configuration, profile, **options)


class PlacedOnGpu(Placed):
    """Asks for a GPU, as far as Ray is concerned."""

    name = "placed_on_gpu"
    trace = "places_on_gpu"
    uses_gpus = True


def places(folder: Path, family: type[Placed] = Placed) -> list[tuple[str, int]]:
    """Node and process of all fits so far, in order."""
    path = folder / family.trace
    lines = path.read_text().splitlines() if path.exists() else []
    return [(node_id, int(pid)) for node_id, pid in map(str.split, lines)]
