"""The programs behind the targets of Make: what a user gave reaches them whole, and no shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from conftest import PROJECT
from footfall.adapter.inspection import check_build
from footfall.builds.sources import absolute_path, sources, warehouse_file
from footfall.builds.templates import template_problems
from footfall.commands import __main__ as commands
from footfall.commands.__main__ import surroundings
from footfall.commands.given import CommandError, Given
from footfall.commands.programs import Step
from footfall.commands.steps import TARGETS
from hostile_values import HOSTILE as HOSTILE_VALUES

HOSTILE = "a b;touch RAN $(touch RAN) `touch RAN` ${HOME} '\"[1] {x}\nline | & > % \\"
# Of an argument list, what is split on purpose.
OPTIONS = "--select 'my model+' --threads \"4\" ; touch $(RAN)"
OPTION_WORDS = ["--select", "my model+", "--threads", "4", ";", "touch", "$(RAN)"]


def steps(target: str, **given: str) -> list[Step]:
    return TARGETS[target](Given({f"FOOTFALL_{name}": value for name, value in given.items()}))


def words(target: str, **given: str) -> Sequence[str]:
    """The arguments of the last program of a target."""
    return steps(target, **given)[-1].arguments


def variables_of(arguments: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(arguments[list(arguments).index("--vars") + 1])
    return found


@pytest.mark.library
@pytest.mark.parametrize("source", sources())
def test_a_source_and_its_files_become_vars(source: str) -> None:
    inputs = [one for one in sources()[source].inputs if one.make]
    given = {one.make: f"{one.make}-{HOSTILE}" for one in inputs}
    expected = {one.var: str(Path.cwd() / f"{one.make}-{HOSTILE}") for one in inputs}
    arguments = words("build", SOURCE=source, **given)
    assert variables_of(arguments) == {"footfall_source": source, **expected}


@pytest.mark.library
@pytest.mark.parametrize("value", [*HOSTILE_VALUES, "\x7f\x85\u2028\ufeff\\ud83d"])
def test_every_name_reaches_dbt_whole(value: str) -> None:
    paths = dict.fromkeys(("EVENTS", "ITEMS", "CUSTOMERS", "REVIEWS"), f"/a/{value}")
    arguments = list(words("build", SOURCE="custom", **paths))
    # dbt reads it as YAML, for which some JSON is none.
    read = yaml.safe_load(arguments[arguments.index("--vars") + 1])
    assert read == variables_of(arguments)
    assert set(read.values()) == {"custom", f"/a/{value}"}


@pytest.mark.library
def test_paths_are_absolute_and_addresses_stay() -> None:
    assert variables_of(words("build", SOURCE="ga4", FILE="s3://bucket/*.parquet")) == {
        "footfall_source": "ga4",
        "ga4_path": "s3://bucket/*.parquet",
    }
    assert absolute_path("~/events.csv") == str(Path.home() / "events.csv")
    # A tilde that begins a name belongs to it: there need be no user of that name.
    for name in ("~zzz/x.csv", "~$a.csv"):
        assert absolute_path(name) == str(Path.cwd() / name)


@pytest.mark.library
def test_a_shell_splits_arguments_no_other_way_but_runs_none() -> None:
    assert words("build", ARGS=OPTIONS)[4:] == tuple(OPTION_WORDS)
    assert words("metrics", ARGS=OPTIONS)[3:] == tuple(OPTION_WORDS)
    with pytest.raises(CommandError, match="ARGS is '--select \"a', which cannot be split"):
        words("build", ARGS='--select "a')


@pytest.mark.library
def test_vars_in_the_arguments_add_to_those_of_the_source() -> None:
    arguments = words(
        "build", SOURCE="ga4", FILE="/a.json", ARGS="--vars '{top_k: 5}' --threads 4 --vars='a: b'"
    )
    assert variables_of(arguments) == {
        "footfall_source": "ga4",
        "ga4_path": "/a.json",
        "top_k": 5,
        "a": "b",
    }
    assert list(arguments[4:]) == ["--threads", "4"]
    with pytest.raises(CommandError, match="is no dictionary: write --vars"):
        words("build", ARGS="--vars top_k")
    with pytest.raises(CommandError, match="is no YAML"):
        words("build", ARGS="--vars '{a: '")


@pytest.mark.library
@pytest.mark.parametrize("mark", ["{{ 7 * 7 }}", "{% set x = 1 %}", "{# a #}"])
@pytest.mark.parametrize("target", ["build", "docs", "bench-warm", "bench-ranking-time"])
def test_a_template_in_a_path_is_refused_by_name(target: str, mark: str) -> None:
    given = {"SOURCE": "custom", "EVENTS": f"/a/{mark}.csv", "CUT": "2026-01-01", "DAYS": "7"}
    with pytest.raises(CommandError, match=r"var 'custom_events_path' is '/a/.*Rename the file"):
        steps(target, **given)


@pytest.mark.library
def test_templates_are_found_however_deep_they_lie() -> None:
    assert template_problems({"a": "plain {x}", "b": [1, {"c": None}], "d": {"e": True}}) == []
    deep = {"custom_columns": {"events": [{"{{ key }}": "x"}, {"y": "{% z %}"}]}, "top_k": 5}
    first, second = template_problems(deep)
    assert first.startswith("var 'custom_columns' is '{{ key }}'")
    assert second.startswith("var 'custom_columns' is '{% z %}'")


@pytest.mark.library
def test_what_the_source_does_not_read_is_refused() -> None:
    with pytest.raises(CommandError, match="EVENTS ITEMS: SOURCE=ga4 does not read that"):
        words("build", SOURCE="ga4", EVENTS="a", ITEMS="b")
    with pytest.raises(CommandError, match="SOURCE is 'x', which is no source: use one of store"):
        words("build", SOURCE="x")


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    """A mapping in a folder whose name a shell would run."""
    file = tmp_path / "a b;touch RAN $(touch RAN)" / "my_shop.yml"
    file.parent.mkdir()
    file.write_text(
        "footfall_source: custom\ncustom_events_path: exports/*.csv\n"
        "custom_items_path: s3://shop/items.csv\nsession_gap_minutes: 45\n"
        "custom_columns: {events: {event_at: When}}\n",
        encoding="utf-8",
    )
    return file


@pytest.mark.library
@pytest.mark.parametrize("source", [{}, {"SOURCE": "custom"}])
def test_a_mapping_gives_vars_and_a_warehouse_of_its_own(
    mapping: Path, source: dict[str, str]
) -> None:
    expected = {
        "footfall_source": "custom",
        "custom_events_path": str(mapping.parent / "exports/*.csv"),
        "custom_items_path": "s3://shop/items.csv",
        "session_gap_minutes": 45,
        "custom_columns": {"events": {"event_at": "When"}},
    }
    assert variables_of(words("build", MAPPING=str(mapping), **source)) == expected
    # What is given by itself goes before the file, and ARGS go before both.
    more = {"EVENTS": "/e.csv", "ARGS": "--vars '{session_gap_minutes: 20}'"}
    assert variables_of(words("build", MAPPING=str(mapping), **source, **more)) == {
        **expected,
        "custom_events_path": "/e.csv",
        "session_gap_minutes": 20,
    }
    # To look at a file as a mapping reads it, FILE names the file of any source.
    (look,) = steps("inspect", FILE="/e.csv", MAPPING=str(mapping), **source)
    assert f"--variables={json.dumps(expected)}" in look.arguments
    given = Given({"FOOTFALL_MAPPING": str(mapping)})
    assert given.warehouse == "warehouse/my_shop.duckdb"
    assert given.published == "published/my_shop.duckdb"
    around = surroundings(given)
    assert around["FOOTFALL_DB"] == "warehouse/my_shop.duckdb"
    assert around["FOOTFALL_BUILD_COMMAND"] == f"make build SOURCE=custom MAPPING='{mapping}'"
    assert Given({**given.environment, "FOOTFALL_DB": "x.duckdb"}).warehouse == "x.duckdb"
    for target in ("report", "dashboards", "superset-bundle", "serve"):
        arguments = [
            word for step in steps(target, MAPPING=str(mapping)) for word in step.arguments
        ]
        assert any(word.endswith("=published/my_shop.duckdb") for word in arguments)


@pytest.mark.library
def test_a_mapping_of_several_sources_or_of_another_one_needs_no_further_word(
    tmp_path: Path,
) -> None:
    file = tmp_path / "both.yml"
    file.write_text("footfall_source: [ga4, custom]\nga4_path: /g\ncustom_events_path: /c\n")
    built = variables_of(words("build", MAPPING=str(file)))
    assert built == {
        "footfall_source": ["ga4", "custom"],
        "ga4_path": "/g",
        "custom_events_path": "/c",
    }
    around = surroundings(Given({"FOOTFALL_MAPPING": str(file)}))
    assert around["FOOTFALL_DB"] == "warehouse/both.duckdb"
    assert around["FOOTFALL_BUILD_COMMAND"] == f"make build MAPPING={file}"
    # Each input is looked at before dbt starts.
    problems = check_build(built, str(tmp_path / "none.duckdb"), PROJECT)
    assert ["/g" in problems[0], "/c" in problems[1]] == [True, True]
    with pytest.raises(CommandError, match=r"several sources \(ga4, custom\): leave out SOURCE"):
        steps("build", SOURCE="custom", MAPPING=str(file))
    # A file would be that of one of them alone.
    with pytest.raises(CommandError, match=r"FILE: the mapping is of several sources"):
        words("build", MAPPING=str(file), FILE="/other")
    listed = file.read_text().replace("[ga4, custom]", "ga4, custom")
    file.write_text(listed)
    built = variables_of(words("build", MAPPING=str(file)))
    problems = check_build(built, str(tmp_path / "none.duckdb"), PROJECT)
    assert ["/g" in problems[0], "/c" in problems[1]] == [True, True]
    file.write_text("footfall_source: segment\nsegment_path: /s\n")
    assert variables_of(words("build", MAPPING=str(file)))["footfall_source"] == "segment"


@pytest.mark.library
@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("gone.yml", None, "and there is no such file: `make inspect FILE=… OUT=my_shop.yml`"),
        ("my-shop.yml", "{}", "takes letters, digits and underscores. Rename it"),
        ("$(touch RAN).yml", "{}", "takes letters, digits and underscores. Rename it"),
        ("GA4.yml", "{}", "is the name of another warehouse. Rename it"),
        ("shop.yml", "custom_events_path", "no dictionary of vars"),
        ("shop.yml", "a: [", "cannot be read as YAML"),
        ("shop.yml", "top_k: 5\ntop_k: 6", "the key 'top_k' occurs twice"),
        ("shop.yml", "custom_colums: {}", r"'custom_colums' is unknown \(is it 'custom_columns'"),
        ("shop.yml", "top_k: many", "var 'top_k' is 'many': it takes a whole number"),
        ("shop.yml", "custom_events_path: '{{ 7 * 7 }}'", "begins a template of dbt"),
        ("shop.yml", "footfall_source: ga4", "write SOURCE=ga4, or correct the file"),
    ],
)
def test_a_mapping_that_is_broken_is_refused_by_name_before_anything_runs(
    tmp_path: Path, name: str, text: str | None, said: str
) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_text(text, encoding="utf-8")
    for target in ("build", "report"):
        with pytest.raises(CommandError, match=said):
            steps(target, SOURCE="custom", MAPPING=str(file))


# Each target that takes values, the values and where they must come out.
TAKEN = [
    ("lineage", "COLUMN", "", [HOSTILE]),
    ("dashboards", "CURRENCY", "", [f"--currency={HOSTILE}"]),
    ("serve", "PORT", "", [f"--port={HOSTILE}"]),
    ("superset-bundle", "URI", "", [f"--uri={HOSTILE}"]),
    ("bench-value", "FILE", "/", [f"/{HOSTILE}"]),
    ("bench-value", "HORIZON", "", [f"--horizon={HOSTILE}"]),
    ("bench-value", "CUT", "", [f"--cut={HOSTILE}"]),
    ("bench-scores", "FILE", "/", [f"/{HOSTILE}"]),
    ("bench-intent", "FILE", "/", [f"/{HOSTILE}"]),
    ("bench-sql", "EVENTS", "", [f"--events={HOSTILE}"]),
    ("bench-sources", "FILE", "/", [f"--online-retail=/{HOSTILE}"]),
    ("bench-pain-points", "SEEDS", "", [f"--seeds={HOSTILE}"]),
    ("bench-voice", "SEEDS", "", [f"--seeds={HOSTILE}"]),
    ("bench-voice", "FIRST", "", [f"--first={HOSTILE}"]),
    ("bench-voice", "CUSTOMERS", "", [f"--customers={HOSTILE}"]),
    ("bench-pain-points", "FIRST", "", [f"--first={HOSTILE}"]),
    ("bench-pain-points", "CUSTOMERS", "", [f"--customers={HOSTILE}"]),
    ("bench-rings", "CUSTOMERS", "", [f"--customers={HOSTILE}"]),
    ("bench-segments", "FILE", "/", [f"/{HOSTILE}"]),
    ("bench-journey", "FILE", "/", [f"--file=/{HOSTILE}"]),
    ("bench-journey", "EVENTS", "", [f"--events={HOSTILE}"]),
    ("bench-ranking", "FILE", "/", [f"/{HOSTILE}"]),
    ("bench-experiment", "SUMS", "/", [f"--sums=/{HOSTILE}"]),
    ("bench-cuped", "FILE", "/", [f"/{HOSTILE}"]),
    ("bench-memory", "EVENTS", "", None),
]


@pytest.mark.library
@pytest.mark.parametrize(("target", "name", "before", "expected"), TAKEN)
def test_a_value_is_one_word_of_a_program(
    target: str, name: str, before: str, expected: list[str] | None
) -> None:
    if expected is None:
        assert words(target, **{name: "1 2 $(3)"})[-3:] == ("1", "2", "$(3)")
        return
    given = {name: before + HOSTILE}
    assert set(expected) <= set(words(target, **given))


@pytest.mark.library
@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("bench-experiment", "ARM CONTROL METRICS COVARIATE SHARES UNIT WINSOR"),
        ("bench-uplift", "ARM CONTROL OUTCOME FEATURES"),
        ("bench-reviews", "TEXT LABEL LANGUAGE FOLDS LABELS REPEATS GROUP"),
        ("bench-fairness", "SCORE LABEL GROUP CUT WITHIN"),
    ],
)
def test_names_of_columns_are_one_word_each(target: str, names: str) -> None:
    given = {name: f"{name} {HOSTILE}" for name in names.split()}
    expected = [f"--{name.lower()}={value}" for name, value in given.items()]
    assert list(words(target, FILE="/a b.csv", **given)[2:]) == ["--file=/a b.csv", *expected]


@pytest.mark.library
def test_explanations_are_those_of_the_warehouse_of_a_source() -> None:
    found = list(words("bench-explanations", SOURCE="ga4", FILE="/a b", ARGS="--checks=cost"))[2:]
    assert found[0] == "--warehouse=warehouse/ga4.duckdb"
    assert json.loads(found[1].removeprefix("--vars=")) == {
        "footfall_source": "ga4",
        "ga4_path": "/a b",
    }
    assert found[2:] == ["--customers=100000", "--checks=cost"]


@pytest.mark.library
def test_experiments_that_are_made_up_take_no_file() -> None:
    assert list(words("bench-uplift", ARGS="--planted --runs 3")[2:]) == [
        "--planted",
        "--runs",
        "3",
    ]


@pytest.mark.library
@pytest.mark.parametrize("target", ["report", "dashboards", "superset-bundle", "check-superset"])
def test_the_published_file_is_found_from_the_warehouse(target: str) -> None:
    def published(**given: str) -> str:
        (option,) = [
            word
            for word in words(target, **given)
            if word.startswith(("--published=", "--database="))
        ]
        return option.partition("=")[2]

    assert published() == "published/footfall.duckdb"
    assert published(SOURCE="ga4") == "published/ga4.duckdb"
    assert published(DB="/a b/$(x).duckdb", PUBLISHED="/c;d") == "/c;d/$(x).duckdb"


@pytest.mark.library
def test_the_tests_run_on_a_version_and_on_nothing_else() -> None:
    install, run = steps("test", DUCKDB="9.9.9", ARGS="-k 'a b'")
    assert "duckdb==9.9.9" in install.arguments
    assert run.environment["PYTHONPATH"].endswith(".duckdb-9.9.9")
    assert run.arguments[-4:] == ("-m", "not library and not rare", "-k", "a b")
    with pytest.raises(CommandError, match="which is no version"):
        steps("test", DUCKDB="1.5.5 --index-url=x")


@pytest.mark.library
def test_each_process_of_tests_has_its_part_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    for jobs, threads in (("2", "4"), ("3", "2"), ("20", "1")):
        (run,) = steps("test", JOBS=jobs)
        assert set(run.environment) == {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
        assert set(run.environment.values()) == {threads}
        assert ("--numprocesses", jobs) == run.arguments[3:5]
    with pytest.raises(CommandError, match="write JOBS=2"):
        steps("test", JOBS="many")


@pytest.mark.library
@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("lineage", "Name a column"),
        ("bench-segments", "names the file of Online Retail"),
        ("bench-ranking", "make bench-ranking FILE=path"),
        ("bench-ranking-time", "make bench-ranking-time SOURCE=storefront CUT="),
        ("bench-warm", "make bench-warm SOURCE=storefront CUT="),
        ("bench-experiment", "make bench-experiment FILE=units.csv ARM=arm CONTROL=A METRICS="),
        ("bench-uplift", "make bench-uplift FILE=units.csv ARM=arm CONTROL=A OUTCOME="),
        ("bench-reviews", "make bench-reviews FILE=reviews.csv TEXT=title,body LABEL=rating"),
        ("bench-aspects", "make bench-aspects FILE=sentences.parquet"),
        ("bench-spans", "make bench-spans TRAIN=train.parquet TEST=test.parquet"),
        ("bench-fairness", "make bench-fairness FILE=people.csv SCORE=score LABEL=bought GROUP="),
        ("bench-cuped", "names the file of Online Retail"),
        ("plan-experiment", "make plan-experiment METRIC=converted LIFT=5%"),
    ],
)
def test_what_a_target_cannot_do_without_is_named(target: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        steps(target)


@pytest.mark.library
def test_the_programs_find_warehouse_and_server() -> None:
    found = surroundings(Given({"FOOTFALL_SOURCE": "ga4", "FOOTFALL_PUBLISHED": ""}))
    assert found["FOOTFALL_DB"] == warehouse_file("ga4") == "warehouse/ga4.duckdb"
    assert found["DBT_PROFILES_DIR"] == str(Path.cwd())
    assert "FOOTFALL_PUBLISHED" not in found
    assert "FOOTFALL_PUBLISH_POSTGRES" not in found
    found = surroundings(Given({"FOOTFALL_DB": "x.duckdb", "FOOTFALL_PUBLISH": "postgres://a:$@b"}))
    assert found["FOOTFALL_DB"] == "x.duckdb"
    assert found["FOOTFALL_PUBLISH_POSTGRES"] == "postgres://a:$@b"


@pytest.mark.library
def test_vars_that_are_too_long_for_a_program_say_where_names_belong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = tmp_path / "shop.yml"
    names = "".join(f"  act {number}{'-' * 1000}: view\n" for number in range(250))
    mapping.write_text(f"custom_events_path: events.csv\ncustom_event_names:\n{names}")
    monkeypatch.setattr(commands, "keep_private", lambda _: None)
    monkeypatch.setenv("FOOTFALL_MAPPING", str(mapping))
    monkeypatch.setenv("FOOTFALL_DB", str(tmp_path / "shop.duckdb"))
    assert commands.main(["build"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("The vars take 255 kB, more than this system lets an argument")
    assert "seeds/event_name_map.csv" in said


def run(folder: Path, target: str, **given: str) -> subprocess.CompletedProcess[str]:
    """A target as a user runs it, all the way through make and dbt, on files of a folder."""
    ours = {
        "FOOTFALL_DB": str(folder / "shop $(touch RAN).duckdb"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder),
    }
    environment = f"VENV={Path(sys.executable).parents[1]}"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "FOOTFALL_"))}
    return subprocess.run(
        [
            *("make", "--no-print-directory", "-o", "env", environment, target),
            *(f"{name}={value}" for name, value in given.items()),
        ],
        cwd=PROJECT,
        env={**kept, **ours},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
@pytest.mark.rare
def test_a_file_of_any_name_is_read(tmp_path: Path) -> None:
    """One build for all hostile characters: events as text, items as Parquet, reviews as text."""
    folder = tmp_path / 'it\'s $(touch RAN) `touch RAN` [a-z] {x} "q"; touch RAN'
    folder.mkdir()
    lines = "customer_id,event_at,event_type\na,2026-01-01,view\nb,2026-01-02,view\n"
    # What the names would match if they were patterns.
    (folder / "events $HOME 1 50%.csv").write_text(lines.replace("\na,", "\nwrong,"))
    duckdb.sql("select 'no' as item_id, 'No' as item_name").write_parquet(str(tmp_path / "wrong"))
    (tmp_path / "wrong").rename(folder / "items 1 ';`id`.parquet")
    (folder / "events $HOME [1] 50%.csv").write_text(lines)
    duckdb.sql("select 'mug' as item_id, 'Mug' as item_name").write_parquet(str(tmp_path / "items"))
    (tmp_path / "items").rename(folder / "items [1] ';`id`.parquet")
    copies = tmp_path / "inputs/shop $(touch RAN)"
    copies.mkdir(parents=True)
    for name in ("of-a-file-no-longer-read-0123456789ab.parquet", "of-a-killed-run.1.2.tmp"):
        (copies / name).write_text("raw ids")
    done = run(
        tmp_path,
        "build",
        SOURCE="custom",
        EVENTS=str(folder / "events $HOME [1] 50%.csv"),
        ITEMS=str(folder / "items [1] ';`id`.parquet"),
        ARGS="--select +stg_custom__events stg_custom__items event_types event_name_map"
        " --exclude-resource-type test --exclude-resource-type unit_test --quiet",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # The copy, and that the Parquet file was found to be sound.
    kept = list(copies.iterdir())
    assert sorted(path.suffix for path in kept) == [".parquet", ".sound"]
    warehouse = tmp_path / "shop $(touch RAN).duckdb"
    private = (*kept, warehouse, tmp_path / "dbt.log")
    assert [path.stat().st_mode & 0o77 for path in private] == [0] * 4
    with duckdb.connect(str(warehouse)) as shop:
        events = shop.execute("select customer_id from staging.stg_custom__events order by all")
        assert events.fetchall() == [("a",), ("b",)]
        items = shop.execute("select item_name from staging.stg_custom__items")
        assert items.fetchall() == [("Mug",)]
    assert [*PROJECT.glob("RAN*"), *folder.glob("RAN*"), *tmp_path.glob("RAN*")] == []


@pytest.mark.parametrize("target", ["report", "dashboards", "superset-bundle"])
def test_what_shows_marts_names_the_file_that_is_not_there(tmp_path: Path, target: str) -> None:
    done = run(tmp_path, target, CURRENCY=HOSTILE, URI=HOSTILE)
    assert done.returncode != 0
    assert "published/shop $(touch RAN).duckdb" in done.stderr
    assert list(PROJECT.glob("RAN*")) == []
