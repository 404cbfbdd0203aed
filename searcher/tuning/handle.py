"""A trial as a scheduler sees it: under our id, with Ray Tune's own trial behind it if there is."""

from typing import Any


class TrialHandle:
    """Answers as Ray Tune's trial does, but for its id.

    Parameters
    ----------
    trial_id
        Ours.
    origin
        Who proposed it.
    trial
        Ray Tune's; None while a search is rebuilt from the store.
    """

    def __init__(self, trial_id: str, origin: str, trial: Any) -> None:
        self.trial_id, self.origin, self._trial = trial_id, origin, trial

    @classmethod
    def of(cls, trial_id: str, origin: str) -> "TrialHandle":
        """Make one without a trial of Ray Tune's."""
        return cls(trial_id, origin, None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or self.__dict__.get("_trial") is None:
            raise AttributeError(name)
        return getattr(self._trial, name)
