"""What to try next: one file a strategy, each building a Ray Tune searcher and scheduler."""
