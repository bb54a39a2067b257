"""What other files repeat of `sources.yml`: README, vars of the project, vars of the SQL linter.

`python -m footfall.builds.listing`, which is part of `make format`, writes them again; a test fails
where they are not what it would write.
"""

import re
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

from footfall.builds.sources import sources


def sources_table() -> str:
    """Return the table of all sources, as the README has it."""
    rows = [
        f"| `{source.name}` | `{source.build_command(with_examples=True)}` | {source.title} |\n"
        for source in sources().values()
    ]
    return "".join(["| source | command | reads |\n", "|---|---|---|\n", *rows])


def names_comment() -> str:
    """Return the comment of `dbt_project.yml` on the var that names sources."""
    text = f"One name, several with commas between them, or a list, of: {', '.join(sources())}."
    mark = "  # "
    lines = textwrap.wrap(text, 100, initial_indent=mark, subsequent_indent=mark)
    return "".join(f"{line}\n" for line in lines)


def linter_vars() -> str:
    """Return the vars that sqlfluff compiles the models with.

    All sources, so that none is left out; what they read are the files of the tests.
    """
    samples = [
        f"{one.var} = {one.sample}\n"
        for source in sources().values()
        for one in source.inputs
        if one.sample
    ]
    return "".join([f"footfall_source = {','.join(sources())}\n", *samples])


#: File of the project, the pattern of what is written into it, and its writer.
LISTINGS: Mapping[str, tuple[str, Callable[[], str]]] = {
    "dbt_project.yml": (r"  # One name, several with commas (?s:.*?)\.\n", names_comment),
    "README.md": (r"\| source \| command \| reads \|\n(?:\|.*\n)+", sources_table),
    ".sqlfluff": (r"footfall_source = .*\n(?:\w+_path = .*\n)+", linter_vars),
}


def listed(file: str, text: str) -> str:
    """Return the text of a file with its listing updated."""
    pattern, write = LISTINGS[file]
    return re.sub(pattern, lambda _: write(), text)


def main() -> None:
    """Write all listings of the project in the working folder."""
    for file in LISTINGS:
        path = Path(file)
        text = path.read_text(encoding="utf-8")
        path.write_text(listed(file, text), encoding="utf-8")


if __name__ == "__main__":
    main()
