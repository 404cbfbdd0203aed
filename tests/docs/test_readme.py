"""Every command of the README runs, and says what the README says it says."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.driven import Cluster

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
MOST_S = 900  # of a command; a slow machine is no reason to fail


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def labels(text: str) -> set[str]:
    """First words of the lines of a result block: ``score``, ``best``, ``parity``, ..."""
    return set(re.findall(r"^([a-z]+) {2,}\S", text, flags=re.MULTILINE))


def run(words: list[str], folder: Path, cluster: Cluster) -> str:
    """Run a command as one types it, but on a Ray that is there: to start one takes longer."""
    environment = cluster.environment | {"RAY_ADDRESS": cluster.address}
    done = cluster.forks.start([str(BIN / words[0]), *words[1:]], environment, folder=folder)
    out, err = done.communicate(timeout=MOST_S)
    assert done.returncode == 0, f"{words}\n{out[-2000:]}\n{err[-2000:]}"
    return out


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(2 * MOST_S)
def test_make_demo_ends_with_what_the_readme_shows(tmp_path: Path) -> None:
    if not (ROOT / ".venv" / ".installed").exists():
        pytest.skip("make demo would set up .venv first; run the tests by make test")

    done = subprocess.run(
        ["make", "-o", "setup", "demo", f"DEMO={tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=MOST_S,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert "parity    passed" in done.stdout
    (shown,) = blocks("text")
    assert labels(shown) <= labels(done.stdout)
    assert labels(shown) >= {"data", "plan", "score", "best", "parity", "model", "report"}
    assert (tmp_path / "output" / "model.onnx").is_file()
    assert (tmp_path / "output" / "report.html").is_file()


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(2 * MOST_S)
def test_every_searcher_command_and_the_python_examples_run(
    cluster: Cluster, tmp_path: Path
) -> None:
    """In a folder of their own, with fewer trials and no trees; the rest is as in the README."""
    from sklearn.datasets import load_breast_cancer

    spec = (ROOT / "examples" / "breast_cancer.yaml").read_text(encoding="utf-8")
    (tmp_path / "examples").mkdir()
    few = (
        spec.replace("trials: 32", "trials: 3")
        .replace("outer: 5, inner: 4", "outer: 2, inner: 2")
        .replace(", random_forest, xgboost", "")
    )
    assert "[logistic_regression]" in few
    (tmp_path / "examples" / "breast_cancer.yaml").write_text(few, encoding="utf-8")
    load_breast_cancer(as_frame=True).data.head(5).to_csv(tmp_path / "new_rows.csv", index=False)

    ran = []
    for command in commands():
        if command.startswith("make"):
            continue  # make demo has its own test, make test is what runs this
        run(shlex.split(command, comments=True), tmp_path, cluster)
        ran.append(command.split()[1])
        if command.startswith("searcher run"):
            (model,) = (tmp_path / "searcher-output").glob("*/model.onnx")
            shutil.copy(model, tmp_path / "model.onnx")
    going_on = ["resume", "extend"]
    assert ran == ["check", "run", "predict", *going_on, "list", "show", "trials", "sql"]

    for example, shown in zip(blocks("python"), ("model.onnx", "penalty"), strict=True):
        joined = f"import ray; ray.init(address={cluster.address!r}, log_to_driver=False)\n"
        done = subprocess.run(
            [sys.executable, "-c", joined + example],
            cwd=tmp_path,
            env=cluster.environment,
            capture_output=True,
            text=True,
            timeout=MOST_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert shown in done.stdout


def test_the_spec_in_the_readme_is_the_demos() -> None:
    from searcher.spec import load_spec, spec_from_yaml

    (shown,) = blocks("yaml")

    assert spec_from_yaml(shown) == load_spec(ROOT / "examples" / "breast_cancer.yaml")


def test_the_readme_names_no_strategy_that_is_not_there() -> None:
    from searcher.plugins import strategy_names

    (shown,) = re.findall(r"reduction_factor: 2\}\s+# or (.+)", README)

    assert "racing" in shown
    assert set(shown.split(", ")) <= set(strategy_names())


def test_the_readme_counts_the_families_that_are_there() -> None:
    from searcher.candidates import DUMMY
    from searcher.plugins import family_names

    (shown,) = re.findall(r"over (\d+) families", README)

    assert int(shown) == len(set(family_names()) - {DUMMY})


def test_the_readmes_table_of_families_is_that_of_the_registry() -> None:
    from tests.docs.readme_table import table

    assert f"\n{table()}\n" in README, "render it anew with python -m tests.docs.readme_table"


def test_ci_runs_the_readmes_test_command_and_nothing_cleverer() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()

    assert "make test" in commands()
    assert [line for line in script if line and not line.startswith("#")][-1] == "make test"


def test_every_link_of_the_docs_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
