"""The programs behind each target of Make, as lists of arguments."""

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from footfall.commands import benchmarks
from footfall.commands.given import CommandError, Given
from footfall.commands.programs import Step, options_of, python
from footfall.commands.variables import as_json, source_variables, split_variables
from footfall.core.extras import missing_extra


def _check_extra(extra: str) -> None:
    if missing := missing_extra(extra):
        raise CommandError(missing)


def _dbt(given: Given, *command: str, arguments: Sequence[str] = ()) -> Step:
    more, others = split_variables(arguments)
    variables = as_json({**source_variables(given), **more})
    dbt = Path(sys.executable).with_name("dbt")
    return Step((str(dbt), *command, "--vars", variables, *others))


def build(given: Given) -> list[Step]:
    """Build the warehouse of a source."""
    if given.text("PUBLISH"):
        _check_extra("postgres")
    run = _dbt(given, "build", arguments=given.words("ARGS"))
    if not given.source.inputs:
        return [run]
    variables = run.arguments[list(run.arguments).index("--vars") + 1]
    options = ("--check", f"--variables={variables}", f"--database={given.warehouse}")
    look = python("-m", "footfall.adapter.inspection", *options)
    # The build would look at its inputs as well.
    return [look, Step(run.arguments, {"FOOTFALL_INPUTS_ARE_CHECKED": "1"})]


def inspect(given: Given) -> list[Step]:
    """Look at an input, and write a mapping for it."""
    file = given.required(
        "FILE",
        "Name a file, a folder or a relation: make inspect FILE=events.csv [OUT=my_shop.yml]",
    )
    mapping = given.mapping
    # FILE is what to look at, whichever variable the source reads its files from.
    named = {"footfall_source": given.source.name}
    variables = {} if mapping is None else {**named, **mapping.variables}
    if isinstance(variables.get("footfall_source"), list):
        # Of several sources the file is of one; what is recognised is said in any case.
        variables |= named
    options = (
        f"--file={file}",
        f"--variables={as_json(variables)}",
        f"--database={given.warehouse}",
        *given.option("--out", "OUT"),
        *([f"--source={given.source.name}"] if given.source.inputs else []),
    )
    return [python("-m", "footfall.adapter.inspection", *options)]


def docs(given: Given) -> list[Step]:
    """Write the docs site of a built warehouse."""
    # A partial parse may lose what YAML says of tests, so the project is read from scratch.
    generate = ("docs", "generate", "--static", "--no-partial-parse", "--quiet")
    project = _dbt(given, *generate, arguments=given.words("ARGS"))
    return [project, python("-m", "footfall.pages.site", "write")]


def lineage(given: Given) -> list[Step]:
    """Print where a column comes from."""
    column = given.required(
        "COLUMN", "Name a column: make lineage COLUMN=churn_risk.churn_probability"
    )
    trace = python("-m", "footfall.pages.site", "trace", "--", column)
    return [_dbt(given, "docs", "generate", "--quiet", arguments=given.words("ARGS")), trace]


def report(given: Given) -> list[Step]:
    """Draw the marts on one page."""
    _check_extra("boards")
    files = (f"--database={given.published}", "--out=target/report.html")
    return [python("-m", "footfall.pages.report", *files)]


def dashboards(given: Given) -> list[Step]:
    """Draw the boards."""
    _check_extra("boards")
    options = (f"--published={given.published}", f"--currency={given.text('CURRENCY')}")
    return [python("-m", "footfall.pages.boards", "render", *options)]


def serve(given: Given) -> list[Step]:
    """Draw the boards and show them to this machine."""
    port = given.option("--port", "PORT", "8080")
    return [*dashboards(given), python("-m", "footfall.pages.boards", "serve", *port)]


def metrics(given: Given) -> list[Step]:
    """Answer questions on the published marts."""
    _check_extra("metrics")
    return [python("-m", "footfall.adapter.metrics", *given.words("ARGS"))]


def audit(given: Given) -> list[Step]:
    """Print what was done with a warehouse, and check that the record is whole."""
    return [python("-m", "footfall.privacy", "audit", given.warehouse)]


def erase(given: Given) -> list[Step]:
    """Show where a person occurs, or erase them, with a whole build on the way."""
    given.required(
        "CUSTOMER", "Name an id, a key, or - to write it into standard input: make erase CUSTOMER=-"
    )
    run = _dbt(given, "build", arguments=given.words("ARGS"))
    options = (
        f"--warehouse={given.warehouse}",
        f"--published={given.published}",
        *(["--confirm"] if given.text("CONFIRM") == "1" else []),
    )
    return [python("-m", "footfall.privacy.erase", *options, "--", *run.arguments)]


