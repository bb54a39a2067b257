"""The lock files, written from what is installed: each package with the digests of its files.

pip takes no file whose digest is not listed, whoever serves it. Of each version all wheels are
listed, because each Python and each machine takes another one.
"""

import hashlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from packaging.requirements import Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from footfall.dependencies.installed import PROJECT, needed_packages

#: All packages but PyTorch, which people take from indexes of its own.
LOCK = "requirements.lock"
TORCH_LOCK = "requirements-torch.lock"
#: What PyTorch's build with CUDA needs besides; it is there for Linux only.
CUDA_LOCK = "requirements-cuda.lock"
#: The sentence encoder, which few ask for.
ENCODER_LOCK = "requirements-encoder.lock"
#: What the project, and packages that come as source, are built with: installed before them.
BUILD_LOCK = "requirements-build.lock"
LOCKS = (BUILD_LOCK, LOCK, TORCH_LOCK, CUDA_LOCK, ENCODER_LOCK)
TORCH = "torch"
BUILD_TOOL = "setuptools"

_HEADS = {
    BUILD_LOCK: "What packages are built with where there is no wheel, and the project itself.",
    LOCK: "Every package the project needs, with the digests of its files: `make build` installs "
    "exactly this list.",
    TORCH_LOCK: "PyTorch. `make build TORCH_INDEX=…` takes it from another index, unchecked.",
    ENCODER_LOCK: "The sentence encoder: installed for `make bench-reviews ENCODER=1`.",
    CUDA_LOCK: "What PyTorch's build with CUDA needs besides: installed where that build is.",
}
_ON_LINUX = ' ; sys_platform == "linux"'
_JSON = "application/vnd.pypi.simple.v1+json"
_TIMEOUT_SECONDS = 60


class LockError(Exception):
    """The lock cannot be written; the message says why."""


def write_locks(folder: Path) -> None:
    """Write the lock files from the environment that this runs in.

    Raises
    ------
    LockError
        The index has no file of a version, or pip cannot say what PyTorch needs.
    """
    installed = {name: package.version for name, package in needed_packages().items()}
    del installed[PROJECT]
    torch, tool = installed.pop(TORCH), installed[BUILD_TOOL]
    cuda = {name: at for name, at in cuda_packages(torch).items() if name not in installed}
    del installed[BUILD_TOOL]
    index = index_address()
    # Where pip finds another build of the same version, such as one for the CPU, it takes that.
    of_torch = {*digests(index, TORCH, torch), digest_taken_here(TORCH, torch)}
    contents = {
        BUILD_LOCK: lines_of({BUILD_TOOL: (tool, digests(index, BUILD_TOOL, tool))}),
        LOCK: lines_of({name: (at, digests(index, name, at)) for name, at in installed.items()}),
        TORCH_LOCK: lines_of({TORCH: (torch, of_torch)}),
        ENCODER_LOCK: lines_of(
            {
                name: (at, digests(index, name, at))
                for name, at in pins_of("encoder", folder).items()
            }
        ),
        CUDA_LOCK: lines_of(
            {name: (at, digests(index, name, at)) for name, at in cuda.items()}, _ON_LINUX
        ),
    }
    for name, lines in contents.items():
        (folder / name).write_text(f"# {_HEADS[name]}\n# Regenerate with: make lock\n{lines}")


def pins_of(extra: str, folder: Path) -> dict[str, str]:
    """Return the packages of an extra of pyproject.toml, which pins them, with their versions."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins: dict[str, str] = {}
    for asked in map(Requirement, project["optional-dependencies"][extra]):
        (pin,) = asked.specifier
        pins[canonicalize_name(asked.name)] = pin.version
    return pins


def lines_of(packages: Mapping[str, tuple[str, Iterable[str]]], marker: str = "") -> str:
    """Return pins as pip reads them, sorted, each with its digests below."""
    return "".join(
        " \\\n".join(
            [f"{name}=={version}{marker}", *(f"    --hash=sha256:{one}" for one in sorted(found))]
        )
        + "\n"
        for name, (version, found) in sorted(packages.items())
    )


def index_address() -> str:
    """Return the index that pip is set up with, or its own default."""
    asked = _pip("config", "get", "global.index-url", check=False)
    default: str = importlib.import_module("pip._internal.models.index").PyPI.simple_url
    return (os.environ.get("PIP_INDEX_URL") or asked.strip() or default).rstrip("/")


def digests(index: str, name: str, version: str) -> set[str]:
    """Return the SHA-256 digests of all wheels of a version; of its source where there is none.

    Raises
    ------
    LockError
        The index has no file of that version.
    """
    request = Request(f"{index}/{name}/", headers={"Accept": _JSON})
    with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
        files: list[dict[str, Any]] = json.load(answer)["files"]
    found = digests_of(files, version)
    if not found:
        raise LockError(f"The index has no file of {name} {version}: install another version.")
    return found


def digests_of(files: Iterable[Mapping[str, Any]], version: str) -> set[str]:
    """Return the same of the files that an index lists: their names and digests."""
    wheels: set[str] = set()
    sources: set[str] = set()
    for file in files:
        name, digest = file["filename"], file["hashes"].get("sha256")
        try:
            if name.endswith(".whl"):
                _, of, _, tags = parse_wheel_filename(name)
                # Where the only wheel is one for Python 2, pip builds the source.
                if not any(tag.interpreter.startswith(("py3", "cp3")) for tag in tags):
                    continue
                into = wheels
            else:
                of, into = parse_sdist_filename(name)[1], sources
        # Indexes keep files from before names had rules; no pin means one of them.
        except (InvalidWheelFilename, InvalidSdistFilename):
            continue
        if digest and of == Version(version):
            into.add(digest)
    return wheels or sources


def digest_taken_here(name: str, version: str) -> str:
    """Return the digest of the file that pip takes on this machine, with all its settings."""
    with tempfile.TemporaryDirectory() as folder:
        _pip("download", "--no-deps", "--dest", folder, f"{name}=={version}")
        (file,) = Path(folder).iterdir()
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def cuda_packages(torch: str) -> dict[str, str]:
    """Return what this version of PyTorch needs on the default index, with versions."""
    others = {"PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in others}
    # Settings of this machine may name places of other builds.
    environment["PIP_CONFIG_FILE"] = os.devnull
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        _pip(
            *("install", "--dry-run", "--ignore-installed", "--only-binary", ":all:"),
            *("--quiet", "--report", str(report), f"{TORCH}=={torch}"),
            environment=environment,
        )
        chosen = json.loads(report.read_text(encoding="utf-8"))["install"]
    found = {
        canonicalize_name(one["metadata"]["name"]): one["metadata"]["version"] for one in chosen
    }
    return {name: version for name, version in found.items() if name != TORCH}


def _pip(*arguments: str, environment: Mapping[str, str] | None = None, check: bool = True) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        env=None if environment is None else dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise LockError(f"pip {' '.join(arguments[:2])} failed:\n{done.stderr}")
    return done.stdout
