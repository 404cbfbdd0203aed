"""What a search found, on one page that needs nothing but a browser."""

from searcher.report.write import write_report

__all__ = ["write_report"]
