"""The programs behind `make bench-…` and `make harness`, as lists of arguments."""

from footfall.commands.given import CommandError, Given
from footfall.commands.programs import Step, options_of, python
from footfall.commands.variables import as_json, source_variables


def _benchmark(given: Given, name: str, *arguments: str) -> Step:
    return python(f"benchmarks/bench_{name}.py", *arguments, *given.words("ARGS"))


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


def bench_voice(given: Given) -> list[Step]:
    """Look for a brand that is badly made, and for aspects of wordings never seen."""
    options = [
        *_seeds(given, "20"),
        *given.option("--first", "FIRST", "301"),
        *given.option("--customers", "CUSTOMERS", "2000"),
    ]
    return [_benchmark(given, "voice", *options)]


def bench_rings(given: Given) -> list[Step]:
    """Look for planted rings of fraudsters."""
    options = [
        *_seeds(given, "20"),
        *given.option("--first", "FIRST", "101"),
        *given.option("--customers", "CUSTOMERS", "2000"),
    ]
    return [_benchmark(given, "rings", *options)]


def bench_segments(given: Given) -> list[Step]:
    """Judge segments."""
    given.required("FILE", "FILE=… names the file of Online Retail")
    return [_benchmark(given, "segments", *_file(given))]


def bench_journey(given: Given) -> list[Step]:
    """Compare the journey marts with another library."""
    path = given.path("FILE")
    file = [f"--file={path}"] if path else []
    return [_benchmark(given, "journey", *file, *given.option("--events", "EVENTS", "2000000"))]


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
        _benchmark(given, "experiment", f"--file={given.path('FILE')}", *options_of(given, *names))
    ]


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
    return [_benchmark(given, "uplift", f"--file={given.path('FILE')}", *options_of(given, *names))]


def bench_risk(given: Given) -> list[Step]:
    """Judge the risk of payments of any file."""
    given.required("FILE", "FILE=… names a CSV or Parquet file of payments")
    options = [
        *given.option("--train", "TRAIN"),
        *given.option("--delay", "DELAY"),
        *given.option("--test", "TEST"),
        *given.option("--starts", "STARTS"),
        *given.option("--map", "MAP"),
    ]
    return [_benchmark(given, "risk", f"--file={given.path('FILE')}", *options)]


def bench_risk_day(given: Given) -> list[Step]:
    """Compare what one more day of payments costs the models of risk with all days."""
    given.required("FILE", "FILE=… names a CSV or Parquet file of payments")
    file = f"--file={given.path('FILE')}"
    return [_benchmark(given, "risk_day", file, *given.option("--map", "MAP"))]


def bench_reviews(given: Given) -> list[Step]:
    """Judge on any file whether reviews are known as positive."""
    hint = (
        "Name the file, the columns of the text and of the label: make bench-reviews "
        "FILE=reviews.csv TEXT=title,body LABEL=rating [LANGUAGE=en] [FOLDS=5] [TRAIN=file] "
        "[LABELS=100 REPEATS=10] [ENCODER=1] [GROUP=item_id]"
    )
    for name in ("FILE", "TEXT", "LABEL"):
        given.required(name, hint)
    train, encoder = given.path("TRAIN"), given.text("ENCODER", "0")
    if encoder not in ("0", "1"):
        raise CommandError(
            f"ENCODER is '{encoder}': write ENCODER=1 for the encoder, or leave it out"
        )
    options = [
        f"--file={given.path('FILE')}",
        *options_of(given, "TEXT", "LABEL", "LANGUAGE", "FOLDS"),
        *([f"--train={train}"] if train else []),
        *options_of(given, "LABELS", "REPEATS", "GROUP"),
        *(["--encoder"] if encoder == "1" else []),
    ]
    return [_benchmark(given, "reviews", *options)]


def bench_aspects(given: Given) -> list[Step]:
    """Judge which aspects of products are found from the labels of other products."""
    given.required(
        "FILE",
        "Name a Parquet file of sentences with product, sentence and aspects: "
        "make bench-aspects FILE=sentences.parquet",
    )
    return [_benchmark(given, "aspects", f"--file={given.path('FILE')}")]


def bench_spans(given: Given) -> list[Step]:
    """Judge how exactly spans that name aspects are found."""
    hint = (
        "Name two Parquet files of sentences with spans: "
        "make bench-spans TRAIN=train.parquet TEST=test.parquet"
    )
    for name in ("TRAIN", "TEST"):
        given.required(name, hint)
    paths = [f"--train={given.path('TRAIN')}", f"--test={given.path('TEST')}"]
    return [_benchmark(given, "spans", *paths)]


def bench_fairness(given: Given) -> list[Step]:
    """Compare what a score does to groups of people."""
    hint = (
        "Name the file, the columns of the score, of what happened and of the group: "
        "make bench-fairness FILE=people.csv SCORE=score LABEL=bought GROUP=age_band [CUT=.2] "
        "[WITHIN=spend]"
    )
    for name in ("FILE", "SCORE", "LABEL", "GROUP"):
        given.required(name, hint)
    names = ("SCORE", "LABEL", "GROUP", "CUT", "WITHIN")
    return [
        _benchmark(given, "fairness", f"--file={given.path('FILE')}", *options_of(given, *names))
    ]


def bench_fairness_null(given: Given) -> list[Step]:
    """Simulate attributes that mean nothing, and gaps that are planted."""
    return [_benchmark(given, "fairness_null")]


def bench_explanations(given: Given) -> list[Step]:
    """Check that the explanations of a shop hold, and measure what they cost."""
    options = [
        f"--warehouse={given.warehouse}",
        f"--vars={as_json(source_variables(given))}",
        *given.option("--customers", "CUSTOMERS", "100000"),
    ]
    return [_benchmark(given, "explanations", *options)]


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
    return [python("benchmarks/harness.py", *given.words("ARGS"))]
