import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from searcher.errors import SpecError, UnknownNameError
from searcher.plugins import (
    check_plugin_name,
    family_names,
    load_family,
    load_plugin,
    load_strategy,
    strategy_names,
)
from searcher.spec import Strategy

STUMP = """
class Stump:
    name = "{name}"
    tasks = frozenset({{"binary"}})
    resource = "inner_folds"
    dtype = "float64"

    def space(self, profile): ...
    def default(self, profile): ...
    def build(self, configuration, profile, *, seed, cpus): ...

class Bare:
    name = "bare"

class Needy(Stump):
    def __init__(self, depth):
        self.depth = depth

not_a_class = 3
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder that nothing else knows of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize("name", family_names())
def test_every_declared_family_loads_under_its_own_name(name: str) -> None:
    assert load_family(name).name == name


@pytest.mark.parametrize("kind", strategy_names())
def test_every_declared_strategy_loads(kind: str) -> None:
    settings = load_strategy(kind)

    assert issubclass(settings, Strategy)
    assert settings().kind == kind


def test_the_families_and_strategies_of_this_package_are_declared() -> None:
    assert {"dummy", "logistic_regression", "random_forest", "ridge", "xgboost"} <= set(
        family_names()
    )
    assert {"grid", "random", "random_then_grid", "tpe", "gp", "cmaes", "asha", "hyperband"} <= set(
        strategy_names()
    )


@pytest.mark.parametrize(
    ("kind", "name", "nearest"), [("family", "xgbost", "xgboost"), ("strategy", "ahsa", "asha")]
)
def test_an_unknown_name_says_what_there_is_and_what_is_near(
    kind: str, name: str, nearest: str
) -> None:
    with pytest.raises(UnknownNameError, match=f"no {kind} named '{name}'.*mean '{nearest}'"):
        load_plugin(kind, name)  # type: ignore[arg-type]


def test_a_strategy_is_never_loaded_from_a_module() -> None:
    with pytest.raises(UnknownNameError, match="no strategy named 'os:path'"):
        load_plugin("strategy", "os:path")


def test_a_name_is_checked_without_importing_anything(here: Path) -> None:
    (here / "explosive.py").write_text("raise RuntimeError('imported')")

    check_plugin_name("family", "explosive:Boom")

    assert "explosive" not in sys.modules


def test_a_family_is_found_in_the_current_folder(here: Path) -> None:
    (here / "stumps.py").write_text(STUMP.format(name="stump"))

    family = load_family("stumps:Stump")

    assert family.name == "stump"
    assert sys.path[0] == os.fspath(here)


def test_the_current_folder_is_made_importable_once(here: Path) -> None:
    (here / "stumps.py").write_text(STUMP.format(name="stump"))

    load_family("stumps:Stump")
    load_family("stumps:Stump")

    assert sys.path.count(os.fspath(here)) == 1


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("nowhere:Stump", r"importing nowhere failed with ModuleNotFoundError.*looked in"),
        ("stumps:Stomp", r"stumps has no class named 'Stomp'\. Did you mean 'Stump'\?"),
        ("stumps:not_a_class", "a int, not a class, named 'not_a_class'"),
        ("stumps:Bare", "Bare lacks tasks, resource, dtype, space, default, build"),
        ("stumps:Needy", r"Needy\(\) failed with TypeError: .*depth.*made without arguments"),
        ("stumps:", "is not written as module:Class"),
        ("stumps.py:Stump:x", "is not written as module:Class"),
        ("broken:Stump", "importing broken failed with SyntaxError"),
        ("angry:Stump", "importing angry failed with ZeroDivisionError"),
    ],
)
def test_a_family_that_cannot_be_had_says_why(here: Path, reference: str, message: str) -> None:
    (here / "stumps.py").write_text(STUMP.format(name="stump"))
    (here / "broken.py").write_text("class Stump\n")
    (here / "angry.py").write_text("1 / 0\n")

    with pytest.raises(SpecError, match=message):
        load_family(reference)


@pytest.mark.parametrize("name", ["Stump", "two words", "a.b", ""])
def test_a_family_needs_a_name_that_can_stand_before_its_parameters(here: Path, name: str) -> None:
    (here / "stumps.py").write_text(STUMP.format(name=name))

    with pytest.raises(SpecError, match="a name is lower-case letters"):
        load_family("stumps:Stump")
