"""Work that is done once for all tests, in whichever of the processes they run: parsing, a shop."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgpack
import yaml
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder
from filelock import FileLock


def folder_of_all(base: Path) -> Path:
    """A folder that the test processes of one run share; `base` is pytest's folder of this one."""
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    shared.mkdir(exist_ok=True)
    return shared


def done_once(shared: Path, name: str, work: Callable[[Path], None]) -> Path:
    """The folder `name` as `work` filled it: by the first who asks, while others wait for it.

    Work that raises counts for nothing; the next caller does it again.
    """
    place, being_done = shared / name, shared / f"{name}.being_done"
    with FileLock(shared / f"{name}.lock"):
        if not place.exists():
            shutil.rmtree(being_done, ignore_errors=True)
            being_done.mkdir()
            work(being_done)
            being_done.rename(place)
    return place


class Manifests:
    """What dbt has parsed, by what it was parsed with: parsing takes longer than most tests.

    Manifests are kept from one run to the next, in a folder that is named by all that dbt reads
    when it parses; a project that has changed in any way begins a new one.
    """

    def __init__(self, project: Path) -> None:
        self._project = project
        self._packed: dict[tuple[str, Path], bytes] = {}

    def packed(
        self, variables: Mapping[str, Any], folder: Path, parse: Callable[[], Manifest]
    ) -> bytes:
        """A manifest in bytes, for each run to unpack one of its own, as a run writes into it.

        Shops that differ only in their folder share what was parsed once.
        """
        what = json.dumps(variables), folder
        if what not in self._packed:
            self._packed[what] = self._read(*what, parse)
        return self._packed[what]

    def _read(self, variables: str, folder: Path, parse: Callable[[], Manifest]) -> bytes:
        digest = what_dbt_reads(self._project)

        def keep(place: Path) -> None:
            packed = parse().to_msgpack(extended_mashumaro_encoder)
            assert isinstance(packed, bytes)
            if what_dbt_reads(self._project) != digest:
                raise ChangedMeanwhileError(packed)
            (place / NAME).write_bytes(renamed(packed, str(folder), FOLDER))

        anywhere = variables.replace(str(folder), FOLDER)
        name = f"parsed_{hashlib.sha256(anywhere.encode()).hexdigest()[:16]}"
        try:
            packed = (done_once(self._kept(digest), name, keep) / NAME).read_bytes()
        except ChangedMeanwhileError as error:
            return error.packed
        return renamed(packed, FOLDER, str(folder))

    def _kept(self, digest: str) -> Path:
        """The folder of the project as it is; of what it was a day ago and before, nothing stays.

        Another process may still be at work in a younger one.
        """
        every = self._project / ".pytest_cache" / "manifests"
        place = every / digest
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(every.with_suffix(".lock")):
            for other in every.iterdir():
                if other != place and time.time() - other.stat().st_mtime > A_DAY:
                    shutil.rmtree(other)
        return place


class ChangedMeanwhileError(Exception):
    """A file changed while dbt parsed: what it made of that is used once, and not kept."""

    def __init__(self, packed: bytes) -> None:
        super().__init__("a file that dbt reads changed while it was parsed")
        self.packed = packed


A_DAY = 86_400
NAME = "manifest.msgpack"
# Stands for the folder of a shop in what is kept.
FOLDER = "<folder of the shop>"


def unpacked(packed: bytes) -> Manifest:
    """A manifest of the bytes that one was packed into."""
    manifest = Manifest.from_msgpack(packed, decoder=extended_mashumuro_decoder)
    assert isinstance(manifest, Manifest)
    return manifest


def renamed(packed: bytes, old: str, new: str) -> bytes:
    """Packed data with another text in place of one, wherever it is in it."""

    def mended(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(old, new)
        if isinstance(value, list):
            return [mended(each) for each in value]
        if isinstance(value, dict):
            return {mended(key): mended(each) for key, each in value.items()}
        return value

    if old.encode() not in packed:
        return packed
    mended_bytes = msgpack.packb(mended(msgpack.unpackb(packed, strict_map_key=False)))
    assert isinstance(mended_bytes, bytes)
    return mended_bytes


def what_dbt_reads(project: Path) -> str:
    """A digest of every file that dbt parses, and of the versions of what parses them."""
    digest = hashlib.sha256(str(project).encode())
    for package in ("dbt-core", "dbt-common", "dbt-adapters", "dbt-duckdb"):
        digest.update(f"{package} {version(package)}\n".encode())
    settings = yaml.safe_load((project / "dbt_project.yml").read_text())
    files = [*project.glob("*.yml")]
    for key, folders in settings.items():
        if key.endswith("-paths"):
            # Only models are written in Python; these tests are none of dbt's.
            parsed = PARSED | {".py"} if key == "model-paths" else PARSED
            for folder in folders:
                files += [path for path in (project / folder).rglob("*") if path.suffix in parsed]
    for path in sorted(files):
        digest.update(f"{path} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


PARSED = {".sql", ".yml", ".yaml", ".md", ".csv"}
