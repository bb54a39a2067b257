"""The programs behind each target of Make, as lists of arguments."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from footfall.commands.given import CommandError, Given
from footfall.commands.variables import as_json, source_variables, split_variables
from footfall.core.extras import missing_extra


@dataclass(frozen=True)
class Step:
    """One program with its arguments, and what its environment has in addition to ours."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def _python(*arguments: str) -> Step:
    return Step((sys.executable, *arguments))


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
    look = _python("-m", "footfall.adapter.inspection", *options)
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
    options = (
        f"--file={file}",
        f"--variables={as_json(variables)}",
        f"--database={given.warehouse}",
        *given.option("--out", "OUT"),
        *([f"--source={given.source.name}"] if given.source.inputs else []),
    )
    return [_python("-m", "footfall.adapter.inspection", *options)]


def docs(given: Given) -> list[Step]:
    """Write the docs site of a built warehouse."""
    # A partial parse may lose what YAML says of tests, so the project is read from scratch.
    generate = ("docs", "generate", "--static", "--no-partial-parse", "--quiet")
    project = _dbt(given, *generate, arguments=given.words("ARGS"))
    return [project, _python("-m", "footfall.pages.site", "write")]


def lineage(given: Given) -> list[Step]:
    """Print where a column comes from."""
    column = given.required(
        "COLUMN", "Name a column: make lineage COLUMN=churn_risk.churn_probability"
    )
    trace = _python("-m", "footfall.pages.site", "trace", "--", column)
    return [_dbt(given, "docs", "generate", "--quiet", arguments=given.words("ARGS")), trace]


def report(given: Given) -> list[Step]:
    """Draw the marts on one page."""
    _check_extra("boards")
    files = (f"--database={given.published}", "--out=target/report.html")
    return [_python("-m", "footfall.pages.report", *files)]


def dashboards(given: Given) -> list[Step]:
    """Draw the boards."""
    _check_extra("boards")
    options = (f"--published={given.published}", f"--currency={given.text('CURRENCY')}")
    return [_python("-m", "footfall.pages.boards", "render", *options)]


def serve(given: Given) -> list[Step]:
    """Draw the boards and show them to this machine."""
    port = given.option("--port", "PORT", "8080")
    return [*dashboards(given), _python("-m", "footfall.pages.boards", "serve", *port)]


def metrics(given: Given) -> list[Step]:
    """Answer questions on the published marts."""
    _check_extra("metrics")
    return [_python("-m", "footfall.adapter.metrics", *given.words("ARGS"))]


def audit(given: Given) -> list[Step]:
    """Print what was done with a warehouse, and check that the record is whole."""
    return [_python("-m", "footfall.privacy", "audit", given.warehouse)]


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
    return [_python("-m", "footfall.privacy.erase", *options, "--", *run.arguments)]


def subject(given: Given) -> list[Step]:
    """Write all that a warehouse knows of a person; who it is stays in the environment."""
    given.required(
        "CUSTOMER",
        "Name a person by the id of the source or by their key: make subject CUSTOMER=… "
        "(CUSTOMER=- reads it from standard input)",
    )
    # A warehouse may hold several sources; the default names a warehouse and none of them.
    source = [f"--source={given.source.name}"] if given.text("SOURCE_IS_GIVEN") else []
    return [_python("-m", "footfall.privacy", "subject", *source, "--", given.warehouse)]


def superset_bundle(given: Given) -> list[Step]:
    """Pack the dashboard for Superset."""
    options = (f"--published={given.published}", *given.option("--uri", "URI"))
    bundle = _python(
        "dashboards/superset/bundle.py", *options, "--out=target/footfall_superset.zip"
    )
    return [bundle]


def check_superset(given: Given) -> list[Step]:
    """Import that dashboard into a real Superset, which has an environment of its own."""
    python = ".superset/bin/python"
    return [Step((python, "dashboards/superset/check.py", f"--published={given.published}"))]


def test(given: Given) -> list[Step]:
    """Run the tests, on another DuckDB if one is named."""
    version = given.text("DUCKDB")
    jobs = given.text("JOBS", "2")
    run = ("-m", "pytest", "--numprocesses", jobs, "--dist", "loadfile", "--no-loadscope-reorder")
    if not version:
        return [_python(*run, *given.words("ARGS"))]
    if not re.fullmatch(r"\d+(\.\d+)*\w*", version):
        raise CommandError(f"DUCKDB is '{version}', which is no version: write DUCKDB=1.5.5")
    overlay = Path.cwd() / f".duckdb-{version}"
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
    install = (*pip, "--only-binary", "duckdb", "--target", str(overlay), f"duckdb=={version}")
    # Linters and tests of code that does not touch a database would only say the same again.
    tests = _python(*run, "-m", "not library", *given.words("ARGS"))
    on_overlay = Step(tests.arguments, {"PYTHONPATH": str(overlay)})
    return [on_overlay] if overlay.exists() else [_python(*install), on_overlay]


