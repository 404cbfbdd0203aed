"""The views as Python may ask them; the revisions in ``migrations`` create them."""

from sqlalchemy import Boolean, Double, Integer, Text, column, table

from searcher.store.types import JsonObject, UtcDateTime

v_searches = table(
    "v_searches",
    *(column(name, Text) for name in ("search_id", "name", "state", "metric", "task")),
    *(column(name, Double) for name in ("outer_mean", "interval_low", "interval_high")),
    *(column(name, Double) for name in ("optimism", "default_difference")),
    *(column(name, Double) for name in ("default_interval_low", "default_interval_high")),
    column("best_trial_id", Text),
    column("best_family", Text),
    column("best_configuration", JsonObject),
    *(column(name, Integer) for name in ("running", "paused", "completed", "stopped", "failed")),
    column("cpu_s", Double),
    column("model_path", Text),
    column("report_path", Text),
    column("parity_passed", Boolean),
    column("fingerprint", Text),
    column("started_at", UtcDateTime),
    column("ended_at", UtcDateTime),
    column("seconds", Double),
    column("error", Text),
)
