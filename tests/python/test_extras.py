"""Packages of an extra: only the parts that need them ask for them, and who lacks one is told."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

import footfall
from conftest import PROJECT
from footfall.core.extras import EXTRAS, MissingExtraError, missing_extra, needs

pytestmark = pytest.mark.library
# Modules of the library, and what Python answers when it is asked for a package without having it.
WITHOUT = """
import importlib, sys
lacking = set(sys.argv[1].split(","))

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in lacking:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Nothing())
for name in sys.argv[2].split(","):
    try:
        importlib.import_module(name)
    except Exception as error:
        print(f"{name}|{type(error).__name__}|{error}")
"""
NEEDED_BY = {
    "boards": r"footfall\.(pages\.(boards|report)\b.*|pages\.theme\.style)",
    "metrics": r"footfall\.adapter\.metrics",
    "postgres": r"footfall\.publishing\.postgres",
}


def without(packages: list[str], modules: list[str]) -> dict[str, tuple[str, str]]:
    """Import modules where packages are missing: the error and the message of those that fail."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, ",".join(packages), ",".join(modules)],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split("|", 2) for line in done.stdout.splitlines()]
    return {name: (kind, message) for name, kind, message in lines}


def test_without_extras_all_other_modules_can_be_imported() -> None:
    modules = [
        module.name
        for module in pkgutil.walk_packages(footfall.__path__, "footfall.")
        if not module.name.endswith("__main__")
    ]
    packages = [package for extra in EXTRAS.values() for package in extra]
    failed = without([*packages, "sklearn"], modules)
    assert len(modules) > 100
    for extra, pattern in NEEDED_BY.items():
        expected = {name for name in modules if re.fullmatch(pattern, name)}
        found = {name for name, (_, message) in failed.items() if f"extra '{extra}'" in message}
        assert found == expected, extra
    assert {kind for kind, _ in failed.values()} == {"MissingExtraError"}
    assert "pip install '.[postgres]'" in failed["footfall.publishing.postgres"][1]


def test_what_is_missing_besides_is_named_as_python_names_it() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_package") as caught, needs("boards"):
        importlib.import_module("no_such_package")
    assert not isinstance(caught.value, MissingExtraError)
    for extra in EXTRAS:
        assert missing_extra(extra) is None


def test_pyproject_installs_what_each_extra_imports() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    owners = packages_distributions()
    for extra, (package, *_) in EXTRAS.items():
        (requirement,) = optional[extra]
        assert re.split(r"[\[>=<]", requirement)[0] in owners[package]
    plain = " ".join(project["dependencies"])
    assert not re.search("plotly|psycopg|metricflow|scikit", plain)
    assert "footfall[boards,metrics,postgres]" in optional["dev"]
