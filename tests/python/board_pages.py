"""Reads a board's page back, as it was written or as a browser has it after its scripts ran."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any


@dataclass
class Tile:
    """What is in a tile."""

    kind: str
    value: str | None = None
    value_text: str = ""
    change: str = ""
    empty: str = ""
    figure: dict[str, Any] | None = None
    rows: list[list[str]] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    download: str = ""
    is_drawn: bool = False

    def column(self, place: int) -> list[float]:
        """A column of the table, as numbers."""
        return [float(row[place]) for row in self.rows]

    def bars(self) -> dict[tuple[str, str], float]:
        """The bars of a chart by series and place."""
        assert self.figure is not None
        found = {}
        for trace in self.figure["data"]:
            sizes, places = trace["y"], trace["x"]
            if trace.get("orientation") == "h":
                sizes, places = places, sizes
            for place, size in zip(places, sizes, strict=True):
                found[trace.get("name", ""), place] = size
        return found


class Page(HTMLParser):
    """A page: its tiles by anchor, all its addresses, and its words outside of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tiles: dict[str, Tile] = {}
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.run = ""
        self.text = ""
        self._tile: Tile | None = None
        self._into = ""
        self._link = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        classes = told.get("class", "").split()
        self.tags.append(tag)
        self.addresses += [told[name] for name in ("src", "href") if name in told]
        if tag == "article":
            self._tile = self.tiles[told["id"]] = Tile(classes[0])
        elif tag == "script":
            self._into = "figure" if told.get("type") == "application/json" else "code"
        elif tag == "style":
            self._into = "code"
        elif told.get("id") == "run":
            self._into = "run"
        elif self._tile is not None:
            self._start_in_tile(tag, told, classes, self._tile)

    def _start_in_tile(
        self, tag: str, told: dict[str, str], classes: list[str], tile: Tile
    ) -> None:
        if "main-svg" in classes:
            tile.is_drawn = True
        if tag == "tbody":
            tile.rows = []
        elif tag == "tr":
            tile.rows.append([])
        elif tag == "td":
            tile.rows[-1].append(told["data-value"])
        elif tag == "li":
            tile.items.append("")
            self._into = "item"
        elif tag == "a":
            self._link = told["href"]
            if "download" in told:
                tile.download = told["href"]
            self._into = "link"
        elif tag == "p":
            self._into = next(
                (name for name in ("value", "change", "empty") if name in classes), self._into
            )
            if self._into == "value":
                tile.value = told["data-value"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._tile = None
        if tag in ("article", "script", "style", "li", "a") or (
            tag in ("p", "code") and self._into != "item"
        ):
            self._into = ""

    def handle_data(self, data: str) -> None:
        if self._into == "run":
            self.run += data
        if self._into not in ("code", "figure"):
            self.text += data
        if self._tile is None:
            return
        if self._into == "figure":
            self._tile.figure = json.loads(data)
        elif self._into == "value":
            self._tile.value_text += data
        elif self._into == "change":
            self._tile.change += data
        elif self._into == "empty":
            self._tile.empty += data
        elif self._into == "item":
            self._tile.items[-1] += data
        elif self._into == "link":
            self._tile.links[self._link] = data
