"""Which shops there are to read, and the files, vars and commands that go with each.

`sources.yml` next to this module lists them. It is read once in a process.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from footfall.builds.problems import BuildProblem
from footfall.core.yaml_files import parsed_yaml

SOURCES_FILE = Path(__file__).with_name("sources.yml")
#: The source of a build that names none, and the name of its warehouse.
DEFAULT_SOURCE = "storefront"
DEFAULT_WAREHOUSE = "footfall"
#: The variable of the environment in which Make's programs find the command that builds.
BUILD_COMMAND = "FOOTFALL_BUILD_COMMAND"
#: Keys of an entry that hold lists of names.
_LISTS = ("attributes", "attributes_are_in")


@dataclass(frozen=True)
class Input:
    """A file that a source reads; `sources.yml` says what each field means."""

    var: str
    make: str = ""
    example: str = ""
    forms: str = ""
    replaced_by: str = ""
    contains: str = ""
    read_anew: bool = False
    sample: str = ""


@dataclass(frozen=True)
class Source:
    """A kind of shop that can be read."""

    name: str
    title: str
    rows_are: str = "events"
    is_restated: bool = False
    inputs: tuple[Input, ...] = ()
    attributes: tuple[str, ...] = ()
    attributes_var: str = ""
    attributes_are_in: tuple[str, ...] = ()

    def build_command(self, *, with_examples: bool = False) -> str:
        """Return the command that builds this source; its paths are `…` or examples."""
        words = ["make build"]
        if self.name != DEFAULT_SOURCE:
            words.append(f"SOURCE={self.name}")
        words += [
            f"{one.make}={one.example if with_examples else '…'}"
            for one in self.inputs
            if one.make and one.example
        ]
        return " ".join(words)


@cache
def sources() -> Mapping[str, Source]:
    """Return all sources by name, in the order in which they are listed to people."""
    return read_sources(SOURCES_FILE)


def read_sources(file: Path) -> Mapping[str, Source]:
    """Read a list of sources.

    Raises
    ------
    BuildProblem
        An entry has a key that means nothing, or lacks one.
    """
    entries: Mapping[str, Any] = parsed_yaml(file.read_text(encoding="utf-8"))
    found = {}
    for name, entry in entries.items():
        try:
            inputs = tuple(Input(**one) for one in entry.get("inputs", ()))
            lists = {key: tuple(entry.get(key, ())) for key in _LISTS}
            found[name] = Source(name, **{**entry, **lists, "inputs": inputs})
        except TypeError as error:
            raise BuildProblem(
                f"{file}: the entry of source '{name}' cannot be read ({error}). The head of the "
                "file lists the keys of an entry."
            ) from error
    return found


def source_names() -> list[str]:
    """Return the names of all sources."""
    return list(sources())


def picked_sources(value: object) -> list[str]:
    """Return the names that var `footfall_source` holds: one, several with commas, or a list.

    Examples
    --------
    >>> picked_sources("ga4, custom"), picked_sources(["ga4"]), picked_sources(None)
    (['ga4', 'custom'], ['ga4'], [])
    """
    names = value if isinstance(value, list) else str(value or "").split(",")
    return [name for name in (str(one).strip() for one in names) if name]


def event_sources(picked: Sequence[str], custom_rows_are: str) -> list[str]:
    """Return which of the picked sources hold events: an order may be sent again there.

    Parameters
    ----------
    picked
        Names of sources.
    custom_rows_are
        What the rows of the user's own tables are: events or records.
    """
    known = {name: source.rows_are for name, source in sources().items()}
    known["custom"] = custom_rows_are
    return [name for name in picked if known[name] == "events"]


def restated_sources(
    picked: Sequence[str], custom_rows_are: str, segment_rows_are: str
) -> list[str]:
    """Return which of the picked sources write again what they wrote before.

    Their days are read again when what they say has changed, and are replaced as a whole: those of
    records, and of tools that restate their days.

    Parameters
    ----------
    picked, custom_rows_are
        As `event_sources` takes them.
    segment_rows_are
        What is read of Segment: messages, or tables, where the row of an event's own table may come
        after the row of `tracks` that it completes.
    """
    told_once = event_sources(picked, custom_rows_are)
    restated = {name for name, source in sources().items() if source.is_restated}
    if segment_rows_are == "tables":
        restated.add("segment")
    return [name for name in picked if name not in told_once or name in restated]


def event_vars(name: str) -> list[str]:
    """Return the names of the vars that say where a source's events are read from."""
    inputs = [one for one in sources()[name].inputs if not one.read_anew]
    return [var for one in inputs for var in (one.var, one.replaced_by) if var]


def source_vars() -> list[str]:
    """Return the names of the vars that say what a source reads."""
    inputs = [one for source in sources().values() for one in source.inputs]
    return [one.var for one in inputs] + [one.replaced_by for one in inputs if one.replaced_by]


def absolute_path(path: str) -> str:
    """Return the same file under one name, wherever it was named from; addresses stay."""
    return path if "://" in path else str(with_home(path).absolute())


def with_home(path: str) -> Path:
    """Return a path with the home folder in place of `~`; a name such as `~sales` is no user's."""
    return Path(path).expanduser() if path == "~" or path.startswith("~/") else Path(path)


def warehouse_file(source: str) -> str:
    """Return where Make builds the warehouse of a source, relative to the project."""
    name = DEFAULT_WAREHOUSE if source == DEFAULT_SOURCE else source
    return f"warehouse/{name}.duckdb"


def build_command() -> str:
    """Return the command that builds the warehouse this process reads, as Make was asked for it."""
    return os.environ.get(BUILD_COMMAND) or "make build"
