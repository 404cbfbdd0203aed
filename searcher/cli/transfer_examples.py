"""Examples of the commands that carry searches in and out of a store."""

TRANSFER = {
    "store backup": """\b
Examples:
  searcher store backup searcher.backup
  searcher store backup x.dump --store postgresql+psycopg://me@db/searcher
""",
    "store restore": """\b
Examples:
  searcher store restore searcher.backup
  searcher store restore searcher.backup --store sqlite:///restored.db
""",
    "store export": """\b
Examples:
  searcher store export latest churn.zip
  searcher store export churn-3f churn.zip --with-artifacts
""",
    "store import": """\b
Examples:
  searcher store import churn.zip
  searcher store import churn.zip --as churn-copy
  searcher store import churn.zip --folder models/churn
""",
    "store export-optuna": """\b
Examples:
  searcher store export-optuna latest sqlite:///optuna.db
  searcher store export-optuna churn-3f optuna.log
Then:
  optuna-dashboard sqlite:///optuna.db
""",
    "store import-optuna": """\b
Examples:
  searcher store import-optuna sqlite:///optuna.db my-study
  searcher store import-optuna optuna.log my-study --as mine-1
""",
    "store export-mlflow": """\b
Examples:
  searcher store export-mlflow latest --tracking sqlite:///mlflow.db
  searcher store export-mlflow churn-3f --tracking http://mlflow:5000
""",
    "store export-tensorboard": """\b
Examples:
  searcher store export-tensorboard latest board
Then:
  tensorboard --logdir board
""",
}
"""Command -> examples."""
