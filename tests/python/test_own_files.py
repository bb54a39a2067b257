"""What rows of one's own files are worth, and which names they may have, as staging reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import PROJECT
from footfall.adapter import inspection
from footfall.adapter.questions import QUESTIONS
from footfall.inspecting.rendering import Project

Rows = list[tuple[Any, ...]]
LEDGER = "customer_id,order_id,event_at,item_id,quantity,unit_price,amount"


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)


def staged(path: Any, columns: str, after: str = "", **variables: Any) -> Rows:
    """Columns of the rows that staging gives, in their order."""
    with inspection.connection() as connection:
        given = {"footfall_source": "custom", "custom_events_path": path, **variables}
        relation = Project(PROJECT, connection, given, QUESTIONS, {}).relation("stg_custom__events")
        return connection.execute(
            f"select {columns} from {relation} {after} order by all"
        ).fetchall()


def mapping_of(section: str) -> dict[str, Any]:
    """The mapping in a section of docs/formats.md, without the path."""
    text = (PROJECT / "docs" / "formats.md").read_text(encoding="utf-8")
    mapping = text.split(f"\n## {section}\n")[1].split("```yaml\n")[1].split("```")[0]
    read: dict[str, Any] = yaml.safe_load(mapping)
    return {name: value for name, value in read.items() if name != "custom_events_path"}


def written(file: Path, *lines: str) -> str:
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(file)


def orders(file: str, columns: str) -> Rows:
    return staged(file, columns, custom_event_type="purchase")


def test_what_people_do_with_items_is_not_left_out_for_the_name_that_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(
        tmp_path / "log.csv",
        "customer_id,event_at,event_type,item_id",
        "c1,2026-03-02 09:00:00,click,mug",
        "c1,2026-03-02 09:01:00,click,",
        "c1,2026-03-02 09:02:00,Preview,",
        "c1,2026-03-02 09:03:00,add_to_cart,mug",
        "c1,2026-03-02 09:04:00,Order status viewed,",
        "c1,2026-03-02 09:05:00,BeginCheckuot,",
    )
    own = {"footfall_source": "custom", "custom_events_path": file}
    none = str(tmp_path / "none.duckdb")
    (problem,) = inspection.check_build(own, none)
    assert "  click (1 row): is it view?" in problem
    assert "  Preview (1 row): is it view?" in problem
    # Whoever says what they are has decided.
    named = {"click": None, "preview": "view", "order status viewed": None}
    named["BeginCheckuot"] = "checkout"
    assert inspection.check_build({**own, "custom_event_names": named}, none) == []
    # What a word may mean is not read before somebody has said so.
    out = tmp_path / "own.yml"
    assert inspection.main([f"--file={file}", f"--out={out}"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "click 2 UNKNOWN: is it view?" in told
    mapping = out.read_text(encoding="utf-8")
    assert "\n  BeginCheckuot: checkout    # 1 rows; proposed, as 'begin checkout' is" in mapping
    assert "\n  # click: view    # 2 rows; perhaps; or an event type" in mapping
    assert "\n  # Order status viewed: view    # 1 rows; perhaps;" in mapping


def test_what_a_cancellation_names_is_what_its_order_was_worth(tmp_path: Path) -> None:
    lines = [
        "customer_id,event_at,event_type,order_id,amount,quantity,unit_price",
        "c1,2026-03-02 09:00:00,Order Completed,o1,40,,",
        "c1,2026-03-03 09:00:00,Order Refunded,o1,10,,",
        "c1,2026-03-04 09:00:00,Order Cancelled,o1,40,,",
        "c1,2026-03-04 09:00:00,order_cancelled,o2,,2,7.5",
    ]
    file = written(tmp_path / "log.csv", *lines)
    columns = "event_type, order_id, amount, listed_amount"
    expected = [
        ("purchase", "o1", 40.0, None),
        ("refund", "o1", 10.0, None),
        ("refund", "o1", None, 40.0),
        ("refund", "o2", None, 15.0),
    ]
    assert staged(file, columns) == expected
    assert staged(file, columns, custom_rows_are="records") == expected


def test_orders_of_one_number_on_two_days_each_have_their_discount(tmp_path: Path) -> None:
    file = written(
        tmp_path / "till.csv",
        f"{LEDGER},order_discount",
        "ana,#1,2026-03-02 09:00:00,mug,1,20,,5",
        "ana,#1,2026-03-02 09:00:04,tea,1,20,,5",
        "ana,#1,2026-03-03 09:00:00,mug,1,20,,5",
    )
    assert orders(file, "event_at::date::varchar, item_id, round(amount, 6)") == [
        ("2026-03-02", "mug", 17.5),
        ("2026-03-02", "tea", 17.5),
        ("2026-03-03", "mug", 15.0),
    ]


def test_a_row_of_an_order_takes_the_lines_that_are_nearest_alone(tmp_path: Path) -> None:
    file = written(
        tmp_path / "orders.csv",
        f"{LEDGER},order_amount",
        # The order of these lines is in a file that is not there.
        ",#1,2026-01-05 09:00:00,lamp,1,50,,",
        "ben,#1,2026-01-20 09:00:00,,,,,20",
        ",#1,2026-01-20 09:00:01,mug,1,20,,",
    )
    accepted = orders(file, "item_id, customer_id, amount, rejection")
    assert accepted[:2] == [("lamp", None, 50.0, None), ("mug", "ben", 20.0, None)]
    assert "stands for an order" in accepted[2][3]


def test_a_row_of_an_order_without_a_customer_is_its_lines_customers(tmp_path: Path) -> None:
    file = written(
        tmp_path / "orders.csv",
        f"{LEDGER},order_amount",
        ",o1,2026-01-20 09:00:00,,,,,28",
        "ben,o1,2026-01-20 09:00:02,mug,1,30,,",
    )
    found = orders(file, "item_id, customer_id, amount, rejection")
    assert found[0] == ("mug", "ben", 28.0, None)
    assert "stands for an order" in found[1][3]


def test_the_newest_version_of_an_order_says_what_it_was_worth(tmp_path: Path) -> None:
    head = "order_id,customer_id,event_at,order_amount,updated_at"
    first = written(tmp_path / "a.csv", head, "o1,ana,2026-03-02 09:00:00,30,2026-03-02 09:00:00")
    later = written(tmp_path / "b.csv", head, "o1,ana,2026-03-02 09:00:00,20,2026-03-04 09:00:00")
    columns = "received_at::date::varchar, amount"
    found = staged([first, later], columns, custom_event_type="purchase")
    assert found == [("2026-03-02", 30.0), ("2026-03-04", 20.0)]


SHOPIFY = (
    "Name,Email,Financial Status,Created at,Currency,Discount Amount,Refunded Amount,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Cancelled at,Billing Country,Note"
)


def test_an_order_that_is_exported_again_is_one_order_whatever_has_become_of_it(
    tmp_path: Path,
) -> None:
    """The export of the next day has another status, a refund, another country and one more line.

    What an export says of an order goes to the lines of that export, so the status of one day
    contradicts that of another for no line.
    """
    at = "2024-06-03 10:00:00 +0200"
    first = written(
        tmp_path / "monday.csv",
        SHOPIFY,
        f"#1,ana@x.de,paid,{at},EUR,5,0,1,Mug,20,MUG,,DE,",
        f"#1,,,{at},,,,1,Tea,5,TEA,,,",
        f"#2,bo@x.de,pending,{at},EUR,0,0,1,Mug,20,MUG,,DE,",
        f"#2,,,{at},,,,1,Tea,5,TEA,,,",
    )
    second = written(
        tmp_path / "tuesday.csv",
        SHOPIFY,
        f"#1,ana@x.de,partially_refunded,{at},EUR,5,4,1,Spoon,3,SPN,,AT,asked for a bag",
        f"#1,,,{at},,,,1,Mug,20,MUG,,,",
        f"#1,,,{at},,,,1,Tea,5,TEA,,,",
        f"#2,bo@x.de,paid,{at},EUR,0,0,1,Mug,20,MUG,,DE,",
        f"#2,,,{at},,,,1,Tea,5,TEA,,,",
    )
    columns = (
        "order_id, event_type, item_id, round(amount, 2), rejection, count(distinct event_id),"
        " count(*)"
    )
    unpaid = "not an event of the journey: pending"
    assert staged([first, second], columns, "group by all", **mapping_of("Shopify")) == [
        ("#1", "purchase", "MUG", 16.43, None, 1, 2),
        ("#1", "purchase", "SPN", 2.46, None, 1, 1),
        ("#1", "purchase", "TEA", 4.11, None, 1, 2),
        ("#1", "refund", None, 4.0, None, 1, 1),
        ("#2", "pending", "MUG", None, unpaid, 1, 1),
        ("#2", "pending", "TEA", None, unpaid, 1, 1),
        ("#2", "purchase", "MUG", 20.0, None, 1, 1),
        ("#2", "purchase", "TEA", 5.0, None, 1, 1),
    ]


def test_exports_that_contradict_each_other_about_an_order_are_counted(tmp_path: Path) -> None:
    """Nothing says which discount is newer, or what an order is worth that lost a line."""
    head = f"{LEDGER},order_amount,order_discount"
    first = written(
        tmp_path / "monday.csv",
        head,
        "ana,o1,2026-03-02 09:00:00,mug,1,20,,15,5",
        "ben,o2,2026-03-02 09:00:00,mug,1,20,,20,",
    )
    second = written(tmp_path / "tuesday.csv", head, "ana,o1,2026-03-02 09:00:00,mug,1,20,,12,8")
    columns = "order_id, amount, value_notes like '%other amounts or discounts%', count(*)"
    assert staged([first, second], columns, "group by all", custom_event_type="purchase") == [
        ("o1", 12.0, True, 1),
        ("o1", 12.0, None, 1),
        ("o2", 20.0, None, 1),
    ]


def test_a_currency_that_is_written_with_the_money_is_taken_or_counted(tmp_path: Path) -> None:
    """A code says which one it is, and so does the sign of the euro; other signs do not."""
    named = written(
        tmp_path / "named.csv",
        "customer_id,event_at,event_type,order_id,amount",
        "ana,2026-03-02 09:00:00,purchase,o1,EUR 5.50",
        "ana,2026-03-02 09:01:00,purchase,o2,7 USD",
        "ana,2026-03-02 09:02:00,purchase,o3,2 €",
        "ana,2026-03-02 09:03:00,purchase,o4,$9",
        "ana,2026-03-02 09:04:00,purchase,o5,1e1",
        "ana,2026-03-02 09:05:00,purchase,o6,NAN",
        "ana,2026-03-02 09:06:00,purchase,o7,CAD$3",
        "ana,2026-03-02 09:07:00,purchase,o8,NET 4.00",
        "ana,2026-03-02 09:08:00,purchase,o9,5 PCS",
    )
    columns = "order_id, amount, currency, value_notes like 'currency%several currencies share%'"
    assert staged(named, columns) == [
        ("o1", 5.5, "EUR", None),
        ("o2", 7.0, "USD", None),
        ("o3", 2.0, "EUR", None),
        ("o4", 9.0, None, True),
        ("o5", 10.0, None, None),
        ("o6", None, None, False),
        ("o7", 3.0, "CAD", None),
        ("o8", None, None, None),
        ("o9", None, None, None),
    ]
    # Letters that are no currency may be a unit, or another column's value.
    assert staged(named, "order_id, rejection", "where order_id in ('o8', 'o9')") == [
        ("o8", "amount is not a number: NET 4.00"),
        ("o9", "amount is not a number: 5 PCS"),
    ]
    both = written(
        tmp_path / "both.csv",
        "customer_id,event_at,event_type,order_id,unit_price,quantity,currency",
        "ana,2026-03-02 09:00:00,purchase,o1,EUR 5.50,1,eur",
        "ana,2026-03-02 09:01:00,purchase,o2,EUR 5.50,1,USD",
        "ana,2026-03-02 09:02:00,purchase,o3,EUR 5.50,1,",
    )
    columns = "order_id, unit_price, currency, value_notes"
    other = "currency\tthe money names another currency than this column, which counts"
    assert staged(both, columns) == [
        ("o1", 5.5, "EUR", None),
        ("o2", 5.5, "USD", other),
        ("o3", 5.5, "EUR", None),
    ]
    # Yen have no smaller unit.
    yen = written(
        tmp_path / "yen.csv",
        "customer_id,event_at,event_type,order_id,amount",
        "ana,2026-03-02 09:00:00,purchase,o1,JPY 500",
        "ana,2026-03-02 09:01:00,purchase,o2,EUR 500",
    )
    read = staged(yen, "order_id, amount, currency", custom_amounts_are="minor")
    assert read == [("o1", 500.0, "JPY"), ("o2", 5.0, "EUR")]


def test_what_payments_are_made_with_is_taken_under_its_usual_names(tmp_path: Path) -> None:
    """It is kept as an id, of an address its network, and is not among the properties.

    Of two spellings the first that is not empty counts.
    """
    file = written(
        tmp_path / "log.csv",
        "customer_id,event_at,event_type,order_id,amount,Card_ID,card,ip_address,terminal,address_key,till",
        "c1,2026-03-02 09:00:00,purchase,o1,5,K-1,,203.0.113.9,T-7,A-1,3",
        "c2,2026-03-02 09:00:00,purchase,o2,5,NULL,K-2,2001:db8:aaaa:bbbb::1,,,",
    )
    columns = "card_token, ip_token, terminal_token, address_token, properties"
    assert staged(file, columns) == [
        ("K-1", "203.0.113.0/24", "T-7", "A-1", '{"till":"3"}'),
        ("K-2", "2001:db8:aaaa::/48", None, None, None),
    ]
    # Where a mapping names one column, the others are properties like any other.
    mapped = staged(file, "card_token", custom_columns={"events": {"card_token": "card"}})
    assert mapped == [("K-2",), (None,)]


def test_a_campaign_inside_the_shop_is_no_source_of_a_visit(tmp_path: Path) -> None:
    file = written(
        tmp_path / "log.csv",
        "customer_id,event_at,event_type,traffic_source,traffic_medium,campaign",
        "c1,2026-03-02 09:00:00,view,home,internal,banner",
        "c1,2026-03-02 09:01:00,view,news,email,march",
    )
    columns = "traffic_source, traffic_medium, campaign"
    assert staged(file, columns) == [("news", "email", "march"), (None, None, None)]


def test_a_line_that_another_export_of_its_order_does_not_have_is_counted(tmp_path: Path) -> None:
    """Whether the order lost it or got it later nothing says, so it stays."""
    monday = written(
        tmp_path / "monday.csv",
        LEDGER,
        "ana,o1,2026-03-02 09:00:00,mug,1,20,",
        "ana,o1,2026-03-02 09:00:00,tea,1,5,",
        "ben,o2,2026-03-02 10:00:00,mug,1,20,",
    )
    tuesday = written(
        tmp_path / "tuesday.csv",
        LEDGER,
        "ana,o1,2026-03-02 09:00:00,mug,1,20,",
        "ben,o3,2026-03-03 10:00:00,mug,1,20,",
    )
    columns = "order_id, item_id, value_notes like 'order_id%not this line%' as is_noted, count(*)"
    paths = [monday, tuesday]
    assert staged(paths, columns, "group by all", custom_event_type="purchase") == [
        ("o1", "mug", None, 2),
        ("o1", "tea", True, 1),
        ("o2", "mug", None, 1),
        ("o3", "mug", None, 1),
    ]
    assert staged(monday, "max(value_notes)", custom_event_type="purchase") == [(None,)]
    # An order that was paid on one day and is cancelled on the next, of which nothing is newer.
    head = "customer_id,order_id,event_at,event_type,item_id,quantity,unit_price"
    names = {"custom_event_names": {"paid": "purchase", "cancelled": None, "pending": None}}
    monday = written(
        tmp_path / "monday.csv",
        head,
        "ana,o1,2026-03-02 09:00:00,paid,mug,1,20",
        "ben,o2,2026-03-02 10:00:00,pending,mug,1,20",
    )
    tuesday = written(
        tmp_path / "tuesday.csv",
        head,
        "ana,o1,2026-03-02 09:00:00,cancelled,mug,1,20",
        "ben,o2,2026-03-02 10:00:00,paid,mug,1,20",
    )
    columns = "order_id, value_notes like 'order_id%no purchase%' as is_noted"
    kept = "where rejection is null"
    assert staged([monday, tuesday], columns, kept, custom_rows_are="records", **names) == [
        ("o1", True),
        ("o2", None),
    ]


def test_a_total_among_the_lines_of_an_order_is_counted(tmp_path: Path) -> None:
    file = written(
        tmp_path / "orders.csv",
        LEDGER,
        "ana,o1,2026-03-02 09:00:00,,,,50",
        ",o1,,mug,2,20,40",
        ",o1,,tea,1,10,10",
        "ben,o2,2026-03-02 10:00:00,,,,4",
        ",o2,,mug,1,20,20",
    )
    columns = "order_id, item_id, amount, value_notes like 'amount%perhaps the total%'"
    assert orders(file, columns) == [
        ("o1", "mug", 40.0, None),
        ("o1", "tea", 10.0, None),
        ("o1", None, 50.0, True),
        ("o2", "mug", 20.0, None),
        ("o2", None, 4.0, None),
    ]


def test_of_an_order_that_is_exported_again_the_newest_version_counts(tmp_path: Path) -> None:
    """It has lost a line and pieces of another. Where each line has a time, none leaves."""
    head = "customer_id,order_id,event_at,event_type,item_id,quantity,unit_price,order_discount"
    head += ",line_refund,updated_at"
    first, second = "2026-03-02 09:00:00", "2026-03-04 09:00:00"
    monday = written(
        tmp_path / "monday.csv",
        head,
        f"ana,o1,{first},paid,mug,1,20,5,,{first}",
        f"ana,o1,{first},paid,tea,1,5,5,1,{first}",
        f"ana,o1,{first},paid,pen,2,5,5,,{first}",
        f"ben,o2,{first},paid,mug,1,20,,,{first}",
        # Another part of the order, and a line that changed alone.
        f"cle,o3,{first},paid,mug,1,20,,,{first}",
        f"dan,o4,{first},paid,mug,1,20,,,{first}",
        f"dan,o4,{first},paid,tea,1,5,,,2026-03-02 10:00:00",
    )
    tuesday = written(
        tmp_path / "tuesday.csv",
        head,
        f"ana,o1,{first},paid,mug,1,20,4,,{second}",
        f"ana,o1,{first},paid,pen,1,5,4,,{second}",
        f"ben,o2,{first},cancelled,mug,1,20,,,{second}",
        f"cle,o3,{first},paid,pen,1,5,,,{second}",
        f"dan,o4,{first},paid,mug,1,20,,,{second}",
    )
    names = {"paid": "purchase", "cancelled": None}
    for paths in ([monday, tuesday], [tuesday, monday]):
        found = staged(
            paths,
            "order_id, event_type, item_id, quantity, round(amount, 2), rejection",
            "where received_at::date = '2026-03-04' or rejection is not null or order_id > 'o2'",
            custom_rows_are="records",
            custom_event_names=names,
        )
        left = "superseded: a newer version of the order has not this line"
        assert found == [
            ("o1", "purchase", "mug", 1, 16.8, None),
            ("o1", "purchase", "pen", 1, 4.2, None),
            ("o1", "purchase", "pen", 2, 8.0, left),
            ("o1", "purchase", "tea", 1, 4.0, left),
            ("o2", "cancelled", "mug", 1, None, "not an event of the journey: cancelled"),
            ("o2", "purchase", "mug", 1, 20.0, left),
            ("o3", "purchase", "mug", 1, 20.0, None),
            ("o3", "purchase", "pen", 1, 5.0, None),
            ("o4", "purchase", "mug", 1, 20.0, None),
            ("o4", "purchase", "mug", 1, 20.0, None),
            ("o4", "purchase", "tea", 1, 5.0, None),
        ]


def test_rows_that_are_made_of_a_column_are_counted(tmp_path: Path) -> None:
    file = written(
        tmp_path / "orders.csv",
        f"{LEDGER},line_refund,order_refund,is_fraud,labelled_at",
        "ana,o1,2026-03-02 09:00:00,mug,1,20,,5,,,",
        "ben,o2,2026-03-02 09:00:00,mug,1,20,,,7,yes,2026-03-09 09:00:00",
    )
    made = "'([a-z_]+)\\ta (refund|label) of its own, which is one row more than the files have'"
    columns = f"event_type, nullif(regexp_extract(value_notes, {made}, 1), '')"
    assert orders(file, columns) == [
        ("chargeback", "is_fraud"),
        ("purchase", None),
        ("purchase", None),
        ("refund", "line_refund"),
        ("refund", "order_refund"),
    ]
