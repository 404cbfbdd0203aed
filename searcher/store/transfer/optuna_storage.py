"""How Optuna's storages are opened, and how many trials get into one quickly."""

import json
import logging
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from searcher.errors import NotFoundError, StoreError
from searcher.store.engine import explained, masked
from searcher.store.transfer.optuna_rows import can_insert, insert_trials
from searcher.store.transfer.placing import sync

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.study import Study
    from optuna.trial import FrozenTrial


def is_url(target: str) -> bool:
    """Whether it is a database's URL and not a file's path."""
    return re.match(r"[a-z][a-z0-9+]*://", target) is not None


@contextmanager
def opened(target: str, *, create: bool) -> Iterator["BaseStorage"]:
    """Open an Optuna storage: a database by its URL, a journal by its path.

    Parameters
    ----------
    create
        Whether it may be made. Reading never creates one, and never changes one.

    Raises
    ------
    NotFoundError
        When there is none, and none may be made.
    StoreError
        When it can't be opened, or is something else; passwords are hidden.
    """
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings(), _plain(target):
            warnings.simplefilter("ignore")
            storage = _open(target, create=create)
            try:
                yield storage
                if create and not is_url(target):
                    sync(Path(target))
            finally:
                storage.remove_session()
                engine = getattr(storage, "engine", None)
                if engine is not None:
                    engine.dispose()
    finally:
        optuna.logging.set_verbosity(verbosity)


def _open(target: str, *, create: bool) -> "BaseStorage":
    from optuna.storages import JournalStorage, RDBStorage

    file = _file_of(target)
    if file is not None and not create and not file.is_file():
        raise NotFoundError(f"there is no Optuna storage at {file}")
    if file is not None and create and not file.absolute().parent.is_dir():
        raise StoreError(f"{file}: there is no folder {file.absolute().parent}")
    if is_url(target):
        return RDBStorage(
            target, engine_kwargs={"hide_parameters": True}, skip_table_creation=not create
        )
    _refuse_other_files(Path(target))
    return JournalStorage(_journal(target))


def _journal(path: str) -> "JournalFileBackend":
    """Open a journal that is written without an fsync a line; whoever opened it makes one."""
    from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

    lock = JournalFileSymlinkLock(path)

    class Journal(JournalFileBackend):
        def append_logs(self, logs: list[dict[str, Any]]) -> None:
            lines = "".join(f"{json.dumps(log, separators=(',', ':'))}\n" for log in logs)
            lock.acquire()
            try:
                with Path(path).open("ab") as file:
                    file.write(lines.encode())
            finally:
                lock.release()

    return Journal(path, lock)


def _file_of(target: str) -> Path | None:
    if not is_url(target):
        return Path(target)
    found = re.match(r"sqlite(\+\w+)?:///(?P<path>[^?]+)", target)
    return Path(found["path"]) if found else None


def _refuse_other_files(path: Path) -> None:
    """Refuse a file that is no journal: Optuna would write into a database of ours."""
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file, or a database's URL")
    if path.exists() and path.stat().st_size:
        with path.open("rb") as file:
            if file.read(1) != b"{":
                raise StoreError(
                    f"{path} is no journal of Optuna; a database is named by its URL, as "
                    "sqlite:///optuna.db"
                )


@contextmanager
def _plain(target: str) -> Iterator[None]:
    from optuna.exceptions import OptunaError

    try:
        yield
    except (SQLAlchemyError, OptunaError) as error:
        cause = error.__cause__ or error
        said = explained(cause) if isinstance(cause, Exception) else str(error)
        raise StoreError(f"Optuna's storage {masked(target)}: {said}") from error
    except (ImportError, RuntimeError) as error:  # a driver that is missing, another version
        raise StoreError(f"Optuna's storage {masked(target)}: {error}") from error


def refuse_known(storage: "BaseStorage", names: Iterable[str]) -> None:
    """Refuse to add to studies that exist.

    Raises
    ------
    StoreError
        Names them.
    """
    known = {study.study_name for study in storage.get_all_studies()}
    taken = sorted(known & set(names))
    if taken:
        raise StoreError(
            f"Optuna's storage has {', '.join(taken[:3])} already; delete the studies there "
            "(`optuna delete-study`), or name another storage"
        )


def take_back(storage: "BaseStorage", names: Iterable[str]) -> None:
    """Delete studies that were only half written."""
    wanted = set(names)
    for study in storage.get_all_studies():
        if study.study_name in wanted:
            storage.delete_study(study._study_id)


def create(
    storage: "BaseStorage", name: str, metric: str, attributes: Mapping[str, Any]
) -> "Study":
    """Make an empty study whose values are larger-is-better."""
    import optuna

    study = optuna.create_study(storage=storage, study_name=name, direction="maximize")
    study.set_metric_names([metric])
    for key, value in attributes.items():
        study.set_user_attr(key, value)
    return study


def add_trials(study: "Study", target: str, trials: Iterable["FrozenTrial"]) -> None:
    """Add finished and running trials, in their order.

    By Optuna's own ``add_trial``, which takes 17 ms a trial on a database and 0.6 ms in a journal
    (Optuna 5.0); where the tables of the database are those that are known, by inserting their
    rows many at a time. A test compares what Optuna reads then.
    """
    checked = (_valid(trial) for trial in trials)
    if is_url(target) and can_insert(study):
        insert_trials(study, checked)
        return
    first = next(checked, None)
    if first is not None:
        study.add_trials(chain([first], checked))


def _valid(trial: "FrozenTrial") -> "FrozenTrial":
    trial._validate()
    return trial
