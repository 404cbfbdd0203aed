"""Hand a search to a cluster: begun in the store from here, driven there."""

from searcher.submitting.beginning import SUBMITTED, Tries
from searcher.submitting.cargo import Cargo
from searcher.submitting.on_kubernetes import (
    SubmittedToKubernetes,
    kubernetes_objects,
    submit_to_kubernetes,
)
from searcher.submitting.ray_jobs import Submitted, submit

__all__ = [
    "SUBMITTED",
    "Cargo",
    "Submitted",
    "SubmittedToKubernetes",
    "Tries",
    "kubernetes_objects",
    "submit",
    "submit_to_kubernetes",
]
