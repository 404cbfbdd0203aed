"""What a fit keeps of a search with populations; the search is told, not run."""

from typing import Any

import numpy as np
import pytest

from searcher import NestedSearchCV, Store
from searcher.estimator.configured import ConfiguredModel
from searcher.estimator.planning import plan_search
from searcher.estimator.rows import read_answers, read_dataset
from searcher.estimator.running import Found, found_in
from searcher.records import FINAL, TrialStarted
from tests.searcher.report.evolving import Evolution
from tests.searcher.store.records_factory import fill


@pytest.fixture(scope="module")
def story() -> Evolution:
    told = Evolution(outer=2)
    told.tell()
    return told


@pytest.fixture(scope="module")
def found(story: Evolution, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The told search as the store has it, with a model that has nothing to do with it."""
    url = fill(f"sqlite:///{tmp_path_factory.mktemp('told')}/s.db", story.records)
    model = ConfiguredModel("dummy").fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]).model_
    with Store(url) as store:
        return found_in(store, story.search_id, model)


@pytest.fixture(scope="module")
def search(found: Found) -> Any:
    """An estimator that keeps the scores of the told search."""
    search = NestedSearchCV(["mlp"], scoring="roc_auc", strategy="pbt", outer=2, inner=2)
    y = np.repeat([0, 1], 20)
    answers = read_answers(search, y, wanted="auto")
    data = read_dataset(np.arange(80.0).reshape(-1, 2), y, answers, groups=None, in_time=False)
    search._keep_scores(plan_search(search, data), found)
    return search


def test_the_best_parameters_are_what_the_winner_ended_with(story: Any, search: Any) -> None:
    winner = story.winners[FINAL][1]
    last = story.ways(FINAL)[winner.trial_id][-1][1]

    assert search.best_params_ == {"family": "mlp", **last}
    assert search.best_score_ == story.winners[FINAL][0]


def test_each_row_has_the_parameters_whose_score_it_has(story: Any, search: Any) -> None:
    results = search.cv_results_
    last = {trial_id: way[-1][1] for trial_id, way in story.ways(FINAL).items()}
    began = {r.trial_id: r.configuration for r in story.records if isinstance(r, TrialStarted)}
    replaced = {record.trial_id for record in story.replaced(FINAL)}

    rows = list(zip(results["trial_id"], results["params"], results["first_params"], strict=True))
    for trial_id, params, first in rows:
        assert params == {"family": params["family"], **last[trial_id]}
        assert first == {"family": params["family"], **began[trial_id]}
    assert {trial_id for trial_id, params, first in rows if params != first} == replaced
    rates = results["param_learning_rate"].tolist()
    assert rates == [params.get("learning_rate") for _, params, _ in rows]
