"""Fits that are advanced a unit of resource at a time: epochs of networks, rounds of boosters."""

from searcher.stepwise.base import ALONE, Place, Stepwise, begin

__all__ = ["ALONE", "Place", "Stepwise", "begin"]
