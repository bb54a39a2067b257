"""The bundle for Superset: it holds together, and speaks of marts and columns that are there."""

from __future__ import annotations

import io
import json
import shutil
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
import yaml

import postgres_server
from conftest import PROJECT
from footfall.publishing.contents import PUBLICATION, PUBLICATION_COLUMNS
from footfall.publishing.postgres import postgres_type

SUPERSET = PROJECT / "dashboards" / "superset"
URI = "duckdb:////shop.duckdb?access_mode=read_only"
# Words in which a chart names columns, apart from its metrics and filters.
COLUMN_WORDS = ("x_axis", "groupby", "groupby_b", "all_columns", "columns", "order_by_cols")


@pytest.fixture(scope="module")
def bundle() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SUPERSET))
        import bundle

        yield bundle


@pytest.fixture(scope="module")
def documents(bundle: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = bundle.documents()
    return found


@pytest.fixture(scope="module")
def marts(bundle: Any) -> dict[str, Any]:
    """The marts as their contracts have them, and the table that a publication adds."""
    models = [
        model
        for path in sorted((PROJECT / "models" / "marts").rglob("*__models.yml"))
        for model in yaml.safe_load(path.read_text())["models"]
    ]
    found = {
        model["name"]: bundle.Mart(
            model["description"],
            [
                bundle.Column(column["name"], column["data_type"], column["description"])
                for column in model["columns"]
            ],
        )
        for model in models
    }
    assert found.keys() == {path.stem for path in (PROJECT / "models" / "marts").rglob("*.sql")}
    found[PUBLICATION] = bundle.Mart(
        "", [bundle.Column(name, *said) for name, said in PUBLICATION_COLUMNS.items()]
    )
    return found


@pytest.fixture(scope="module")
def tables(marts: dict[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables with the columns of the contracts, against which SQL can be bound."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("create schema marts")
        for name, mart in marts.items():
            columns = ", ".join(f"{column.name} {column.type}" for column in mart.columns)
            connection.execute(f"create table marts.{name} ({columns})")
        yield connection


def part(documents: Mapping[str, Any], folder: str) -> dict[str, Any]:
    found = {path: one for path, one in documents.items() if path.startswith(f"{folder}/")}
    assert found
    return found


def expressions(words: Any) -> Iterator[str]:
    """What a chart groups by or shows: names of columns, or SQL of its own."""
    for word in words if isinstance(words, list) else [words]:
        if isinstance(word, dict):
            yield word["sqlExpression"]
        elif word.startswith("["):
            yield json.loads(word)[0]
        else:
            yield word


def queries_of_dataset(dataset: Mapping[str, Any]) -> list[str]:
    """Each metric of a dataset, over its whole table."""
    table = f"{dataset['schema']}.{dataset['table_name']}"
    return [f"select {metric['expression']} from {table}" for metric in dataset["metrics"]]


def queries_of_chart(params: Mapping[str, Any], dataset: Mapping[str, Any]) -> list[str]:
    """What a chart asks its table for: columns, metrics, filters."""
    table = f"{dataset['schema']}.{dataset['table_name']}"
    saved = {metric["metric_name"]: metric["expression"] for metric in dataset["metrics"]}
    shown = [column for word in COLUMN_WORDS for column in expressions(params.get(word) or [])]
    queries = [f"select {column} from {table}" for column in shown]
    metrics = [*params.get("metrics", []), *params.get("metrics_b", [])]
    metrics += [params["metric"]] if "metric" in params else []
    # A share may look past its own group, so it is listed with the groups that it is shown in.
    grouped = f" group by {', '.join(shown)}" if shown else ""
    for metric in metrics:
        expression = saved[metric] if isinstance(metric, str) else metric["sqlExpression"]
        queries.append(f"select {expression} from {table}{grouped}")
    for condition in [*params.get("adhoc_filters", []), *params.get("adhoc_filters_b", [])]:
        queries.append(f"select 1 from {table} where {condition['sqlExpression']}")
    return queries


def problems_of_sql(sql: str, tables: duckdb.DuckDBPyConnection) -> list[str]:
    try:
        tables.execute(sql).fetchall()
    except duckdb.Error as error:
        return [f"{sql}: {error}"]
    return []


def test_every_uuid_is_one_and_stands_for_one_thing(documents: Mapping[str, Any]) -> None:
    found = [one["uuid"] for path, one in documents.items() if path != "metadata.yaml"]
    assert [str(uuid.UUID(each)) for each in found] == found
    assert len(set(found)) == len(found)
    # With a type, one of the two ways of importing would refuse it.
    assert documents["metadata.yaml"].keys() == {"version", "timestamp"}


def test_every_reference_is_to_something_in_the_bundle(documents: Mapping[str, Any]) -> None:
    databases = {one["uuid"] for one in part(documents, "databases").values()}
    datasets = {one["uuid"] for one in part(documents, "datasets").values()}
    charts = {one["uuid"] for one in part(documents, "charts").values()}
    assert {one["database_uuid"] for one in part(documents, "datasets").values()} == databases
    # Every dataset is drawn, and nothing else is.
    assert {one["dataset_uuid"] for one in part(documents, "charts").values()} == datasets
    (board,) = part(documents, "dashboards").values()
    drawn = [
        one["meta"]["uuid"]
        for one in board["position"].values()
        if isinstance(one, dict) and one["type"] == "CHART"
    ]
    assert sorted(drawn) == sorted(charts)


def test_the_parts_of_the_board_are_where_they_say(documents: Mapping[str, Any]) -> None:
    (board,) = part(documents, "dashboards").values()
    position = {key: one for key, one in board["position"].items() if isinstance(one, dict)}
    names = {one["uuid"]: one["slice_name"] for one in part(documents, "charts").values()}
    for key, one in position.items():
        assert one["id"] == key
        for child in one.get("children", []):
            assert position[child]["parents"] == [*one.get("parents", []), key]
        if one["type"] == "ROW":
            assert sum(position[child]["meta"]["width"] for child in one["children"]) == 12
        if one["type"] == "CHART":
            assert one["meta"]["sliceName"] == names[one["meta"]["uuid"]]


def test_every_dataset_is_a_mart_and_names_its_columns(
    bundle: Any, documents: Mapping[str, Any], marts: dict[str, Any]
) -> None:
    for path, dataset in part(documents, "datasets").items():
        whole = bundle.whole_dataset(path, dataset, marts)
        names = [column["column_name"] for column in whole["columns"]]
        assert names == [column.name for column in marts[dataset["table_name"]].columns]
        assert all(column["description"] for column in whole["columns"])
        times = [column["column_name"] for column in whole["columns"] if column["is_dttm"]]
        assert dataset["main_dttm_col"] in (None, *times)
        assert dataset["schema"] == bundle.SCHEMA


def test_every_metric_binds_and_is_certified(
    documents: Mapping[str, Any], tables: duckdb.DuckDBPyConnection
) -> None:
    for dataset in part(documents, "datasets").values():
        queries = queries_of_dataset(dataset)
        assert queries
        assert [each for sql in queries for each in problems_of_sql(sql, tables)] == []
        for metric in dataset["metrics"]:
            assert metric["description"]
            assert metric["extra"]["certification"]["certified_by"]


def test_value_at_risk_leaves_out_known_frauds(documents: Mapping[str, Any]) -> None:
    dataset = documents["datasets/Footfall/churn_risk.yaml"]
    (sql,) = [sql for sql in queries_of_dataset(dataset) if "value_at_risk" in sql]
    with duckdb.connect(":memory:") as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.churn_risk as select * from (values (10.0, false), (5.0, true),"
            " (2.0, null)) as rows(value_at_risk, has_payments_to_review)"
        )
        assert connection.execute(sql).fetchall() == [(12.0,)]


def test_every_chart_asks_for_what_its_table_has(
    documents: Mapping[str, Any], tables: duckdb.DuckDBPyConnection
) -> None:
    datasets = {one["uuid"]: one for one in part(documents, "datasets").values()}
    for path, chart in part(documents, "charts").items():
        assert chart["viz_type"] == chart["params"]["viz_type"], path
        assert chart["description"], path
        dataset = datasets[chart["dataset_uuid"]]
        queries = queries_of_chart(chart["params"], dataset)
        assert queries, path
        assert [each for sql in queries for each in problems_of_sql(sql, tables)] == [], path


@pytest.mark.skipif(
    postgres_server.binaries() is None,
    reason="no PostgreSQL on this machine: install the package postgresql",
)
def test_postgres_understands_the_same_sql(
    documents: Mapping[str, Any], tables: duckdb.DuckDBPyConnection
) -> None:
    columns = tables.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where schema_name = 'marts' order by table_name, column_index"
    ).fetchall()
    datasets = {one["uuid"]: one for one in part(documents, "datasets").values()}
    queries = [sql for dataset in datasets.values() for sql in queries_of_dataset(dataset)]
    for chart in part(documents, "charts").values():
        queries += queries_of_chart(chart["params"], datasets[chart["dataset_uuid"]])
    with (
        postgres_server.running() as address,
        psycopg.connect(address, password=postgres_server.PASSWORD, autocommit=True) as server,
    ):
        server.execute("create schema marts")
        for table in {name for name, *_ in columns}:
            defined = ", ".join(
                f"{column} {postgres_type(kind, column)}"
                for name, column, kind in columns
                if name == table
            )
            server.execute(f"create table marts.{table} ({defined})")
        for sql in queries:
            server.execute(sql)


def test_every_filter_picks_a_column_within_a_tab(
    documents: Mapping[str, Any], marts: dict[str, Any]
) -> None:
    (board,) = part(documents, "dashboards").values()
    datasets = {one["uuid"]: one for one in part(documents, "datasets").values()}
    charts = {one["uuid"]: one for one in part(documents, "charts").values()}
    position = {key: one for key, one in board["position"].items() if isinstance(one, dict)}
    for each in board["metadata"]["native_filter_configuration"]:
        (tab,) = each["scope"]["rootPath"]
        reached = [
            datasets[charts[one["meta"]["uuid"]]["dataset_uuid"]]["table_name"]
            for one in position.values()
            if one["type"] == "CHART" and tab in one["parents"]
        ]
        assert reached
        for target in each["targets"]:
            if target:
                table = datasets[target["datasetUuid"]]["table_name"]
                # A filter would do nothing, silently, on a chart whose table lacks the column.
                for name in (table, *reached):
                    columns = [column.name for column in marts[name].columns]
                    assert target["column"]["name"] in columns, f"{each['name']} on {name}"


def test_a_renamed_column_is_found(
    bundle: Any, documents: Mapping[str, Any], marts: dict[str, Any]
) -> None:
    old = marts["churn_risk"]
    columns = [
        bundle.Column("silence_probability", column.type, column.description)
        if column.name == "churn_probability"
        else column
        for column in old.columns
    ]
    renamed = {**marts, "churn_risk": bundle.Mart(old.description, columns)}
    with pytest.raises(bundle.BundleError, match="churn_risk has no column churn_probability"):
        bundle.pack(URI, renamed)
    with pytest.raises(bundle.BundleError, match="there is no mart churn_risk"):
        bundle.pack(URI, {name: mart for name, mart in marts.items() if name != "churn_risk"})


def test_the_zip_is_the_same_each_time(bundle: Any, marts: dict[str, Any], tmp_path: Path) -> None:
    packed = bundle.pack(URI, marts)
    copy = tmp_path / "bundle"
    shutil.copytree(bundle.FOLDER, copy)
    for path in copy.rglob("*.yaml"):
        path.touch()
    assert bundle.pack(URI, marts, copy) == packed
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        inside = {name: yaml.safe_load(archive.read(name)) for name in archive.namelist()}
    assert inside["footfall/databases/footfall.yaml"]["sqlalchemy_uri"] == URI
    dataset = inside["footfall/datasets/Footfall/sessions.yaml"]
    assert len(dataset["columns"]) == len(marts["sessions"].columns)


def test_without_a_publication_the_error_says_what_to_do(bundle: Any, tmp_path: Path) -> None:
    with pytest.raises(bundle.BundleError, match=r"make build.*FOOTFALL_PUBLISHED"):
        bundle.published_marts(tmp_path / "footfall.duckdb")


def test_a_published_file_tells_its_columns(bundle: Any, tmp_path: Path) -> None:
    file = tmp_path / "footfall.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.sessions (session_id varchar, started_at timestamptz)"
        )
        connection.execute("comment on table marts.sessions is 'Visits'")
        connection.execute("comment on column marts.sessions.started_at is 'When it began'")
    assert bundle.published_marts(file) == {
        "sessions": bundle.Mart(
            "Visits",
            [
                bundle.Column("session_id", "VARCHAR", ""),
                bundle.Column("started_at", "TIMESTAMP WITH TIME ZONE", "When it began"),
            ],
        )
    }
