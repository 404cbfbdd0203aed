"""A trial whose inner folds advance together: an epoch, or ten rounds, of all of them at a time."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from numpy.typing import NDArray

from search_spaces import preprocessing
from search_spaces.families.base import Family
from searcher.errors import StoreError
from searcher.evaluation import (
    FeatureCache,
    FoldResult,
    Rows,
    features,
    fold_seed,
    make_scorer,
    quietly,
    score,
)
from searcher.fitting import predict_on_one_thread, untrained
from searcher.lineage import Way
from searcher.records import Configuration, Fold
from searcher.stepwise import Place, Stepwise, begin

Share = Literal["rows", "folds"]
"""What several processes divide among themselves: the rows of each batch, or the inner folds."""

METER = "seconds.json"


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is trained, on what, and how it is judged."""

    family: Family
    schedule: Way
    rows: Rows
    folds: tuple[Fold, ...]  # inner folds of one outer fold, in the order in which trials see them
    metrics: tuple[str, ...]
    seed: int
    cpus: int
    generation: int | None = None  # units after which members of a population may be replaced


@dataclass(slots=True)
class _Member:
    """The fit of one inner fold."""

    fold: Fold
    train: NDArray[Any]
    test: NDArray[Any]
    fit: Stepwise
    result: FoldResult  # seconds of all units; scores as they were told last


class Lockstep:
    """The fits of a trial's inner folds.

    Parameters
    ----------
    place
        Which of how many processes this is. All of them make one of these and call the same
        methods in the same order.
    share
        With ``folds`` a process has only its own inner folds, every so manieth; with ``rows`` all.
    """

    def __init__(
        self,
        task: Task,
        *,
        cache: FeatureCache,
        place: Place | None = None,
        share: Share = "rows",
    ) -> None:
        self._task, self._place, self._share = task, place or Place(), share
        self._scorer = make_scorer(task.metrics)
        self.resource = 0
        self._members = [self._member(fold, cache) for fold in self._own_folds()]

    @property
    def done(self) -> bool:
        """Whether all inner folds that this process has are trained to their end."""
        return all(member.fit.done for member in self._members)

    def advance(self, *, judge: bool = True) -> list[FoldResult]:
        """Train one more unit of every inner fold that is not done; say how they do then.

        Parameters
        ----------
        judge
            Whether to score; with several processes that share rows each scores some folds.

        Returns
        -------
        The inner folds that this process has scored.

        Raises
        ------
        TrialError, ScoreNotFiniteError
            If training diverges, or a metric is not finite.
        """
        self._change_configuration()
        for member in self._members:
            if not member.fit.done:
                self._train(member)
        self.resource += 1
        return [self._judge(member) for member in self._judged()] if judge else []

    def estimators(self) -> list[Any]:
        """Return what is fitted so far of the inner folds that this process has."""
        return [_steady(member.fit.estimator()) for member in self._members]

    def state(self) -> dict[str, bytes]:
        """Write the state of the inner folds that this process has, by name."""
        seconds = {
            _name(m.fold): [m.result.fit_s, m.result.score_s, m.result.cpu_s] for m in self._members
        }
        parts = {_name(member.fold): member.fit.state() for member in self._members}
        return parts | {METER: json.dumps(seconds).encode()}

    def load_state(self, resource: int, parts: Mapping[str, bytes]) -> None:
        """Go on from a state that was reached after ``resource`` units.

        Raises
        ------
        StoreError
            If it is not of these inner folds.
        """
        self.resource = resource
        self._use(self._configuration(resource - 1))
        try:
            seconds = json.loads(parts[METER])
            for member in self._members:
                name = _name(member.fold)
                member.fit.load_state(parts[name])
                fit_s, score_s, cpu_s = seconds[name]
                told = {"fit_s": fit_s, "score_s": score_s, "cpu_s": cpu_s}
                member.result = replace(member.result, **told)
        except (KeyError, ValueError, TypeError) as error:
            raise StoreError(f"a checkpoint lacks what it should have: {error!r}") from error

    def _own_folds(self) -> Iterator[Fold]:
        for number, fold in enumerate(self._task.folds):
            if self._share == "rows" or number % self._place.world == self._place.rank:
                yield fold

    def _judged(self) -> Sequence[_Member]:
        """Return the members that this process scores."""
        if self._share == "folds":
            return self._members
        return self._members[self._place.rank :: self._place.world]

    def _member(self, fold: Fold, cache: FeatureCache) -> _Member:
        task = self._task
        prepare, _ = preprocessing.split(dict(task.schedule[0][1]))
        started, cpu = time.perf_counter(), time.process_time()
        train, test = features(task.family, prepare, task.rows, fold, seed=task.seed, cache=cache)
        fit = self._begin(fold, train, task.schedule[0][1])
        result = FoldResult(
            inner_fold=-1 if fold.inner_fold is None else fold.inner_fold,
            scores={},
            fit_s=time.perf_counter() - started,
            score_s=0.0,
            cpu_s=time.process_time() - cpu,
        )
        return _Member(fold, train, test, fit, result)

    def _begin(self, fold: Fold, train: NDArray[Any], configuration: Configuration) -> Stepwise:
        task, rows = self._task, self._task.rows
        _, rest = preprocessing.split(dict(configuration))
        seed = fold_seed(task.seed, fold)
        estimator = untrained(task.family, rest, rows.profile, seed=seed, cpus=task.cpus)
        alone = self._share == "folds"
        place = replace(self._place, rank=0, world=1) if alone else self._place
        n_classes, y = rows.profile.n_classes, rows.y[fold.train]
        every = task.generation
        fit: Stepwise = quietly(
            begin, estimator, train, y, n_classes=n_classes, place=place, restart_every=every
        )
        return fit

    def _configuration(self, resource: int) -> Configuration:
        """Return what holds for the unit after ``resource`` ones."""
        known = [found for since, found in self._task.schedule if since <= max(resource, 0)]
        return known[-1]

    def _change_configuration(self) -> None:
        """Begin a segment of the schedule: the state stays, the settings are others."""
        if self.resource == 0 or self.resource not in dict(self._task.schedule):
            return
        states = [member.fit.state() for member in self._members]
        self._use(self._configuration(self.resource))
        for member, state in zip(self._members, states, strict=True):
            member.fit.load_state(state)

    def _use(self, configuration: Configuration) -> None:
        for member in self._members:
            member.fit = self._begin(member.fold, member.train, configuration)

    def _train(self, member: _Member) -> None:
        started, cpu = time.perf_counter(), time.process_time()
        quietly(member.fit.advance)
        member.result = replace(
            member.result,
            fit_s=member.result.fit_s + time.perf_counter() - started,
            cpu_s=member.result.cpu_s + time.process_time() - cpu,
        )

    def _judge(self, member: _Member) -> FoldResult:
        started, cpu = time.perf_counter(), time.process_time()
        y = self._task.rows.y[member.fold.test]
        scores = score(_steady(member.fit.estimator()), member.test, y, scorer=self._scorer)
        member.result = replace(
            member.result,
            scores=scores,
            score_s=member.result.score_s + time.perf_counter() - started,
            cpu_s=member.result.cpu_s + time.process_time() - cpu,
        )
        return member.result


def _steady(estimator: Any) -> Any:
    predict_on_one_thread(estimator)
    return estimator


def _name(fold: Fold) -> str:
    return f"fold-{fold.inner_fold}"
