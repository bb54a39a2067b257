"""What a build is checked for before it begins: vars, sources, files, and the tables there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import PROJECT
from footfall.builds import variables
from footfall.builds.configuration import (
    check_configuration,
    declared_variables,
    file_problems,
    is_there,
    source_problems,
    unknown_var_problems,
    value_problems,
)
from footfall.builds.problems import BuildProblem
from footfall.builds.sources import sources
from footfall.builds.warehouse import check_warehouse, shaping_settings

pytestmark = pytest.mark.library
DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(variables.var_names()),
    **yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"],
}


def judged(**changed: Any) -> list[str]:
    """Problems with values that differ from the defaults as given."""
    return value_problems({**DEFAULTS, **changed})


def test_the_table_has_the_vars_of_the_project_file() -> None:
    declared = set(declared_variables(PROJECT))
    assert declared - set(variables.path_variables()) == set(variables.PROJECT_VARIABLES)
    assert unknown_var_problems(sorted(declared)) == []


def test_the_defaults_are_in_order() -> None:
    assert judged() == []


def test_dates_that_yaml_reads_as_dates_are_dates() -> None:
    given = variables.read_values("{a: 2026-01-01, b: [2026-01-01], c: 2026-01-01 10:00:00}")
    assert judged(scorer_as_of=given["a"], more_cutoff_dates=given["b"]) == []
    assert judged(storefront_until=given["c"], earliest_event_date=given["a"]) == []


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("storefront_seed", [0, 7], [-1, 1.5, "7", True, None]),
        ("top_k", [1, 10], [0, -1, "10", True, None]),
        ("allow_repeats", [True, False], ["true", 0, None]),
        ("vip_share", [0.5, 0.999], [0, 1, 10, "0.5", True]),
        ("contact_cost", [0, 2.5, 3], [-0.1, "1", False]),
        ("slow_step_ratio", [1.1, 2], [1, 0.5, "2"]),
        ("earliest_event_date", ["1990-01-01"], ["1990-1-1", "19900101", "1990-02-30", None, ""]),
        ("scorer_as_of", ["2026-01-01", None, ""], ["yesterday", "2026-13-01", 20260101]),
        ("storefront_until", ["2026-06-01", "2026-06-01 12:00", None], ["June", "2026-06-31"]),
        ("more_cutoff_dates", [[], ["2026-01-01"]], ["2026-01-01", ["1.1.2026"], None]),
        ("horizons_days", [[30], [30, 90]], [30, [], [0], ["30"], [True], None]),
        ("reporting_currency", ["EUR", None], [1, ["EUR"]]),
        ("custom_event_names", [{}, None, {"a": "view", "b": None}], [["a"], "a", {"a": 1}]),
        (
            "custom_columns",
            [{}, None, {"events": {"customer_id": "user"}}],
            [{"customer_id": "user"}, {"event": {"customer_id": "user"}}, {"events": ["user"]}],
        ),
        ("fairness_attributes", [[], ["age_band", "attributes.kids"]], ["gender", [1], [""], None]),
        ("ga4_path", [None, "/a.json", ["/a.json"]], [5, [5]]),
    ],
)
def test_each_kind_takes_what_it_says(name: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert judged(**{name: value}) == []
    for value in bad:
        takes = variables.variables()[name].kind.takes
        assert judged(**{name: value}) == [f"var '{name}' is '{value}': it takes {takes}."]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"session_gap_minutes": 720}, "'session_max_minutes' (720) and 'session_gap_minutes' (72"),
        ({"lifecycle_lapsed_days": 90}, "customers are at risk before they have lapsed"),
        ({"lifecycle_retained_order_days": 1}, "it takes 2 or more, because the first order day"),
        ({"lifecycle_loyal_orders": 2}, "so set the first below the second"),
        ({"high_risk_probability": 0.4}, "medium must be below high"),
        (
            {"fairness_attributes": ["countri"]},
            "'fairness_attributes' names 'countri', which is no column of customers (is it ",
        ),
        ({"fairness_attributes": ["gender", "gender"]}, "names 'gender' twice"),
        ({"fairness_attributes": ['attributes.a"b']}, "comes the name of an attribute, without qu"),
        (
            {"custom_times_without_offset_are": "shop"},
            "whose layout says itself what its times mean",
        ),
        (
            {"custom_times_without_offset_are": "shop", "footfall_source": ["custom"]},
            "name the zone of the shop's clocks",
        ),
    ],
)
def test_contradictions_are_named_where_all_values_are_of_their_kind(
    changed: dict[str, Any], said: str
) -> None:
    (problem,) = judged(**changed)
    assert said in problem
    assert judged(**changed, top_k=0) == ["var 'top_k' is '0': it takes a whole number, 1 or more."]


def test_a_source_needs_its_file_unless_something_stands_in_for_it() -> None:
    for name, source in sources().items():
        needed = [one for one in source.inputs if one.forms]
        problems = source_problems(DEFAULTS, [name], "shop")
        assert [problem.split("'")[1] for problem in problems] == [one.var for one in needed]
        given = {**DEFAULTS, **{one.var: "/a" for one in needed}}
        assert source_problems(given, [name], "shop") == []
    relation = {**DEFAULTS, "custom_events_relation": "raw.events"}
    assert source_problems(relation, ["custom"], "shop") == []
    (problem,) = source_problems(DEFAULTS, ["custom"], "shop")
    assert problem == (
        "var 'custom_events_path' is not set, but footfall_source is 'custom': set it to the path "
        "of the events (CSV, JSON or Parquet; with make: EVENTS=…), or custom_events_relation to a "
        "relation of the warehouse."
    )


def test_a_database_of_duckdb_itself_is_refused() -> None:
    (problem,) = source_problems(DEFAULTS, ["storefront"], "temp")
    assert "set FOOTFALL_DB to a file of another name" in problem


def test_files_are_looked_for_by_name_and_by_pattern(tmp_path: Path) -> None:
    for name in ("events [1].csv", "part-1.parquet", "deep/er/part-2.parquet"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name in ("events [1].csv", "events*", "part-[0-9].parquet", "**/part-2.parquet", "deep"):
        assert is_there(str(tmp_path / name)), name
    for name in ("events [2].csv", "de*", "*.json"):
        assert not is_there(str(tmp_path / name)), name


def test_a_tilde_that_begins_a_name_is_no_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~$a.csv").touch()
    assert is_there("~$a.csv")
    assert is_there("~*.csv")
    assert not is_there("~zzz/x")


def test_each_missing_file_of_a_source_that_is_read_is_named(tmp_path: Path) -> None:
    events = tmp_path / "events.csv"
    values = {
        **DEFAULTS,
        "custom_events_path": str(events),
        "custom_items_path": "s3://bucket/items.csv",
        "custom_reviews_path": "nowhere.csv",
        "complete_journey_path": str(tmp_path),
    }
    missing = [problem.split("'")[1] for problem in file_problems(values, ["custom"])]
    assert missing == ["custom_events_path", "custom_reviews_path"]
    events.touch()
    (problem,) = file_problems(values, ["custom"])
    assert problem.startswith("var 'custom_reviews_path' names 'nowhere.csv', and there is no file")
    (tmp_path / "loaded" / "_temporary").mkdir(parents=True)
    values["custom_reviews_path"] = str(tmp_path / "loaded")
    (problem,) = file_problems(values, ["custom"])
    assert "names the folder" in problem
    assert "there is no file to read in it" in problem
    assert file_problems({**values, "custom_reviews_path": None}, ["custom"]) == []
    assert file_problems(values, []) == []
    instead = {**values, "custom_events_path": "gone", "custom_events_relation": "a.b"}
    assert len(file_problems(instead, ["custom"])) == 1
    (problem,) = file_problems(values, ["complete_journey"])
    assert f"there is no file {tmp_path}/transactions.parquet" in problem


def test_all_problems_come_in_one_message() -> None:
    values = {**DEFAULTS, "top_k": 0, "reporting_currency": "{{ run() }}", "vip_share": 2}
    with pytest.raises(BuildProblem) as caught:
        check_configuration(
            values=yaml.safe_dump(values),
            given=["tpo_k"],
            project_folder=str(PROJECT),
            picked=["shopify"],
            staged=["shopify"],
            database="shop",
        )
    first, *problems = str(caught.value).split("\n  - ")
    assert first == "Configuration check: 5 problem(s)"
    assert [problem.split("'")[1] for problem in problems] == [
        "tpo_k",
        "footfall_source",
        "vip_share",
        "top_k",
        "reporting_currency",
    ]


@pytest.mark.parametrize(
    ("picked", "given", "said"),
    [
        (["storefront"], {}, "(is it 'attributes.language'?)"),
        (["complete_journey", "ga4"], {}, "are attributes.age, attributes.home_ownership, attr"),
        (["segment"], {"segment_traits": ["langage", "plan"]}, None),
        (["segment"], {}, "the attributes of this source are none"),
        (["custom"], {}, "the attributes of this source are none"),
        # What a table of customers holds is known when it is read.
        (["storefront", "custom"], {"custom_customers_path": "customers.csv"}, None),
        (["custom"], {"custom_customers_relation": "crm.customers"}, None),
    ],
)
def test_an_attribute_that_no_customer_has_is_named_before_anything_is_built(
    picked: list[str], given: dict[str, Any], said: str | None
) -> None:
    paths = dict.fromkeys(("segment_path", "custom_events_path", "ga4_path"), "/a")
    names = ["country", "attributes.langage"]
    values = {**DEFAULTS, **paths, "fairness_attributes": names, **given}

    def check() -> None:
        check_configuration(
            values=yaml.safe_dump(values),
            given=[],
            project_folder=str(PROJECT),
            picked=picked,
            staged=[],
            database="shop",
        )

    if said is None:
        check()
        return
    with pytest.raises(BuildProblem) as caught:
        check()
    assert "1 problem(s)" in str(caught.value)
    assert "names 'attributes.langage', which no customer has" in str(caught.value)
    assert said in str(caught.value)


def test_nothing_is_said_of_a_configuration_in_order() -> None:
    check_configuration(
        values=yaml.safe_dump(DEFAULTS),
        given=["top_k"],
        project_folder=str(PROJECT),
        picked=["storefront"],
        staged=["storefront"],
        database="footfall",
    )


# --- the tables that are there -----------------------------------------------------------------


def shaping(**changed: Any) -> dict[str, str]:
    return shaping_settings(
        values=yaml.safe_dump({**DEFAULTS, **changed}),
        picked=["storefront", "ga4"],
        key="k",
        seeds={"event_types": "0123456789abcdef"},
        storefront="fedcba9876543210",
    )


def test_settings_are_noted_as_warehouses_have_them() -> None:
    """A warehouse that was built before must not need a full refresh for a change of spelling."""
    noted = shaping(ga4_path="a.json", custom_columns={"events": {"a": "b"}})
    assert noted["footfall_source"] == "ga4, storefront"
    assert noted["session_gap_minutes"] == "30"
    assert noted["session_cut_at_midnight"] == "False"
    assert noted["reporting_currency"] == noted["segment_path"] == "None"
    assert noted["custom_columns"] == "{'events': {'a': 'b'}}"
    assert noted["ga4_path"] == str(Path.cwd() / "a.json")
    assert noted["earliest_event_date"] == "1990-01-01"
    assert noted["seeds/event_types.csv"] == "0123456789ab"
    assert noted["storefront (the simulated shop)"] == "fedcba987654"
    # What each build reads as a whole, and what only scores read, may change.
    assert not {"custom_items_path", "custom_reviews_path", "top_k", "scorer_seed"} & noted.keys()


def test_tables_of_the_same_settings_are_added_to_and_new_ones_noted() -> None:
    now = shaping()
    answer = check_warehouse(
        shaping=now,
        noted={"int_sessions": now},
        standing=["int_sessions"],
        selected=["int_sessions", "int_customer_days"],
        full_refresh=False,
    )
    assert answer == {"fresh": ["int_customer_days"], "unfinished": []}


def test_a_table_of_other_settings_stops_the_run_and_is_told_once() -> None:
    now, before = shaping(session_gap_minutes=45), shaping()
    noted = {"int_sessions": before, "int_customer_days": before}

    def check(selected: list[str], *, full_refresh: bool) -> dict[str, list[str]]:
        return check_warehouse(
            shaping=now,
            noted=noted,
            standing=list(noted),
            selected=selected,
            full_refresh=full_refresh,
        )

    said = (
        "Configuration check: 1 problem(s)\n  - 'session_gap_minutes' was '30' when this warehouse "
        "was built and is '45' now: build everything once with --full-refresh, or set FOOTFALL_DB "
        "to keep both."
    )
    with pytest.raises(BuildProblem) as caught:
        check(list(noted), full_refresh=False)
    assert str(caught.value) == said
    # A full refresh of a part would leave the rest as it was.
    with pytest.raises(BuildProblem) as caught:
        check(["int_sessions"], full_refresh=True)
    assert str(caught.value) == said
    assert check(list(noted), full_refresh=True) == {"fresh": [], "unfinished": list(noted)}


@pytest.mark.parametrize(
    ("noted", "said"),
    [
        ({}, "It is not known what this warehouse was built with"),
        ({"int_sessions": {"unfinished": "full refresh"}}, "was broken off"),
    ],
)
def test_a_table_that_nobody_knows_needs_a_full_refresh(
    noted: dict[str, dict[str, str]], said: str
) -> None:
    arguments: dict[str, Any] = {
        "shaping": shaping(),
        "noted": noted,
        "standing": ["int_sessions"],
        "selected": ["int_sessions"],
    }
    with pytest.raises(BuildProblem, match=said):
        check_warehouse(**arguments, full_refresh=False)
    assert check_warehouse(**arguments, full_refresh=True)["unfinished"] == ["int_sessions"]
