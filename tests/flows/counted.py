"""A family that leaves a trace of every fit outside the store, and may take its worker with it."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from sklearn.tree import DecisionTreeClassifier

from search_spaces.families.decision_tree import DecisionTree

VARIABLE = "SEARCHER_TEST_FOLDER"


class Counted(DecisionTree):
    """Adds a line to ``fits`` for each model; dies at the fits whose numbers ``deaths`` lists.

    With a file ``slow`` each fit takes as many seconds as that says. The files are in the folder
    that ``SEARCHER_TEST_FOLDER`` names in the environment of the worker.
    """

    name = "counted"

    def build(self, configuration: Any, profile: Any, **options: Any) -> Any:
        tree = super().build(configuration, profile, **options)
        tree.__class__ = CountedTree
        return tree


class CountedTree(DecisionTreeClassifier):
    """A tree that is a plain one as soon as it is fitted."""

    def fit(self, *arguments: Any, **options: Any) -> Any:
        """Leave a trace, and fit."""
        folder = Path(os.environ[VARIABLE])
        with (folder / "fits").open("a") as file:
            file.write(f"{os.getpid()}\n")
        if str(count_fits(folder)) in _words(folder / "deaths"):
            os.kill(os.getpid(), signal.SIGKILL)
        for seconds in _words(folder / "slow"):
            time.sleep(float(seconds))
        self.__class__ = DecisionTreeClassifier
        return self.fit(*arguments, **options)


def count_fits(folder: Path) -> int:
    """How many models were fitted so far, successful or not."""
    return len(_words(folder / "fits"))


def _words(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []
