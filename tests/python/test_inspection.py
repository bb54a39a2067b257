"""What `make inspect` shows of an input, and what `make build` looks at before it starts dbt."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.cli.main import dbtRunner

from conftest import PROJECT
from footfall.adapter import early_check, inspection
from footfall.adapter.questions import QUESTIONS
from footfall.builds.lacking import lacking_files
from footfall.builds.mappings import read_mapping
from footfall.inspecting import inputs
from footfall.inspecting.inputs import fewer_files, files_of, head_of
from footfall.inspecting.inspection import contract_columns
from footfall.inspecting.kinds import files_by_layout
from footfall.inspecting.layouts import known, plain, proposed, recognised
from footfall.inspecting.rendering import Project

CONTRACT = ["event_id", "customer_id", "device_id", "event_at", "event_type", "item_id", "order_id",
            "quantity", "unit_price", "amount", "session_hint", "country"]  # fmt: skip


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)


@pytest.mark.library
@pytest.mark.parametrize(
    ("columns", "title", "source"),
    [
        (["event_name", "event_timestamp", "user_pseudo_id"], "BigQuery export", "ga4"),
        (["event_id", "collector_tstamp", "domain_userid"], "Snowplow's", "snowplow"),
        (["anonymousId", "messageId", "event"], "Segment's", "segment"),
        (["Invoice", "StockCode", "InvoiceDate", "Customer ID"], "Online Retail", "online_retail"),
        (["Name", "Financial Status", "Lineitem quantity", "Lineitem price"], "Shopify", "custom"),
        (["event", "properties"], "Mixpanel's", "custom"),
        (["event", "distinct_id", "timestamp", "properties", "uuid"], "PostHog's", "custom"),
        (["who", "what", "when"], None, None),
    ],
)  # fmt: skip
def test_a_layout_is_recognised_by_its_columns(
    columns: list[str], title: str | None, source: str | None
) -> None:
    found = recognised(columns)
    assert (found is None) == (title is None)
    assert found is None or (str(title) in found.title and found.source == source)


@pytest.mark.library
def test_columns_are_proposed_by_their_names() -> None:
    found = proposed(
        ["UID", "When", "Action", "SKU", "Qty", "Price", "Total", "Note"], CONTRACT, None
    )
    assert found.columns == {
        "customer_id": "UID", "event_at": "When", "event_type": "Action", "item_id": "SKU",
        "quantity": "Qty", "unit_price": "Price",
    }  # fmt: skip
    assert (found.event_type, found.missing) == ("", [])
    # Orders need no column of event types; two columns that may be meant are both named.
    orders = proposed(["order_no", "buyer_id", "client_id", "order_date", "total"], CONTRACT, None)
    assert orders.event_type == "purchase"
    assert orders.others == {"customer_id": ["buyer_id"]}
    assert orders.columns["amount"] == "total"
    nothing = proposed(["a", "b"], CONTRACT, None)
    assert nothing.missing == ["customer_id", "event_at", "event_type"]
    for spellings in known().spellings.values():
        assert [plain(spelling) for spelling in spellings] == list(spellings)


@pytest.mark.library
def test_mappings_of_known_layouts_are_those_of_the_docs() -> None:
    page = (PROJECT / "docs" / "formats.md").read_text(encoding="utf-8")
    documented = []
    for written_mapping in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL):
        mapping = yaml.safe_load(written_mapping)
        paths = mapping.pop("custom_events_path")
        mapping.pop("custom_event_type", None)
        documented.append((mapping.pop("custom_columns")["events"], mapping))
        # The sample of the layout is recognised as such, and what it lacks is left out.
        if isinstance(paths, str) and (sample := PROJECT / "tests/data/formats" / paths).is_file():
            first = sample.read_text(encoding="utf-8").splitlines()[0]
            columns = list(json.loads(first)) if first.startswith("{") else first.split(",")
            layout = recognised(columns)
            assert layout is not None
            assert layout.columns == documented[-1][0]
            read = proposed(columns, CONTRACT, layout)
            assert documented[-1][0].items() <= read.columns.items(), paths
            assert (read.variables, read.missing, read.event_type) == (mapping, [], "")
    own = [layout for layout in known().layouts if layout.source == "custom"]
    by_text = {str(columns): variables for columns, variables in documented}
    assert by_text == {str(layout.columns): layout.variables for layout in own}
    names = contract_columns(PROJECT)
    assert known().spellings.keys() <= {*names, "properties"}
    # The device of Shopify's orders is a till, whoever buys there.
    of_tills = ["Name", "Financial Status", "Lineitem quantity", "Lineitem price", "Device ID"]
    assert "device_id" not in proposed(of_tills, names, recognised(of_tills)).columns
    # Of a payment provider: what was given back is no purchase.
    refunds = proposed(["refund_id", "order_number", "refunded_at", "amount"], names, None)
    assert (refunds.event_type, refunds.missing) == ("refund", ["customer_id"])
    assert refunds.columns["event_at"] == "refunded_at"
    # So says the name of the file, unless it is one of orders, which may bring their refunds.
    of_orders = ["order_id", "customer_id", "date", "total", "refund_amount"]
    found = proposed(of_orders, names, None, "Refunds 2026.csv")
    assert (found.event_type, found.columns["amount"]) == ("refund", "refund_amount")
    found = proposed([*of_orders, "refund_reason"], names, None, "june.csv")
    assert (found.event_type, found.columns["amount"]) == ("purchase", "total")
    found = proposed(of_orders, names, None, "orders with refunds.csv")
    assert (found.event_type, found.columns["order_refund"]) == ("purchase", "refund_amount")


@pytest.mark.library
def test_of_a_large_text_the_head_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x\n" + b"12345\n" * 10)
    with gzip.open(tmp_path / "b.csv.gz", "wb") as stream:
        stream.write(b"x\n" + b"12345\n" * 1000)
    whole = head_of(str(tmp_path / "a.csv"), tmp_path / "cut")
    assert (whole.paths, whole.is_whole) == ([str(tmp_path / "a.csv")], True)
    cut = head_of(str(tmp_path), tmp_path / "cut", most_bytes=100)
    assert (cut.file_count, cut.is_whole) == (2, False)
    texts = [Path(path).read_bytes() for path in cut.paths]
    assert texts == [b"x\n" + b"12345\n" * 10, b"x\n" + b"12345\n" * 6]


PAID = (
    '{"event_type": "purchase", "user_id": "u1", "device_id": "d1", "event_time":'
    ' "2024-03-04 09:00:30", "event_properties": {"revenue": 9.5, "order_id": "o2"}}'
)
EVENTS = [
    '{"event_type": "Begin Checkuot", "user_id": "u1", "device_id": "d1", "event_time":'
    ' "2024-03-04 09:00:00", "event_properties": {"revenue": 12.5, "product_id": "p1"}}',
    '{"event_type": "zzz", "user_id": "NULL", "device_id": "d1", "event_time":'
    ' "2024-03-04 09:01:00", "event_properties": {}}',
    '{"event_type": "Order Completed", "user_id": "u1", "device_id": "d1", "event_time": "today",'
    ' "event_properties": {"revenue": 20, "order_id": "o1"}}',
    *2 * [PAID],
]


def written(file: Path, lines: Iterable[str]) -> str:
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(file)


@pytest.mark.library
def test_many_files_that_are_alike_are_looked_at_as_one(tmp_path: Path) -> None:
    """Each row stays, and so does the name of the first file of each kind, for messages."""
    folder = tmp_path / "exports"
    folder.mkdir()
    for number in range(30):
        # Some end without a line feed, some have a mark of the byte order, some are compressed.
        text = f"\ufeffa,b\n{number},1" if number % 2 else f"a,b\n{number},1\n"
        text = text.replace("\n", "\r\n") if number % 3 else text
        name, data = f"{number:02}.csv", text.encode()
        if number % 5 == 4:
            name, data = f"{name}.gz", gzip.compress(data)
        (folder / name).write_bytes(data)
        (folder / f"{number:02}.jsonl").write_text(json.dumps({"a": number, "b": 1}))
    (folder / "30.csv").write_text("a,c\n30,1\n")
    (folder / "31.csv").write_text("sep=;\na;b\n")
    files = files_of(str(folder))
    assert fewer_files(files, tmp_path, many=100) == files
    found = fewer_files(files, tmp_path, many=10)
    assert [Path(file).name for file in found] == [
        "00.csv",
        "00.csv",
        "00.jsonl",
        "00.jsonl",
        "30.csv",
        "31.csv",
    ]
    lines = [
        line
        for file in found
        for line in Path(file).read_text(encoding="utf-8-sig").splitlines()
        if line[:1].isdigit() or line[:1] == "{"
    ]
    assert len(lines) == 61
    assert {line.split(",")[0] for line in lines if line[0] != "{"} == {
        str(number) for number in range(31)
    }


def test_an_inspection_shows_how_rows_are_read_and_writes_a_mapping(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = written(tmp_path / "it's; here.jsonl", EVENTS), tmp_path / "a_shop.yml"
    assert inspection.main([f"--file={file}", f"--out={out}"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for said in (
        "5 rows were looked at, all of them looks like Amplitude's events (source custom)",
        "user_id VARCHAR 5 u1 customer_id",
        "2024-03-04 09:00:00+00 Begin Checkuot u1 d1 p1 12.5",
        "Begin Checkuot 1 UNKNOWN: is it checkout, as 'begin checkout' is?",
        "Order Completed 1 purchase",
        "zzz 1 UNKNOWN: name an event type",
        "4 of 5 were read; the first is 2024-03-04 09:00:00+00, the last 2024-03-04 09:01:00+00",
        # Money is that of rows which a build would take in.
        "amount 1 9.50 9.50 9.50 left out: 3 rejected rows, 2 of them with an amount, 32.50 in all"
        " left out: 1 further copies of an event, 1 of them with an amount, 9.50 in all",
        "customer_id 1 1",
        "customer_id 1 a word for nothing (NULL)",
        "1 event_at is not a time: today",
    ):
        assert said in told
    mapping = read_mapping(str(out)).variables
    assert mapping["custom_events_path"] == file
    paths = ["event_properties.revenue", "event_properties.$revenue"]
    assert mapping["custom_columns"]["events"]["amount"] == paths
    assert mapping["custom_event_names"] == {"Begin Checkuot": "checkout"}
    assert "# zzz: …" in out.read_text(encoding="utf-8")
    assert f"then: make build SOURCE=custom MAPPING={out}" in told
    before = out.read_bytes()
    assert inspection.main([f"--file={file}", f"--out={out}"]) == 1
    assert "which is there already, and stays" in capsys.readouterr().out
    assert out.read_bytes() == before
    # A build with this mapping would stop at the name that is open, and says so within seconds.
    variables = {"footfall_source": "custom", **mapping}
    (problem,) = inspection.check_build(variables, str(tmp_path / "none.duckdb"))
    assert "1 unknown event name" in problem
    assert "zzz (1 row)" in problem
    named = {**variables, "custom_event_names": {"Begin Checkuot": "checkout", "zzz": None}}
    assert inspection.check_build(named, str(tmp_path / "none.duckdb")) == []


def test_all_paths_of_a_var_are_looked_at_before_dbt_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists, paths by event type and folders; messages name the files that the var names."""
    database = str(tmp_path / "none.duckdb")
    kept = written(tmp_path / "kept.csv", ["customer_id,event_at", "c1,2024-03-04"])
    seen = written(tmp_path / "views.csv", ["customer_id,when", "c1,2024-03-04"])
    typed: dict[str, Any] = {"footfall_source": "custom"}
    # Of records, too: refunds have times of their own, which no order lends them.
    for types in (("wishlist", "glance"), ("purchase", "refund")):
        typed["custom_events_path"] = dict(zip(types, (kept, seen), strict=True))
        (problem,) = inspection.check_build(typed, database)
        assert f"'{seen}' has no column for event_at" in problem
    spelled = {"custom_columns": {"events": {"event_at": ["event_at", "when"]}}}
    typed["custom_events_path"] = {"wishlist": [kept], "glance": seen}
    (problem,) = inspection.check_build({**typed, **spelled}, database)
    assert "glance (1 row)" in problem
    named = ["customer_id,event_at,event_type", "c1,2024-03-04,view"]
    first = written(tmp_path / "first.csv", named)
    more = written(tmp_path / "more.csv", [*named, "c1,2024-03-04,gaze"])
    listed = {"footfall_source": "custom", "custom_events_path": [first, more]}
    (problem,) = inspection.check_build(listed, database)
    assert "gaze (1 row)" in problem
    # A folder goes by its own name, and so does a file that is too large to be read as a whole.
    folder = tmp_path / "archive"
    folder.mkdir()
    message = {"type": "track", "event": "A", "messageId": "m", "anonymousId": "a"}
    for name in ("a.jsonl", "b.jsonl"):
        written(folder / name, [json.dumps(message)] * 3)
    archive = {"footfall_source": "ga4", "ga4_path": str(folder)}
    (problem,) = inspection.check_build(archive, database)
    assert f"'{folder}' looks like Segment's messages" in problem
    monkeypatch.setattr(inputs, "MOST_BYTES", 200)
    (problem,) = inspection.check_build(archive, database)
    assert f"'{folder / 'a.jsonl'}' looks like Segment's messages" in problem
    assert "footfall-check" not in problem


def test_a_wrong_var_header_or_shape_is_named_before_dbt_starts(tmp_path: Path) -> None:
    database = str(tmp_path / "none.duckdb")
    file = written(tmp_path / "own.csv", ["uid,when,action", "c1,2024-03-04,view"])
    own = {"footfall_source": "custom", "custom_events_path": file}
    (problem,) = inspection.check_build({**own, "custom_colums": {}}, database)
    assert "(is it 'custom_columns'?)" in problem
    (problem,) = inspection.check_build(own, database)
    assert "has no columns 'customer_id', 'event_at', 'event_type'" in problem
    (problem,) = inspection.check_build({"footfall_source": "ga4", "ga4_path": file}, database)
    assert "none of the columns that source 'ga4' reads" in problem
    file = written(tmp_path / "flat.csv", ["event_name,event_timestamp,device_category", "a,1,b"])
    (problem,) = inspection.check_build({"footfall_source": "ga4", "ga4_path": file}, database)
    assert "with its records taken apart (device_category)" in problem
    (tmp_path / "ga4").mkdir()
    user = {"pseudo_user_id": "1.2", "stream_id": "3", "occurrence_date": "20240304"}
    users = json.dumps({**user, "last_updated_date": "20240304", "user_ltv": {"revenue": 3.5}})
    written(tmp_path / "ga4" / "pseudonymous_users_20240304.json", [users])
    for event in (None, {"event_name": "view", "event_timestamp": 1, "user_pseudo_id": "1.2"}):
        if event:
            written(tmp_path / "ga4" / "events_20240304.json", [json.dumps(event)])
        given = {"footfall_source": "ga4", "ga4_path": str(tmp_path / "ga4")}
        (problem,) = inspection.check_build(given, database)
        assert "holds tables of users of Google Analytics 4" in problem
    sample = str(PROJECT / "tests/data/segment/messages.jsonl")
    (problem,) = inspection.check_build(
        {"footfall_source": "snowplow", "snowplow_path": sample}, database
    )
    assert "looks like Segment's messages" in problem
    assert "SOURCE=segment" in problem
    bought = ["customer_id,event_at,event_type,order_id,amount", "c1,2024-03-04,purchase,o1,5"]
    listed = ["customer_id,plan,attributes", 'c1,x,"{""kids"":2}"']
    customers = written(tmp_path / "crm.csv", listed)
    named = {
        "footfall_source": "custom",
        "custom_events_path": written(tmp_path / "own.csv", bought),
        "custom_customers_path": customers,
    }
    extras = ["attributes.plan", "attributes.kids"]
    assert inspection.check_build({**named, "fairness_attributes": extras}, database) == []
    wrong = {**named, "fairness_attributes": ["attributes.kid"]}
    (problem,) = inspection.check_build(wrong, database)
    assert "'attributes.kid', which no customer has (is it 'attributes.kids'?)" in problem
    assert "are attributes.kids, attributes.plan, and" in problem
    # Names are translated by var whatever the source.
    message = {"type": "track", "event": "Zap", "messageId": "m", "anonymousId": "a"}
    sent = {**message, "timestamp": "2024-06-03T09:00:00Z", "receivedAt": "2024-06-03T09:00:00Z"}
    zaps = written(tmp_path / "zaps.jsonl", [json.dumps(sent)])
    named = {"footfall_source": "segment", "segment_path": zaps}
    assert inspection.check_build({**named, "custom_event_names": {"zap": "view"}}, database) == []


