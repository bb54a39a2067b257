"""Columns that can identify a person say so, and a person is found by what they say."""

from __future__ import annotations

import io
import json
import stat
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from conftest import KEY, PROJECT, Warehouse, key_sql
from footfall.commands.given import CommandError, Given
from footfall.commands.steps import TARGETS
from footfall.core.quoting import sql_text
from footfall.privacy import inventory, person, subjects, warehouse
from footfall.privacy.__main__ import main as privacy
from footfall.privacy.person import find_person
from footfall.privacy.subjects import EITHER, ID_KINDS, Declarations, SubjectError
from footfall.privacy.warehouse import relation
from footfall.publishing.coarsening import KEYS_OF_PEOPLE
from footfall.publishing.roles import read_roles
from published_sample import contracts

# Rows of a table that are looked at, at most about so many.
SAMPLED = 200
# What a column of a kind may hold, where it is not only its own.
MAY_HOLD = EITHER


@pytest.fixture(scope="module")
def declared() -> Declarations:
    return subjects.read_declarations(PROJECT)


@pytest.fixture
def opened(
    whole_storefront: Warehouse, declared: Declarations
) -> Iterator[tuple[duckdb.DuckDBPyConnection, warehouse.Warehouse]]:
    with whole_storefront.opened() as connection:
        yield connection, warehouse.Warehouse(connection, declared)


@pytest.mark.library
def test_columns_of_one_name_declare_one_subject(declared: Declarations) -> None:
    """Of sources that are not built here, too. A text may have the name of an id elsewhere."""
    kinds = defaultdict(set)
    for table in declared.tables.values():
        for column in table.columns:
            if (kind := table.subjects.get(column)) != "text":
                kinds[column].add(kind)
    ids = {column: found for column, found in kinds.items() if found & ID_KINDS}
    assert len(ids) > 25
    assert {column: found for column, found in ids.items() if len(found) > 1} == {}


@pytest.mark.library
def test_roles_and_publications_know_the_keys_that_are_declared(declared: Declarations) -> None:
    marts = {name: declared.of("marts", name) for name in contracts()}
    by_name = {
        column: kind
        for mart in marts.values()
        if mart is not None
        for column, kind in mart.subjects.items()
    }
    classes = read_roles(PROJECT / "roles.yml").classes
    direct = {column for column, name in classes.items() if name == "direct"}
    assert {column for column, kind in by_name.items() if kind in ID_KINDS} == direct - {
        "anonymous_key"
    }
    for mart in marts.values():
        assert mart is not None
        leads_to_people = bool(set(mart.subjects.values()) & ID_KINDS)
        assert leads_to_people != KEYS_OF_PEOPLE.isdisjoint(mart.columns), mart.name


