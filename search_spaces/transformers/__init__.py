"""Steps of preprocessing that scikit-learn does not have, or not in a form that can be exported."""
