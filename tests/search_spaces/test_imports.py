"""A spec is read, and a space listed, without waiting for the machine-learning libraries."""

import subprocess
import sys
from pathlib import Path

import search_spaces

FOLDER = Path(search_spaces.__file__).parent
MODULES = sorted(
    ".".join(("search_spaces", *path.relative_to(FOLDER).with_suffix("").parts)).removesuffix(
        ".__init__"
    )
    for path in FOLDER.rglob("*.py")
)

WHAT_BUILDS = ("search_spaces.transformers", "search_spaces.estimators")
"""Imported where something is built: these are scikit-learn classes themselves."""

LISTING = [name for name in MODULES if not name.startswith(WHAT_BUILDS)]


def test_all_modules_are_found():
    assert "search_spaces.families.xgboost" in LISTING
    assert "search_spaces.preprocessing.offers" in LISTING
    assert "search_spaces" in MODULES


def test_importing_needs_no_machine_learning_library():
    heavy = ("sklearn", "xgboost", "scipy", "pandas", "ray", "sqlalchemy", "optuna", "searcher")
    code = f"import sys, {', '.join(LISTING)}\nprint([m for m in {heavy!r} if m in sys.modules])"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_listing_a_space_needs_no_machine_learning_library():
    code = """
import sys
from search_spaces.columns import Column, Profile
from search_spaces.families.xgboost import XGBoost
from search_spaces.families.logistic_regression import LogisticRegression
profile = Profile("binary", (Column("a", "numeric", True), Column("b", "categorical")), 9, 2)
for family in (XGBoost(), LogisticRegression()):
    family.space(profile), family.default(profile)
print([m for m in ("sklearn", "xgboost", "scipy") if m in sys.modules])
"""

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
