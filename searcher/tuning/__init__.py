"""How trials get onto Ray Tune: one run for all inner searches; the only place that knows it."""
