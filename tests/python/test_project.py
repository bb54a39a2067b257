"""What the project guarantees: layers, descriptions, contracts, keys, checks, no leakage."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from sklearn.metrics import roc_auc_score

import raw_ids
from conftest import (
    KEY,
    NO_ARTIFACTS,
    NO_LOGS,
    PROJECT,
    RUN_TIME_VARS,
    SMALL_SCORER,
    SQL_PART,
    WHOLE_STOREFRONT,
    Warehouse,
    problems,
)
from descriptions import described, problems_of
from footfall.builds.attributes import COLUMNS
from footfall.builds.sources import absolute_path, sources
from footfall.lineage.lineage import Lineage
from footfall.lineage.origins import Place
from footfall.lineage.project import read_project

SECRET = "a-secret-that-nobody-may-read"
LAYERS = ("staging", "intermediate", "python_models", "marts")
# Tables in which runs take notes; they are not models.
NOTES = {"passed_tests", "table_versions", "warehouse_settings"}
MAX_PYTHON_MODEL_LINES = 40
# Attributes of customers, and tables of features, models and scores that none of them may reach.
# A customer's source is part of their key, so every row of theirs is made of it.
PERSONAL = {*COLUMNS, "attributes"} - {"age_band", "source"}
SCORED = (
    *("scored_", "backtest_", "int_customer_cutoffs", "int_session_prefixes", "int_risk_features"),
    *("attention_", "churn_heads", "value_heads", "intent_heads", "risk_heads", "uplift_heads"),
    "review_heads",
    "int_customer_features",
)
# Stored models: their rows are what was learned, and no row of theirs comes from one of a table.
TRAINED = {
    *("attention_encoder", "churn_heads", "intent_heads", "risk_heads", "uplift_heads"),
    *("review_heads", "value_heads"),
}
# Share of the columns of marts that lineage must follow to their beginning.
LEAST_TRACED = 0.98

Node = Mapping[str, Any]


@pytest.fixture(scope="module")
def all_sources(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The whole project, with every source and every table that a user can bring."""
    inputs = [one for source in sources().values() for one in source.inputs]
    paths = {one.var: "any.parquet" for one in inputs if one.sample}
    gates = {"gates_fail_the_build": True, "fairness_gates_fail_the_build": True}
    variables = {"footfall_source": list(sources()), **paths, **gates, **SMALL_SCORER}
    return Warehouse(tmp_path_factory.mktemp("manifest"), variables)


@pytest.fixture(scope="module")
def manifest(all_sources: Warehouse) -> Mapping[str, Any]:
    return all_sources.told()


@pytest.mark.library
@pytest.mark.rare
def test_vars_of_the_run_leave_no_trace_in_what_is_parsed(all_sources: Warehouse) -> None:
    """Else the tests would build shops from what was parsed for others."""
    others = {
        "column_formats": {"custom.events": {"event_at": "day_first"}},
        "complete_journey_path": "a folder",
        "fairness_attributes": ["gender"],
        "custom_amounts_are": "minor",
        "custom_times_without_offset_are": "utc",
        "custom_columns": {"events": {"customer_id": "user_id"}},
        "custom_event_names": {"(start)": "view", "click": None},
        "custom_event_type": "purchase",
        "custom_encoding": "windows-1252",
        "custom_header": {"events": ["customer_id", "event_at"]},
        "custom_keep_identical_rows": True,
        "custom_campaigns_are_kept": True,
        "shop_hosts": ["shop.example"],
        "custom_rows_are": "records",
        "custom_vocabulary": "retentioneering",
        "custom_widths": {"events": [8, 19]},
        "cutoff_months": 5,
        "max_devices_per_customer": 1,
        "max_rejected_share": 1,
        "keep_months": 7,
        "more_cutoff_dates": ["2026-02-13"],
        "paths_kept": 1,
        "reporting_currency": "EUR",
        "segment_hysteresis": 0.5,
        "segment_traits": ["plan"],
        "session_cut_at_campaign_change": True,
        "shop_time_zone": "Asia/Kolkata",
        "session_max_minutes": 100,
        "storefront_customers": 50,
        "storefront_seed": 1,
        "storefront_until": "2026-02-13",
    }
    assert others.keys() == RUN_TIME_VARS
    paths = [name for name in all_sources.variables if name.endswith("_path")]
    assert len(paths) >= 8
    of_paths = dict.fromkeys(paths, "any {x} 'file'.csv")
    shop = Warehouse(all_sources.folder, {**all_sources.variables, **of_paths, **others})
    assert lasting(shop.parsed_anew().to_dict()) == lasting(all_sources.manifest().to_dict())


