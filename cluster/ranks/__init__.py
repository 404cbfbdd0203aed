"""Warm processes that compute one thing together: the ranks of distributed training."""

from cluster.ranks.errors import RankDiedError, TooManyRanksError
from cluster.ranks.group import RankGroup
from cluster.ranks.member import Rank
from cluster.ranks.room import bundles, require_room

__all__ = ["Rank", "RankDiedError", "RankGroup", "TooManyRanksError", "bundles", "require_room"]
