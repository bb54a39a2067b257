"""The pages of docs/ as HTML: rendered by markdown-it, with links that hold inside the site."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from footfall.lineage.project import SiteError

_IMAGES = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}
# Pages that hold docs blocks belong to dbt's own site.
_DOCS_BLOCK = re.compile(r"{%-?\s*docs\b")


@dataclass(frozen=True)
class Section:
    """A heading and what is below it, up to the next heading of its level or a higher one."""

    level: int
    title: str
    anchor: str
    html: str


@dataclass(frozen=True)
class Page:
    """A page of docs/."""

    name: str
    title: str
    lead: str
    html: str
    sections: tuple[Section, ...]
    # Pictures that are not there; the page shows their words instead.
    missing: tuple[str, ...] = ()


def read_pages(folder: Path) -> tuple[Page, ...]:
    """All pages of a folder that are prose, by name."""
    files = sorted(folder.glob("*.md"))
    texts = {path.stem: path.read_text(encoding="utf-8") for path in files}
    prose = {name: text for name, text in texts.items() if not _DOCS_BLOCK.search(text)}
    return tuple(_page(folder, name, text, frozenset(prose)) for name, text in prose.items())


def anchor_of(title: str) -> str:
    """Return the anchor of a heading, as code hosts make it."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", title.strip().lower()))


def _page(folder: Path, name: str, text: str, pages: frozenset[str]) -> Page:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    sections = []
    heads = [place for place, token in enumerate(tokens) if token.type == "heading_open"]
    if not heads or tokens[heads[0]].tag != "h1":
        raise SiteError(f"docs/{name}.md does not begin with a heading of the first level.")
    for head in heads:
        tokens[head].attrSet("id", anchor_of(_words(tokens[head + 1])))
    missing = []
    for token in tokens:
        if token.children:
            token.children = _without_picture_links(token.children)
    for token in _all(tokens):
        if token.type == "link_open":
            token.attrSet("href", _address(str(token.attrGet("href")), pages))
        elif token.type == "image":
            address = str(token.attrGet("src"))
            picture = _picture(folder / address)
            if picture is None:
                missing.append(address)
                token.type = "text"
            else:
                token.attrSet("src", picture)
    for number, head in enumerate(heads):
        level = int(tokens[head].tag[1])
        end = next(
            (later for later in heads[number + 1 :] if int(tokens[later].tag[1]) <= level),
            len(tokens),
        )
        title = _words(tokens[head + 1])
        html = markdown.renderer.render(tokens[head + 3 : end], markdown.options, {})
        sections.append(Section(level, title, anchor_of(title), html))
    first = next(token for token in tokens[heads[0] + 3 :] if token.type == "inline")
    return Page(
        name=name,
        title=sections[0].title,
        lead=re.split(r"(?<=\.)\s", _words(first), maxsplit=1)[0].rstrip(":"),
        html=markdown.renderer.render(tokens, markdown.options, {}),
        sections=tuple(sections),
        missing=tuple(missing),
    )


def _without_picture_links(tokens: Sequence[Token]) -> list[Token]:
    """Replace links to picture files by their words: a page holds its pictures itself."""
    kept: list[Token] = []
    is_inside = False
    for token in tokens:
        if token.type == "link_open":
            path = str(token.attrGet("href")).partition("#")[0]
            is_inside = "://" not in path and Path(path).suffix in _IMAGES
        if not (is_inside and token.type in ("link_open", "link_close")):
            kept.append(token)
        if token.type == "link_close":
            is_inside = False
    return kept


def _all(tokens: Sequence[Token]) -> list[Token]:
    return [one for token in tokens for one in (token, *_all(token.children or ()))]


def _words(token: Token) -> str:
    parts = (
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in token.children or ()
    )
    return "".join(parts)


def _address(address: str, pages: frozenset[str]) -> str:
    """Return where a link leads on the site: to its own page, or to the same web address."""
    path, hash_mark, anchor = address.partition("#")
    if path.endswith(".md") and "/" not in path and path.removesuffix(".md") in pages:
        return path.removesuffix(".md") + ".html" + hash_mark + anchor
    return address


def _picture(path: Path) -> str | None:
    if path.suffix not in _IMAGES or not path.exists():
        return None
    return f"data:{_IMAGES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
