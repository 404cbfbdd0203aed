"""What a process does before its first trial of a family, so that no trial is charged for it."""

from contextlib import suppress

from search_spaces import preprocessing
from search_spaces.columns import Profile
from search_spaces.families.base import Family
from searcher.fitting import untrained


def warm_up(family: Family, profile: Profile, *, cpus: int) -> None:
    """Import what trials of a family need, by building its default configuration.

    Libraries are imported where they are used: torch takes three seconds, on a busy machine many
    more. A trial's time is that of its own work, wherever it happens to run.
    """
    with suppress(Exception):  # the default's own trial will say what is wrong with it
        _build_default(family, profile, cpus=cpus)


def _build_default(family: Family, profile: Profile, *, cpus: int) -> None:
    prepare, rest = preprocessing.split(dict(family.default(profile)))
    preprocessing.build(prepare, profile, seed=0)
    untrained(family, rest, profile, seed=0, cpus=cpus)
    if family.resource == "epochs":
        import torch

        torch.optim.SGD([torch.zeros(1)])  # the first optimizer imports torch._dynamo (2.13)