@pytest.fixture
def warehouse(tmp_path: Path) -> str:
    """A warehouse that holds what other tools have loaded, and what one build has left out."""
    place = str(tmp_path / "shop.duckdb")
    with duckdb.connect(place) as opened:
        opened.execute("create schema raw; create schema web; create schema intermediate")
        view = "timestamp '2024-03-04' as event_at, 'view' as event_type"
        opened.execute(f"create table raw.events as select 'c1' as customer_id, {view}")
        opened.execute(f"create table raw.renamed as select 'c1' as customer, {view}")
        opened.execute("create table raw.named as select 'c1' as customer_id, * replace ('gaze' as"
                       f" event_type) from (select {view})")  # fmt: skip
        opened.execute("create table raw.items as select 'i1' as item_id, 'Tea' as category")
        opened.execute("create table web.tracks as select 'm' as id, 'a' as anonymous_id,"
                       " timestamp '2024-03-04' as received_at, 'x' as event")  # fmt: skip
        # A view that nothing can read stands next to them.
        opened.execute("create table raw.gone as select 1 as n; create view raw.broken as"
                       " select * from raw.gone; drop table raw.gone")  # fmt: skip
        opened.execute("create table intermediate.int_rejected_rows"
                       " (source varchar, event_type varchar)")  # fmt: skip
    return place


