"""Plain values that pass between the parts: no behaviour, no I/O.

What a running search says about itself is said in these records and in no other way: the
tuning layer makes them, the store keeps them, the progress display shows them.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

Configuration: TypeAlias = dict[str, Any]

FINAL = "final"
"""The outer fold that is no fold: the last inner search, over all rows."""

UNKNOWN = "unknown"
"""Task, rows and families of a search that was taken over from a program that does not say."""

Origin = Literal["default", "dummy", "strategy", "reused"]
TrialState = Literal["running", "paused", "completed", "stopped", "failed"]
SearchState = Literal["running", "completed", "failed", "interrupted"]
Role = Literal["winner", "default", "dummy"]
Unit = Literal["inner_folds", "epochs", "rounds"]

NOUNS: dict[Unit, tuple[str, str]] = {
    "inner_folds": ("inner fold", "inner folds"),
    "epochs": ("epoch", "epochs"),
    "rounds": ("unit of ten rounds", "units of ten rounds"),
}
"""What one, and what several, of a trial's units of resource are called."""


def utc_now() -> datetime:
    """Now, with a time zone: naive times never enter the store."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Fold:
    """One split of an outer fold's rows, as positions in the dataset."""

    outer_fold: str  # "0", "1", ... or FINAL
    inner_fold: int | None  # None: the outer split itself (empty test part for FINAL)
    train: Any  # array of shape (n_train,), int64, sorted
    test: Any  # array of shape (n_test,), int64, sorted


@dataclass(frozen=True, slots=True)
class SearchStarted:
    """A search exists from here on."""

    search_id: str
    name: str
    spec: dict[str, Any]  # the spec as JSON
    metric: str
    task: str
    fingerprint: str  # of the rows
    data: dict[str, Any]  # what was loaded: columns, kinds, rows, classes, notices
    environment: dict[str, Any]  # versions, platform, git commit, cpus, output folder
    folds: tuple[Fold, ...]
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class SearchResumed:
    """A search that had stopped goes on; what it had paused runs again."""

    search_id: str
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class SearchExtended:
    """A search gets a larger budget and chooses anew: its old choices and outer scores go."""

    search_id: str
    before: dict[str, Any]  # budget that the spec had
    budget: dict[str, Any]  # budget that it has from now on
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class TrialStarted:
    """A configuration was proposed, and waits for a worker or has one."""

    trial_id: str  # "<search_id>.<outer_fold>.<number>"
    search_id: str
    outer_fold: str
    number: int  # 0, 1, ... in order of proposal within its inner search
    family: str
    configuration: Configuration  # the family's parameters, preprocessing included
    origin: Origin
    source_trial_id: str | None = None  # the trial of another search that it was copied from
    unit: Unit = "inner_folds"  # what its resource is counted in
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class TrialAgain:
    """A trial lost its worker or its driver and goes on after its last finished inner fold.

    The machine's failure, not the trial's: it costs no budget and teaches the strategy nothing.
    """

    trial_id: str
    attempt: int  # the one that begins: 2, 3, ...
    reason: str  # how the one before ended
    lost_s: float  # wall seconds of the inner fold that has to be done again
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class FoldScore:
    """One inner fold of one trial, fitted and scored."""

    trial_id: str
    resource: int  # inner folds finished so far by this trial, this one included: 1, 2, ...
    inner_fold: int
    scores: dict[str, float]  # metric -> score, finite, larger is better
    fit_s: float  # wall seconds
    score_s: float  # wall seconds
    cpu_s: float  # CPU seconds of the worker process for fit and score
    attempt: int = 1
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class UnitScore:
    """One more unit of resource (an epoch, ten boosting rounds) of all inner folds of a trial.

    Takes the place of ``FoldScore`` in trials that advance their inner folds in lockstep.
    """

    trial_id: str
    resource: int  # units finished so far, this one included: 1, 2, ...
    score: float  # mean of the optimised metric over the inner folds, as they are now
    folds: tuple[FoldScore, ...]  # each as it is now; its seconds and attempt are of all units
    is_last: bool  # whether the trial is trained to its end: then the folds' scores are its own
    fit_s: float  # wall seconds of this unit, all inner folds
    score_s: float  # wall seconds
    cpu_s: float  # CPU seconds of the worker process
    attempt: int = 1
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class Replaced:
    """A member of a population goes on from another one's state, with another configuration."""

    trial_id: str
    resource: int  # units after which; the other one's state is of then, too
    source_trial_id: str  # whose state it goes on from
    configuration: Configuration  # from here on
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """The state of a trial is in a file; files that it makes needless are gone."""

    trial_id: str
    resource: int
    path: str
    sha256: str
    size_bytes: int
    score: float | None
    removed: tuple[str, ...] = ()  # paths
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the scheduler decided at a rung, and on what grounds."""

    trial_id: str
    resource: int  # the rung
    score: float  # mean of the optimised metric over the inner folds so far
    decision: Literal["continue", "stop"]
    reason: str
    rank: int | None = None  # 1 = best of those that reached this rung so far
    rivals: int | None = None  # how many reached this rung so far, this one included
    cutoff: float | None = None  # the score that was needed to go on
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """A trial's last word."""

    trial_id: str
    state: TrialState  # "completed", "stopped" or "failed"
    score: float | None  # mean of the optimised metric; None when failed
    resource: int  # units finished
    reason: str | None = None  # why stopped or failed, in one line
    traceback: str | None = None
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class InnerSearchEnded:
    """An inner search has chosen."""

    search_id: str
    outer_fold: str
    trial_id: str  # the winner
    inner_score: float  # its mean over the inner folds
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class OuterScore:
    """A model refitted on an outer fold's training rows, scored on its test rows."""

    search_id: str
    outer_fold: str
    role: Role
    trial_id: str  # whose configuration was refitted
    scores: dict[str, float]
    fit_s: float
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class OuterPredictions:
    """What a refitted model said of an outer fold's test rows, which are read only once.

    Comes after the ``OuterScore`` of the same search, outer fold and role.
    """

    search_id: str
    outer_fold: str
    role: Role
    trial_id: str  # whose configuration was refitted
    rows: Any  # array of shape (n,), int64, sorted: positions in the dataset
    truth: Any  # array of shape (n,): class codes or values
    predicted: Any  # array of shape (n,): class codes or values
    probabilities: Any | None  # array of shape (n, n_classes); None for regression
    at: datetime = field(default_factory=utc_now)