def _benchmark(given: Given, name: str, *arguments: str) -> Step:
    return _python(f"benchmarks/bench_{name}.py", *arguments, *given.words("ARGS"))


def _file(given: Given) -> list[str]:
    path = given.path("FILE")
    return [path] if path else []


def _seeds(given: Given, default: str = "1") -> list[str]:
    return given.option("--seeds", "SEEDS", default)


def bench_value(given: Given) -> list[Step]:
    """Judge churn, value and tiers of any orders."""
    options = [*given.option("--horizon", "HORIZON", "90"), *given.option("--cut", "CUT")]
    return [_benchmark(given, "value", *_file(given), *options)]


def bench_scores(given: Given) -> list[Step]:
    """Judge the same on a source."""
    options = [*given.option("--horizon", "HORIZON", "90"), *given.option("--cut", "CUT")]
    source = f"--source={given.source.name}"
    return [_benchmark(given, "value", *_file(given), source, *options)]


def bench_intent(given: Given) -> list[Step]:
    """Judge purchase intent of any event log."""
    return [_benchmark(given, "intent", *_file(given))]


def bench_sql(given: Given) -> list[Step]:
    """Compare the SQL part with hand-written queries."""
    return [_benchmark(given, "sql", *given.option("--events", "EVENTS", "10000000"))]


def bench_sources(given: Given) -> list[Step]:
    """Build the two real shops."""
    path = given.path("FILE")
    return [_benchmark(given, "sources", *([f"--online-retail={path}"] if path else []))]


def bench_times(given: Given) -> list[Step]:
    """Time a fresh clone."""
    return [_benchmark(given, "times")]


def bench_hundred(given: Given) -> list[Step]:
    """Measure a whole build after a hundred new events."""
    options = [
        *given.option("--events", "EVENTS", "100"),
        *given.option("--customers", "CUSTOMERS", "2000"),
    ]
    return [_benchmark(given, "hundred", *options)]


def bench_erasure(given: Given) -> list[Step]:
    """Measure what erasing one person costs beyond the build that follows."""
    return [_benchmark(given, "erasure", *given.option("--customers", "CUSTOMERS", "2000"))]


def bench_pain_points(given: Given) -> list[Step]:
    """Look for planted pain points."""
    options = [
        *_seeds(given, "20"),
        *given.option("--first", "FIRST", "201"),
        *given.option("--customers", "CUSTOMERS", "2000"),
    ]
    return [_benchmark(given, "pain_points", *options)]


def bench_segments(given: Given) -> list[Step]:
    """Judge segments."""
    given.required("FILE", "FILE=… names the file of Online Retail")
    return [_benchmark(given, "segments", *_file(given))]


def bench_journey(given: Given) -> list[Step]:
    """Compare the journey marts with another library."""
    path = given.path("FILE")
    file = [f"--file={path}"] if path else []
    return [_benchmark(given, "journey", *file, *given.option("--events", "EVENTS", "2000000"))]


def _options(given: Given, *names: str) -> list[str]:
    """Return `--name=value` for each variable that was given."""
    return [word for name in names for word in given.option(f"--{name.lower()}", name)]


def bench_experiment(given: Given) -> list[Step]:
    """Read an experiment of a file of units, or of sums over time."""
    if sums := given.path("SUMS"):
        return [_benchmark(given, "experiment", f"--sums={sums}")]
    hint = (
        "Name the file, the column of arms, the arm to compare with and the metrics: "
        "make bench-experiment FILE=units.csv ARM=arm CONTROL=A METRICS=converted,revenue/orders "
        "[COVARIATE=…] [SHARES=A:0.5,B:0.5] [UNIT=…] [WINSOR=0.999], or SUMS=path"
    )
    for name in ("FILE", "ARM", "CONTROL", "METRICS"):
        given.required(name, hint)
    names = ("ARM", "CONTROL", "METRICS", "COVARIATE", "SHARES", "UNIT", "WINSOR")
    return [
        _benchmark(given, "experiment", f"--file={given.path('FILE')}", *_options(given, *names))
    ]


