"""Values of real exports: words for nothing, ids of two tools, consents, values of no use."""

import pytest
from dbt.cli.main import dbtRunnerResult

from conftest import SMALL_SCORER, Warehouse, problems

WORDS = [
    *("NULL", "null", " NaN ", "nan", "None", r"\N", "N/A", "undefined", "(not set)", "(NULL)"),
    *("0", "000", "00000000-0000-0000-0000-000000000000", "0.0", ""),
]
GUESTS = 2 * len(WORDS)
EVENTS = """\
customer_id,device_id,event_at,event_type,item_id,order_id,quantity,unit_price,amount,channel,country
{guests}
c0,d0,2021-04-02 10:00:00,purchase,A,C0,,,10,(none),NA
c0,d0,2021-04-02 11:00:00,view,A,,,,,ann@example.org,
c1,d1,2021-04-02 10:00:00,purchase,A,C1,NULL,,10,null,NULL
17850.0,d900,2021-04-03 10:00:00,Add To Cart,71053.0,,6,3.39,,,
17850,d900,2021-04-03 10:05:00,add to cart,71053,,6,3.39,,,
17850.00,,2021-04-03 10:06:00,purchase,00071,536365.0,6,3.39,,,
00017,,2021-04-03 10:07:00,purchase,85123A,0,1,5,,,
9007199254740993.0,,2021-04-03 10:08:00,purchase,A,B1,1,5,,,
5e+18,,2021-04-03 10:08:00,purchase,A,B2,1,5,,,
c5,,2021-04-03 10:09:00,purchase,A,B3,1,5,4111111111111111,,
C5,,2021-04-03 10:09:00,purchase,A,B4,1e200,1e200,,,
c5,,2021-04-03 10:09:00,purchase,A,B5,1,4e15,1,,
c5,,99999-04-03 10:09:00,purchase,A,B6,1,5,5,,
c1,,2021-04-03 11:00:00,purchase,A,till 1,,,10,,
c0,,2021-04-04 11:00:00,purchase,A,till 1,,,10,Internal,
c1,,2021-04-05 09:00:00,refund,,gone,,,,,
,,2021-04-05 10:00:00,chargeback,,C1,,,,,
,,2021-04-05 10:00:00,chargeback,,C9,,,,,
"""
ITEMS = """\
item_id,item_name,category,list_price,created_at,is_in_stock
71053.0,Lantern,undefined,3.39,2020-01-01,yes
71053,Old lantern,goods,abc,2021-01-01,no
71,Mug,goods,4,yesterday,perhaps
NULL,Nothing,goods,4,,
5e+18,Lost,goods,4,,
"""
CUSTOMERS = """\
customer_id,birth_year,registered_at,has_marketing_consent,gender,phone
c0,1980,2020-01-01,Yes,f,
c0,1981,2021-01-01,no,f,
c1,19x0,yesterday,refused,N/A,
c5,1990.0,2020-01-01,,m,
17850,1990,2020-01-01,NULL,m,12
"""
REVIEWS = """\
review_id,customer_id,item_id,order_id,reviewed_at,rating,body
r1,c0,A,o2,2021-04-05,5,second
r1,c0,A,o1,2021-04-04,abc,first
r2,c1,A,o3,2021-04-04,4,none
r3,c1,A,9007199254740993.0,2021-04-04,4,call +49 170 1234567 or write to ann@example.org
"""


def guests() -> str:
    """Guests under each word for nothing, each on a device of their own: a view and an order."""
    return "\n".join(
        f'"{word}",g{number},2021-04-01 10:0{minute}:00,{event},A,{order},,,10,,'
        for number, word in enumerate(WORDS * 2)
        for minute, event, order in ((0, "view", ""), (1, "purchase", f"G{number}"))
    )


