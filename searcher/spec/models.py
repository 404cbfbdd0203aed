"""What a user may say of data, folds, budget and hardware; docs/spec.md explains every field."""

import os
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from search_spaces.columns import Kind, Shape, ShapeKind
from searcher.spec.settings import Listed, Names, Settings, either, problem, problems

Text = Annotated[str, Field(min_length=1, max_length=1000)]
Label = Annotated[str | int | bool, either("text, a whole number, true or false")]


def _as_text(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _none_as_nothing(value: Any) -> Any:
    return () if value is None else value


Size = Annotated[int, Field(ge=1)]


class ShapeSpec(Settings):
    """Whether the columns of a row are an image or a sequence."""

    image: Listed[Size] | None = Field(
        None, description="channels, height and width", examples=[[1, 28, 28]]
    )
    sequence: Listed[Size] | None = Field(
        None, description="steps and channels", examples=[[100, 3]]
    )

    @property
    def value(self) -> Shape | None:
        """The shape; None for a table."""
        for kind in get_args(ShapeKind):
            sizes = getattr(self, kind)
            if sizes is not None:
                return Shape(kind, sizes)
        return None

    @model_validator(mode="after")
    def _is_one_shape(self) -> "ShapeSpec":
        if self.image is not None and self.sequence is not None:
            raise problem("must be image or sequence, not both")
        try:
            _ = self.value
        except ValueError as error:
            raise problem(str(error)) from error
        return self


class DataSpec(Settings):
    """Which rows, what is to be predicted, and how columns are to be read."""

    path: Annotated[Text, BeforeValidator(_as_text)] = Field(
        description="csv, csv.gz, parquet or npz file, relative to the spec's folder; "
        "or sklearn:<name>",
        examples=["telco_churn.csv.gz"],
    )
    target: Text | None = Field(
        None,
        description="column to predict; may be left out for npz (`y`) and sklearn (`target`)",
        examples=["Churn"],
    )
    task: Literal["auto", "binary", "multiclass", "regression", "clustering"] = Field(
        "auto",
        description="what to learn; auto looks at the target; clustering has none",
        examples=["regression"],
    )
    positive: Label | None = Field(
        None,
        description="positive class of a binary target; null is the last in sorted order",
        examples=["Yes"],
    )
    drop_classes: Listed[Label] = Field(
        (), description="classes whose rows are left out", examples=[["secondary_hypothyroid"]]
    )
    drop: Listed[Text] = Field((), description="columns that are no features", examples=[["id"]])
    groups: Text | None = Field(
        None,
        description="column whose equal values never stand on both sides of a split; no feature",
        examples=["patient"],
    )
    time: Annotated[Names, BeforeValidator(_none_as_nothing)] = Field(
        (),
        description="column, or columns from coarse to fine, that order the rows; "
        "features too unless dropped",
        examples=["timestamp", ["year", "month", "day"]],
    )
    kinds: dict[str, Kind] = Field(
        default_factory=dict,
        description="column: numeric, boolean, date, categorical or text, where inference is wrong",
        examples=[{"zip": "categorical"}],
    )
    shape: ShapeSpec = Field(
        default_factory=ShapeSpec,
        description="what the columns of a row are together, in their order, the last size running "
        "fastest; left out: a table, or what X of an npz file is",
        examples=[{"image": [1, 28, 28]}, {"sequence": [100, 3]}],
    )
    missing: Listed[str] = Field(
        (), description="further spellings of a missing value", examples=[["999", "not asked"]]
    )

    @model_validator(mode="after")
    def _roles_are_distinct(self) -> "DataSpec":
        roles = {"groups": (self.groups,), "drop": self.drop, "time": self.time}
        roles["kinds"] = tuple(self.kinds)
        found = [
            ((role,), f"names the target {self.target!r}; the target has no other role", names)
            for role, names in roles.items()
            if self.target is not None and self.target in names
        ]
        if self.groups is not None and self.groups in self.time:
            found.append((("time",), "names the column of data.groups", self.time))
        if found:
            raise problems("data", found)
        return self


class ValidationSpec(Settings):
    """How rows are split, outside (to judge) and inside (to choose)."""

    outer: int = Field(5, ge=2, le=100, description="outer folds, which judge", examples=[5])
    inner: int = Field(4, ge=2, le=100, description="inner folds, which choose", examples=[4])
    splitter: Literal["auto", "stratified", "kfold", "group", "time"] = Field(
        "auto",
        description="how to split; auto: group or time if data names such a column, else "
        "stratified for classes, kfold for numbers",
        examples=["stratified"],
    )
    repeats: int = Field(
        1, ge=1, le=100, description="times the outer split is drawn anew", examples=[2]
    )


class BudgetSpec(Settings):
    """What each inner search may spend; whichever limit is met first ends it."""

    trials: int = Field(
        60,
        ge=1,
        le=1_000_000,
        description="trials of each inner search, dummy and defaults included",
        examples=[60],
    )
    time_s: float | None = Field(
        None,
        gt=0,
        description="seconds of trial time, summed over the trials of each inner search",
        examples=[900],
    )
    trial_time_s: float | None = Field(
        None, gt=0, description="seconds after which one trial counts as failed", examples=[60]
    )
    resource: dict[str, Literal["inner_folds", "epochs", "rounds"]] = Field(
        {},
        description="what trials of a family count in, by family, where it is not what the "
        "family does anyway: inner_folds, epochs or rounds (ten boosting rounds)",
        examples=[{"xgboost": "rounds"}],
    )


class HardwareSpec(Settings):
    """What each trial gets, and what all of them may take from others on the cluster."""

    cpus: int = Field(1, ge=1, le=1024, description="cores of each trial", examples=[1])
    gpus: float = Field(
        0,
        ge=0,
        le=64,
        description="GPUs of each trial, or of each of its workers; a trial of one worker may have "
        "a part of one",
        examples=[0.5],
    )
    workers: int = Field(
        1, ge=1, le=1024, description="processes that train one network together", examples=[1]
    )
    parallel: Literal["rows", "folds"] = Field(
        "rows",
        description="what the workers of a trial divide: the rows of each batch "
        "(DistributedDataParallel), or the inner folds",
        examples=["folds"],
    )
    max_concurrent: int | None = Field(
        None, ge=1, description="trials of this search that run at once, at most", examples=[8]
    )
    max_cpus: int | None = Field(
        None,
        ge=1,
        description="cores that the trials of this search occupy at once, at most",
        examples=[16],
    )

    @model_validator(mode="after")
    def _whole_gpus(self) -> Self:
        """Refuse parts of a GPU for several workers: NCCL wants a whole one for each."""
        if self.gpus % 1 and (self.gpus > 1 or self.workers > 1):
            message = "must be whole, or below 1 with one worker"
            raise problems("hardware", [(("gpus",), message, self.gpus)])
        return self

    @model_validator(mode="after")
    def _one_trial_is_allowed(self) -> Self:
        """Refuse less than a trial takes."""
        one = self.cpus * self.workers
        if self.max_cpus is not None and self.max_cpus < one:
            message = f"must be at least {one}, what one trial takes (cpus times workers)"
            raise problems("hardware", [(("max_cpus",), message, self.max_cpus)])
        return self
