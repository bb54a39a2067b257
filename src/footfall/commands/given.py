"""What a user gave to Make: `make build FILE=x` reaches us as FOOTFALL_FILE in the environment."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from footfall.builds.mappings import ShopMapping, read_mapping
from footfall.builds.problems import BuildProblem
from footfall.builds.sources import (
    DEFAULT_SOURCE,
    Source,
    absolute_path,
    picked_sources,
    sources,
    warehouse_file,
)

PREFIX = "FOOTFALL_"
#: The source that a mapping is of where none is named.
MAPPED_SOURCE = "custom"


class CommandError(Exception):
    """A command cannot be run as it was given; the message says why, and how to give it."""


@dataclass(frozen=True)
class Given:
    """The variables of Make as they were written, and what follows from them.

    Parameters
    ----------
    environment
        Environment of the process. Variables of Make are in it with the prefix FOOTFALL_; one that
        is empty was not given.
    """

    environment: Mapping[str, str]

    def text(self, name: str, default: str = "") -> str:
        """Return a value as it was given."""
        return self.environment.get(PREFIX + name) or default

    def required(self, name: str, hint: str) -> str:
        """Return a value that a command cannot do without.

        Raises
        ------
        CommandError
            It was not given; the message is the hint.
        """
        value = self.text(name)
        if not value:
            raise CommandError(hint)
        return value

    def path(self, name: str) -> str:
        """Return a path that holds from any folder, or nothing where none was given."""
        value = self.text(name)
        return absolute_path(value) if value else ""

    def words(self, name: str, default: str = "") -> list[str]:
        """Return the words of a value, split as a shell splits them, and never run by one.

        Raises
        ------
        CommandError
            A quote is not closed.
        """
        value = self.text(name, default)
        try:
            return shlex.split(value)
        except ValueError as error:
            raise CommandError(f"{name} is '{value}', which cannot be split: {error}.") from error

    def option(self, flag: str, name: str, default: str = "") -> list[str]:
        """Return an option of a program with its value as one word, or nothing without a value."""
        value = self.text(name, default)
        return [f"{flag}={value}"] if value else []

    @property
    def source(self) -> Source:
        """The source that was picked; of a mapping of several sources the first.

        Raises
        ------
        CommandError
            There is no such source.
        """
        default = _sources_of(self._read_mapping)[:1] or [DEFAULT_SOURCE]
        name = self.environment.get(f"{PREFIX}SOURCE", default[0])
        if name not in sources():
            raise CommandError(
                f"SOURCE is '{name}', which is no source: use one of {' '.join(sources())}"
            )
        return sources()[name]

    @cached_property
    def _read_mapping(self) -> ShopMapping | None:
        path = self.path("MAPPING")
        try:
            return read_mapping(path) if path else None
        except BuildProblem as problem:
            raise CommandError(str(problem)) from problem

    @cached_property
    def mapping(self) -> ShopMapping | None:
        """The mapping file that was given, if any.

        Raises
        ------
        CommandError
            It cannot be read, or is of another source than the one that was picked.
        """
        mapping = self._read_mapping
        of = _sources_of(mapping)
        # A mapping that names no source is of the one that was picked.
        if (
            mapping is None
            or of == [self.source.name]
            or "footfall_source" not in mapping.variables
        ):
            return mapping
        if len(of) > 1:
            if not self.environment.get(f"{PREFIX}SOURCE"):
                return mapping
            raise CommandError(
                f"{mapping.path} is of several sources ({', '.join(of)}): leave out SOURCE, or"
                f" make a mapping of {self.source.name} alone."
            )
        raise CommandError(
            f"{mapping.path} is of footfall_source '{of[0]}', and SOURCE is"
            f" '{self.source.name}': write SOURCE={of[0]}, or correct the file."
        )

    @property
    def warehouse(self) -> str:
        """The warehouse file: FOOTFALL_DB, or the one of the mapping or the source."""
        mapping = self.mapping
        home = warehouse_file(self.source.name) if mapping is None else mapping.warehouse
        return self.text("DB", home)

    @property
    def build_command(self) -> str:
        """The command that builds this warehouse; its paths are `…`, a mapping names its own."""
        if self.mapping is None:
            return self.source.build_command()
        named = f"MAPPING={shlex.quote(self.text('MAPPING'))}"
        if len(_sources_of(self.mapping)) > 1:
            return f"make build {named}"
        return f"make build SOURCE={self.source.name} {named}"

    @property
    def published(self) -> str:
        """The published file of that warehouse."""
        folder = Path(self.text("PUBLISHED", "published"))
        return str(folder / f"{Path(self.warehouse).stem}.duckdb")


def _sources_of(mapping: ShopMapping | None) -> list[str]:
    """Return the sources that a mapping is of, in its order; nothing where there is none."""
    if mapping is None:
        return []
    return picked_sources(mapping.variables.get("footfall_source", MAPPED_SOURCE))