def test_relations_are_looked_at_before_dbt_starts(tmp_path: Path, warehouse: str) -> None:
    def problems(**given: str) -> list[str]:
        return inspection.check_build({"footfall_source": "custom", **given}, warehouse)

    file = written(tmp_path / "e.csv", ["customer_id,event_at,event_type", "c1,2024-03-04,view"])
    for events in ({"custom_events_path": file}, {"custom_events_relation": "raw.events"}):
        assert problems(**events, custom_items_relation="raw.items") == []
        (problem,) = problems(**events, custom_items_relation="raw.wares")
        assert "var 'custom_items_relation' is 'raw.wares', and the warehouse" in problem
        (problem,) = problems(**events, custom_items_relation="raw.events")
        assert "'raw.events' has no column 'item_id'" in problem
    for name in ("raw.renamed", "shop.raw.renamed", '"raw"."renamed"'):
        (problem,) = problems(custom_events_relation=name)
        assert "has no column 'customer_id'" in problem
    # What other databases of a profile hold is seen by the build alone.
    assert problems(custom_events_relation="elsewhere.raw.renamed") == []
    assert problems(footfall_source="segment", segment_schema="web") == []
    (problem,) = problems(footfall_source="segment", segment_schema="tracks")
    assert "no table in a schema of that name" in problem
    (problem,) = problems(footfall_source="snowplow", snowplow_relation="raw.items")
    assert "does not hold events of Snowplow" in problem
    given = {"footfall_source": "custom", "custom_events_relation": "raw.renamed"}
    assert inspection.check_build(given, warehouse, is_its_warehouse=False) == []
    # Somebody writes to it: the build will say so.
    with duckdb.connect(warehouse):
        assert problems(custom_events_relation="raw.renamed") == []


