"""Fills the folder of the site: everything in it opens from the disk."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from footfall.site.dbt_site import made_ours
from footfall.site.lineage import Coverage, Lineage
from footfall.site.markdown import read_pages
from footfall.site.pages import landing_page, lineage_page, text_page
from footfall.site.project import SiteError, counts_of, read_project


@dataclass(frozen=True)
class Written:
    """How far the columns of the marts could be traced, and the pictures that pages lack."""

    coverage: Coverage
    missing: tuple[str, ...]


def write_site(target: Path, pages: Path, out: Path) -> Written:
    """Write all pages.

    Args:
        target: the folder that `dbt docs generate --static` wrote to.
        pages: the folder of the pages in Markdown.
        out: the folder to fill; what an earlier run left there goes.

    Raises:
        SiteError: Something that the site is made from is missing or not as it should be.
    """
    site = target / "static_index.html"
    if not site.exists():
        raise SiteError(f"There is no {site}. Write the docs: make docs.")
    lineage = Lineage(read_project(target))
    prose = read_pages(pages)
    written = {
        "index.html": landing_page(lineage, prose, counts_of(target)),
        "lineage.html": lineage_page(lineage),
        "dbt.html": made_ours(site.read_text(encoding="utf-8")),
        **{f"pages/{page.name}.html": text_page(page) for page in prose},
    }
    shutil.rmtree(out, ignore_errors=True)
    (out / "pages").mkdir(parents=True)
    for name, text in written.items():
        (out / name).write_text(text, encoding="utf-8")
    missing = tuple(f"docs/{page.name}.md: {one}" for page in prose for one in page.missing)
    return Written(lineage.coverage(), missing)
