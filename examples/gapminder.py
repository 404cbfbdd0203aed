"""Write the sequences of gapminder_recurrent.yaml, from data that the package plotly ships.

``python examples/gapminder.py`` writes ``gapminder.npz`` beside this file: ``X`` (140 countries, 12
years, 3 quantities: life expectancy in years, logarithm of the population, logarithm of the gross
domestic product per head in dollars) and ``continent``, one of four. Oceania has two countries,
too few to be judged. Source: Gapminder (gapminder.org, CC-BY), as plotly.express.data has it.
"""

import sys
from pathlib import Path

import numpy as np
import plotly.express as px


def write(path: Path) -> None:
    """Write X (n_countries, n_years, 3) and continent (n_countries,) as an npz file."""
    table = px.data.gapminder().sort_values(["country", "year"])
    table = table[table["continent"] != "Oceania"]
    values = np.column_stack([table["lifeExp"], np.log(table["pop"]), np.log(table["gdpPercap"])])
    X = values.reshape(table["country"].nunique(), table["year"].nunique(), -1)
    continent = table.groupby("country")["continent"].first().to_numpy().astype(str)
    np.savez_compressed(path, X=X, continent=continent)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("gapminder.npz"))
