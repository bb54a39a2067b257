"""MetricFlow's `mf` on the published marts, without a network, and the questions that it answers.

`python -m footfall.adapter.metrics` asks every saved query of the project; with arguments it is
`mf`: `python -m footfall.adapter.metrics query --metrics orders --group-by metric_time__month`.

- It reads the published file and opens it for reading only. The working file is dbt's alone: a
  reader there would make builds fail, and could meet the marts of two runs. `DBT_TARGET=local`
  reads it all the same.
- `mf` as it comes asks a package index at each call whether it is the newest, and unpickles what it
  noted of the answer from a shared folder. Neither is done here. It sends nothing else.
- What `--csv` writes is opened in spreadsheets: texts that these would execute are made harmless.
- `mf` takes what dbt parsed last, whichever warehouse that was for. Here the project is parsed for
  the file that is read, into a folder of its own, so that dbt's partial parsing stays intact.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace

import click
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.config.runtime import load_profile

from footfall.builds.sources import build_command
from footfall.core import spreadsheets
from footfall.core.extras import needs
from footfall.publishing.encryption import refusal

with needs("metrics"):
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration
    from dbt_metricflow.cli.dbt_connectors.dbt_config_accessor import dbtArtifacts
    from metricflow_semantic_interfaces.protocols.semantic_manifest import SemanticManifest
    from metricflow_semantics.model.dbt_manifest_parser import (
        parse_manifest_from_dbt_generated_manifest,
    )

DECIMALS = 3


class MetricsError(Exception):
    """Metrics cannot be asked for; the message says what to do."""


class _NoUpdates:
    """Stands in for the class that asks a package index for news."""

    def check(self, *_: object) -> None:
        return None


def command_line() -> click.Group:
    """`mf` itself, all its commands, without the look for a newer version."""
    stand_in = ModuleType("update_checker")
    stand_in.UpdateChecker = _NoUpdates  # type: ignore[attr-defined]
    before = sys.modules.get("update_checker")
    sys.modules["update_checker"] = stand_in
    try:
        from dbt_metricflow.cli import main
    finally:
        if before is None:
            del sys.modules["update_checker"]
        else:
            sys.modules["update_checker"] = before
    # `--csv` writes names of channels and items: a spreadsheet must not execute them.
    main.csv_module = SimpleNamespace(writer=spreadsheets.Writer)
    group: click.Group = main.cli
    return group


def configuration(project: Path) -> CLIConfiguration:
    """Return what `mf` works with: the project as it is now, and a connection to the marts.

    Parameters
    ----------
    project
        The folder of `dbt_project.yml` and `profiles.yml`.

    Raises
    ------
    MetricsError
        Nothing was published yet, or the project cannot be parsed.
    """
    os.environ.setdefault("DBT_TARGET", "published")
    _check_there_is_something_to_read(project)
    target = Path(os.environ.get("DBT_TARGET_PATH") or project / "target") / "metrics"
    outcome = _dbt(project, "parse", "--target-path", str(target))
    if not outcome.success:
        raise MetricsError(f"The project cannot be parsed: {outcome.exception}")
    text = (target / "semantic_manifest.json").read_text(encoding="utf-8")

    def build(project_root: Path) -> SemanticManifest:
        return parse_manifest_from_dbt_generated_manifest(manifest_json_string=text)

    # Every command takes the manifest from this method, which reads no folder but `target`.
    dbtArtifacts.build_semantic_manifest_from_dbt_project_root = staticmethod(build)
    asked = CLIConfiguration()
    asked.setup(dbt_profiles_path=project, dbt_project_path=project)
    return asked


def _check_there_is_something_to_read(project: Path) -> None:
    # A command that does next to nothing: dbt reads profiles inside of one only.
    _dbt(project, "debug", "--config-dir")
    path = Path(load_profile(str(project), {}).credentials.path)
    refused = refusal(path, "MetricFlow")
    if refused is not None:
        raise MetricsError(refused)
    if not path.exists():
        raise MetricsError(
            f"There is no {path} to read metrics from. Run `{build_command()}`: a whole build "
            "publishes the marts at its end. FOOTFALL_PUBLISHED names another folder."
        )


def _dbt(project: Path, *arguments: str) -> dbtRunnerResult:
    folders = ("--project-dir", str(project), "--profiles-dir", str(project))
    return dbtRunner().invoke([*arguments, *folders, "--quiet"])


def answer(asked: CLIConfiguration) -> None:
    """Print every saved query of the project: the question in words, and the table."""
    mf = command_line()
    for query in asked.semantic_manifest.saved_queries:
        click.echo(f"\n{query.description}")
        click.echo(f"  mf query --saved-query {query.name}\n")
        mf.main(
            ["query", "--saved-query", query.name, "--quiet", "--decimals", str(DECIMALS)],
            obj=asked,
            standalone_mode=False,
        )


def main(arguments: Sequence[str]) -> None:
    """Ask what the arguments of `mf` ask; without any, all saved queries."""
    try:
        asked = configuration(Path.cwd())
    except MetricsError as error:
        sys.exit(str(error))
    if arguments:
        command_line().main(list(arguments), obj=asked, prog_name="mf")
    else:
        answer(asked)


if __name__ == "__main__":
    main(sys.argv[1:])