def lasting(parsed: Any) -> Any:
    """What was parsed, without when and in which order that was, and the digest of the vars."""
    if isinstance(parsed, dict):
        passing = ("created_at", "files", "metadata", "state_check")
        found = {key: lasting(value) for key, value in parsed.items() if key not in passing}
        # Each use of a table is one more entry.
        if "refs" in found:
            found["refs"] = sorted({json.dumps(one, sort_keys=True) for one in found["refs"]})
        return found
    if isinstance(parsed, list):
        return [lasting(value) for value in parsed]
    return parsed


def own_nodes(manifest: Mapping[str, Any], *kinds: str) -> list[Node]:
    found = [
        node
        for part in ("nodes", "sources", "exposures", "macros")
        for node in manifest[part].values()
        if node["resource_type"] in kinds and node["package_name"] == "footfall"
    ]
    assert found
    return found


def layer_of(node: Node) -> str:
    """The layer of a model: a Python model that is called int_… makes facts, as its like in SQL."""
    top, below, *_ = Path(node["original_file_path"]).parts
    if top == "python_models" and str(node["name"]).startswith("int_"):
        return "intermediate"
    return below if top == "models" else top


@pytest.mark.library
def test_data_flows_one_way_and_marts_never_read_staging(manifest: Mapping[str, Any]) -> None:
    found = []
    for node in own_nodes(manifest, "model"):
        for name in node["depends_on"]["nodes"]:
            parent = manifest["nodes"].get(name)
            if name.startswith("source.footfall.earlier_run."):
                # What an earlier run left of a model of this name: no way round staging.
                assert layer_of(node) == "intermediate", f"{node['name']} looks back on {name}"
                assert f"model.footfall.{name.rsplit('.', 1)[1]}" in manifest["nodes"]
            elif parent is None:
                assert layer_of(node) == "staging", f"{node['name']} reads {name} past staging"
            elif parent["resource_type"] == "model":
                above, here = (LAYERS.index(layer_of(one)) for one in (parent, node))
                if above > here and not (is_about_scores(node) and above == 2):
                    found.append(f"{node['name']} reads {parent['name']}")
                # Who compares groups reads what was judged, and gives no score.
                is_judge = node["name"] == "scored_fairness"
                if (above, here) == (0, 3) or (
                    is_about_scores(parent) and here == 2 and not is_judge
                ):
                    found.append(f"{node['name']} reads {parent['name']}")
    assert found == []


def is_about_scores(node: Node) -> bool:
    """Whether a model prepares for marts what Python models wrote; none of these reads it back."""
    return str(node["original_file_path"]).startswith("models/intermediate/evaluation/")


@pytest.mark.library
def test_a_python_model_is_read_by_its_like_and_by_marts_only(manifest: Mapping[str, Any]) -> None:
    for node in own_nodes(manifest, "model"):
        if node["language"] == "python":
            assert node["config"]["access"] == "protected"
            assert Path(str(node["original_file_path"])).parts[0] == "python_models"
            lines = (PROJECT / node["original_file_path"]).read_text().splitlines()
            assert len(lines) <= MAX_PYTHON_MODEL_LINES


@pytest.mark.library
def test_the_truth_of_the_storefront_is_no_source(manifest: Mapping[str, Any]) -> None:
    for source in own_nodes(manifest, "source"):
        assert not source["name"].startswith("truth_")
        assert source["schema"] != "truth_storefront"
    # Exposures are in no test of the layers: what they depend on are models, seeds and sources.
    for child, parents in manifest["parent_map"].items():
        assert not any("truth_" in parent for parent in parents), child


