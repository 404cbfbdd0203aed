"""The README's table of families, from the registry: ``python -m tests.docs.readme_table``."""

from collections import defaultdict

from search_spaces import preprocessing
from search_spaces.networks import Network
from searcher.candidates import DUMMY
from searcher.plugins import family_names, load_family
from tests.docs.family_tables import profile_for

HEAD = "| families | learn | from | extra |\n| --- | --- | --- | --- |"
TASKS = ("binary", "multiclass", "regression", "clustering")


def table() -> str:
    """Families in groups of those that learn the same from the same."""
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for name in sorted(set(family_names()) - {DUMMY}):
        groups[_facts(name)].append(f"[{name}](docs/families.md#{name})")
    rows = sorted(groups.items(), key=lambda group: (bool(group[0][2]), -len(group[1])))
    lines = [f"| {', '.join(names)} | {' | '.join(facts)} |" for facts, names in rows]
    return "\n".join([HEAD, *lines]).replace("|  |", "| |")


def _facts(name: str) -> tuple[str, str, str]:
    """What a family learns, from what, and which extra of the package it needs."""
    family = load_family(name)
    tasks = [task for task in TASKS if task in family.tasks]
    profile = profile_for(family, tasks[0])
    rest = preprocessing.split(family.default(profile))[1]
    is_network = isinstance(family.build(rest, profile, seed=0, cpus=1), Network)
    reads = f"{getattr(family, 'shape', 'table')}s"
    return ", ".join(tasks), reads, "`torch`" if is_network else ""


if __name__ == "__main__":
    print(table())  # noqa: T201 - this is what it is for
