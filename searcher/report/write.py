"""From a store to a page: read once, draw every section, write one file."""

import base64
from hashlib import sha256
from pathlib import Path
from typing import Any

from searcher.files import write_atomically
from searcher.report import numbers
from searcher.report.cards import card_files
from searcher.report.compared import compare
from searcher.report.data import data_section
from searcher.report.distribution import distribution_figure
from searcher.report.families import family_figure, family_rows
from searcher.report.figures import Figure, as_json
from searcher.report.gate import gate, latency
from searcher.report.headline import headline
from searcher.report.history import history
from searcher.report.importance import MIN_TIMES
from searcher.report.incumbents import incumbent_figure
from searcher.report.lineage import lineage
from searcher.report.material import Material, read
from searcher.report.outer import outer
from searcher.report.parameters import parameter_section
from searcher.report.provenance import recipe
from searcher.report.quality import quality
from searcher.report.rungs import grounds, rungs
from searcher.report.studies import quiet_optuna
from searcher.report.theme import DARK, LIGHT, css
from searcher.report.timeline import timeline_figure
from searcher.report.trials import failures, trial_rows
from searcher.report.words import explain_metric, of_fold
from searcher.store import Store


def write_report(store: Store, search_id: str, path: Path) -> Path:
    """Write one search's report: an HTML file that needs no network and no other file.

    It is made from what the store holds and from nothing else, so it is the same, to the byte, as
    long as that is the same. A search that was interrupted, failed or still runs gets a report of
    what there is.

    Parameters
    ----------
    search_id
        Or the beginning of one.
    path
        Replaced, if it is there; its folder is made, if it is not.

    Returns
    -------
    Path
        Where it was written: ``path``.

    Raises
    ------
    NotFoundError
        If there is no such search.
    OSError
        If the file can't be written.
    """
    path = Path(path)
    write_atomically(path, render(read(store, search_id)).encode())
    return path


def render(material: Material) -> str:
    """Make the page."""
    import plotly.offline
    from markupsafe import Markup

    with quiet_optuna():
        sections = _sections(material)
    library = plotly.offline.get_plotlyjs()
    page = _environment(material)
    script = str(page.get_template("script.html").render())
    written = page.get_template("page.html").render(
        **sections,
        m=material,
        search=material.search,
        n_trials=sum(map(len, material.trials.values())),
        light=Markup(css(LIGHT)),  # noqa: S704 - our own constants
        dark=Markup(css(DARK)),  # noqa: S704
        library=Markup(library),  # noqa: S704 - plotly's own file
        script=Markup(script),  # noqa: S704 - a template without variables
        # Only these two scripts may run, whatever else a page might come to contain.
        allowed_scripts=f"{_hash(library)} {_hash(script)}",
        figures=Markup(as_json(_figures(sections), {"light": LIGHT, "dark": DARK})),  # noqa: S704
    )
    return str(written)


def _sections(material: Material) -> dict[str, Any]:
    history_figure, history_words = history(material)
    compared = compare(material)
    found, more_failures = failures(material)
    return {
        "head": headline(material),
        "outer": outer(material),
        "quality": quality(material),
        "compared": compared,
        "history_figure": history_figure,
        "history_words": history_words,
        "incumbents": incumbent_figure(material),
        "timeline": timeline_figure(material),
        "parameters": parameter_section(compared, material),
        "rungs": rungs(material),
        "lineage": lineage(material),
        "families": family_rows(material),
        "family_figure": family_figure(compared, material),
        "distribution": distribution_figure(compared, material),
        "trials": trial_rows(material),
        "failures": found,
        "more_failures": more_failures,
        "data": data_section(material.search, material.notes),
        "gate": gate(material.search.parity) if material.search.parity else None,
        "latency": latency(material.notes),
        "cards": card_files(material),
        "recipe": recipe(material),
    }


def _figures(sections: dict[str, Any]) -> list[Figure]:
    parts, lineage = sections["parameters"], sections["lineage"]
    figures = (
        sections["outer"].figure,
        *sections["quality"].figures,
        sections["history_figure"],
        sections["incumbents"],
        sections["timeline"],
        parts.importance,
        parts.parallel,
        parts.slices,
        parts.contours,
        sections["rungs"].figure,
        lineage.figure if lineage else None,
        sections["family_figure"],
        sections["distribution"],
        sections["data"].figure,
    )
    return [figure for figure in figures if figure is not None]


def _environment(material: Material) -> Any:
    """Templates that escape everything that is not known to be safe."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    page = Environment(
        loader=PackageLoader("searcher.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    digits = material.digits
    page.filters |= {
        "score": digits.score,
        "signed": digits.signed,
        "interval": digits.interval,
        "cut": numbers.cut,
        "count": numbers.count,
        "small": numbers.small_number,
        "duration": numbers.duration,
        "size": numbers.size,
        "moment": numbers.moment,
        "plural": numbers.plural,
        "of_fold": of_fold,
        "explain": explain_metric,
        "grounds": lambda decision: grounds(decision, material),
    }
    page.globals |= {"min_times": MIN_TIMES, "percent": numbers.percent, "nothing": numbers.NOTHING}
    return page


def _hash(script: str) -> str:
    """Name a script for the Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}'"
