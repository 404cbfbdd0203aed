"""How a search becomes a folder that TensorBoard shows: a curve and a row of hparams each trial."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from searcher.errors import StoreError
from searcher.store.answers import StoredSearch
from searcher.store.transfer.distributions import simple
from searcher.store.transfer.progress import Progress, silent
from searcher.store.transfer.reading import Curve, first_configuration, reading
from searcher.store.transfer.settling import safe_name
from searcher.store.transfer.to_optuna import configuration_of
from searcher.store.types import dumps

NEEDED = "TensorBoard's event files need a package: run `pip install 'searcher[tracking]'`"


@dataclass(frozen=True, slots=True)
class Board:
    """What was written for TensorBoard."""

    folder: Path
    trials: int


def export_tensorboard(
    url: str, search_id: str, folder: str | Path, *, progress: Progress = silent
) -> Board:
    """Write a search for ``tensorboard --logdir FOLDER``.

    Each trial is a run ``<outer_fold>/<number>`` with the mean of the optimised metric after each
    inner fold, and the configuration that it ended with as hparams; if it began with another one,
    that is a text. Times are those of the search.

    Raises
    ------
    NotFoundError
        When there is no such search.
    StoreError
        When the folder has something in it, or the package ``tensorboard`` is not installed.
    """
    folder = Path(folder)
    _require()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreError(f"{folder} is not empty; name a new folder")
    with reading(url, search_id) as (search, rows), _named_at_the_end(folder) as temporary:
        total, done = rows.count(), 0
        _write(temporary, [_experiment(search)])
        for trial, curve in rows.with_curves():
            run = temporary / safe_name(trial.outer_fold) / str(trial.number)
            _write(run, _events(trial, curve, search.metric))
            done += 1
            progress("trials", done, total)
    return Board(folder, done)


@contextmanager
def _named_at_the_end(folder: Path) -> Iterator[Path]:
    """Give a folder beside ``folder``, which gets its name when all is written."""
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _require() -> None:
    try:
        import tensorboard.summary.writer.event_file_writer  # noqa: F401
    except ImportError as error:
        raise StoreError(NEEDED) from error


def _write(folder: Path, events: "list[Any] | Iterator[Any]") -> None:
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    with closing(EventFileWriter(str(folder))) as writer:
        for event in events:
            writer.add_event(event)


def _experiment(search: StoredSearch) -> Any:
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

    name = api_pb2.MetricName(tag=search.metric)
    experiment = api_pb2.Experiment(
        description=f"searcher, search {search.search_id} ({search.name}); larger is better",
        metric_infos=[api_pb2.MetricInfo(name=name, display_name=search.metric)],
        time_created_secs=search.started_at.timestamp(),
    )
    data = plugin_data_pb2.HParamsPluginData(experiment=experiment)
    return _event(metadata.EXPERIMENT_TAG, data, search.started_at.timestamp())


def _events(trial: Row[Any], curve: Curve, metric: str) -> Iterator[Any]:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

    began = trial.started_at.timestamp()
    ended = began if trial.ended_at is None else trial.ended_at.timestamp()
    start = plugin_data_pb2.SessionStartInfo(start_time_secs=began, group_name=trial.trial_id)
    for name, value in configuration_of(trial).items():
        _set(start.hparams[name], simple(value))
    data = plugin_data_pb2.HParamsPluginData(session_start_info=start)
    yield _event(metadata.SESSION_START_INFO_TAG, data, began)
    if (first := first_configuration(trial)) is not None:
        yield _text("first_configuration", dumps(first), began)
    for resource, mean in curve.items():
        value = Summary.Value(tag=metric, simple_value=mean)
        at = began + (ended - began) * resource / max(curve)
        yield Event(step=resource, wall_time=at, summary=Summary(value=[value]))
    statuses = {"completed": "SUCCESS", "stopped": "SUCCESS", "failed": "FAILURE"}
    status = getattr(api_pb2, f"STATUS_{statuses.get(trial.state, 'RUNNING')}")
    end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=ended)
    data = plugin_data_pb2.HParamsPluginData(session_end_info=end)
    yield _event(metadata.SESSION_END_INFO_TAG, data, ended)


def _event(tag: str, data: Any, at: float) -> Any:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams.metadata import create_summary_metadata

    value = Summary.Value(tag=tag, metadata=create_summary_metadata(data))
    return Event(wall_time=at, summary=Summary(value=[value]))


def _text(tag: str, text: str, at: float) -> Any:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.text.metadata import create_summary_metadata
    from tensorboard.util.tensor_util import make_tensor_proto

    metadata = create_summary_metadata(display_name=tag, description="")
    value = Summary.Value(tag=tag, metadata=metadata, tensor=make_tensor_proto(text))
    return Event(wall_time=at, summary=Summary(value=[value]))


def _set(field: Any, value: Any) -> None:
    if isinstance(value, bool):
        field.bool_value = value
    elif isinstance(value, int | float):
        field.number_value = value
    else:
        field.string_value = "None" if value is None else value
