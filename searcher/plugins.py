"""Which families and strategies there are, and how to get one by name."""

import importlib
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

from search_spaces.families.base import Family
from searcher.errors import SpecError, UnknownNameError, near

PluginKind = Literal["family", "strategy"]

_REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_FAMILY_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FAMILY_PARTS = ("name", "tasks", "resource", "dtype", "space", "default", "build")


def family_names() -> list[str]:
    """Names of the installed families, sorted."""
    return sorted(_entry_points("family"))


def strategy_names() -> list[str]:
    """Names of the installed strategies, sorted."""
    return sorted(_entry_points("strategy"))


def check_plugin_name(kind: PluginKind, name: str) -> None:
    """Refuse a name that nothing can be loaded under, without loading anything.

    Raises
    ------
    UnknownNameError
        If no installed plug-in has this name and it is not a family written ``module:Class``.
    """
    if kind == "family" and ":" in name:
        if not _REFERENCE.fullmatch(name):
            raise SpecError(f"{name!r} is not written as module:Class, such as my_models:Knn")
    elif name not in _entry_points(kind):
        raise UnknownNameError(kind, name, _entry_points(kind))


def load_plugin(kind: PluginKind, name: str) -> type[Any]:
    """Class of an installed plug-in, or of a family written ``module:Class``.

    For ``module:Class`` the current folder is importable, as it is for ``python -m``.

    Raises
    ------
    UnknownNameError
        If nothing has this name.
    SpecError
        If it is there but can't be imported.
    """
    check_plugin_name(kind, name)
    if ":" in name:
        module, _, attribute = name.partition(":")
        _make_current_folder_importable()
        return _import(kind, name, module, attribute)
    entry_point = _entry_points(kind)[name]
    return _import(kind, name, entry_point.module, entry_point.attr)


def load_strategy(kind: str) -> type[Any]:
    """Get the settings class of a strategy: a subclass of ``searcher.spec.Strategy``."""
    return load_plugin("strategy", kind)


def load_family(name: str) -> Family:
    """Family of this name, ready for use.

    Raises
    ------
    UnknownNameError
        If nothing has this name.
    SpecError
        If it can't be imported or made, or lacks a part that a family must have.
    """
    made = load_plugin("family", name)
    try:
        family: Family = made()
    except Exception as error:  # a user's constructor may raise anything
        raise SpecError(
            f"family {name!r}: {made.__name__}() failed with {type(error).__name__}: {error}; "
            "a family is made without arguments"
        ) from error
    lacking = [part for part in _FAMILY_PARTS if not hasattr(family, part)]
    if lacking:
        raise SpecError(
            f"family {name!r}: {made.__name__} lacks {', '.join(lacking)}; a family has "
            f"{', '.join(_FAMILY_PARTS)} (search_spaces.families.base.Family)"
        )
    _check_own_name(name, family.name)
    return family


def _check_own_name(asked: str, own: Any) -> None:
    if not isinstance(own, str) or not _FAMILY_NAME.fullmatch(own):
        raise SpecError(
            f"family {asked!r} calls itself {own!r}; a name is lower-case letters, digits and "
            "underscores, such as 'k_neighbours'"
        )
    if ":" not in asked and own != asked:
        raise SpecError(f"family {asked!r} calls itself {own!r}; its entry point must say the same")


def _import(kind: PluginKind, name: str, module: str, attribute: str) -> type[Any]:
    try:
        found = importlib.import_module(module)
    except Exception as error:  # a plug-in's module may raise anything
        where = f" (looked in {Path.cwd()} and the installed packages)" if ":" in name else ""
        raise SpecError(
            f"{kind} {name!r}: importing {module} failed with "
            f"{type(error).__name__}: {error}{where}"
        ) from error
    made = getattr(found, attribute, None)
    classes = [key for key, value in vars(found).items() if isinstance(value, type)]
    if not isinstance(made, type):
        what = "no class" if made is None else f"a {type(made).__name__}, not a class,"
        raise SpecError(
            f"{kind} {name!r}: {module} has {what} named {attribute!r}."
            f"{near(attribute, [key for key in classes if not key.startswith('_')])}"
        )
    return made


def _make_current_folder_importable() -> None:
    """Do what ``python -m`` does; a console script has its own folder in front instead."""
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)


@cache
def _entry_points(kind: PluginKind) -> Mapping[str, EntryPoint]:
    """Installed plug-ins by name: reading every distribution's metadata takes milliseconds."""
    found: dict[str, EntryPoint] = {}
    for entry_point in entry_points(group=f"searcher.{kind}"):
        other = found.setdefault(entry_point.name, entry_point)
        if other.value != entry_point.value:
            raise SpecError(
                f"two installed packages offer a {kind} named {entry_point.name!r}: "
                f"{other.value} and {entry_point.value}; uninstall one"
            )
    return found
