"""Whether the networks of a search can be trained, and at which learning rates.

After Karpathy 2019, "A Recipe for Training Neural Networks" (karpathy.github.io/2019/04/25/recipe).
Importing this package needs torch.
"""

from searcher.preflight.training.all_choices import try_trainings
from searcher.preflight.training.rates import narrow_rates

__all__ = ["narrow_rates", "try_trainings"]