def statuses(outcome: dbtRunnerResult) -> list[str]:
    """How the data tests of a run ended, in the order of their names."""
    tests = [row for row in outcome.result if row.node.resource_type == "test"]
    return [str(row.status) for row in sorted(tests, key=lambda row: row.node.name)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("values")
    texts = {"events": EVENTS.format(guests=guests()), "items": ITEMS, "customers": CUSTOMERS}
    for name, text in {**texts, "reviews": REVIEWS}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    warehouse = Warehouse(
        folder,
        {
            "footfall_source": "custom",
            **{
                f"custom_{name}_path": str(folder / f"{name}.csv")
                for name in ("events", "items", "customers", "reviews")
            },
            "custom_event_names": {"Add To Cart": "add_to_cart", "add to cart": "add_to_cart"},
            **SMALL_SCORER,
        },
    )
    warehouse.only_tests = frozenset(
        {
            "customers_differ_in_more_than_case",
            "customers_own_a_plausible_number_of_devices",
            "repeated_orders_are_of_one_customer",
            "sold_items_are_in_the_catalogue",
        }
    )
    outcome = warehouse.build(
        ["+int_value_accounting", "+int_row_accounting", "+int_sessions", *warehouse.only_tests],
        test=True,
    )
    assert outcome.success, problems(outcome)
    return warehouse


def test_guests_under_a_word_for_nothing_stay_strangers(shop: Warehouse) -> None:
    # A customer named by such a word would own all of these devices.
    assert shop.value("select count(distinct visitor_no) from intermediate.int_sessions") == (
        GUESTS + 4
    )
    assert shop.query(
        "select customer_id, count(*) from staging.stg_custom__events"
        " where customer_id is not null and rejection is null group by all order by all"
    ) == [("00017", 1), ("17850", 3), ("C5", 1), ("c0", 3), ("c1", 3), ("c5", 2)]
    # Namibia and a direct visit are no words for nothing, and an order may have the number 0.
    assert shop.query(
        "select channel, country from staging.stg_custom__events where country is not null"
    ) == [("Direct", "NA")]
    # A page of the shop itself is no channel.
    assert shop.query(
        "select channel from staging.stg_custom__events where order_id = 'till 1'"
    ) == [(None,), (None,)]
    assert shop.value(
        "select order_id from staging.stg_custom__events where item_id = '85123A'"
    ) == ("0")


def test_an_id_of_two_tools_is_one(shop: Warehouse) -> None:
    assert shop.query(
        "select distinct item_id, order_id from staging.stg_custom__events"
        " where customer_id in ('17850', '00017') order by all"
    ) == [("00071", "536365"), ("71053", None), ("85123A", "0")]
    assert shop.query(
        "select item_id, item_name from intermediate.int_items where is_in_catalogue order by all"
    ) == [("5e+18", "Lost"), ("71", "Mug"), ("71053", "Lantern")]


def test_values_of_no_use_reject_their_row_and_stop_nothing(shop: Warehouse) -> None:
    lost = "is a floating-point number that has lost digits"
    lost += ": export ids in text form or as whole numbers"
    assert shop.query("select reason from intermediate.int_rejected_rows order by all") == [
        ("amount is 1e12 or more, or no finite number",),
        (f"customer_id {lost}",),
        (f"customer_id {lost}",),
        ("event_at is not a time: 99999-04-03 10:09:00",),
        ("quantity is 1e12 or more, or no finite number",),
        ("the order was sent before",),
        ("unit_price is 1e12 or more, or no finite number",),
    ]
    # Each row once, though two spellings of an event name were given.
    assert shop.query("select * exclude (source) from intermediate.int_row_accounting") == [
        (2 * GUESTS + 18, 2 * GUESTS + 11, 1, 0, 6, 0, 0)
    ]


def test_what_was_not_taken_as_it_came_is_counted_by_column(shop: Warehouse) -> None:
    rows = shop.query(
        "select entity, column_name, reason, value_count, examples"
        " from intermediate.int_value_accounting order by all"
    )
    repeated = "the id was listed before, and the first listing counts"
    nothing = "a word for nothing"
    lost = "a floating-point number that has lost digits"
    assert rows == [
        ("customers", "attributes", "masked name", 1, None),
        ("customers", "birth_year", "no year", 1, None),
        ("customers", "customer_id", repeated, 1, None),
        ("customers", "gender", nothing, 1, "N/A"),
        ("customers", "has_marketing_consent", nothing, 1, "NULL"),
        (
            *("customers", "has_marketing_consent"),
            *("no known yes, read as a refusal (var words_for_yes)", 1, None),
        ),
        ("customers", "registered_at", "no time", 1, None),
        (
            *("events", "amount"),
            "no amount, so what is still paid of the order is given back, if that is known",
            *(1, None),
        ),
        (
            *("events", "amount"),
            "the order of the refund is not known, so the refund is worth nothing",
            *(1, None),
        ),
        ("events", "channel", nothing, 1, "null"),
        ("events", "channel", "masked email", 1, None),
        ("events", "channel", "the shop itself, which is no source of a visit", 1, "Internal"),
        ("events", "country", nothing, 1, "NULL"),
        ("events", "customer_id", nothing, 40, "(NULL), undefined"),
        ("events", "customer_id", "only zeros", 16, "0, 00000000-0000-0000-0000-000000000000"),
        (
            *("events", "order_id"),
            "no payment and no order of this name is there, so the label says nothing",
            *(1, None),
        ),
        ("events", "quantity", nothing, 1, "NULL"),
        ("items", "category", nothing, 1, "undefined"),
        ("items", "created_at", "no time", 1, "yesterday"),
        ("items", "is_in_stock", "neither yes nor no", 1, "perhaps"),
        ("items", "item_id", lost, 1, None),
        ("items", "item_id", nothing, 1, "NULL"),
        ("items", "item_id", "no id, so the row is left out", 1, None),
        ("items", "item_id", repeated, 1, "71053"),
        ("items", "list_price", "no number", 1, "abc"),
        ("reviews", "body", nothing, 1, "none"),
        ("reviews", "body", "masked email", 1, None),
        ("reviews", "body", "masked phone", 1, None),
        ("reviews", "order_id", lost, 1, None),
        ("reviews", "rating", "no number", 1, "abc"),
        ("reviews", "review_id", repeated, 1, None),
    ]


def test_consent_is_a_known_yes(shop: Warehouse) -> None:
    assert shop.query(
        "select customer_id, has_marketing_consent, birth_year from staging.stg_custom__customers"
        " order by all"
    ) == [
        ("17850", None, 1990),
        ("c0", False, 1981),
        ("c0", True, 1980),
        ("c1", False, None),
        ("c5", None, 1990),
    ]


def test_of_a_repeated_id_the_first_counts(shop: Warehouse) -> None:
    assert shop.query(
        "select rating, body, listing_count from intermediate.int_reviews order by all"
    ) == [
        (4.0, "call [masked phone] or write to [masked email]", 1),
        (4.0, None, 1),
        (None, "first", 2),
    ]
    assert shop.query(
        "select birth_year from intermediate.int_customers where listing_count = 2"
    ) == [(1980,)]


@pytest.mark.long
def test_what_is_read_right_and_is_not_plausible_is_a_warning(shop: Warehouse) -> None:
    # Two of the three sold items and A are in no catalogue, a number of a till has two buyers, and
    # c5 is also written C5.
    outcome = shop.dbt("test", "--select", *sorted(shop.only_tests or ()))
    assert outcome.success, problems(outcome)
    assert statuses(outcome) == ["warn", "pass", "warn", "warn"]
    shop.variables["max_devices_per_customer"] = 1
    shop.execute(
        "insert into intermediate.int_identity_links by name"
        " select anonymous_no + 1 as anonymous_no, customer_no, linked_at, loaded_at"
        " from intermediate.int_identity_links"
    )
    outcome = shop.dbt("test", "--select", "customers_own_a_plausible_number_of_devices")
    assert statuses(outcome) == ["warn"]


def test_of_an_ip_address_the_network_is_kept(own_shop: Warehouse) -> None:
    networks = {
        "203.0.113.9": "203.0.113.0/24",
        "::ffff:203.0.113.77": "203.0.113.0/24",
        "2001:0DB8:85a3:8d3:1319:8a2e:370:7348": "2001:db8:85a3::/48",
        "2001:db8:85a3::8a2e:370": "2001:db8:85a3::/48",
        "2001:db8::1": "2001:db8:0::/48",
        "::1": "0:0:0::/48",
        # What is no address: a network already, a digest, a time.
        "203.0.113.0/24": "203.0.113.0/24",
        "9f86d081884c7d65": "9f86d081884c7d65",
        "10:15": "10:15",
    }
    given = ", ".join(f"('{address}')" for address in networks)
    outcome = own_shop.dbt(
        *("show", "--quiet", "--output", "json", "--limit", "99", "--inline"),
        "select address, {{ ip_network('address') }} as network"
        f" from (values {given}) as given (address)",
    )
    assert outcome.success
    found = {row[0]: row[1] for row in outcome.result.results[0].agate_table.rows}
    assert found == networks


@pytest.mark.long
def test_a_build_stops_at_customers_without_an_attribute_that_groups_are_made_of(
    shop: Warehouse,
) -> None:
    shop.variables["fairness_attributes"] = ["country", "attributes.fone"]
    try:
        said = problems(shop.build(("+int_customers",)))
    finally:
        del shop.variables["fairness_attributes"]
    assert "int_customers: " in said
    assert "'attributes.fone', which no customer has (is it 'attributes.phone'?)" in said
    assert "Traceback" not in said
