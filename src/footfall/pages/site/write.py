"""Fills the folder of the site: everything in it opens from the disk."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from footfall.lineage.lineage import Coverage, Lineage
from footfall.lineage.project import SiteError, counts_of, read_project
from footfall.pages.site.dbt_site import made_ours
from footfall.pages.site.markdown import read_pages
from footfall.pages.site.pages import landing_page, lineage_page, text_page

# Marks each folder that a site was written to: whatever else is in such a folder may go.
MARKER = ".footfall_site"


@dataclass(frozen=True)
class Written:
    """How far the columns of the marts could be traced, and the pictures that pages lack."""

    coverage: Coverage
    missing: tuple[str, ...]


def write_site(target: Path, pages: Path, out: Path) -> Written:
    """Write all pages.

    Parameters
    ----------
    target
        The folder that `dbt docs generate --static` wrote to.
    pages
        The folder of the pages in Markdown.
    out
        The folder to fill; what an earlier run left there goes.

    Raises
    ------
    SiteError
        Something that the site is made from is missing or not as it should be, or the
        folder holds something else than an earlier site.
    """
    site = target / "static_index.html"
    if not site.exists():
        raise SiteError(f"There is no {site}. Write the docs: make docs.")
    _check_it_may_go(out)
    lineage = Lineage(read_project(target))
    prose = read_pages(pages)
    written = {
        "index.html": landing_page(lineage, prose, counts_of(target)),
        "lineage.html": lineage_page(lineage),
        "dbt.html": made_ours(site.read_text(encoding="utf-8")),
        **{f"pages/{page.name}.html": text_page(page) for page in prose},
    }
    if out.exists():
        shutil.rmtree(out)
    (out / "pages").mkdir(parents=True)
    (out / MARKER).touch()
    for name, text in written.items():
        (out / name).write_text(text, encoding="utf-8")
    missing = tuple(f"docs/{page.name}.md: {one}" for page in prose for one in page.missing)
    return Written(lineage.coverage(), missing)


def _check_it_may_go(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise SiteError(f"{out} is a file: name a folder for the site.")
    if not (out / MARKER).exists() and any(out.iterdir()):
        raise SiteError(
            f"{out} holds something else than a site written before: nothing in it is removed. "
            "Name a folder that is new or empty, or empty it yourself."
        )
