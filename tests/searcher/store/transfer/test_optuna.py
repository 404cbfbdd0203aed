import json
from datetime import UTC

import optuna
import pytest
from optuna.trial import TrialState

from search_spaces.columns import Column, Profile
from searcher.candidates import joint_space, resolve_candidates
from searcher.errors import NotFoundError, StoreError
from searcher.records import SearchStarted, TrialEnded, TrialStarted
from searcher.spec import Spec
from searcher.store import Store, check
from searcher.store.transfer import export_optuna, import_optuna, optuna_storage
from searcher.store.transfer.distributions import Distributions, gather
from searcher.store.transfer.reading import running_means
from searcher.stored_space import space_of
from tests.searcher.store.records_factory import fill, make_records
from tests.searcher.store.transfer.conftest import SEARCH

FIELDS = (
    *("number", "state", "values", "params", "distributions", "user_attrs", "system_attrs"),
    *("intermediate_values", "datetime_start", "datetime_complete"),
)


@pytest.fixture(autouse=True)
def _quiet():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(before)


def study_of(storage, name):
    if not storage.startswith(("sqlite", "postgresql")):
        backend = optuna.storages.journal.JournalFileBackend(storage)
        storage = optuna.storages.JournalStorage(backend)
    return optuna.load_study(study_name=name, storage=storage)


def facts(study):
    return [{name: getattr(trial, name) for name in FIELDS} for trial in study.trials]


@pytest.fixture(params=["sqlite", "journal"])
def storage(request, tmp_path):
    """An empty place for Optuna; one test is about a server."""
    return (
        f"sqlite:///{tmp_path / 'o.db'}" if request.param == "sqlite" else str(tmp_path / "o.log")
    )


@pytest.fixture
def ours(sqlite_url):
    return fill(
        sqlite_url,
        make_records(SEARCH),
        make_records("busy-77", name="busy", state="running", seed=3),
    )


def test_every_inner_search_is_a_study_with_its_trials(ours, storage):
    made = export_optuna(ours, SEARCH, storage)

    assert made.names == tuple(f"{SEARCH}/{fold}" for fold in ("0", "1", "2", "final"))
    with Store(ours) as store:
        search = store.search(SEARCH)
        best = store.trial(search.best_trial_id)
    study = study_of(storage, f"{SEARCH}/final")
    assert len(study.trials) == 8
    assert study.best_value == best.score
    assert study.best_trial.user_attrs["searcher:trial_id"] == best.trial_id
    assert study.best_params["family"] == best.family
    assert study.direction.name == "MAXIMIZE"
    assert study.user_attrs["searcher:search_id"] == SEARCH
    assert study.metric_names == ["roc_auc"]


def test_states_times_and_curves_are_those_of_the_search(ours, storage):
    export_optuna(ours, SEARCH, storage)

    found = [trial for fold in "012" for trial in study_of(storage, f"{SEARCH}/{fold}").trials]
    with Store(ours) as store:
        known = {
            trial.trial_id: store.trial(trial.trial_id)
            for trial in (store.trial(t.user_attrs["searcher:trial_id"]) for t in found)
        }
        scores = store.fold_scores(SEARCH)
    states = {"completed": "COMPLETE", "stopped": "PRUNED", "failed": "FAIL"}
    assert {trial.state.name for trial in found} == set(states.values())
    for trial in found:
        mine = known[trial.user_attrs["searcher:trial_id"]]
        assert trial.state.name == states[mine.state]
        assert trial.number == mine.number
        assert trial.datetime_start.astimezone(UTC) == mine.started_at
        assert trial.datetime_complete.astimezone(UTC) == mine.ended_at
        assert trial.value == mine.score
        own = [s.scores["roc_auc"] for s in scores if s.trial_id == mine.trial_id]
        assert trial.intermediate_values == running_means(list(enumerate(own, 1)))


def test_what_is_inserted_in_bulk_is_what_optuna_would_have_written(
    ours, storage, tmp_path, monkeypatch
):
    slow = f"sqlite:///{tmp_path / 'slow.db'}"
    names = {"busy-77": "busy-77/final"}  # all states; the slow way takes its time
    for search_id in names:
        export_optuna(ours, search_id, storage)
    monkeypatch.setattr(optuna_storage, "can_insert", lambda study: False)
    for search_id in names:
        export_optuna(ours, search_id, slow)

    for name in names.values():
        assert facts(study_of(storage, name)) == facts(study_of(slow, name))
    assert any(t.state == TrialState.RUNNING for t in study_of(slow, "busy-77/final").trials)


