"""Warm processes that compute one thing together: the ranks of distributed training."""

from cluster.ranks.errors import NodeLeavesError, RankDiedError, TooManyRanksError
from cluster.ranks.group import RankGroup
from cluster.ranks.member import Rank
from cluster.ranks.room import await_room, bundles, count_room, require_room

__all__ = [
    "NodeLeavesError",
    "Rank",
    "RankDiedError",
    "RankGroup",
    "TooManyRanksError",
    "await_room",
    "bundles",
    "count_room",
    "require_room",
]
