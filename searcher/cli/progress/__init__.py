"""How a running search shows that it runs: records in, lines or a live picture on stderr out."""

from searcher.cli.progress.show import Observer, progress

__all__ = ["Observer", "progress"]