@pytest.mark.library
def test_only_seeds_that_shape_accepted_events_ask_for_a_full_refresh(
    manifest: Mapping[str, Any],
) -> None:
    """An edit of any other, such as one more withdrawn event, is taken in by the next build."""
    shaping = {
        node["name"]
        for node in own_nodes(manifest, "seed")
        if node["config"]["meta"].get("shapes_events", True)
    }
    assert shaping == {"currency_rates", "event_name_map", "event_types", "source_categories"}


@pytest.mark.library
def test_every_description_helps(manifest: Mapping[str, Any]) -> None:
    assert sum(1 for _ in described(manifest)) > 2000
    assert problems_of(manifest) == []


@pytest.mark.library
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no description"),
        ("Items.", "too few words"),
        ("The id of the item.", "by its own name"),
        ("The item id of this table.", "by its own name"),
        ("Number that the shop gives the item.", None),
    ],
)
def test_lazy_descriptions_are_refused(
    manifest: Mapping[str, Any], text: str, said: str | None
) -> None:
    found = problems_of(with_description(manifest, {"item_id": text}))
    assert len(found) == (said is not None)
    assert all("int_order_lines.item_id" in one and str(said) in one for one in found)


@pytest.mark.library
def test_copies_belong_into_docs_blocks(manifest: Mapping[str, Any]) -> None:
    same = "Told twice in the very same words."
    (found,) = problems_of(with_description(manifest, {"order_key": same, "item_id": same}))
    assert "make it a docs block" in found


