"""Nested search as a scikit-learn estimator."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from searcher.estimator.answering import TabularEstimator, gives_probabilities
from searcher.estimator.configured import ConfiguredModel
from searcher.estimator.planning import choose_metrics, plan_search, with_sound_networks
from searcher.estimator.results import tabulate
from searcher.estimator.rows import Answers
from searcher.estimator.running import Found, run_search
from searcher.evaluation import fold_seed
from searcher.plan import Plan
from searcher.records import FINAL


class NestedSearchCV(TabularEstimator):
    """Search families and their settings by inner folds, judge the search by outer folds.

    Trials run on Ray, in processes of their own. The first ``fit`` starts Ray on this machine,
    unless the process has joined one; later fits find it warm. It ends with the process, or by
    ``ray.shutdown()``.

    Parameters
    ----------
    families : sequence of str, or mapping, optional
        Families to search, or a mapping from family to changes of its space, as in a spec. None:
        logistic regression or ridge, and a decision tree that looks at every column.
    task : {"auto", "classification", "regression"}, default="auto"
        What to learn. "auto" looks at ``y``: text, truth values or at most 20 different whole
        numbers are classes. Say it where scikit-learn has to know before the fit, such as for
        stratified folds in ``cross_val_score``.
    scoring : str or sequence of str, optional
        scikit-learn scorer, or several: the first is optimised. None: accuracy or R2.
    strategy : str or mapping, default="random"
        What to try next: a kind (``grid``, ``random``, ``tpe``, ``asha`` ...), or a mapping of the
        kind and its settings. With "random" the same ``random_state`` gives the same search
        however many workers race; the others learn from whichever trial ends first.
    trials : int, default=10
        Trials of each inner search, the dummy and the families' defaults included.
    outer, inner : int, default=3
        Outer and inner folds; fewer, with a warning, where the smallest class has too few rows.
    splitter : {"auto", "stratified", "kfold", "group", "time"}, default="auto"
        "auto": group with ``groups``, else stratified for classes and kfold for values. "time"
        takes the rows to be in the order of time.
    time_s : float, optional
        Seconds of trial time of each inner search, after which it ends.
    try_training : bool, default=True
        Whether to try first, on a few rows, which choices of networks can be trained and at which
        learning rates; what can't be is left out, and ``notices_`` says so. Without networks in
        ``families`` there is nothing to try.
    random_state : int, RandomState or None, default=0
        Seed of folds, proposals and fits. None draws one, which ``seed_`` then tells.
    cpus : int, optional
        Cores of the Ray that the first fit starts; None for all that the process may use.
    store : str, optional
        URL of a database to keep every trial in, such as ``sqlite:///searcher.db``; None for one
        that is gone after the fit.

    Attributes
    ----------
    best_estimator_ : ConfiguredModel
        The final winner, fitted on all rows; a member of a population by all configurations on
        its way, one after the other, which a clone of it does not repeat.
    best_params_ : dict
        Its family and configuration; of a member of a population (``pbt``, ``pb2``) the one that
        it ended with.
    best_score_ : float
        Its mean inner score: optimistic, unlike ``outer_scores_``.
    best_index_ : int
        Its row in ``cv_results_``.
    cv_results_ : dict of arrays
        The trials of the final inner search; see ``searcher.estimator.results.tabulate``.
    outer_scores_ : array of shape (n_outer_folds,)
        Score of each outer fold's winner on rows that its search did not see; larger is better.
    outer_interval_ : tuple of two floats, or None
        95 % interval of their mean (Nadeau and Bengio 2003).
    optimism_ : float
        Mean of inner minus outer scores of the outer folds' winners.
    classes_ : array of shape (n_classes,)
        Sorted labels; classifiers only.
    task_ : {"binary", "multiclass", "regression"}
        What was learnt.
    scorer_ : callable, or dict of callables for several metrics
        ``scorer(estimator, X, y)``.
    multimetric_ : bool
        Whether ``scoring`` was a sequence.
    n_splits_ : int
        Inner folds.
    seed_ : int
        What ``random_state`` came to.
    search_id_ : str
        Name of the search in the store.
    notices_ : tuple of str
        What was decided about columns and spec.
    """

    def __init__(
        self,
        families: Sequence[str] | Mapping[str, Any] | None = None,
        *,
        task: str = "auto",
        scoring: str | Sequence[str] | None = None,
        strategy: str | Mapping[str, Any] = "random",
        trials: int = 10,
        outer: int = 3,
        inner: int = 3,
        splitter: str = "auto",
        time_s: float | None = None,
        try_training: bool = True,
        random_state: Any = 0,
        cpus: int | None = None,
        store: str | None = None,
    ) -> None:
        self.families, self.task, self.scoring = families, task, scoring
        self.strategy, self.trials, self.time_s = strategy, trials, time_s
        self.outer, self.inner, self.splitter = outer, inner, splitter
        self.try_training = try_training
        self.random_state, self.cpus, self.store = random_state, cpus, store

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Search, and fit the winner on all rows.

        Parameters
        ----------
        X : array or DataFrame of shape (n_samples, n_columns)
            Arrays hold numbers, NaN for missing ones. A DataFrame may also have columns of text,
            pandas categories, truth values and dates.
        y : array-like of shape (n_samples,)
            Labels or values.
        groups : array-like of shape (n_samples,), optional
            Rows of one group never stand on both sides of a split.

        Raises
        ------
        ValueError, TypeError
            If rows, answers or parameters can't be used, or the default configuration of a family
            of networks can't be trained.
        SearchFailedError
            If no trial of an inner search succeeded.
        """
        for name in [name for name in vars(self) if name.endswith("_")]:  # of an earlier fit
            delattr(self, name)
        model = ConfiguredModel("dummy", task=self.task)
        data, answers = model._read(X, y, groups, in_time=self.splitter == "time")
        plan, tried = with_sound_networks(plan_search(self, data), asked=self.try_training)
        found = run_search(plan, store=self.store, cpus=self.cpus, taken=tried)
        self._keep_scores(plan, found)
        configuration = dict(self.best_params_)
        model.set_params(
            family=configuration.pop("family"),
            configuration=configuration,
            random_state=fold_seed(plan.spec.seed, plan.outer[FINAL]),
        )
        self._keep_model(model, found, answers)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Labels or values of rows X (n_samples, n_columns), shape (n_samples,)."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.predict(X)

    @available_if(gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities in the order of ``classes_``, shape (n_samples, n_classes)."""
        check_is_fitted(self, "best_estimator_")
        return np.asarray(self.best_estimator_.predict_proba(X))

    def score(self, X: Any, y: Any) -> float:
        """Score X (n_samples, n_columns) and y (n_samples,) by the (first) metric."""
        check_is_fitted(self, "best_estimator_")
        scorer: Any = self.scorer_
        if self.multimetric_:
            scorer = scorer[choose_metrics(self.scoring, self.task_)[0]]
        return float(scorer(self.best_estimator_, X, y))

    def export_onnx(self, path: str | Path, X: Any) -> Path:
        """Write ``best_estimator_`` as ONNX; see ``ConfiguredModel.export_onnx``."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.export_onnx(path, X)

    @property
    def n_features_in_(self) -> int:
        """Columns of X."""
        return int(self._of_best("n_features_in_"))

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        """Names of the columns, if X had any."""
        return np.asarray(self._of_best("feature_names_in_"))

    def _of_best(self, name: str) -> Any:
        if "best_estimator_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no {name} before it is fitted")
        return getattr(self.best_estimator_, name)

    def _keep_scores(self, plan: Plan, found: Found) -> None:
        from sklearn.metrics import get_scorer

        search = found.search
        self.search_id_, self.seed_ = search.search_id, plan.spec.seed
        self.notices_ = plan.notices
        self.multimetric_ = not isinstance(self.scoring, str | None)
        scorers = {name: get_scorer(name) for name in plan.metrics}
        self.scorer_ = scorers if self.multimetric_ else scorers[plan.metrics[0]]
        self.n_splits_ = len(plan.inner_folds(FINAL))
        self.cv_results_ = tabulate(
            found.trials,
            found.fold_scores,
            metrics=plan.metrics,
            n_splits=self.n_splits_,
            multimetric=self.multimetric_,
            lineage=found.lineage,
        )
        ids = [trial.trial_id for trial in found.trials]
        self.best_index_ = ids.index(str(search.best_trial_id))
        self.best_score_ = found.trials[self.best_index_].score
        self.best_params_ = self.cv_results_["params"][self.best_index_]
        self.outer_scores_ = np.array(search.outer_scores)
        self.outer_interval_, self.optimism_ = search.interval, search.optimism

    def _keep_model(self, model: ConfiguredModel, found: Found, answers: Answers) -> None:
        self.best_estimator_ = model._keep(found.model, answers)
        self.task_ = answers.task
        if answers.classes is not None:
            self.classes_ = answers.classes