def test_a_server_takes_studies_and_gives_them_back(ours, postgres_url, tmp_path):
    journal = str(tmp_path / "o.log")
    for target in (postgres_url, journal):
        export_optuna(ours, "busy-77", target)
    with optuna_storage.opened(postgres_url, create=False) as server:
        found = facts(optuna.load_study(study_name="busy-77/final", storage=server))

    adopted = import_optuna(ours, postgres_url, "busy-77/0", new_id="back-1")

    assert found == facts(study_of(journal, "busy-77/final"))
    assert adopted.trials == 8
    assert check(ours) == []


def test_optuna_can_go_on_with_a_study(ours, storage):
    export_optuna(ours, SEARCH, storage)
    study = study_of(storage, f"{SEARCH}/final")

    study.optimize(lambda trial: trial.suggest_categorical("family", FAMILIES) == "xgboost", 2)

    assert [trial.number for trial in study.trials] == list(range(10))
    assert optuna.importance.get_param_importances(study, params=["family"])


FAMILIES = ["dummy", "logistic_regression", "random_forest", "xgboost"]


def test_studies_that_exist_are_not_added_to(ours, storage):
    export_optuna(ours, SEARCH, storage)
    before = facts(study_of(storage, f"{SEARCH}/0"))

    with pytest.raises(StoreError, match=f"has {SEARCH}/0, {SEARCH}/1, {SEARCH}/2 already"):
        export_optuna(ours, SEARCH, storage)

    assert facts(study_of(storage, f"{SEARCH}/0")) == before


def test_studies_that_are_only_half_written_are_taken_back(ours, storage):
    def fail(what, done, total):
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_optuna(ours, SEARCH, storage, progress=fail)

    assert export_optuna(ours, SEARCH, storage).trials == 32


@pytest.mark.parametrize("new_id", ["a/b", "a.b", ""])
def test_an_id_that_no_search_has_is_refused(sqlite_url, tmp_path, new_id):
    foreign(str(tmp_path / "o.log"))

    with pytest.raises(StoreError, match="search_id is"):
        import_optuna(sqlite_url, str(tmp_path / "o.log"), "Their study", new_id=new_id)


def real_search(families, columns=("numeric", "categorical")):
    """A search whose spec and data are those of a real one, and its space."""
    described = [
        {"name": f"c{i}", "kind": kind, "missing": i, "categories": 3 if kind != "numeric" else 0}
        for i, kind in enumerate(columns)
    ]
    spec = Spec.model_validate(
        {
            "name": "real",
            "data": {"path": "x.csv", "target": "y"},
            "families": families,
            "seed": 1,
        }
    )
    data = {"columns": described, "rows": 200, "classes": [{"name": "a"}, {"name": "b"}]}
    profile = Profile(
        "binary",
        tuple(
            Column(
                c["name"], c["kind"], bool(c["missing"]), ("", "x", "y", "z")[: c["categories"] + 1]
            )
            for c in described
        ),
        200,
        2,
    )
    return spec.model_dump(mode="json"), data, joint_space(resolve_candidates(spec, profile))


def test_distributions_are_those_that_were_searched(sqlite_url, tmp_path):
    import numpy as np

    from search_spaces.space import split_family

    spec, data, space = real_search(["xgboost", "logistic_regression"])
    records = [r for r in make_records("real-1", state="running") if isinstance(r, SearchStarted)]
    started = SearchStarted(
        **{f: getattr(records[0], f) for f in records[0].__dataclass_fields__}
        | {"spec": spec, "data": data}
    )
    rng, told = np.random.default_rng(1), [started]
    for i in range(12):
        family, configuration = split_family(space.sample(rng))
        trial_id = f"real-1.final.{i}"
        told += [
            TrialStarted(trial_id, "real-1", "final", i, family, configuration, "strategy"),
            TrialEnded(trial_id, "failed", None, 0),
        ]
    fill(sqlite_url, told)

    made = export_optuna(sqlite_url, "real-1", str(tmp_path / "o.log"), space_of=space_of)

    assert made.observed == ()
    found = study_of(str(tmp_path / "o.log"), "real-1/final").trials
    rate = space.parameters["xgboost.learning_rate"]
    shown = next(
        t.distributions["xgboost.learning_rate"] for t in found if t.params["family"] == "xgboost"
    )
    assert (shown.low, shown.high, shown.log) == (rate.low, rate.high, rate.log)
    assert found[0].distributions["family"].choices == ("xgboost", "logistic_regression")
    with Store(sqlite_url) as store:
        assert space_of(store.search("real-1")) == space


