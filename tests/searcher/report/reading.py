"""A report as a browser's parser sees it, without a browser."""

import json
from html.parser import HTMLParser
from typing import Any


class Page(HTMLParser):
    """What tests ask of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []  # what is read, scripts and styles left out
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._inside: list[str] = []
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        """Everything that can be read, with single blanks."""
        return " ".join(" ".join(self.words).split())

    @property
    def ids(self) -> list[str]:
        """Ids of all elements."""
        return [str(attrs["id"]) for _, attrs in self.elements if "id" in attrs]

    @property
    def figures(self) -> dict[str, list[dict[str, Any]]]:
        """What the page's script draws."""
        figures: dict[str, list[dict[str, Any]]] = json.loads(self.scripts[0])["figures"]
        return figures

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.words.append(data)
        elif self._inside[-1] == "script":
            self.scripts.append(data)
