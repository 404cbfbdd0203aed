"""The command line: ``searcher``, with one module for each group of commands."""

from searcher.cli.app import main

__all__ = ["main"]
