"""Files that are written into pages: templates, styles and scripts."""

from __future__ import annotations

from importlib import resources


def asset(name: str, package: str = "footfall.pages.theme") -> str:
    """Return the text of a file of a package; by default one that all pages share."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")
