"""`python -m footfall.pages.site write` makes the site; `… trace mart.column` shows one column."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from footfall.lineage.lineage import Lineage
from footfall.lineage.project import SiteError, read_project
from footfall.lineage.tracing import as_text
from footfall.pages.site.write import write_site


def main(arguments: list[str] | None = None) -> int:
    """Write the site or trace a column; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m footfall.pages.site", description=__doc__)
    parser.add_argument(
        "--target", type=Path, default=Path("target"), help="where dbt docs generate wrote to"
    )
    actions = parser.add_subparsers(dest="action", required=True)
    write = actions.add_parser("write", help="write all pages")
    write.add_argument("--pages", type=Path, default=Path("docs"), help="the pages in Markdown")
    write.add_argument("--out", type=Path, default=Path("target/docs"), help="the folder to fill")
    trace = actions.add_parser("trace", help="print where a column comes from")
    trace.add_argument("column", help="table.column")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.action == "trace":
            lineage = Lineage(read_project(chosen.target))
            print(as_text(lineage, lineage.found(chosen.column)))
        else:
            written = write_site(chosen.target, chosen.pages, chosen.out)
            coverage = written.coverage
            print(
                f"Column lineage: {coverage.resolved} of {coverage.total} columns of the marts are "
                "traced to their beginning."
            )
            for name, problems in coverage.unresolved.items():
                print(f"  {name}: {'; '.join(problems)}")
            for picture in written.missing:
                print(f"A picture is missing, its words stand in its place: {picture}")
            print(f"The docs: {(chosen.out / 'index.html').resolve()}")
    except SiteError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