def with_description(manifest: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """The manifest with other words for columns of one model."""
    changed: dict[str, Any] = json.loads(json.dumps(manifest))
    columns = changed["nodes"]["model.footfall.int_order_lines"]["columns"]
    for name, text in texts.items():
        columns[name] |= {"description": text, "doc_blocks": []}
    return changed


@pytest.mark.library
def test_all_sources_deliver_the_columns_of_the_first(manifest: Mapping[str, Any]) -> None:
    """Only the tables of the default source are built in these tests: the others declare alike."""
    models = {node["name"]: set(node["columns"]) for node in own_nodes(manifest, "model")}
    for name, columns in models.items():
        if name.startswith("stg_"):
            entity = name.split("__")[1]
            assert columns == models[f"stg_storefront__{entity}"], name


@pytest.mark.library
def test_texts_of_messages_are_masked_wherever_a_source_has_them() -> None:
    listed = set(
        re.findall(
            r"'(\w+)'",
            re.search(
                r"macro sources_with_messages\(\) %}(.*?)endmacro",
                (PROJECT / "macros/core/contract.sql").read_text(),
                re.S,
            ).group(1),  # type: ignore[union-attr]
        )
    ) - {"in"}
    delivering = {
        path.parent.name
        for path in (PROJECT / "models/staging").glob("*/stg_*__events.sql")
        if not re.search(r"no_texts\(.*'message_text'\]\)", path.read_text())
    }
    assert listed == delivering


@pytest.mark.library
def test_every_macro_and_each_of_its_arguments_is_described(manifest: Mapping[str, Any]) -> None:
    found = []
    for macro in own_nodes(manifest, "macro"):
        name = macro["name"]
        if "__" in name and name.split("__")[0] in ("default", "duckdb", "spark"):
            continue  # takes what the macro takes that it replaces
        if name.startswith("materialization_"):
            continue  # takes nothing
        pattern = (
            rf"(?:macro {name}|test {name.removeprefix('test_')})"
            r"""\(((?:"[^"]*"|'[^']*'|[^)])*)\)"""
        )
        (signature,) = re.findall(pattern, macro["macro_sql"])
        arguments = [part.split("=")[0].strip() for part in re.split(r",(?![^\[]*\])", signature)]
        described = [argument["name"] for argument in macro["arguments"] if argument["description"]]
        if described != [argument for argument in arguments if argument]:
            found.append(f"{name} takes {signature}, described are {described}")
    assert found == []


@pytest.mark.library
def test_every_singular_test_says_what_it_guards(manifest: Mapping[str, Any]) -> None:
    singular = [
        node for node in own_nodes(manifest, "test") if node["original_file_path"].endswith(".sql")
    ]
    assert singular
    for node in singular:
        # The comment is for readers of the SQL, the description for readers of the docs.
        comment = re.match(r"(?:-- .*\n)+", node["raw_code"])
        assert comment is not None, node["name"]
        said = " ".join(comment[0].replace("-- ", "").split())
        assert " ".join(node["description"].split()) == said, node["name"]


@pytest.mark.library
def test_every_mart_is_public_with_contract_group_and_owner(manifest: Mapping[str, Any]) -> None:
    marts = [node for node in own_nodes(manifest, "model") if layer_of(node) == "marts"]
    assert len(marts) >= 8
    owners = {group["name"]: group["owner"] for group in manifest["groups"].values()}
    for mart in marts:
        assert mart["config"]["contract"]["enforced"], mart["name"]
        assert mart["access"] == "public", mart["name"]
        assert owners[mart["group"]]["email"], mart["name"]
        assert all(column["data_type"] for column in mart["columns"].values()), mart["name"]
        keyed = any(one["type"] == "primary_key" for one in mart["constraints"])
        named = any("Primary key." in one["description"] for one in mart["columns"].values())
        assert keyed or named, f"{mart['name']} has no primary key"
    for node in own_nodes(manifest, "model"):
        if layer_of(node) != "marts":
            assert node["access"] == "protected", node["name"]


# --- on a built shop ---------------------------------------------------------------------------


@pytest.fixture
def storefront(
    whole_storefront: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """The storefront as it was built, for each test again."""
    shop = Warehouse(tmp_path_factory.mktemp("storefront"), whole_storefront.variables)
    shutil.copyfile(whole_storefront.path, shop.path)
    yield shop
    shop.forget()


def test_every_column_that_is_built_is_described(
    storefront: Warehouse, manifest: Mapping[str, Any]
) -> None:
    described = {
        node["alias"]: set(node["columns"]) for node in own_nodes(manifest, "model", "seed")
    }
    built = storefront.query(
        "select table_name, column_name from information_schema.columns where table_schema in"
        " ('staging', 'intermediate', 'scores', 'marts', 'seeds')"
    )
    assert len(built) > 400
    missing = [
        f"{table}.{column}"
        for table, column in built
        if table in described and column not in described[table]
    ]
    assert missing == []
    assert {table for table, _ in built} - set(described) <= NOTES


def test_every_feature_is_passed_on_to_the_rows_that_scores_learn_from(
    storefront: Warehouse,
) -> None:
    features, passed_on = (
        storefront.query(
            "select column_name from information_schema.columns where table_schema = 'intermediate'"
            f" and table_name = '{table}' and column_name like 'f!_%' escape '!'"
            " and column_name not in ('f_item_count', 'f_category_count') order by ordinal_position"
        )
        for table in ("int_customer_features", "int_customer_cutoffs")
    )
    assert len(features) > 40
    assert passed_on == features


@pytest.mark.long
def test_columns_are_traced_through_what_was_built(storefront: Warehouse) -> None:
    """On built tables, so that incremental models are read as they run the second time."""
    storefront.artifacts = True
    outcome = storefront.dbt("docs", "generate")
    assert outcome.success, problems(outcome)
    lineage = Lineage(read_project(storefront.folder / "target"))
    coverage = lineage.coverage()
    assert coverage.total > 350
    assert coverage.share >= LEAST_TRACED, coverage.unresolved
    python = [one for one in lineage.project.relations.values() if one.language == "python"]
    assert len(python) > 8
    for model in python:
        # Every column that the table has is declared, and every input is a column of its inputs.
        assert model.is_built
        assert model.rows_from or model.name in TRAINED, model.name
        for name, origin in lineage.tables[model.id].columns.items():
            assert origin.problems == (), f"{model.name}.{name}"
    # What groups of people are made of reaches no feature, no model and no score.
    people = {lineage.found(f"int_customers.{name}") for name in PERSONAL}
    compared = lineage.found("int_fairness_rows.group_name")
    assert people & made_of(lineage, compared)
    for model in lineage.project.relations.values():
        if model.name.startswith(SCORED) and model.name != "scored_fairness":
            for name in lineage.tables[model.id].columns:
                reached = people & made_of(lineage, Place(model.id, name))
                assert not reached, f"{model.name}.{name}"


def made_of(lineage: Lineage, place: Place) -> set[Place]:
    """A column and all that it is made of, however far back."""
    found, open_places = {place}, [place]
    while open_places:
        origin = lineage.origin(open_places.pop())
        for one in () if origin is None else origin.inputs:
            if one not in found:
                found.add(one)
                open_places.append(one)
    return found


def test_no_sql_that_ran_names_the_truth(whole_storefront: Warehouse) -> None:
    everything = (whole_storefront.folder / "target" / "compiled").rglob("*.sql")
    compiled = [path for path in everything if "analyses" not in path.parts]
    assert len(compiled) > 30
    assert [path.name for path in compiled if "truth_" in path.read_text()] == []


def key_of(secret: str, source: str, customer_id: str) -> str:
    text = f"{source}:customer:{customer_id}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_keys_are_those_of_pythons_hmac(storefront: Warehouse) -> None:
    raw_ids = storefront.query("select customer_id from raw_storefront.customers")
    expected = {key_of(KEY, "storefront", raw_id) for (raw_id,) in raw_ids}
    keys = {
        key for (key,) in storefront.query("select customer_key from intermediate.int_customers")
    }
    assert len(keys) > 100
    assert expected <= keys
    numbers = storefront.query(
        "select identity_no, identity_key from intermediate.int_identity_keys"
    )
    assert all(number == int(key[:15], 16) for number, key in numbers)


def test_raw_ids_stop_in_staging(whole_storefront: Warehouse, storefront: Warehouse) -> None:
    """None stands in a table or published file, and no plain digest of one or of a raw row."""
    ids = ("event_id", "customer_id", "device_id", "session_hint", "order_id")
    events = "(select * from raw_storefront.events where hash(event_id) % 16 = 0) as events"
    published = sorted((whole_storefront.published / "shop").glob("*.parquet"))
    assert len(published) > 20
    with storefront.opened() as connection:
        raw_ids.note(
            connection,
            [
                *(f"select {name} from {events}" for name in ids),
                "select review_id from raw_storefront.reviews",
            ],
            [f"select cast(to_json(events) as varchar) from {events}"],
        )
        columns = raw_ids.text_columns(connection)
        for path in published:
            file = f"read_parquet('{path}')"
            columns += [
                (file, f'"{name}"', f"{path.name}: {name}")
                for name, kind, *_ in connection.sql(f"describe from {file}").fetchall()
                if kind == "VARCHAR"
            ]
        assert raw_ids.found_in(connection, columns) == []


@pytest.mark.long
def test_the_first_build_of_real_data_makes_a_key_file_and_no_other_command_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = tmp_path / "events.csv"
    events.write_text("customer_id,event_at,event_type\nzoë,2024-01-01,view\n")
    shop = Warehouse(
        tmp_path,
        {"footfall_source": "custom", "custom_events_path": str(events), **SMALL_SCORER},
    )
    shop.packed_manifest()
    key_file = tmp_path / "secrets" / "footfall.key"
    monkeypatch.delenv("DBT_ENV_SECRET_FOOTFALL_KEY")
    monkeypatch.setenv("FOOTFALL_KEY_FILE", str(key_file))
    # A test, a seed, and a build that the check of the configuration stops.
    assert shop.dbt("seed", "--select", "event_types").success
    shop.dbt("test", "--select", "event_types")
    shop.variables["session_max_minutes"] = 5
    assert not shop.build(("+int_customers",)).success
    assert not key_file.exists()

    del shop.variables["session_max_minutes"]
    shop.built(("+int_customers",))
    assert f"A key of your own was made in {key_file}" in "\n".join(shop.said)
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert (key_file.parent / ".gitignore").read_text() == "*\n"
    key = key_file.read_text().strip()
    assert len(key) == 64
    expected = [(key_of(key, "custom", "zoë"),)]
    assert shop.query("select customer_key from intermediate.int_customers") == expected

    # It is kept, and asked for where it is missing.
    shop.built(("+int_customers",))
    assert shop.query("select customer_key from intermediate.int_customers") == expected
    key_file.unlink()
    outcome = shop.build(("+int_customers",))
    said = problems(outcome)
    assert "built with a key that is missing" in said
    assert said.index("Restore it from your backup") < said.index("--full-refresh")
    assert not key_file.exists()
    shop.built(("+int_customers",), "--full-refresh")
    assert key_file.read_text().strip() != key


@pytest.mark.long
def test_the_key_of_the_environment_makes_the_keys_and_is_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = tmp_path / "events.csv"
    events.write_text("customer_id,event_at,event_type\nzoë,2024-01-01,view\nzoë,2024-01-02,clik\n")
    shop = Warehouse(
        tmp_path,
        {"footfall_source": "custom", "custom_events_path": str(events), **SMALL_SCORER},
        artifacts=True,
        logs=True,
    )
    # What is parsed for all is parsed without the key.
    shop.packed_manifest()
    monkeypatch.setenv("DBT_ENV_SECRET_FOOTFALL_KEY", SECRET)
    shop.built(SQL_PART)
    # Last, so that what is left of it is what dbt writes when it parses with the key.
    assert shop.dbt("parse").success

    assert shop.query("select customer_key from intermediate.int_customers") == [
        (key_of(SECRET, "custom", "zoë"),)
    ]
    padded = bytes(byte ^ 0x36 for byte in SECRET.encode().ljust(64, b"\0"))
    spellings = [SECRET.encode(), padded, padded.hex().encode(), padded.hex().upper().encode()]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"shop.duckdb", "dbt.log", "manifest.json"} <= {path.name for path in files}
    assert [
        path for path in files if any(spelling in path.read_bytes() for spelling in spellings)
    ] == []


# --- the configuration check -------------------------------------------------------------------


@pytest.fixture
def storefront_manifest(storefront_folder: Path) -> Manifest:
    return Warehouse(storefront_folder, WHOLE_STOREFRONT).manifest()


@pytest.mark.library
def test_a_var_says_whether_gates_fail_the_build(
    all_sources: Warehouse, storefront_manifest: Manifest
) -> None:
    assert all_sources.variables["gates_fail_the_build"]
    for manifest, severity in ((all_sources.manifest(), "ERROR"), (storefront_manifest, "WARN")):
        for name in ("every_score_passes_its_gates", "scores_treat_groups_alike"):
            assert manifest.nodes[f"test.footfall.{name}"].config.severity.upper() == severity


def build_with(
    shop: Warehouse, manifest: Manifest, *options: str, project: Path = PROJECT, **variables: Any
) -> dbtRunnerResult:
    """Build one seed with other vars, without parsing again: the checks run all the same."""
    os.environ["FOOTFALL_DB"] = str(shop.path)
    try:
        return dbtRunner(manifest=manifest).invoke(
            [
                *("build", "--select", "event_types", "--quiet", *NO_ARTIFACTS, *NO_LOGS, *options),
                *("--project-dir", str(project), "--profiles-dir", str(PROJECT)),
                *("--target-path", str(shop.folder / "target_of_checks")),
                *("--log-path", str(shop.folder / "logs")),
                *("--vars", json.dumps({**shop.variables, **variables})),
            ]
        )
    finally:
        DuckDBConnectionManager.close_all_connections()


@pytest.mark.long
@pytest.mark.parametrize("language", ["fr", "event_types"])
def test_a_language_that_is_not_there_is_named_with_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("FOOTFALL_DB", str(tmp_path / "shop.duckdb"))
    done = dbtRunner().invoke(
        [
            *("parse", "--quiet", "--no-partial-parse", *NO_ARTIFACTS, *NO_LOGS),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path)),
            *("--vars", json.dumps({"language": language})),
        ]
    )
    assert not done.success
    assert (
        f"Configuration check: var 'language' is '{language}', and seeds/words has no such file: "
        "use en,"
    ) in str(done.exception)


