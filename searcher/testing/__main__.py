"""Print the verdict on a family: ``python -m searcher.testing module:Class``."""

import argparse
import sys
from importlib.metadata import entry_points
from pkgutil import resolve_name
from typing import Any

from searcher.testing import FamilyContractError, check_family


def main(arguments: list[str] | None = None) -> int:
    """Check one family; 0 if it keeps its contract, 1 if not, 2 if there is none to check."""
    parser = argparse.ArgumentParser(
        prog="python -m searcher.testing",
        description="Put a model family through everything that a search will ask of it.",
    )
    parser.add_argument("family", help="module:Class, or the name of an installed family")
    reference = parser.parse_args(arguments).family
    try:
        family = _resolve(reference)
    except (ImportError, AttributeError, ValueError) as error:
        sys.stderr.write(f"can't load {reference!r}: {error}\n")
        return 2
    try:
        check_family(family)
    except FamilyContractError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{reference} keeps its contract.\n")
    return 0


def _resolve(reference: str) -> Any:
    if ":" in reference:
        return resolve_name(reference)
    installed = {point.name: point for point in entry_points(group="searcher.family")}
    if reference not in installed:
        known = ", ".join(sorted(installed))
        raise ValueError(f"no family of that name is installed ({known}); or write module:Class")
    return installed[reference].load()


if __name__ == "__main__":
    sys.exit(main())
