"""Packages of an extra: only the parts that need them ask for them, and who lacks one is told."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from importlib.metadata import packages_distributions

import pytest
from dbt_common.exceptions import DbtRuntimeError

import footfall
from conftest import PROJECT
from footfall.adapter.plugin import Plugin
from footfall.commands.given import CommandError, Given
from footfall.commands.steps import TARGETS
from footfall.core.extras import EXTRAS, ON_DEMAND, MissingExtraError, missing_extra, needs

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
    "boards": r"footfall\.(pages\.(boards|report)\b.*|pages\.theme\.(figures|style))",
    "metrics": r"footfall\.adapter\.metrics",
    "postgres": r"footfall\.publishing\.postgres(_roles|_vacuum)?",
    "sbom": r"footfall\.dependencies\.sbom",
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


@pytest.mark.rare
def test_without_extras_all_other_modules_can_be_imported() -> None:
    modules = [
        module.name
        for module in pkgutil.walk_packages(footfall.__path__, "footfall.")
        if not module.name.endswith("__main__")
    ]
    packages = [package for extra in EXTRAS.values() for package in extra]
    failed = without(packages, modules)
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
    for extra in EXTRAS.keys() - ON_DEMAND:
        assert missing_extra(extra) is None


def test_pyproject_installs_what_each_extra_imports() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    owners = packages_distributions()
    for extra, (package, *_) in EXTRAS.items():
        (requirement,) = optional[extra]
        assert extra in ON_DEMAND or re.split(r"[\[>=<]", requirement)[0] in owners[package]
    plain = " ".join(project["dependencies"])
    imported = {
        name
        for file in (PROJECT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert {name for name in imported if name.split(".")[0] == "sklearn"} == set()
    assert not re.search("plotly|psycopg|metricflow|scikit-learn", plain)
    assert "footfall[boards,metrics,postgres,sbom]" in optional["dev"]


@pytest.mark.parametrize(
    ("target", "given", "extra"),
    [
        ("build", {"FOOTFALL_PUBLISH": "postgres://x"}, "postgres"),
        ("report", {}, "boards"),
        ("dashboards", {}, "boards"),
        ("serve", {}, "boards"),
        ("metrics", {}, "metrics"),
    ],
)
def test_a_target_names_its_extra_before_anything_is_run(
    monkeypatch: pytest.MonkeyPatch, target: str, given: dict[str, str], extra: str
) -> None:
    assert TARGETS[target](Given(given))
    monkeypatch.setitem(dict_of_extras(), extra, ("no_such_package",))
    with pytest.raises(CommandError, match=f"It comes with the extra '{extra}'"):
        TARGETS[target](Given(given))
    # A build that publishes to nobody needs no driver.
    assert TARGETS["build"](Given({}))


def test_a_build_that_is_to_publish_names_its_extra_at_its_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(dict_of_extras(), "postgres", ("no_such_package",))
    monkeypatch.setenv("FOOTFALL_PUBLISH_POSTGRES", "postgres://x")
    plugin = Plugin.__new__(Plugin)
    with pytest.raises(DbtRuntimeError, match=r"pip install '\.\[postgres\]'"):
        plugin.initialize({"key": "", "key_file": "no.key"})


def dict_of_extras() -> dict[str, Sequence[str]]:
    """The table itself, to change it for a test."""
    assert isinstance(EXTRAS, dict)
    return EXTRAS
