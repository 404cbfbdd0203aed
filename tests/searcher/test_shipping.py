"""What goes along to a cluster: small rows, and modules that are not installed there."""

from pathlib import Path
from typing import Any

import pytest

from searcher import shipping
from searcher.errors import DataError, SpecError
from searcher.shipping import pack
from searcher.spec import Spec, load_spec


def spec(**changes: Any) -> Spec:
    given = {"name": "x", "data": {"path": "rows.csv", "target": "y"}, "seed": 1}
    return load_spec(given | changes)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rows.csv").write_text("x,y\n1,2\n")
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_rows_go_along_and_are_found_by_a_path_in_the_folder(desk: Path) -> None:
    assert pack(spec(), desk / "out", base=desk) == "data/rows.csv"
    assert files_in(desk / "out") == {"data/rows.csv"}


def test_rows_that_all_nodes_can_read_stay_where_they_are(desk: Path) -> None:
    assert pack(spec(), desk / "out", base=desk, ships=False) is None
    assert pack(spec(data={"path": "sklearn:iris"}), desk / "out", base=desk) is None
    assert not files_in(desk / "out")


def test_large_rows_are_refused_with_what_to_do(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "MOST_BYTES", 3)

    with pytest.raises(DataError, match="say where that is: --data PATH"):
        pack(spec(), desk / "out", base=desk)


def test_modules_and_packages_of_ones_own_go_along_and_installed_ones_do_not(desk: Path) -> None:
    (desk / "mine_file.py").write_text("class A: pass")
    (desk / "mine_package").mkdir()
    (desk / "mine_package" / "__init__.py").write_text("")
    (desk / "mine_package" / "models.py").write_text("class B: pass")
    families = {
        "mine_file:A": None,
        "mine_package.models:B": None,
        "search_spaces.families.mlp:MLP": None,
        "sklearn.svm:SVC": None,
        "ridge": None,
    }

    pack(spec(families=families), desk / "out", base=desk)

    assert files_in(desk / "out") == {
        "data/rows.csv",
        "mine_file.py",
        "mine_package/__init__.py",
        "mine_package/models.py",
    }


def test_a_module_that_is_nowhere_is_refused(desk: Path) -> None:
    with pytest.raises(SpecError, match="no module 'nowhere'"):
        pack(spec(families={"nowhere:X": None}), desk / "out", base=desk)


def test_a_folder_goes_along_without_what_only_this_machine_needs(desk: Path) -> None:
    (desk / "whole" / ".git").mkdir(parents=True)
    (desk / "whole" / ".git" / "config").write_text("")
    (desk / "whole" / "notes.txt").write_text("")

    pack(spec(), desk / "out", base=desk, working_dir=desk / "whole")

    assert files_in(desk / "out") == {"notes.txt", "data/rows.csv"}