@pytest.mark.long
@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"sesion_gap_minutes": 20},
            [
                "var 'sesion_gap_minutes' is unknown",
                "listed in dbt_project.yml",
                "correct the name",
            ],
        ),
        (
            {"session_gap_minutes": 60, "session_max_minutes": 45},
            [
                "'session_max_minutes' (45)",
                "'session_gap_minutes' (60)",
                "must be longer than the gap",
            ],
        ),
        (
            {"medium_risk_probability": 0.8},
            ["'medium_risk_probability' (0.8)", "'high_risk_probability' (0.7)", "below high"],
        ),
        (
            {"footfall_source": "shopify"},
            [
                "'footfall_source' names 'shopify'",
                "Use one or a list of: storefront, complete_journey",
            ],
        ),
        ({"footfall_source": []}, ["'footfall_source' is empty", "name at least one of"]),
        (
            {"footfall_source": "custom"},
            ["'custom_events_path' is not set", "set it to the path of the events", "EVENTS=…"],
        ),
        (
            {"footfall_source": "storefront, custom"},
            ["'custom_events_path' is not set", "set it to the path of the events"],
        ),
        (
            {"footfall_source": ["storefront", "online_retail"]},
            ["'online_retail_path' is not set", "set it to the path of the file"],
        ),
        (
            {"session_gap_minutes": "thirty"},
            ["'session_gap_minutes' is 'thirty'", "a whole number"],
        ),
        ({"top_k": 0}, ["'top_k' is '0'", "1 or more"]),
        ({"vip_share": 10}, ["'vip_share' is '10'", "between 0 and 1"]),
        ({"allow_repeats": "maybe"}, ["'allow_repeats' is 'maybe'", "true or false"]),
        (
            {"lifecycle_at_risk_days": 200},
            ["'lifecycle_at_risk_days' (200)", "'lifecycle_lapsed_days' (180)", "at risk before"],
        ),
        (
            {"lifecycle_loyal_orders": 2},
            [
                "'lifecycle_retained_order_days' (2)",
                "'lifecycle_loyal_orders' (2)",
                "the first below the second",
            ],
        ),
        (
            {"lifecycle_retained_order_days": 1},
            ["'lifecycle_retained_order_days' is 1", "2 or more"],
        ),
        ({"segment_learned_on": "spring"}, ["'segment_learned_on' is 'spring'", "or null"]),
        ({"more_cutoff_dates": "2026-03-15"}, ["'more_cutoff_dates' is", "a list of dates"]),
        ({"more_cutoff_dates": ["15.3.2026"]}, ["'more_cutoff_dates' is", "a list of dates"]),
        ({"horizons_days": 30}, ["'horizons_days' is '30'", "a list of days such as [30, 90]"]),
        (
            {"earliest_event_date": "01.01.1990"},
            ["'earliest_event_date' is '01.01.1990'", "a date"],
        ),
        (
            {"earliest_event_date": "1990-13-45"},
            ["'earliest_event_date' is '1990-13-45'", "a date"],
        ),
        ({"scorer_as_of": "yesterday"}, ["'scorer_as_of' is 'yesterday'", "a date"]),
    ],
)
def test_a_wrong_setting_stops_the_run_and_is_named_with_the_fix(
    small_shop: Warehouse,
    storefront_manifest: Manifest,
    variables: Mapping[str, Any],
    said: list[str],
) -> None:
    outcome = build_with(small_shop, storefront_manifest, **variables)
    assert not outcome.success
    message = problems(outcome)
    assert "Configuration check: 1 problem(s)" in message
    for part in said:
        assert part in message
    assert (
        small_shop.query("select 1 from information_schema.tables where table_schema = 'seeds'")
        == []
    )


