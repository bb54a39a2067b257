"""`python -m footfall.pages.report --database FILE --out target/report.html` draws the report."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from footfall.pages.report.build import build_report
from footfall.pages.report.warehouse import ReportError
from footfall.pages.theme.words import DEFAULT, WordsError, read_words


def main(arguments: list[str] | None = None) -> int:
    """Write the report; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m footfall.pages.report", description=__doc__)
    parser.add_argument("--database", type=Path, required=True, help="the warehouse that was built")
    parser.add_argument("--out", type=Path, required=True, help="the page to write")
    parser.add_argument("--words", type=Path, default=DEFAULT, help="the words of a language")
    chosen = parser.parse_args(arguments)
    try:
        page = build_report(chosen.database, read_words(chosen.words), datetime.now(UTC))
    except (ReportError, WordsError) as problem:
        print(problem, file=sys.stderr)
        return 1
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(page, encoding="utf-8")
    print(f"The report: {chosen.out.resolve()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
