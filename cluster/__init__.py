"""Where a search runs: Ray sessions and processes, never trials."""