@pytest.mark.long
def test_all_problems_are_told_at_once(
    small_shop: Warehouse, storefront_manifest: Manifest
) -> None:
    outcome = build_with(small_shop, storefront_manifest, top_k="ten", vip_share=2, tpo_k=3)
    assert "Configuration check: 3 problem(s)" in problems(outcome)


@pytest.mark.long
def test_a_misspelt_var_in_the_project_file_is_named(
    small_shop: Warehouse, storefront_manifest: Manifest, tmp_path: Path
) -> None:
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    project["vars"]["sesion_gap_minutes"] = 20
    (tmp_path / "dbt_project.yml").write_text(yaml.safe_dump(project))
    outcome = build_with(small_shop, storefront_manifest, project=tmp_path)
    assert not outcome.success
    assert "var 'sesion_gap_minutes' is unknown" in problems(outcome)


@pytest.mark.long
def test_a_setting_that_shapes_the_tables_needs_a_full_refresh(
    storefront: Warehouse, storefront_manifest: Manifest
) -> None:
    assert build_with(storefront, storefront_manifest).success
    outcome = build_with(storefront, storefront_manifest, session_gap_minutes=45)
    assert not outcome.success
    assert (
        "'session_gap_minutes' was '30' when this warehouse was built and is '45' now:"
        " build everything once with --full-refresh, or set FOOTFALL_DB to keep both."
    ) in problems(outcome)
    # A full refresh of a part would leave the rest as it was built: no way round.
    outcome = build_with(storefront, storefront_manifest, "--full-refresh", session_gap_minutes=45)
    assert "'session_gap_minutes' was '30'" in problems(outcome)
    # The run that was stopped leaves no trace: with the old setting all is well.
    assert build_with(storefront, storefront_manifest).success