def plan_experiment(given: Given) -> list[Step]:
    """Say how many units and days an experiment takes in a built shop."""
    hint = (
        "Name the metric and the smallest lift that is worth finding: make plan-experiment "
        "METRIC=converted LIFT=5% [POWER=0.8] [ALPHA=0.05] [SHARES=control:0.5,treatment:0.5] "
        "[HORIZON=28]"
    )
    for name in ("METRIC", "LIFT"):
        given.required(name, hint)
    options = _options(given, "METRIC", "LIFT", "POWER", "ALPHA", "SHARES", "HORIZON", "WINSOR")
    warehouse = f"--warehouse={given.warehouse}"
    return [_python("-m", "footfall.experiments.files.plan", warehouse, *options)]


def bench_uplift(given: Given) -> list[Step]:
    """Learn from an experiment whom an arm helps, and check it on units kept apart."""
    if "--planted" in given.words("ARGS"):
        return [_benchmark(given, "uplift")]
    hint = (
        "Name the file, the column of arms, the arm to compare with, the outcome and what was "
        "known of units before: make bench-uplift FILE=units.csv ARM=arm CONTROL=A OUTCOME=spend "
        "FEATURES=visits,channel, or ARGS=--planted"
    )
    for name in ("FILE", "ARM", "CONTROL", "OUTCOME"):
        given.required(name, hint)
    names = ("ARM", "CONTROL", "OUTCOME", "FEATURES")
    return [_benchmark(given, "uplift", f"--file={given.path('FILE')}", *_options(given, *names))]


def bench_peeking(given: Given) -> list[Step]:
    """Simulate what looking every day does to each method."""
    return [_benchmark(given, "peeking")]


def bench_experiments_truth(given: Given) -> list[Step]:
    """Compare read-outs of many simulated shops with their truth."""
    customers = given.option("--customers", "CUSTOMERS", "500")
    return [_benchmark(given, "experiments_truth", *customers)]


def bench_cuped(given: Given) -> list[Step]:
    """Measure what a covariate leaves of the variance of spend."""
    given.required("FILE", "FILE=… names the file of Online Retail")
    return [_benchmark(given, "cuped", *_file(given))]


def bench_ranking(given: Given) -> list[Step]:
    """Judge the next item, leave one out."""
    given.required(
        "FILE", "Name the file of lines `customer item item ...`: make bench-ranking FILE=path"
    )
    return [_benchmark(given, "ranking", *_file(given), *_seeds(given))]


def bench_ranking_time(given: Given) -> list[Step]:
    """Judge next purchases after a date."""
    hint = (
        "Name the date and the window: "
        f"make bench-ranking-time SOURCE={given.source.name} CUT=YYYY-MM-DD DAYS=n"
    )
    options = [
        f"--vars={as_json(source_variables(given))}",
        f"--cut={given.required('CUT', hint)}",
        f"--days={given.required('DAYS', hint)}",
        *(["--new-only"] if given.text("NEW_ONLY") else []),
        *_seeds(given),
    ]
    return [_benchmark(given, "ranking_time", *options)]


def bench_warm(given: Given) -> list[Step]:
    """Compare a fine-tuned model with one trained from scratch."""
    hint = f"Name the first day: make bench-warm SOURCE={given.source.name} CUT=YYYY-MM-DD"
    options = [
        f"--vars={as_json(source_variables(given))}",
        f"--cut={given.required('CUT', hint)}",
        *given.option("--days", "DAYS", "28"),
    ]
    return [_benchmark(given, "warm", *options)]


def bench_memory(given: Given) -> list[Step]:
    """Measure the memory of streams of events."""
    sizes = given.words("EVENTS", "2500000 5000000 10000000")
    return [_benchmark(given, "memory", "--events", *sizes)]


def bench_gpu(given: Given) -> list[Step]:
    """Time the scorer on a CUDA device."""
    return [_benchmark(given, "gpu")]


def harness(given: Given) -> list[Step]:
    """Try what a shop may meet."""
    return [_python("benchmarks/harness.py", *given.words("ARGS"))]


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
        bench_value,
        bench_scores,
        bench_intent,
        bench_sql,
        bench_sources,
        bench_times,
        bench_hundred,
        bench_erasure,
        bench_pain_points,
        bench_segments,
        bench_journey,
        bench_ranking,
        bench_ranking_time,
        bench_warm,
        bench_memory,
        bench_gpu,
        bench_experiment,
        plan_experiment,
        bench_uplift,
        bench_peeking,
        bench_cuped,
        harness,
        bench_experiments_truth,
    )
}