def test_the_space_of_a_search_from_elsewhere_is_not_guessed(ours):
    with Store(ours) as store:
        assert space_of(store.search(SEARCH)) is None  # a spec that this version does not read


def test_values_that_the_space_does_not_hold_widen_what_is_said():
    _, _, space = real_search(["xgboost"])
    seen = gather(
        [
            {"family": "dummy"},
            {"family": "xgboost", "xgboost.learning_rate": 77.0},
            {"a": None, "b": 1, "c": 0.5, "d": [1]},
            {"a": 3, "b": True, "c": 2},
        ]
    )

    made = Distributions(space, seen)

    assert made.of["family"].choices == ("xgboost", "dummy")
    assert (made.of["xgboost.learning_rate"].low, made.of["xgboost.learning_rate"].high) == (
        77.0,
        77.0,
    )
    assert made.of["a"].choices == (None, 3)
    assert made.of["b"].choices == (1, True)
    assert (made.of["c"].low, made.of["c"].high) == (0.5, 2.0)
    assert made.of["d"].choices == ("[1]",)
    assert "family" not in made.observed


def foreign(storage, *, direction="minimize"):
    """A study that somebody else made: complete, pruned, failed, running and waiting trials."""
    if not storage.startswith(("sqlite", "postgresql")):
        storage = optuna.storages.JournalStorage(
            optuna.storages.journal.JournalFileBackend(storage)
        )
    study = optuna.create_study(
        study_name="Their study",
        storage=storage,
        direction=direction,
        sampler=optuna.samplers.RandomSampler(seed=1),
    )

    def objective(trial):
        x = trial.suggest_float("x", -5, 5)
        trial.suggest_categorical("kind", ["a", None, 3])
        trial.report(x * x + 1, 1)
        if trial.number % 4 == 3:
            raise optuna.TrialPruned
        if trial.number % 4 == 2:
            raise ValueError("no")
        return x * x

    study.optimize(objective, n_trials=12, catch=ValueError)
    study.set_user_attr("who", "them")
    study.enqueue_trial({"x": 1.0})
    study.ask()
    study.enqueue_trial({"x": 2.0})
    return study


def test_a_foreign_study_is_a_search_that_has_ended(url, tmp_path):
    storage = str(tmp_path / "theirs.log")
    study = foreign(storage)

    adopted = import_optuna(url, storage, "Their study")

    assert check(url) == []
    assert (adopted.trials, adopted.left_out) == (13, 1)
    with Store(url) as store:
        (search,) = store.searches()
        found = store.search(search.search_id)
        best = store.trial(search.best_trial_id)
        notes = {event.kind: event.payload for event in store.events(search.search_id)}
    assert search.search_id.startswith("their-study-")
    assert (search.name, search.state, search.metric) == ("Their study", "completed", "neg_value")
    assert search.trials == {"running": 0, "paused": 0, "completed": 6, "stopped": 4, "failed": 3}
    assert best.number == study.best_trial.number
    assert best.score == -study.best_value
    assert best.configuration == study.best_params
    assert notes["optuna_values"]["values"] == {"1": pytest.approx(-1.0, abs=30)}
    assert notes["optuna_study"]["were_running"] == [12]
    assert (found.outer_folds, found.outer_scores) == ({"final": "completed"}, ())