ArtifactKind = Literal["model", "report", "model_card"]


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a search left."""

    search_id: str
    kind: ArtifactKind
    path: str
    sha256: str
    size_bytes: int
    trial_id: str | None = None
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class ParityVerdict:
    """Whether an ONNX file computes what the fitted model computes."""

    passed: bool
    rows: int  # compared, over all probe sets
    labels_unequal: int  # 0 for regression
    worst: float  # max |onnx - native| / (atol + rtol * |native|): 1 is the limit; inf if NaN
    worst_absolute: float
    rtol: float
    atol: float
    probes: tuple[
        dict[str, Any], ...
    ]  # per probe set: name, rows, labels_unequal, worst, worst_absolute
    failure: str | None = None  # the first difference, or why nothing could be compared
    seconds: float = 0.0
    bound: float | None = None  # of the estimator itself, relative and absolute; at most rtol
    structure: str = ""  # which of the file's constants were compared with the model's
    first_node: str | None = None  # the first tree node that differs
    worst_rows: tuple[dict[str, Any], ...] = ()  # set, row, share, where, cells, file, model
    repairs: tuple[dict[str, str], ...] = ()  # ways of writing the file: name, result


@dataclass(frozen=True, slots=True)
class ParityChecked:
    """A verdict, for the store."""

    search_id: str
    trial_id: str
    verdict: ParityVerdict
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class SearchEnded:
    """A search's last word; the numbers are None where it did not get that far."""

    search_id: str
    state: SearchState  # anything but "running"
    outer_mean: float | None = None  # mean outer score of the winners
    interval: tuple[float, float] | None = None  # corrected, Nadeau & Bengio 2003
    optimism: float | None = None  # mean over outer folds of inner score minus outer score
    default_difference: float | None = None  # mean over outer folds of winner minus default
    default_interval: tuple[float, float] | None = None  # corrected
    error: str | None = None
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class Note:
    """Anything else worth remembering, for people."""

    search_id: str
    kind: str  # a short word: "data", "interrupted", "export", ...
    payload: dict[str, Any]
    at: datetime = field(default_factory=utc_now)


Record: TypeAlias = (
    SearchStarted
    | SearchResumed
    | SearchExtended
    | TrialStarted
    | TrialAgain
    | FoldScore
    | UnitScore
    | Replaced
    | CheckpointSaved
    | Decision
    | TrialEnded
    | InnerSearchEnded
    | OuterScore
    | OuterPredictions
    | Artifact
    | ParityChecked
    | SearchEnded
    | Note
)