def test_of_unknown_names_those_are_said_early_that_no_build_has_left_out(
    tmp_path: Path, warehouse: str
) -> None:
    file = written(tmp_path / "e.csv", ["customer_id,event_at,event_type", "c1,2024-03-04,gaze"])
    for given in ({"custom_events_path": file}, {"custom_events_relation": "raw.named"}):
        (problem,) = inspection.check_build({"footfall_source": "custom", **given}, warehouse)
        assert "gaze (1 row)" in problem
    settle = "insert into intermediate.int_rejected_rows values ('ga4', 'gaze'), ('custom', ?)"
    for name, problem_count in (("other", 1), ("gaze", 0)):
        with duckdb.connect(warehouse) as opened:
            opened.execute(settle, [name])
        found = inspection.check_build(
            {"footfall_source": "custom", "custom_events_path": file}, warehouse
        )
        assert len(found) == problem_count
    # A warehouse without that list cannot say what is new.
    with duckdb.connect(warehouse) as opened:
        opened.execute("drop table intermediate.int_rejected_rows")
    given = {"footfall_source": "custom", "custom_events_path": file}
    assert inspection.check_build(given, warehouse) == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ["Customer ID,registered_at,gender,plan", "c1,2024-01-01,f,gold"],
            [
                "Customer ID VARCHAR 1 c1 customer_id",
                "looks like a table of customers, which is read next to events",
                "make build SOURCE=custom EVENTS=… CUSTOMERS=",
                "custom_columns: customers: customer_id: Customer ID",
                "Kept as attributes of each customer: plan",
            ],
        ),
        (
            ["item_id,item_name,list_price,colour", "i1,Mug,5,red"],
            ["a table of items", "ITEMS=", "Not read: colour"],
        ),
        (["customer_id,item_id,rating,body", "c1,i1,5,good"], ["a table of reviews", "REVIEWS="]),
    ],
)
def test_a_table_next_to_events_is_described_and_needs_no_mapping(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: list[str], said: list[str]
) -> None:
    file, out = written(tmp_path / "table.csv", lines), tmp_path / "a_shop.yml"
    assert inspection.main([f"--file={file}", f"--out={out}"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert [one for one in said if one not in told] == []
    assert not out.exists()


def test_a_file_with_a_header_alone_is_said_to_have_no_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = "customer_id,event_at,event_type,amount"
    file, out = written(tmp_path / "events.csv", [header]), tmp_path / "a_shop.yml"
    assert inspection.main([f"--file={file}", f"--out={out}"]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "no layout that is known by name a header and no rows" in told
    assert "There are no rows, so nothing shows how they would be read." in told
    # The mapping is there, and a second look with it says the same.
    variables = json.dumps({"footfall_source": "custom", **read_mapping(str(out)).variables})
    assert inspection.main([f"--file={file}", f"--variables={variables}"]) == 1
    assert "There are no rows" in capsys.readouterr().out
    items = written(tmp_path / "items.csv", ["item_id,item_name,list_price"])
    assert inspection.main([f"--file={items}", f"--out={tmp_path / 'items.yml'}"]) == 0
    assert "a header and no rows" in capsys.readouterr().out


def test_what_one_file_of_several_lacks_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    head = "customer_id,event_at,event_type,order_id"
    bought = [f"c{number},2026-01-05,purchase,o{number},{number}x" for number in range(23)]
    written(folder / "a.csv", [f"{head},amount", "c1,2026-01-04,zzz,,", *bought])
    written(folder / "b.csv", [head, "c1,2026-01-06,view,", "c1,2026-01-06,purchase,p"])
    out = tmp_path / "a_shop.yml"
    assert inspection.main([f"--file={folder}", f"--out={out}"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for said in (
        "amount 1 other files have this column, and this one has not (b.csv)",
        "amount 1 no amount, and no price with a quantity, so the line is worth nothing",
        "4 for 4 further reasons",
    ):
        assert said in told
    # What the mapping leaves open can be filled in where it stands.
    filled = out.read_text(encoding="utf-8").replace("# zzz: …", "zzz: view")
    out.write_text(filled, encoding="utf-8")
    assert read_mapping(str(out)).variables["custom_event_names"] == {"zzz": "view"}
    written(folder / "c.csv", ["customer_id,event_type", "c1,view"])
    own = {"footfall_source": "custom", "custom_events_path": str(folder)}
    (problem,) = inspection.check_build(own, str(tmp_path / "none.duckdb"))
    assert "c.csv' has no column for event_at, which other files of custom_events_path" in problem
    # A day without events lacks nothing.
    quiet = tmp_path / "quiet"
    quiet.mkdir()
    seen = {"customer_id": "c1", "event_at": "2026-01-05 10:00:00", "event_type": "view"}
    written(quiet / "a.jsonl", [json.dumps(seen)])
    (quiet / "b.jsonl").touch()
    own["custom_events_path"] = str(quiet)
    assert inspection.check_build(own, str(tmp_path / "none.duckdb")) == []


def test_a_folder_of_several_kinds_ends_in_commands_that_build_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, folder = PROJECT / "tests/data", tmp_path / "exports"
    for name, files in {
        "sent": ["segment/messages.jsonl", "segment/visits.jsonl"],
        "": ["formats/shopify_orders.csv", "online_retail/lines.csv", "custom/reviews.csv"],
    }.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy(data / file, folder / name)
    assert inspection.main([f"--file={folder}", f"--out={tmp_path / 'out.yml'}"]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "5 files of 4 kinds: each kind is read by itself" in told
    for said in (
        f"make build SOURCE=segment FILE={folder}/sent",
        f"make build SOURCE=online_retail FILE={folder}/lines.csv",
        f"make inspect SOURCE=custom FILE={folder}/shopify_orders.csv OUT=my_shop_1.yml"
        " make build MAPPING=my_shop_1.yml",
        "1 x no layout that is known by name (source custom): reviews.csv",
        "`footfall_source: [online_retail, segment, custom]`",
    ):
        assert said in told, said
    assert not (tmp_path / "out.yml").exists()
    # The tables of one source, and a file of items next to its orders, are of one kind.
    tables = [str(file) for file in (data / "segment_tables").rglob("*.csv")]
    orders = [str(file) for file in (data / "formats/magento").glob("*.csv")]
    assert (files_by_layout(tables), files_by_layout(orders)) == ({}, {})


def test_editions_of_online_retail_may_be_mixed_but_lack_nothing(tmp_path: Path) -> None:
    first = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    second = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
    for number, head in enumerate((first, second)):
        line = f"48943{number},85048,Light,12,2009-12-01 07:45:00,6.9{number},13085,France"
        written(tmp_path / f"{number}.csv", [head, line])
    own = {"footfall_source": "online_retail", "online_retail_path": str(tmp_path)}
    with inspection.connection() as connection:
        project = Project(PROJECT, connection, own, QUESTIONS, {})
        read = project.relation("stg_online_retail__events")
        found = connection.execute(f"select order_id, unit_price from {read} order by 1").fetchall()
    assert found == [("489430", 6.9), ("489431", 6.91)]
    written(tmp_path / "2.csv", [second.replace(",Price", ""), "489432,85048,L,1,2009-12-01,1,F"])
    (problem,) = inspection.check_build(own, str(tmp_path / "none.duckdb"))
    assert "2.csv' has no column 'unitprice'" in problem


def test_refunds_that_name_orders_alone_are_mapped_next_to_these(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    head = "order_id,customer_id,event_at,amount"
    bought = ["o1,c1,2026-01-05,9", "o2,c2,2026-01-05,7", "o2,,2026-01-08,8"]
    orders = written(folder / "orders.csv", [head, *bought])
    refunds = written(folder / "refunds.csv", ["order_id,refunded_at,amount", "o1,2026-01-06,4"])
    # In one folder the names of the files say which they are. A refund has a time of its own.
    both = tmp_path / "both.yml"
    assert inspection.main([f"--file={folder}", f"--out={both}"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "2026-01-05 00:00:00+00 purchase c1 o1 9.0" in told
    assert "2026-01-06 00:00:00+00 refund c1 o1 -4.0" in told
    # A number that begins again is of nobody known.
    assert "2026-01-08 00:00:00+00 purchase o2 8.0" in told
    assert read_mapping(str(both)).variables["custom_events_path"] == {
        "purchase": [orders],
        "refund": [refunds],
    }
    out = tmp_path / "a_shop.yml"
    assert inspection.main([f"--file={refunds}", f"--out={out}"]) == 1
    text = out.read_text(encoding="utf-8").replace("# purchase: …", f"purchase: {orders}")
    out.write_text(text.replace("event_at: refunded", "event_at: [event_at, refunded_at]  # "))
    mapping = read_mapping(str(out)).variables
    assert mapping["custom_events_path"] == {"purchase": orders, "refund": refunds}
    variables = {"footfall_source": "custom", **mapping}
    assert inspection.check_build(variables, str(tmp_path / "none.duckdb")) == []


def test_a_whole_build_of_dbt_looks_again_where_vars_or_inputs_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(early_check.CHECKED, raising=False)
    monkeypatch.setenv("FOOTFALL_DB", str(tmp_path / "shop.duckdb"))
    looked: list[str] = []
    wrong = ["the header is wrong"]

    def look(variables: dict[str, Any], *_: object, **__: object) -> list[str]:
        looked.append(variables["custom_events_path"])
        return wrong

    monkeypatch.setattr(early_check, "check_build", look)
    file = tmp_path / "events.csv"
    file.write_text("customer,event_at\n")
    given = {"footfall_source": "custom", "custom_events_path": str(file)}
    assert early_check.early_problems(PROJECT, given) == wrong
    # What was wrong is looked at until it is right, and then once for each version.
    wrong.clear()
    for _ in range(2):
        assert early_check.early_problems(PROJECT, given) == []
    file.write_text("customer_id,event_at\n")
    for variables in (given, {**given, "session_gap_minutes": 45}):
        assert early_check.early_problems(PROJECT, variables) == []
    assert len(looked) == 4
    # Of several sources each is looked at.
    assert early_check.early_problems(PROJECT, {**given, "footfall_source": "ga4, custom"}) == []
    assert len(looked) == 5
    assert early_check.early_problems(PROJECT, {"footfall_source": "storefront"}) == []


def test_dbt_stops_at_a_wrong_header_before_it_parses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(early_check.CHECKED, raising=False)
    file = tmp_path / "events.csv"
    file.write_text("customer,event_at,event_type\nc1,2024-01-01 10:00:00,view\n")
    monkeypatch.setenv("FOOTFALL_DB", str(tmp_path / "shop.duckdb"))
    given = {"footfall_source": "custom", "custom_events_path": str(file)}
    arguments = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--quiet"]
    arguments += ["--target-path", str(tmp_path / "target"), "--log-level-file", "none"]
    outcome = dbtRunner().invoke(["build", "--vars", json.dumps(given), *arguments])
    assert "customer_id" in str(outcome.exception)
    assert not (tmp_path / "shop.duckdb").exists()


@pytest.mark.library
def test_files_lack_what_others_of_their_type_have() -> None:
    files = [
        {"file": name, "stand_in": name, "event_type": kind}
        for name, kind in [("a", "view"), ("b", "view"), ("c", "refund"), ("quiet", "view")]
    ]
    # The schema of b holds an object, whose fields are no columns of the file.
    schemas = [
        *[("a", "root", 3), ("a", "WHO", None), ("a", "amount", None), ("a", "item", None)],
        *[("b", "root", 3), ("b", "said", 2), ("b", "amount", None), ("b", "item", 1)],
        *[("b", "who", None), ("b", "device", None), ("b", "footfall_line_no", None)],
        *[("c", "root", 1), ("c", "item", None), ("quiet", "root", 1)],
        ("quiet", "footfall_line_text", None),
    ]

    def lacking(**given: Any) -> dict[str, list[str]]:
        found = lacking_files(
            files=files,
            elements=schemas,
            names=["who", "amount", "item_id", "device"],
            spellings={"item_id": ["sku", "item", "said.sku"], "amount": "amount"},
            ignored=["footfall_"],
            **{"are_records": False, **given},
        )
        return {name: [one["file"] for one in those] for name, those in found.items()}

    assert lacking() == {"who": ["b"], "amount": ["b"], "device": ["a"]}
    # Files of records complete each other, unless one has all that another has.
    assert lacking(are_records=True) == {}
    schemas[:4] = [("a", "root", 2), ("a", "who", None), ("a", "item", None)]
    schemas += [("d", "root", 1), ("d", "who", None)]
    files.append({"file": "d", "stand_in": "d", "event_type": "view"})
    assert lacking(are_records=True) == {"item_id": ["d"]}
