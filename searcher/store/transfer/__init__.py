"""How searches leave a store and come into one: backups, portable files, other tools' formats.

Optuna, MLflow and TensorBoard are imported when they are used.
"""

from searcher.store.transfer.backup import Restored, backup, restore
from searcher.store.transfer.exporting import Exported, export_search
from searcher.store.transfer.from_optuna import Adopted, import_optuna
from searcher.store.transfer.importing import Imported, import_search
from searcher.store.transfer.to_mlflow import Runs, export_mlflow
from searcher.store.transfer.to_optuna import Studies, export_optuna
from searcher.store.transfer.to_tensorboard import Board, export_tensorboard

__all__ = [
    "Adopted",
    "Board",
    "Exported",
    "Imported",
    "Restored",
    "Runs",
    "Studies",
    "backup",
    "export_mlflow",
    "export_optuna",
    "export_search",
    "export_tensorboard",
    "import_optuna",
    "import_search",
    "restore",
]
