"""What the report says of a search that went well."""

import json
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

import searcher.report
from searcher.errors import NotFoundError
from searcher.records import SearchEnded
from searcher.report import write_report
from searcher.store import Store
from tests.searcher.report.conftest import report_of
from tests.searcher.report.reading import Page
from tests.searcher.report.stories import SEARCH_ID, Story
from tests.searcher.store.records_factory import fill

ROOT = Path(__file__).resolve().parents[3]
SECTIONS = (
    *("headline", "outer", "quality", "optimisation", "parameters", "stops"),
    *("families", "trials", "data", "parity", "card", "reproduce"),
)
FIGURES = (
    *("outer-folds", "history", "incumbents", "timeline", "importance", "parallel", "slices"),
    *("contours", "rungs", "families-compared", "distribution", "target"),
)
CURVES = ("roc", "precision-recall", "calibration", "confusion")
RESIDUALS = ("observed", "residuals", "residual-distribution")
OF_TASK = {
    "binary": (*FIGURES, *CURVES),
    "multiclass": (*FIGURES, *CURVES),
    "regression": (*FIGURES, *RESIDUALS),
}


def test_headline_states_mean_interval_and_metric(usual: str) -> None:
    story = Story(trials=130)
    ended = next(r for r in story.tell() if isinstance(r, SearchEnded))
    assert ended.outer_mean is not None
    assert ended.interval is not None

    text = Page(usual).text

    low, high = ended.interval
    assert f"{ended.outer_mean:.4f} roc_auc 95 % interval {low:.4f} to {high:.4f}" in text
    assert f"Optimism +{ended.optimism:.4f}" in text
    assert "Dummy model 0.5000" in text


def test_every_section_and_figure_is_there_once(usual: str) -> None:
    page = Page(usual)

    for name in (*SECTIONS, *OF_TASK["binary"]):
        assert page.ids.count(name) == 1, name
    assert set(page.figures) == set(OF_TASK["binary"])
    anchors = {a["href"] for tag, a in page.elements if tag == "a" and "download" not in a}
    assert anchors == {f"#{name}" for name in SECTIONS}


