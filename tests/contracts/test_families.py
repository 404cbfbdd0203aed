import pickle
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from search_spaces.columns import Column, Profile
from search_spaces.families.base import Family
from search_spaces.families.dummy import Dummy
from search_spaces.families.ridge import Ridge
from search_spaces.parameters import Categorical
from searcher.candidates import USUAL
from searcher.errors import SpecError
from searcher.testing import FamilyContract, FamilyContractError, check_family
from searcher.testing.__main__ import main
from tests.contracts.broken_families import BROKEN, DefaultOutside, FitFails, Sound

NETWORKS = ("mlp", "ft_transformer", "cnn", "recurrent", "transformer")
INSTALLED = {point.name: point for point in entry_points(group="searcher.family")}


@pytest.mark.parametrize("name", INSTALLED)
def test_every_installed_family_keeps_the_contract(name):
    check_family(INSTALLED[name].load())


@pytest.mark.parametrize("name", INSTALLED)
def test_a_family_is_installed_under_its_own_name(name):
    family = INSTALLED[name].load()()

    assert family.name == name
    assert isinstance(family, Family)


def test_the_built_in_families_are_installed():
    assert {"dummy", "logistic_regression", "ridge", "random_forest", "xgboost"} <= set(INSTALLED)
    assert set(NETWORKS) <= set(INSTALLED)


def test_a_spec_that_names_no_family_gets_no_network():
    assert not set(USUAL) & set(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_without_torch_a_network_says_what_to_install_and_its_space_is_read_all_the_same(name):
    code = f"""
import sys
sys.modules["torch"] = None
from search_spaces import preprocessing
from searcher.plugins import load_family
from searcher.testing.samples import make_samples
family = load_family({name!r})
profile = make_samples("binary", getattr(family, "shape", None))[0].profile
rest = preprocessing.split(family.default(profile))[1]
try:
    family.build(rest, profile, seed=0, cpus=1)
except ModuleNotFoundError as error:
    print(error)
"""

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout == (
        f"{name} is a network and needs PyTorch, which is not installed: "
        "pip install 'searcher[torch]'\n"
    )


class TestRidge(FamilyContract):
    family = Ridge


class TestDummy(FamilyContract):
    @pytest.fixture(autouse=True)
    def _choose(self, request):
        request.instance.family = Dummy()


def test_a_sound_family_passes_as_class_and_as_instance():
    check_family(Sound)
    check_family(Sound())


@pytest.mark.parametrize(
    ("family", "sentence"), BROKEN.items(), ids=[family.__name__ for family in BROKEN]
)
def test_a_broken_family_is_told_what_is_wrong_and_little_else(family, sentence):
    with pytest.raises(FamilyContractError) as error:
        check_family(family)

    told = error.value.violations
    assert any(sentence in violation for violation in told), str(error.value)
    assert len(told) <= 3, str(error.value)


def test_all_mistakes_are_told_at_once():
    class Sloppy(DefaultOutside):
        def build(self, configuration, profile, *, seed, cpus):
            configuration.clear()
            return super().build(configuration, profile, seed=seed, cpus=cpus)

    with pytest.raises(FamilyContractError) as error:
        check_family(Sloppy)

    told = "\n".join(error.value.violations)
    assert "default is not in its space" in told
    assert "changes the configuration" in told


def test_a_violation_says_on_which_data_it_was_found():
    with pytest.raises(FamilyContractError, match=r"\(binary, mixed columns .*; and 2 more\)"):
        check_family(FitFails)


def test_a_family_with_a_shape_is_shown_rows_of_that_shape():
    class Failing(FitFails):
        shape = "sequence"

    with pytest.raises(FamilyContractError) as error:
        check_family(Failing)

    assert "(binary, sequences with missing values; and 1 more)" in str(error.value)


def test_each_promise_fails_as_a_test_of_its_own():
    class Contract(FamilyContract):
        family = DefaultOutside

    Contract().test_has_a_plain_space()
    with pytest.raises(FamilyContractError, match="default is not in its space"):
        Contract().test_has_a_default_in_its_space()


def test_the_contract_error_is_a_spec_error_that_travels():
    with pytest.raises(SpecError) as error:
        check_family(FitFails)

    there = pickle.loads(pickle.dumps(error.value))  # noqa: S301 - made one line above
    assert there.violations == error.value.violations
    assert str(there) == str(error.value)


def test_the_command_approves_a_sound_family(capsys):
    status = main(["tests.contracts.broken_families:Sound"])

    assert status == 0
    assert capsys.readouterr().out == "tests.contracts.broken_families:Sound keeps its contract.\n"


def test_the_command_takes_the_name_of_an_installed_family(capsys):
    assert main(["dummy"]) == 0
    assert capsys.readouterr().out == "dummy keeps its contract.\n"


def test_the_command_lists_what_is_wrong(capsys):
    status = main(["tests.contracts.broken_families:DefaultOutside"])

    assert status == 1
    told = capsys.readouterr().out
    assert "family 'neighbours' breaks its contract:\n  - its default is not in" in told


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("tests.contracts.broken_families:Nothing", "has no attribute 'Nothing'"),
        ("no_such_module:Family", "No module named 'no_such_module'"),
        ("rigde", "no family of that name is installed"),
    ],
)
def test_the_command_says_what_it_can_not_load(reference, message, capsys):
    status = main([reference])

    assert status == 2
    assert message in capsys.readouterr().err


DOCS = Path(__file__).resolve().parents[2] / "docs" / "families.md"


@pytest.mark.slow
def test_the_documented_family_keeps_the_contract(tmp_path):
    (source,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S)[:1]
    (tmp_path / "my_families.py").write_text(source)

    command = [sys.executable, "-m", "searcher.testing", "my_families:KNeighbours"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert done.stdout == "my_families:KNeighbours keeps its contract.\n", done.stderr
    assert done.returncode == 0


def documented_rows(family):
    section = DOCS.read_text().split(f"\n## {family}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return {
        cells[0].strip("`"): cells[1:]
        for cells in ([cell.strip() for cell in row.strip("|").split("|")] for row in rows)
    }


def for_task(cell, task):
    """Read ``sqrt; regression: fraction``."""
    usual, *others = cell.split("; ")
    return dict(other.split(": ", 1) for other in others).get(task, usual)


BUILT_IN = [
    *("dummy", "logistic_regression", "ridge", "random_forest", "xgboost"),
    *("linear", "lasso", "elastic_net", "linear_svm", "svm", "k_neighbors", "naive_bayes"),
    *("stacking", "voting"),
    *("decision_tree", "extra_trees", "gradient_boosting", "hist_gradient_boosting", "lightgbm"),
]


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_documented_table_is_what_the_family_offers(name):
    family, rows = INSTALLED[name].load()(), documented_rows(name)
    columns = (
        Column("a", "numeric", has_missing=True),
        Column("b", "categorical"),
        Column("c", "date"),
    )

    seen = set()
    for task in sorted(family.tasks):
        profile = Profile(
            task, columns, n_samples=100, n_classes={"binary": 2, "multiclass": 3}.get(task, 0)
        )
        space, default = family.space(profile), family.default(profile)
        for parameter, domain in space.parameters.items():
            values, value, when, _source = rows[parameter]
            assert for_task(values, task) == domain.describe()
            assert when == space.when(parameter)
            if parameter in default:
                assert (
                    for_task(value, task) == Categorical(choices=(default[parameter],)).describe()
                )
        seen |= set(space.parameters)
    assert seen == set(rows)
