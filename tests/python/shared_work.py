"""Work that is done once for all tests, in whichever of the processes they run: parsing, a shop."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

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

    Work that raises counts for nothing; whoever asks next does it anew.
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
    """What dbt has parsed, by what it was parsed with: parsing takes longer than most tests."""

    def __init__(self) -> None:
        self.shared: Path | None = None
        self._packed: dict[str, bytes] = {}

    def get(self, what: str, parse: Callable[[], Manifest]) -> Manifest:
        """A manifest of its own for each run, as a run writes into it."""
        if what not in self._packed:
            self._packed[what] = self._read(what, parse)
        manifest = Manifest.from_msgpack(self._packed[what], decoder=extended_mashumuro_decoder)
        assert isinstance(manifest, Manifest)
        return manifest

    def _read(self, what: str, parse: Callable[[], Manifest]) -> bytes:
        assert self.shared is not None, "the fixture `shared_folder` says where manifests are kept"

        def keep(folder: Path) -> None:
            packed = parse().to_msgpack(extended_mashumaro_encoder)
            assert isinstance(packed, bytes)
            (folder / "manifest.msgpack").write_bytes(packed)

        name = f"parsed_{hashlib.sha256(what.encode()).hexdigest()[:16]}"
        return (done_once(self.shared, name, keep) / "manifest.msgpack").read_bytes()