def test_page_refers_to_nothing_outside_itself(usual: str) -> None:
    page = Page(usual)

    fetched = [
        value
        for tag, attrs in page.elements
        for name, value in attrs.items()
        if name in ("src", "href", "srcset", "action", "data", "poster") and value
        if not value.startswith(("#", "data:"))
    ]

    assert fetched == []
    styles = re.findall(r"<style>(.*?)</style>", usual, re.DOTALL)
    assert not any("url(" in style or "@import" in style for style in styles)
    policy = next(a["content"] for tag, a in page.elements if tag == "meta" and "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy


@pytest.mark.slow
def test_same_store_gives_the_same_bytes(tmp_path: Path) -> None:
    url = fill(f"sqlite:///{tmp_path / 'searcher.db'}", Story(trials=25).tell())
    program = (
        "import sys; from pathlib import Path; from searcher.store import Store\n"
        "from searcher.report import write_report\n"
        "with Store(sys.argv[1]) as store: write_report(store, sys.argv[2], Path(sys.argv[3]))"
    )
    written = []

    for hash_seed in ("1", "2"):
        path = tmp_path / f"{hash_seed}.html"
        environment = {
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": str(ROOT),
            "PATH": "/usr/bin:/bin",
        }
        command = [sys.executable, "-c", program, url, SEARCH_ID, str(path)]
        subprocess.run(command, check=True, env=environment)
        written.append(path.read_bytes())

    assert written[0] == written[1]


def test_import_loads_neither_plotly_nor_optuna() -> None:
    program = "import sys, searcher.report; print(sorted({'plotly', 'optuna'} & set(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert done.stdout.strip() == "[]"


def test_returns_the_path_and_replaces_what_was_there(tmp_path: Path) -> None:
    url = fill(f"sqlite:///{tmp_path / 'searcher.db'}", Story(trials=6, outer=2).tell())
    path = tmp_path / "deep" / "report.html"
    path.parent.mkdir()
    path.write_text("old")

    with Store(url) as store:
        returned = write_report(store, SEARCH_ID[:5], path)

    assert returned == path
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_unknown_search_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    url = fill(f"sqlite:///{tmp_path / 'searcher.db'}", Story(trials=6, outer=2).tell())

    with Store(url) as store, pytest.raises(NotFoundError, match="no search 'other'"):
        write_report(store, "other", tmp_path / "report.html")

    assert not (tmp_path / "report.html").exists()


def test_history_marks_completed_stopped_and_failed_trials(usual: str) -> None:
    final = Page(usual).figures["history"][0]["data"]
    named = {trace["name"]: trace for trace in final}

    assert len(Page(usual).figures["history"]) == 6  # the final inner search and five outer folds
    assert {"best so far", "stopped early", "failed"} <= set(named)
    best = [y for y in named["best so far"]["y"] if y is not None]
    assert best == sorted(best)
    drawn = [x for trace in final if trace.get("mode") == "markers" for x in trace["x"]]
    assert sorted(x for x in drawn if x is not None) == list(range(130))


def test_rungs_show_why_a_trial_was_stopped(usual: str) -> None:
    page = Page(usual)

    (stops,) = (t for t in page.figures["rungs"][0]["data"] if t.get("name") == "stopped here")
    assert "below the cutoff\nneeded 0.8" in stops["text"][0]
    assert re.search(r"below the cutoff; needed 0\.8\d+ to go on; rank \d+ of \d+", page.text)
    assert re.search(r"Stopping early saved [\d,]+ of [\d,]+ fits \(\d+.%\)", page.text)


def test_importance_weighs_the_families_against_their_parameters(usual: str) -> None:
    (bars,) = Page(usual).figures["importance"][0]["data"]

    assert "family" in bars["y"]
    assert sum(bars["x"]) == pytest.approx(1, abs=0.05)  # the smallest bars are left out
    assert "The choice of family carries" in Page(usual).text


def test_trials_table_marks_the_winner_first(usual: str) -> None:
    table = usual[usual.index('<section id="trials">') : usual.index('<section id="data">')]
    rows = re.findall(r"<tr( class=\"winner\")?><td class=\"n\">\d+</td>", table)

    assert rows[0] == ' class="winner"'
    assert sum(bool(row) for row in rows) == 1
    assert len(rows) == 50


def test_failures_are_grouped_with_a_traceback(usual: str) -> None:
    text = Page(usual).text

    assert re.search(r"\d+ × xgboost: ValueError: Input X contains infinity", text)
    assert "ValueError: Input X contains infinity or a value too large" in text


def test_spec_reads_back_as_it_was(usual: str, tmp_path: Path) -> None:
    from searcher.spec import load_spec

    (written,) = re.findall(r"<pre>(name: .*?)</pre>", usual, re.DOTALL)
    import html

    path = tmp_path / "spec.yaml"
    path.write_text(html.unescape(written), encoding="utf-8")

    spec = load_spec(path)

    assert spec.name == "telco-churn"
    assert spec.data.missing == ("1e-3", "n/a")
    assert spec.data.positive == "Yes"
    assert spec.seed == 7


def test_parity_and_provenance_are_all_there(usual: str) -> None:
    text = Page(usual).text

    for words in (
        *(
            "Same outputs in ONNX Runtime? Yes On 1,481 rows: labels equal on all",
            "extreme 40 0 0.011 1.2e-07",
        ),
        *("git commit 9f2d1c0b7a", "optuna 5.0.0", "platform Linux-6.1", "seed 7"),
        *("searcher-output/telco-churn-3f9a2c/model.onnx , 482.1 kB", "TotalCharges numeric 11"),
        "searcher run telco-churn.yaml",
    ):
        assert words in text, words


def test_every_metric_is_in_the_table(usual: str) -> None:
    text = Page(usual).text

    assert "All metrics" in text
    assert re.search(r"roc_auc \(optimised\) 0\.8\d+", text)
    assert re.search(r"neg_log_loss -0\.4\d+", text)


def test_files_of_the_page_are_packaged() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    folder = Path(searcher.report.__file__).parent
    files = [f.name for f in folder.iterdir() if f.is_file() and f.suffix != ".py"]

    assert sorted(files) == ["page.css", "page.html", "script.html"]
    assert all(any(fnmatch(name, pattern) for pattern in patterns) for name in files)


@pytest.mark.slow
def test_ten_thousand_trials_make_a_page_of_bounded_size(tmp_path: Path) -> None:
    path = report_of(Story(trials=1667).tell(), tmp_path)

    assert path.stat().st_size < 8_000_000
    page = Page(path.read_text(encoding="utf-8"))
    assert "10,002 trials in 6 inner searches" in page.text
    assert "1,500 of 1,667 trials are drawn" in page.text
    assert all(
        len(trace.get("x") or ()) <= 1500 for f in page.figures["history"] for trace in f["data"]
    )
    assert json.loads(page.scripts[0])["themes"].keys() == {"light", "dark"}
