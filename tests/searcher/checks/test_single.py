import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from search_spaces.columns import Column
from searcher.checks.single import _auc, score_column, to_bins
from tests.searcher.checks.cases import category

NUMBER = Column("x", "numeric")


def score(values: np.ndarray, y: np.ndarray, column: Column = NUMBER) -> float:
    n_classes = int(y.max()) + 1 if y.dtype.kind == "i" else 0
    return score_column(to_bins(column, values), y, n_classes=n_classes, seed=0)


def test_the_area_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    y, scores = rng.integers(0, 2, 500), rng.integers(0, 20, 500) / 20

    assert _auc(y, scores) == pytest.approx(roc_auc_score(y, scores), abs=1e-12)


@pytest.mark.parametrize("n_classes", [2, 4, 0], ids=["binary", "multiclass", "regression"])
def test_noise_scores_as_chance_and_a_copy_of_the_answer_almost_perfectly(n_classes: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    y = np.digitize(x, np.quantile(x, np.arange(1, n_classes) / n_classes)) if n_classes else x**3
    chance = {2: 0.5, 4: 0.25, 0: 0.0}[n_classes]

    assert score(x, y) > 0.99
    assert score(rng.normal(size=2000), y) == pytest.approx(chance, abs=0.1)


def test_no_order_is_needed_and_missing_is_a_value() -> None:
    codes = np.random.default_rng(0).integers(0, 7, 1000)

    assert score(codes * 1.0, codes % 2, category("c", 6)) > 0.99
    assert score(np.where(codes == 3, np.nan, 1.0), (codes == 3).astype(int)) > 0.99


def test_single_rows_teach_nothing_of_others() -> None:
    y = np.random.default_rng(0).integers(0, 2, 400)

    assert score(np.arange(1, 401) * 1.0, y, category("c", 400)) == pytest.approx(0.5, abs=0.08)
