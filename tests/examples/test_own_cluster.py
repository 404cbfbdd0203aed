"""On a cluster of this machine's own a submitted search loses a node, and its model is released."""

import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.lacking import lacks
from tests.postgres import need_postgres

ROOT = Path(__file__).resolve().parents[2]
MOST_S = 600


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(2 * MOST_S)
def test_a_submitted_search_of_three_families_outlives_a_node_and_ends_with_a_model() -> None:
    need_postgres()
    if not (ROOT / ".venv" / ".installed").exists():
        lacks("make cluster would set up .venv first; run the tests by make test")
    story = subprocess.Popen(
        ["make", "-o", "setup", "cluster"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        told, _ = story.communicate(timeout=MOST_S)
    finally:
        if story.poll() is None:
            story.send_signal(signal.SIGINT)
            story.wait(60)

    print(told)  # noqa: T201 - the story is what somebody wants to read when it went wrong
    assert story.returncode == 0
    assert "logistic_regression, random_forest, xgboost" in told
    before, after = told.split("killing one of the two worker nodes")
    assert before.count("worker") >= 2
    assert re.search(r"trials +64: \d+ completed, \d+ stopped, 0 failed", after)
    assert re.search(r"\.\d+ +(logistic_regression|random_forest|xgboost|dummy) +\w+ +2\n", after)
    assert after.count("parity") == 3  # of the release, as it is shown, of the further export
    assert after.count("passed: ") == 3
    assert "probability_malignant" in after
    (folder,) = re.findall(r"files of this run: (\S+)", told)
    assert (Path(folder) / "output" / "model.onnx").is_file()
    assert (Path(folder) / "again.onnx").is_file()
    shutil.rmtree(folder)
