"""A family whose model nobody can write as ONNX."""

from typing import Any

from search_spaces.families.ridge import Ridge


class Unexportable(Ridge):
    """A ridge in a class that no converter knows."""

    name = "unexportable"

    def build(self, configuration: Any, profile: Any, **options: Any) -> Any:
        from sklearn.linear_model import Ridge as Estimator

        class Unknown(Estimator):
            pass

        return Unknown(alpha=configuration["alpha"])