def subject(given: Given) -> list[Step]:
    """Write all that a warehouse knows of a person; who it is stays in the environment."""
    given.required(
        "CUSTOMER",
        "Name a person by the id of the source or by their key: make subject CUSTOMER=… "
        "(CUSTOMER=- reads it from standard input)",
    )
    # A warehouse may hold several sources; the default names a warehouse and none of them.
    source = [f"--source={given.source.name}"] if given.text("SOURCE_IS_GIVEN") else []
    return [python("-m", "footfall.privacy", "subject", *source, "--", given.warehouse)]


def superset_bundle(given: Given) -> list[Step]:
    """Pack the dashboard for Superset."""
    options = (f"--published={given.published}", *given.option("--uri", "URI"))
    bundle = python("dashboards/superset/bundle.py", *options, "--out=target/footfall_superset.zip")
    return [bundle]


def check_superset(given: Given) -> list[Step]:
    """Import that dashboard into a real Superset, which has an environment of its own."""
    python = ".superset/bin/python"
    return [Step((python, "dashboards/superset/check.py", f"--published={given.published}"))]


def test(given: Given) -> list[Step]:
    """Run the tests, on another DuckDB if one is named."""
    version = given.text("DUCKDB")
    jobs = given.text("JOBS", "2")
    if not jobs.isdecimal() or int(jobs) < 1:
        raise CommandError(f"JOBS is '{jobs}', which is no number of processes: write JOBS=2")
    run = ("-m", "pytest", "--numprocesses", jobs, "--dist", "loadfile", "--no-loadscope-reorder")
    # Each process has its part of the cores: threads wait for each other by spinning, and those
    # of several processes on one core would spend most of its time on that.
    threads = str(max(1, (os.cpu_count() or 1) // int(jobs)))
    shared = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    if not version:
        return [replace(python(*run, *given.words("ARGS")), environment=shared)]
    if not re.fullmatch(r"\d+(\.\d+)*\w*", version):
        raise CommandError(f"DUCKDB is '{version}', which is no version: write DUCKDB=1.5.5")
    overlay = Path.cwd() / f".duckdb-{version}"
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
    install = (*pip, "--only-binary", "duckdb", "--target", str(overlay), f"duckdb=={version}")
    # Linters and tests of code that does not touch a database would only say the same again.
    tests = python(*run, "-m", "not library and not rare", *given.words("ARGS"))
    on_overlay = Step(tests.arguments, {"PYTHONPATH": str(overlay), **shared})
    return [on_overlay] if overlay.exists() else [python(*install), on_overlay]


def plan_experiment(given: Given) -> list[Step]:
    """Say how many units and days an experiment takes in a built shop."""
    hint = (
        "Name the metric and the smallest lift that is worth finding: make plan-experiment "
        "METRIC=converted LIFT=5% [POWER=0.8] [ALPHA=0.05] [SHARES=control:0.5,treatment:0.5] "
        "[HORIZON=28]"
    )
    for name in ("METRIC", "LIFT"):
        given.required(name, hint)
    options = options_of(given, "METRIC", "LIFT", "POWER", "ALPHA", "SHARES", "HORIZON", "WINSOR")
    warehouse = f"--warehouse={given.warehouse}"
    return [python("-m", "footfall.experiments.files.plan", warehouse, *options)]


#: What can be run, by the name of its target.
TARGETS: Mapping[str, Callable[[Given], list[Step]]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        build,
        inspect,
        docs,
        lineage,
        report,
        dashboards,
        serve,
        metrics,
        audit,
        erase,
        subject,
        superset_bundle,
        check_superset,
        test,
        plan_experiment,
        benchmarks.bench_value,
        benchmarks.bench_scores,
        benchmarks.bench_intent,
        benchmarks.bench_sql,
        benchmarks.bench_sources,
        benchmarks.bench_times,
        benchmarks.bench_hundred,
        benchmarks.bench_erasure,
        benchmarks.bench_pain_points,
        benchmarks.bench_voice,
        benchmarks.bench_rings,
        benchmarks.bench_segments,
        benchmarks.bench_journey,
        benchmarks.bench_experiment,
        benchmarks.bench_uplift,
        benchmarks.bench_risk,
        benchmarks.bench_risk_day,
        benchmarks.bench_explanations,
        benchmarks.bench_reviews,
        benchmarks.bench_aspects,
        benchmarks.bench_spans,
        benchmarks.bench_fairness,
        benchmarks.bench_fairness_null,
        benchmarks.bench_peeking,
        benchmarks.bench_experiments_truth,
        benchmarks.bench_cuped,
        benchmarks.bench_ranking,
        benchmarks.bench_ranking_time,
        benchmarks.bench_warm,
        benchmarks.bench_memory,
        benchmarks.bench_gpu,
        benchmarks.harness,
    )
}