@pytest.mark.long
def test_a_run_that_is_stopped_leaves_the_raw_data_as_they_were(
    storefront: Warehouse, storefront_manifest: Manifest
) -> None:
    before = storefront.query("select seed, customers from raw_storefront.storefront_run")
    outcome = build_with(storefront, storefront_manifest, storefront_seed=8)
    assert "'storefront_seed' was '7'" in problems(outcome)
    assert storefront.query("select seed, customers from raw_storefront.storefront_run") == before


def test_a_file_is_the_same_by_whatever_path_it_is_named() -> None:
    here = str(Path.cwd() / "events.csv")
    assert (
        absolute_path("events.csv") == absolute_path(here) == absolute_path("./events.csv") == here
    )
    assert absolute_path("s3://bucket/events.parquet") == "s3://bucket/events.parquet"


# --- the future and the truth ------------------------------------------------------------------


@pytest.mark.long
def test_what_happens_after_a_cutoff_changes_no_feature_of_it(storefront: Warehouse) -> None:
    ((cutoff, as_of),) = storefront.query(
        "select max(cutoff_date), max(as_of_date) from intermediate.int_cutoffs"
        " where not is_as_of and cutoff_date + interval 30 day <= as_of_date"
    )

    def at_cutoff(columns: str) -> dict[int, tuple[Any, ...]]:
        # Sums of floats depend on the order of addition.
        rows = storefront.query(
            f"select customer_no, round(columns('{columns}'), 6)"
            f" from intermediate.int_customer_cutoffs where cutoff_date = date '{cutoff}'"
        )
        return {row[0]: row[1:] for row in rows}

    midnight = f"timestamptz '{cutoff} 00:00:00+00'"
    features, labels = at_cutoff("^f_"), at_cutoff("_next_")
    assert len(features) > 50
    storefront.execute(
        "create table changed as select * from raw_storefront.events",
        "drop view if exists raw_storefront.events",
        # The last day stays, so that the shop is looked at from the same dates.
        f"delete from changed where event_at between {midnight} and date '{as_of}' - 2"
        " and hash(device_id) % 2 = 0",
        "update changed set amount = amount * 3, item_id = 'new', channel = 'new',"
        " event_at = event_at + interval 5 hour, received_at = received_at + interval 5 hour"
        f" where event_at >= {midnight}",
        "create table raw_storefront.events as select * from changed",
    )
    storefront.built(("+int_customer_cutoffs",), "--full-refresh")
    assert at_cutoff("_next_") != labels
    assert at_cutoff("^f_") == features


def test_the_order_of_churn_risk_is_that_of_the_truth(storefront: Warehouse) -> None:
    rows = storefront.query(
        "select customers.customer_id, truth.churned_at < risk.as_of_date as is_gone,"
        " risk.customer_key, risk.churn_probability"
        " from truth_storefront.truth_customers as truth"
        " inner join raw_storefront.customers as customers using (customer_id)"
        " cross join marts.churn_risk as risk"
    )
    scored = [
        (is_gone, probability)
        for raw_id, is_gone, key, probability in rows
        if key == key_of(KEY, "storefront", raw_id)
    ]
    assert len(scored) > 50
    gone, probabilities = zip(*scored, strict=True)
    assert roc_auc_score(gone, probabilities) > 0.7