def test_nothing_is_made_up_of_what_a_study_lacks(sqlite_url, storage):
    foreign(storage)

    import_optuna(sqlite_url, storage, "Their study", new_id="theirs-1")

    with Store(sqlite_url) as store:
        found = store.search("theirs-1")
        trials = [store.trial(f"theirs-1.final.{i}") for i in range(13)]
        assert store.fold_scores("theirs-1") == ()
        assert all(len(fold.train) == 0 for fold in store.folds("theirs-1"))
    assert (found.task, found.fingerprint, found.data) == ("unknown", "unknown", {})
    assert (found.outer_mean, found.interval, found.optimism) == (None, None, None)
    for trial in trials:
        assert (trial.family, trial.resource) == ("unknown", 0)
        assert (trial.fit_s, trial.cpu_s) == (None, None)


def test_what_went_out_comes_back_the_same(ours, storage):
    export_optuna(ours, SEARCH, storage)

    import_optuna(ours, storage, f"{SEARCH}/final", new_id="back-1")

    assert check(ours) == []
    with Store(ours) as store:
        for i in range(8):
            old, new = store.trial(f"{SEARCH}.final.{i}"), store.trial(f"back-1.final.{i}")
            for name in ("family", "configuration", "state", "score", "origin", "started_at"):
                assert getattr(new, name) == getattr(old, name)
        assert store.search("back-1").best_configuration == store.search(SEARCH).best_configuration


def test_reading_leaves_a_storage_as_it_is(sqlite_url, tmp_path):
    path = tmp_path / "o.log"
    foreign(str(path))
    before = path.read_bytes()

    import_optuna(sqlite_url, str(path), "Their study")
    with pytest.raises(StoreError):
        import_optuna(sqlite_url, sqlite_url, "Their study")

    assert path.read_bytes() == before
    assert check(sqlite_url) == []


def test_what_is_not_there_is_named(sqlite_url, tmp_path):
    foreign(f"sqlite:///{tmp_path / 'o.db'}")

    with pytest.raises(NotFoundError, match=r"known: Their study.*Did you mean 'Their study'"):
        import_optuna(sqlite_url, f"sqlite:///{tmp_path / 'o.db'}", "their studi")
    with pytest.raises(NotFoundError, match="no Optuna storage"):
        import_optuna(sqlite_url, str(tmp_path / "none.log"), "x")
    with pytest.raises(NotFoundError, match="no Optuna storage"):
        import_optuna(sqlite_url, f"sqlite:///{tmp_path / 'none.db'}", "x")
    with pytest.raises(StoreError, match="no journal of Optuna"):
        import_optuna(sqlite_url, str(tmp_path / "o.db"), "x")

    assert not (tmp_path / "none.log").exists()


def test_several_objectives_are_refused(sqlite_url, tmp_path):
    storage = f"sqlite:///{tmp_path / 'o.db'}"
    optuna.create_study(study_name="two", storage=storage, directions=["minimize", "maximize"])

    with pytest.raises(StoreError, match="2 objectives"):
        import_optuna(sqlite_url, storage, "two")


def test_values_that_are_not_finite_are_failures(sqlite_url, tmp_path):
    storage = f"sqlite:///{tmp_path / 'o.db'}"
    study = optuna.create_study(study_name="odd", storage=storage)
    study.optimize(lambda t: [float("inf"), 1.0, float("nan")][t.number], n_trials=3)

    import_optuna(sqlite_url, storage, "odd", new_id="odd-1")

    with Store(sqlite_url) as store:
        states = [store.trial(f"odd-1.final.{i}").state for i in range(3)]
        assert store.search("odd-1").best_trial_id == "odd-1.final.1"
    assert states == ["failed", "completed", "failed"]


def test_a_password_is_not_repeated(sqlite_url):
    secret = "postgresql+psycopg://me:canary@127.0.0.1:9/x"  # noqa: S105

    with pytest.raises(StoreError) as failed:
        import_optuna(sqlite_url, secret, "x")

    assert "canary" not in str(failed.value)


def test_an_empty_study_is_an_empty_search(sqlite_url, tmp_path):
    storage = f"sqlite:///{tmp_path / 'o.db'}"
    optuna.create_study(study_name="empty", storage=storage)

    import_optuna(sqlite_url, storage, "empty", new_id="empty-1")

    with Store(sqlite_url) as store:
        assert json.dumps(store.search("empty-1").trials["completed"]) == "0"
