"""Which nodes compute a network: those that tracing its module gives."""

from searcher.export.networks.emitter import add_network

__all__ = ["add_network"]