def note_known(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `known`: every id and key that the shop has, with its kind."""
    raw = "raw_storefront.events"
    connection.execute(
        "create temp table known as with found(kind, value) as ("
        "select kind, identity_key from intermediate.int_identity_keys"
        " union select kind, cast(identity_no as varchar) from intermediate.int_identity_keys"
        " union select kind, folded_key from intermediate.int_identity_keys"
        # Who is on a list of customers and has done nothing has no number to join by.
        " union select 'customer', unnest([customer_key, cast(customer_no as varchar)])"
        " from intermediate.int_customers"
        " union select 'session', session_id from intermediate.int_sessions"
        " union select 'order', order_key from intermediate.int_order_lines"
        " union select 'customer', customer_id from raw_storefront.customers"
        " union select 'review', review_id from raw_storefront.reviews"
        " union select 'review', review_id from intermediate.int_reviews"
        " union select kind, value from (select unnest(["
        "{'kind': 'customer', 'value': customer_id}, {'kind': 'device', 'value': device_id},"
        " {'kind': 'session', 'value': session_hint}, {'kind': 'order', 'value': order_id},"
        f" {{'kind': 'event', 'value': event_id}}], recursive := true) from {raw})"
        ") select * from found where value is not null"
    )
    # What is paid with: raw, under keys, and devices under keys of what is paid with.
    connection.execute(
        "insert into known select distinct 'payment', entity_key from intermediate.int_risk_links"
        " where kind = 'device'"
    )
    for kind in ("card", "address", "ip", "terminal"):
        tokens = (
            f"(select distinct {kind}_token as value from {raw} where {kind}_token is not null)"
        )
        key = key_sql(kind, "value", sql_text("storefront"))
        connection.execute(
            f"insert into known select 'payment', unnest([value, {key}]) from {tokens}"
        )
    for kind in ("session", "order", "event"):
        connection.execute(
            f"insert into known select '{kind}', {key_sql(kind, 'value', sql_text('storefront'))}"
            f" from known where kind = '{kind}' and value not in"
            " (select session_id from intermediate.int_sessions)"
        )


def values_in(place: str, types: dict[str, str], *, is_view: bool) -> str:
    """A query of names of columns and their values as text, of a sample of the rows of a table."""
    # Stored models hold tensors, and one row that describes the run.
    texts = ", ".join(
        f"{{'name': {sql_text(column)}, 'value': cast("
        + (
            f"case when octet_length({column}) < 20000 then {column} end"
            if kind == "BLOB"
            else f'"{column}"'
        )
        + " as varchar)}"
        for column, kind in types.items()
        if kind not in ("BOOLEAN", "DOUBLE", "DATE") and not kind.startswith("TIMESTAMP")
    )
    if not texts:
        return "select 'none' as name, 'none' as value where false"
    sample = (
        f"(select * from {place} limit {SAMPLED})"
        if is_view
        else f"(select * from {place} where rowid % greatest(1, (select count(*) from {place})"
        f" // {SAMPLED}) = 0)"
    )
    return f"select unnest([{texts}], recursive := true) from {sample} as sampled"


def test_keys_are_in_declared_columns_and_declared_columns_hold_keys(
    opened: tuple[duckdb.DuckDBPyConnection, warehouse.Warehouse], whole_storefront: Warehouse
) -> None:
    """In whole values, in texts and in what is nested, of tables, views of sources and files."""
    connection, shop = opened
    note_known(connection)
    places = [
        (f"{schema}.{name}", relation(schema, name), schema, name, types)
        for stored in (shop.tables, shop.views)
        for (schema, name), types in stored.items()
        # What the simulation knows is no part of the product, and int_arrivals is staging again.
        if schema not in ("truth_storefront", "main") and name != "int_arrivals"
    ]
    for file in sorted((whole_storefront.published / "shop").glob("*.parquet")):
        place = f"read_parquet('{file}')"
        types = inventory.types_of(connection, place)
        places.append((file.name, place, "marts", file.stem, types))
    assert len(places) > 130
    undeclared, wrong, empty = [], [], defaultdict(bool)
    for called, place, schema, name, types in places:
        table = shop.declared.of(schema, name)
        kinds = {} if table is None else dict(table.subjects)
        is_view = (schema, name) not in shop.tables or place.startswith("read_parquet")
        rows = connection.execute(
            f"with sampled as ({values_in(place, types, is_view=is_view)}),"
            " words as (select name, unnest(regexp_extract_all(value, '[0-9A-Za-z_-]{4,}')) as word"
            " from sampled where value is not null),"
            " whole as (select name, list(distinct kind) as kinds, count(*) as value_count,"
            " count(kind) as known_count from sampled left join known using (value)"
            " where value is not null group by name)"
            " select name, coalesce(kinds, []), value_count, known_count,"
            " coalesce(found_kinds, []) from whole left join (select name,"
            " list(distinct kind) as found_kinds from words inner join known"
            " on known.value = words.word group by name) as found using (name)"
        ).fetchall()
        for column, found, value_count, known_count, words in rows:
            kind = kinds.get(column)
            if kind is None and words:
                undeclared.append((called, column, words))
            if kind in ID_KINDS:
                allowed = set(MAY_HOLD.get(kind, (kind,)))
                if known_count < value_count or not allowed.issuperset(set(found) - {None}):
                    wrong.append((called, column, kind, found, value_count, known_count))
                empty[kind] |= known_count > 0
    assert undeclared == []
    assert wrong == []
    assert dict(empty) == dict.fromkeys(ID_KINDS, True)


# Somebody with reviews, and with a device that others have logged in on as well.
SOMEBODY = """
    select int_reviews.customer_key from intermediate.int_accepted_events as others
    inner join intermediate.int_identity_links using (anonymous_no)
    inner join intermediate.int_reviews on int_reviews.customer_no = int_identity_links.customer_no
    where others.customer_no <> int_identity_links.customer_no
    group by all order by count(*) desc, customer_key limit 1
"""


def test_somebody_is_found_wherever_they_occur(
    opened: tuple[duckdb.DuckDBPyConnection, warehouse.Warehouse],
    declared: Declarations,
    whole_storefront: Warehouse,
    tmp_path: Path,
) -> None:
    connection, shop = opened
    ((key,),) = connection.execute(SOMEBODY).fetchall()
    found = find_person(shop, KEY, key, "storefront")
    raw_id = found.raw_id
    assert raw_id is not None
    assert person.key_of(KEY, "storefront", "customer", raw_id) == found.key == key
    assert found.kind == "customer"
    assert find_person(shop, KEY, f" {raw_id} ") == found
    # The key of a device of theirs leads to them.
    device = next(key for key in found.ids["device"] if len(key) == 64)
    assert find_person(shop, KEY, device) == found

    # The events whose visitor they are, by the raw rows: those that others made on their device
    # are not theirs.
    devices = [*found.raw["device"]]
    theirs = "(customer_id = $who or customer_id is null and list_contains($devices, device_id))"
    ((raw_count, their_events),) = connection.execute(
        f"select count(*), count(distinct event_id) from raw_storefront.events where {theirs}",
        {"who": raw_id, "devices": devices},
    ).fetchall()
    assert len(found.raw["event"]) == their_events
    ((of_others,),) = connection.execute(
        "select count(*) from raw_storefront.events where customer_id <> $who"
        " and list_contains($devices, device_id)",
        {"who": raw_id, "devices": devices},
    ).fetchall()
    assert of_others > 0

    # Somebody else's text names them, and so do files.
    connection.execute(
        "update intermediate.int_reviews set body = ? where customer_key <> ? and review_id ="
        " (select min(review_id) from intermediate.int_reviews where customer_key <> ?)",
        [f"As {raw_id}: they said so. Not {raw_id}7.", found.key, found.key],
    )
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "dbt.log").write_text(f"a\nfailed for {found.key}\n{raw_id}x\nid={raw_id}")
    connection.execute(
        f"copy (select '{raw_id}' as a union all select 'b') to '{tmp_path}/i.parquet'"
    )

    places = {
        (one.medium, one.name, one.column): one.row_count
        for one in (
            *inventory.in_tables(shop, found),
            *inventory.in_sources(shop, found)[0],
            *inventory.in_inputs(connection, found, tmp_path)[0],
            *inventory.in_files(found, [tmp_path / "logs"]),
        )
    }
    assert places["source", "staging.stg_storefront__events", None] == raw_count
    # Lines of orders that were sent before are in both tables.
    ((uncounted,),) = connection.execute(
        "select count(*) from intermediate.int_uncounted_lines where list_contains($ids, event_id)",
        {"ids": [*found.ids["event"]]},
    ).fetchall()
    assert (
        places["warehouse", "intermediate.int_accepted_events", None]
        + places["warehouse", "intermediate.int_rejected_rows", "event_id"]
        == raw_count + uncounted
    )
    assert places["input", f"{tmp_path}/i.parquet", "a"] == 1
    assert places["file", f"{tmp_path}/logs/dbt.log", None] == 2

    # An erasure removes the copies that views of text files read.
    copy, view = tmp_path / "copy.parquet", "staging.stg_storefront__reviews"
    connection.execute(f"copy (from {view}) to '{copy}'")
    connection.execute(f"create or replace view {view} as select * from read_parquet('{copy}')")
    copy.unlink()
    (unread,) = inventory.in_sources(warehouse.Warehouse(connection, shop.declared), found)[1]
    assert unread.startswith('"staging"."stg_storefront__reviews": IO Error')
    ((reviews,),) = connection.execute(
        "select count(*) from raw_storefront.reviews where customer_id = ?", [raw_id]
    ).fetchall()
    assert places["warehouse", "intermediate.int_reviews", "customer_key"] == reviews
    assert places["warehouse", "intermediate.int_reviews", "body"] == reviews + 1
    # What no table declares and every table of people holds: a row of theirs in each of them.
    tables = {name for medium, name, _ in places if medium == "warehouse"}
    assert tables > {
        "marts.sessions", "marts.order_lines", "marts.customer_profile", "scores.attention_states",
        "intermediate.int_identity_links", "intermediate.int_session_prefixes",
        "truth_storefront.truth_event_stream",
    }  # fmt: skip

    published, unread = inventory.in_publications(
        connection, declared, found, whole_storefront.published
    )
    assert unread == []
    in_marts = {
        (name.split(".")[1], column): count
        for (medium, name, column), count in places.items()
        if name.startswith("marts.")
    }
    assert len(in_marts) > 15
    for suffix, name_of in ((".duckdb", lambda name: name.split(".")[-1]), (".parquet", None)):
        in_files = {
            (name_of(one.name) if name_of else Path(one.name).stem, one.column): one.row_count
            for one in published
            if suffix in one.name
        }
        assert in_files == in_marts


def test_nobody_and_two_of_one_id_are_said_to_be_so(
    opened: tuple[duckdb.DuckDBPyConnection, warehouse.Warehouse],
) -> None:
    connection, shop = opened
    ((raw_id,),) = connection.execute(
        "select min(customer_id) from raw_storefront.reviews"
    ).fetchall()
    for given, source, said in (
        ("nobody", None, "knows no customer of storefront .* without a fraction of zeros"),
        ("f" * 64, None, "knows no customer"),
        (raw_id, "ga4", "nothing of source ga4; its sources are storefront"),
    ):
        with pytest.raises(SubjectError, match=said):
            find_person(shop, KEY, given, source)
    other = person.key_of(KEY, "custom", "customer", raw_id)
    connection.execute(
        "insert into intermediate.int_identity_keys values (?, ?, 'custom', 'customer', null)",
        [person.number_of(other), other],
    )
    with pytest.raises(SubjectError, match="several sources have that id: custom and storefront"):
        find_person(shop, KEY, raw_id)
    assert find_person(shop, KEY, raw_id, "custom").key == other
    assert person.normalised("17850.00") == "17850"
    # Nothing that is read from a file may say a kind that there is not.
    with pytest.raises(SubjectError, match=r"orders\.who declares the subject 'them'"):
        [*subjects.tables_in(Path("x.yml"), {"models": [{"name": "orders", "columns": [
            {"name": "who", "config": {"meta": {"subject": "them"}}}]}]})]  # fmt: skip


def test_what_is_known_of_somebody_is_exported_for_them_alone(
    whole_storefront: Warehouse,
    opened: tuple[duckdb.DuckDBPyConnection, warehouse.Warehouse],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    connection, shop = opened
    ((key,),) = connection.execute(SOMEBODY).fetchall()
    raw_id = find_person(shop, KEY, key).raw_id
    assert raw_id is not None
    connection.execute(
        "update intermediate.int_reviews set title = '<script>alert(1)</script>'"
        " where customer_key = ?",
        [key],
    )
    mine, all_rows = (
        connection.execute(
            "select count(*) from marts.sessions where list_contains($keys, visitor_key)",
            {"keys": [key]},
        ).fetchall(),
        connection.execute("select count(*) from marts.sessions").fetchall(),
    )
    connection.close()
    monkeypatch.setenv("FOOTFALL_AUDIT", str(tmp_path / "audit.jsonl"))
    command = ["subject", "--project", str(PROJECT), "--out", str(tmp_path / "out")]

    def asked(customer: str, warehouse: Path = whole_storefront.path) -> tuple[int, str]:
        monkeypatch.setenv("FOOTFALL_CUSTOMER", customer)
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{raw_id}\n"))
        status = privacy([*command, str(warehouse)])
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    status, said = asked("-")
    assert status == 0, said
    assert raw_id not in said
    html, written = sorted((tmp_path / "out").rglob("subject.*"))
    assert stat.S_IMODE(html.stat().st_mode) == stat.S_IMODE(written.stat().st_mode) == 0o600
    assert raw_id not in str(written)
    found = json.loads(written.read_text())
    assert (found["person"]["id"], found["person"]["key"]) == (raw_id, key)
    tables = {one["name"]: one for one in found["tables"]}
    sessions = tables["marts.sessions"]["rows"]
    assert [(len(sessions),)] == mine != all_rows
    starts = [row["started_at"] for row in sessions]
    assert starts == sorted(starts, reverse=True)
    assert starts[0].endswith("+00:00")
    churn = tables["marts.churn_risk"]
    assert churn["rows"][0]["top_driver"]
    assert "buys nothing within the horizon" in churn["columns"]["churn_probability"]
    assert not any("{{" in text for one in tables.values() for text in one["columns"].values())
    page = html.read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.index("<h2>churn_risk") < page.index("<h2>int_accepted_events")

    record = (tmp_path / "audit.jsonl").read_text()
    assert '"exported"' in record
    assert raw_id not in record
    assert key[:12] not in record
    for customer, path, text in (
        ("nobody", whole_storefront.path, "knows no customer"),
        (raw_id, tmp_path / "none.duckdb", "There is no warehouse"),
        (" ", whole_storefront.path, "CUSTOMER=- reads it from standard input"),
    ):
        status, said = asked(customer, path)
        assert (status, text in said) == (1, True), said
    assert len((tmp_path / "audit.jsonl").read_text().splitlines()) == 1


@pytest.mark.library
def test_who_is_asked_for_is_no_argument_of_a_program() -> None:
    given = {"FOOTFALL_CUSTOMER": "c1; rm x", "FOOTFALL_SOURCE": "custom"}
    (step,) = TARGETS["subject"](Given(given))
    assert not any("c1" in one or "--source" in one for one in step.arguments)
    (step,) = TARGETS["subject"](Given({**given, "FOOTFALL_SOURCE_IS_GIVEN": "yes"}))
    assert "--source=custom" in step.arguments
    with pytest.raises(CommandError, match="CUSTOMER="):
        TARGETS["subject"](Given({}))
