"""One configuration of one family as a scikit-learn estimator: what a search finds best."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from searcher.data import Dataset, add_new_texts, encode_rows
from searcher.estimator.answering import TabularEstimator, gives_probabilities, label
from searcher.estimator.rows import (
    Answers,
    check_rows,
    name_columns,
    read_answers,
    read_dataset,
)
from searcher.evaluation import quietly
from searcher.model import FittedModel, fit_model
from searcher.plugins import load_family


class ConfiguredModel(TabularEstimator):
    """Preprocessing and estimator of one configuration, fitted together.

    Parameters
    ----------
    family : str
        Name of an installed family, or ``module:Class``.
    configuration : mapping, optional
        Values of its parameters, preprocessing included; None for the family's default.
    task : {"auto", "classification", "regression"}, default="auto"
        What to learn; "auto" looks at ``y``: text, truth values or at most 20 different whole
        numbers are classes.
    random_state : int, default=0
        Seed of the fit.

    Attributes
    ----------
    model_ : searcher.model.FittedModel
        What was fitted: preprocessing and estimator.
    classes_ : array of shape (n_classes,)
        Sorted labels; classifiers only.
    task_ : {"binary", "multiclass", "regression"}
        What was learnt.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : array of shape (n_features_in_,)
        Their names, if X had any.
    notices_ : tuple of str
        What was decided about the columns, such as one left out because it is constant.
    """

    def __init__(
        self,
        family: str,
        configuration: Mapping[str, Any] | None = None,
        *,
        task: str = "auto",
        random_state: int = 0,
    ) -> None:
        self.family, self.configuration = family, configuration
        self.task, self.random_state = task, random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Fit preprocessing and estimator on X (n_samples, n_columns) and y (n_samples,).

        Raises
        ------
        ValueError, TypeError
            If rows or answers can't be used, in scikit-learn's words or the data layer's.
        """
        data, answers = self._read(X, y)
        family = load_family(self.family)
        configuration = self.configuration
        if configuration is None:
            configuration = family.default(data.profile)
        model = quietly(
            lambda: fit_model(
                family,
                configuration,
                data.X,
                data.y,
                profile=data.profile,
                target=data.target,
                classes=data.classes,
                seed=self.random_state,
                cpus=1,
            )
        )
        return self._keep(model, answers)

    def predict(self, X: Any) -> NDArray[Any]:
        """Labels or values of rows X (n_samples, n_columns), shape (n_samples,)."""
        model, rows = self._code(X)
        return label(model.predict(rows), vars(self).get("classes_"))

    @available_if(gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities in the order of ``classes_``, shape (n_samples, n_classes)."""
        model, rows = self._code(X)
        return model.predict_proba(rows)

    def score(self, X: Any, y: Any) -> float:
        """Accuracy on X (n_samples, n_columns) and y (n_samples,), or R2 for a regression."""
        from sklearn.metrics import accuracy_score, r2_score

        metric = accuracy_score if self._kind == "classification" else r2_score
        return float(metric(y, self.predict(X)))

    def export_onnx(self, path: str | Path, X: Any) -> Path:
        """Write the fitted model as ONNX, if the file computes what the model computes.

        Parameters
        ----------
        path
            The file to write.
        X : array-like of shape (n_samples, n_columns)
            Rows to compare on, such as those of ``fit``; rows of other kinds are made from them.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        ExportError
            If the model can't be written as ONNX; nothing is written then.
        ParityError
            If the file would not pass the parity gate; nothing is written then.
        """
        from searcher.export.artifact import export_model
        from searcher.export.gate.probes import make_probes

        model, rows = self._code(X)
        probes = make_probes(model.profile.columns, rows, seed=self.random_state)
        metadata = {"missing": json.dumps([])}
        return export_model(model, Path(path), probes=probes, metadata=metadata)[0].path

    def _read(
        self, X: Any, y: Any, groups: Any = None, *, in_time: bool = False
    ) -> tuple[Dataset, Answers]:
        """Check and code rows and answers; remember columns and task."""
        for name in ("task_", "classes_"):  # of an earlier fit
            if hasattr(self, name):
                delattr(self, name)
        if self.task not in ("auto", "classification", "regression"):
            raise ValueError(
                f"task must be 'auto', 'classification' or 'regression'; found {self.task!r}"
            )
        rows = check_rows(self, X, reset=True)
        answers = read_answers(self, y, wanted=self.task)  # type: ignore[arg-type]
        data = read_dataset(rows, y, answers, groups=groups, in_time=in_time)
        self.notices_ = data.notices
        return data, answers

    def _keep(self, model: FittedModel, answers: Answers) -> Self:
        self.model_, self.task_ = model, answers.task
        if answers.classes is not None:
            self.classes_ = answers.classes
        return self

    def _code(self, X: Any) -> tuple[FittedModel, NDArray[np.float64]]:
        """Model, and rows as it takes them: it has to be told of texts that it never saw."""
        check_is_fitted(self, "model_")
        named = name_columns(check_rows(self, X, reset=False))
        known = self.model_.profile.columns
        columns = add_new_texts(named, known)
        model = self.model_ if columns == known else self.model_.with_columns(columns)
        return model, encode_rows(named, columns)
