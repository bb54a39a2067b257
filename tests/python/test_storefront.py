"""The simulated shop: repeatable, whole, and true to what its truth tables say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from footfall.storefront import generate
from footfall.storefront.simulation import sql_files

EVENT_TYPES = {
    "register",
    "login",
    "browse",
    "search",
    "view",
    "wishlist",
    "add_to_cart",
    "remove_from_cart",
    "checkout",
    "payment",
    "payment_error",
    "purchase",
    "refund",
    "review",
    "support",
    "survey",
    "campaign",
    "exposure",
    "chargeback",
}

RAW_COLUMNS = {
    "events": (
        "event_id customer_id device_id event_at received_at event_type item_id order_id quantity"
        " unit_price discount amount currency session_hint channel device country card_token"
        " address_token ip_token terminal_token card_country message_text properties"
    ),
    "items": "item_id item_name category subcategory brand list_price created_at is_in_stock",
    "customers": (
        "customer_id registered_at country birth_year gender acquisition_channel"
        " has_marketing_consent attributes"
    ),
    "reviews": "review_id customer_id item_id order_id reviewed_at rating title body",
}


def simulate(
    seed: int = 7, customers: int = 80, threads: int = 2, until: date | datetime | None = None
) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config={"threads": threads})
    connection.execute("set timezone = 'UTC'")
    generate(connection, seed=seed, customers=customers, until=until)
    return connection


def one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def digests(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, int]]:
    """Number of rows and an order-free digest of every table of the two schemas."""
    names = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables()"
        " where schema_name in ('raw_storefront', 'truth_storefront') order by all"
    ).fetchall()
    return {
        name: one(connection, f"select count(*), bit_xor(hash(t::varchar)) from {name} as t")
        for (name,) in names
    }


@pytest.fixture(scope="module")
def shop() -> Iterator[duckdb.DuckDBPyConnection]:
    """A shop of 1,200 customers, with the good rows of the stream (once each) as `good`."""
    connection = simulate(customers=1200)
    connection.execute(
        """
        create temp table good as
        select distinct on (event_id) *
        from raw_storefront.events
        where event_id not in (
            select event_id from truth_storefront.truth_rejected_events where kind = 'malformed'
        )
        order by event_id, received_at
        """
    )
    yield connection
    connection.close()


def test_rows_depend_on_seed_and_size_alone() -> None:
    first, second = simulate(threads=1), simulate(threads=4)
    assert digests(first) == digests(second)
    assert digests(first) != digests(simulate(seed=8))


def test_equal_simulation_is_kept_and_until_moves_views_only(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "shop.duckdb") as connection:
        assert generate(connection, seed=1, customers=40).is_generated
        assert not generate(connection, seed=1, customers=40).is_generated
        before = digests(connection)
        shown = one(connection, "select count(*) from raw_storefront.events")[0]
        moved = generate(connection, seed=1, customers=40, until=date(2026, 1, 1))
        assert not moved.is_generated
        assert one(connection, "select count(*) from raw_storefront.events")[0] < shown
        assert not generate(connection, seed=1, customers=40).is_generated
        assert one(connection, "select count(*) from raw_storefront.events")[0] == shown
        assert digests(connection) == before
        assert generate(connection, seed=2, customers=40).is_generated
        assert digests(connection) != before


def test_failure_leaves_the_old_simulation() -> None:
    connection = simulate(seed=1, customers=40)
    before = digests(connection)

    def stop_at_truth(message: str) -> None:
        if message.endswith("truth"):
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        generate(connection, seed=2, customers=40, progress=stop_at_truth)
    assert digests(connection) == before
    assert generate(connection, seed=2, customers=40).is_generated


def test_nothing_but_the_two_schemas_is_left_behind() -> None:
    connection = simulate(customers=40)
    leftovers = connection.execute(
        """
        select table_name from duckdb_tables()
        where schema_name not in ('raw_storefront', 'truth_storefront')
        union all
        select function_name from duckdb_functions()
        where function_type = 'macro' and not internal
        union all
        select name from duckdb_variables()
        """
    ).fetchall()
    assert leftovers == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1, "customers": 10}, "seed must be from 0"),
        ({"seed": 2**63, "customers": 10}, "seed must be from 0"),
        ({"seed": 1, "customers": 0}, "customers must be from 1"),
        ({"seed": 1, "customers": 10**9}, "customers must be from 1"),
    ],
)
def test_bad_parameters_say_what_is_allowed(arguments: dict[str, int], message: str) -> None:
    with duckdb.connect() as connection, pytest.raises(ValueError, match=message):
        generate(connection, **arguments)


def test_one_customer_is_enough() -> None:
    connection = simulate(customers=1)
    assert one(connection, "select count(*) from raw_storefront.customers")[0] <= 1
    assert one(connection, "select count(*) from raw_storefront.events")[0] > 0


def test_command_line_prints_rows_seconds_and_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "footfall.storefront", "--database"]
    done = subprocess.run(
        [*command, str(tmp_path / "shop.duckdb"), "--customers", "20", "--until", "2026-03-01"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "raw_storefront.events" in done.stdout
    assert "peak MiB" in done.stdout
    refused = subprocess.run(
        [*command, str(tmp_path / "other.duckdb"), "--customers", "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert "customers must be from 1" in refused.stderr


def test_raw_has_the_collectors_columns_and_no_truth(shop: duckdb.DuckDBPyConnection) -> None:
    for table, columns in RAW_COLUMNS.items():
        found = [row[0] for row in shop.execute(f"describe raw_storefront.{table}").fetchall()]
        assert found == columns.split()


def test_every_event_type_of_the_contract_occurs(shop: duckdb.DuckDBPyConnection) -> None:
    found = {row[0] for row in shop.execute("select distinct event_type from good").fetchall()}
    assert found == EVENT_TYPES


def test_stream_is_stored_in_the_order_of_arrival(shop: duckdb.DuckDBPyConnection) -> None:
    (disordered,) = one(
        shop,
        """
        select count(*) from (
            select received_at < lag(received_at) over (order by rowid) as is_disordered
            from truth_storefront.truth_event_stream
        ) where is_disordered
        """,
    )
    assert disordered == 0


def test_until_shows_a_prefix_of_the_stream() -> None:
    cut = datetime(2025, 9, 1, tzinfo=UTC)
    whole, part = simulate(customers=40), simulate(customers=40, until=cut)
    for table, known_at in {
        "events": "received_at",
        "customers": "registered_at",
        "items": "created_at",
        "reviews": "reviewed_at",
    }.items():
        count = f"select count(*), bit_xor(hash(t::varchar)) from raw_storefront.{table} as t"
        prefix = one(whole, f"{count} where {known_at} < timestamptz '{cut}'")
        assert one(part, count) == prefix
        assert prefix[0] > 0


def test_planted_trouble_is_all_there_and_counted(shop: duckdb.DuckDBPyConnection) -> None:
    planted = dict(
        shop.execute(
            "select reason, count(*) from truth_storefront.truth_rejected_events group by reason"
        ).fetchall()
    )
    names = ", ".join(f"'{name}'" for name in sorted(EVENT_TYPES))
    # A duplicate is a later copy of a good row, so that spoiled rows are never among them.
    found = one(
        shop,
        f"""
        select
            count(*) - count(distinct event_id),
            count(*) filter (where event_at is null),
            count(*) filter (where event_at < timestamptz '2000-01-01 00:00:00+00'),
            count(*) filter (where event_at > timestamptz '2030-01-01 00:00:00+00'),
            count(*) filter (where event_type not in ({names})),
            count(*) filter (where event_type is null),
            count(*) filter (where customer_id is null and device_id is null),
            count(*) filter (where quantity < 0),
            count(*) filter (where unit_price < 0)
        from raw_storefront.events
        """,
    )
    reasons = [
        "delivered_again",
        "missing_event_at",
        "epoch_event_at",
        "future_event_at",
        "unknown_event_type",
        "missing_event_type",
        "no_identity",
        "negative_quantity",
        "negative_price",
    ]
    assert dict(zip(reasons, found, strict=True)) == {name: planted[name] for name in reasons}
    assert set(planted) == {*reasons, "delivered_late"}
    late = one(shop, "select count(*) from good where received_at - event_at > interval 1 hour")[0]
    assert late == planted["delivered_late"] > 0
    # Copies differ in the time of arrival alone.
    assert one(
        shop,
        """
        select count(*) from (
            select event_id
            from (select distinct * exclude (received_at) from raw_storefront.events)
            group by event_id
            having count(*) > 1
        )
        """,
    ) == (0,)


def test_orders_are_consistent(shop: duckdb.DuckDBPyConnection) -> None:
    lines, bad_lines, orders, bad_orders = one(
        shop,
        """
        with orders as (
            select
                order_id,
                count(*) as line_count,
                count(distinct item_id) as item_count,
                count(distinct (customer_id, device_id, event_at, channel)) as context_count,
                count(*) filter (
                    where abs(amount - (quantity * unit_price - discount)) > 0.001
                    or amount < 0 or quantity < 1 or currency <> 'EUR' or customer_id is null
                ) as bad_count,
                min(event_at) as paid_at
            from good where event_type = 'purchase' group by order_id
        ),
        payments as (
            select order_id, max(event_at) as paid_at
            from good where event_type = 'payment' group by order_id
        )
        select
            sum(line_count),
            sum(bad_count),
            count(*),
            count(*) filter (
                where line_count not between 1 and 6 or item_count <> line_count
                or context_count <> 1 or payments.paid_at is distinct from orders.paid_at
            )
        from orders left join payments using (order_id)
        """,
    )
    assert bad_lines == 0
    # An event near the end that arrives after it is missing; nothing else may be.
    assert bad_orders <= 0.005 * orders
    assert lines > 1.5 * orders > 0


def test_refunds_follow_their_orders(shop: duckdb.DuckDBPyConnection) -> None:
    refunds, good = one(
        shop,
        """
        select count(*), count(*) filter (
            where refunds.amount > 0
            and refunds.amount = lines.amount
            and refunds.event_at > lines.event_at + interval 1 day
            and refunds.customer_id = lines.customer_id
        )
        from good as refunds
        inner join good as lines
            on lines.event_type = 'purchase' and refunds.order_id = lines.order_id
            and refunds.item_id = lines.item_id
        where refunds.event_type = 'refund'
        """,
    )
    assert refunds == good > 0


def test_visits_follow_the_funnel(shop: duckdb.DuckDBPyConnection) -> None:
    """Joined by device and time: the checkout after the views, the payment after the checkout."""
    shop.execute(
        """
        create or replace temp table visit_events as
        select visits.visit_id, visits.kind, good.event_type, good.event_at
        from (
            select
                *,
                coalesce(
                    lead(started_at) over (partition by device_id, customer_id order by started_at),
                    timestamptz '2100-01-01 00:00:00+00'
                ) as next_started_at
            from truth_storefront.truth_visits
        ) as visits
        inner join good
            on visits.device_id = good.device_id
            and good.event_at between visits.started_at and visits.started_at + interval 3 hour
            and good.event_at < visits.next_started_at
            and (good.customer_id is null or good.customer_id = visits.customer_id)
        where good.event_type not in ('review', 'support', 'refund', 'campaign')
        and visits.device_id not in (
            select device_id from truth_storefront.truth_identities
            group by device_id having count(*) > 1
        )
        """
    )
    visits, disordered = one(
        shop,
        """
        with visits as (
            select
                visit_id,
                max(event_at) filter (where event_type = 'view') as viewed_at,
                min(event_at) filter (where event_type = 'checkout') as checkout_at,
                min(event_at) filter (where event_type = 'payment') as paid_at
            from visit_events group by visit_id
        )
        select
            count(*) filter (where checkout_at is not null),
            count(*) filter (where viewed_at >= checkout_at or checkout_at >= paid_at)
        from visits
        """,
    )
    assert visits > 0
    assert disordered == 0
    (gap_seconds,) = one(
        shop,
        """
        select max(gap) from (
            select epoch(event_at - lag(event_at) over (partition by visit_id order by event_at))
                as gap
            from visit_events
        )
        """,
    )
    assert gap_seconds < 30 * 60
    midnight = (
        "select count(*) from (select visit_id from visit_events group by visit_id having {})"
    )
    crossing = "max(event_at)::date > min(event_at)::date"
    assert one(shop, midnight.format(crossing))[0] > 0


def test_anonymous_browsing_leads_to_registration_and_login(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    registered, logged_in, several_devices, logged_out_later = one(
        shop,
        """
        with entries as (
            select device_id, event_type, min(event_at) as entered_at
            from good where event_type in ('register', 'login') group by all
        ),
        before as (
            select entries.device_id, entries.event_type
            from entries inner join good on entries.device_id = good.device_id
            where good.customer_id is null and good.event_at < entries.entered_at
            group by all
        ),
        after as (
            select entries.device_id
            from entries inner join good on entries.device_id = good.device_id
            where good.customer_id is null and good.event_at > entries.entered_at + interval 1 day
            group by all
        )
        select
            (select count(*) from before where event_type = 'register'),
            (select count(*) from before where event_type = 'login'),
            (select count(*) from (
                select customer_id from good where customer_id is not null
                group by customer_id having count(distinct device_id) > 1
            )),
            (select count(*) from after)
        """,
    )
    assert min(registered, logged_in, several_devices, logged_out_later) > 50
    # Nobody is known before they have registered, and who registers is a customer.
    early, unknown = one(
        shop,
        """
        select
            count(*) filter (where good.event_at < customers.registered_at),
            count(*) filter (where customers.customer_id is null)
        from good left join raw_storefront.customers as customers using (customer_id)
        where good.customer_id is not null
        """,
    )
    assert (early, unknown) == (0, 0)


def test_customers_really_leave(shop: duckdb.DuckDBPyConnection) -> None:
    (after,) = one(
        shop,
        """
        select count(*) from truth_storefront.truth_visits as visits
        inner join truth_storefront.truth_customers as customers using (customer_id)
        where visits.started_at > customers.churned_at
        """,
    )
    assert after == 0


def test_buying_is_learnable_but_not_obvious(shop: duckdb.DuckDBPyConnection) -> None:
    customers, buyers, orders, visits = one(
        shop,
        """
        select
            (select count(*) from raw_storefront.customers),
            count(distinct customer_id),
            count(*),
            (select count(*) from truth_storefront.truth_visits where kind <> 'bot')
        from truth_storefront.truth_visits where is_converted
        """,
    )
    assert 0.55 < buyers / customers < 0.75
    assert 3 < orders / buyers < 6
    assert 0.05 < orders / visits < 0.11
    # AUC of days since the last order for no order in 90 days, by the rank sum
    (auc,) = one(
        shop,
        """
        with buyers as (
            select
                customer_id,
                max(started_at) filter (where started_at < cut) as last_at,
                count(*) filter (where started_at >= cut and started_at < cut + interval 90 day) = 0
                    as is_silent
            from truth_storefront.truth_visits, (select timestamptz '2026-04-01 00:00:00+00' as cut)
            where is_converted group by customer_id
        ),
        ranked as (
            select is_silent, rank() over (order by last_at desc) as place
            from buyers where last_at is not null
        )
        select
            (sum(place) filter (where is_silent)
                - count(*) filter (where is_silent) * (count(*) filter (where is_silent) + 1) / 2)
            / (count(*) filter (where is_silent) * count(*) filter (where not is_silent))
        from ranked
        """,
    )
    assert 0.65 < auc < 0.95


def test_people_look_next_at_the_related_item(shop: duckdb.DuckDBPyConnection) -> None:
    related, repeated = one(
        shop,
        """
        select
            (select avg((views.next_item_id = items.next_item_id)::integer)
             from (
                select
                    item_id,
                    lead(item_id) over (partition by device_id order by event_at) as next_item_id
                from good where event_type = 'view'
             ) as views
             inner join truth_storefront.truth_items as items using (item_id)
             where views.next_item_id is not null),
            (select avg((place > 1)::integer)
             from (
                select row_number() over (partition by customer_id, item_id order by event_at)
                    as place
                from good where event_type = 'purchase'
             ))
        """,
    )
    assert related > 0.2
    assert 0.15 < repeated < 0.6


def test_friction_costs_where_it_is_planted_and_nowhere_else(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    rates = dict(
        shop.execute(
            """
            select slice, avg(is_converted::integer) from (
                select
                    is_converted,
                    unnest([
                        case when has_payment_error and device = 'android' then 'error android' end,
                        case when has_payment_error and device <> 'android' then 'error else' end,
                        case when is_slow_slice then 'slow' end,
                        case when is_innocent_slow_slice then 'slow innocent' end,
                        case when device in ('desktop', 'tablet') and not has_payment_error
                            and not is_innocent_slow_slice then 'smooth' end
                    ]) as slice
                from truth_storefront.truth_visits
                where reaches_checkout and kind = 'customer'
            ) where slice is not null group by slice
            """
        ).fetchall()
    )
    assert rates["error android"] < 0.5
    assert rates["error else"] == 1
    assert rates["slow"] < rates["smooth"] - 0.2
    assert abs(rates["slow innocent"] - rates["smooth"]) < 0.08
    frictions = shop.execute(
        "select is_harmful, visit_count, lost_order_count, lost_amount"
        " from truth_storefront.truth_frictions"
    ).fetchall()
    assert len(frictions) == 6
    for is_harmful, visits, lost_orders, lost_amount in frictions:
        assert visits > 0
        assert (lost_orders > 0) == (lost_amount > 0) == is_harmful
    # The planted errors can be seen in raw: on Android above all.
    errors = dict(
        shop.execute(
            """
            select device = 'android', count(distinct order_id)
            from good where event_type = 'payment_error' group by all
            """
        ).fetchall()
    )
    assert errors[True] > errors[False]


def test_experiments_are_exposed_and_their_effect_is_known(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    arms = shop.execute(
        "select log_odds, conversion_control, conversion_treatment, visit_count, person_count"
        " from truth_storefront.truth_experiments"
    ).fetchall()
    assert len(arms) == 4
    for log_odds, control, treatment, _visits, persons in arms:
        assert persons > 50
        assert (treatment > control) == (log_odds > 0)
    # Each person who was exposed, with the chance to order under either arm: of those who did, as
    # many as their own arm promises; what does nothing changes no chance.
    people = shop.execute(
        """
        select
            experiment,
            count(*),
            sum(has_ordered::integer),
            sum(if(variant = 'control', order_probability_control, order_probability_treatment)),
            sum(order_probability_treatment - order_probability_control)
        from truth_storefront.truth_experiment_people group by experiment order by experiment
        """
    ).fetchall()
    assert sum(count for _, count, *_ in people) == sum(persons for *_, persons in arms)
    for experiment, count, ordered, expected, effect in people:
        assert abs(ordered - expected) < 4 * expected**0.5
        assert 0 < expected < count
        assert (effect > 0) == (experiment == "one_page_checkout")
    visits, exposures = one(
        shop,
        """
        select
            (select sum(visit_count) from truth_storefront.truth_experiments),
            (select count(*) from good where event_type = 'exposure')
        """,
    )
    assert abs(exposures - visits) <= 0.01 * visits
    variants = one(
        shop,
        """
        select max(variants) from (
            select
                customer_id,
                json_extract_string(properties, '$.experiment') as experiment,
                count(distinct json_extract_string(properties, '$.variant')) as variants
            from good where event_type = 'exposure' and customer_id is not null group by all
        )
        """,
    )
    assert variants == (1,)


def simulated_rings(customers: int) -> list[int]:
    """Members of each ring of a shop, without the rest of the simulation."""
    wanted = ("10_parameters", "20_macros", "30_calendar", "50_people")
    with duckdb.connect() as connection:
        connection.execute(f"set variable seed = 3; set variable customers = {customers}")
        for name, text in sql_files():
            if name.startswith(wanted):
                connection.execute(text.split("-- Consumables that a customer buys again")[0])
        found = connection.execute(
            "select count(*) from people where kind = 'fraud' group by ring_no"
        )
        return [count for (count,) in found.fetchall()]


def test_fraud_and_what_only_looks_like_it_are_planted(shop: duckdb.DuckDBPyConnection) -> None:
    groups = shop.execute(
        """
        select kind, count(distinct group_id), min(members), max(members), sum(members)
        from (
            select kind, group_id, count(*) as members
            from truth_storefront.truth_risk_customers where group_id is not null group by all
        ) group by kind
        """
    ).fetchall()
    sizes = {kind: row for kind, *row in groups}
    assert sizes["ring"] == [2, 6, 6, 12]
    assert sizes["household"][2] == 5
    assert 6 < sizes["flat"][2] <= 14
    # Of any number of fraudsters there are no rings but of 3 to 12.
    for customers in (97 * 17, 97 * 59):
        rings = simulated_rings(customers)
        assert sum(rings) == customers // 97
        assert 3 <= min(rings) <= max(rings) <= 12
    # Kind, was declined by the bank: how many attempts, of how many cards, how many charged back
    attempts = {
        (kind, is_declined): row
        for kind, is_declined, *row in shop.execute(
            """
            select truth.kind, is_declined, count(*), count(distinct card_token),
                count(*) filter (where has_chargeback), avg(truth.amount), bool_and(is_fraud)
            from truth_storefront.truth_risk_attempts as truth inner join good using (event_id)
            group by all
            """
        ).fetchall()
    }
    assert {kind for kind, _ in attempts} == {
        *("ring", "stolen_account", "card_testing", "refund_abuse"),
        *("false_decline", "friendly_fraud"),
    }
    assert attempts["stolen_account", False][3] > 1.5 * attempts["false_decline", True][3]
    failed, passed = attempts["card_testing", True], attempts["card_testing", False]
    assert failed[0] > 3 * passed[0]
    assert failed[1] == failed[0]
    assert failed[3] < 30
    # Failed attempts have no label; most of the others of fraudsters have, and few honest ones.
    assert all(charged == 0 for (_, declined), (_, _, charged, *_) in attempts.items() if declined)
    frauds = [attempts[kind, False] for kind in ("ring", "stolen_account", "card_testing")]
    assert 0.5 < sum(row[2] for row in frauds) / sum(row[0] for row in frauds) < 0.95
    assert not attempts["false_decline", True][4]
    assert attempts["friendly_fraud", False][2] == attempts["friendly_fraud", False][0]


def test_payments_carry_tokens_and_chargebacks_come_late(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    payments, addressed, wrong = one(
        shop,
        """
        select count(*), count(address_token), count(*) filter (
            where (address_token is null) <> (terminal_token is not null)
            or ip_token is null or (card_token is null) <> (card_country is null)
            or not amount > 0
            or contains(properties, coalesce(card_token, '-'))
            or not regexp_full_match(properties, '."method":"(card|wallet|invoice)".')
        )
        from good where event_type = 'payment'
        """,
    )
    assert 0.8 * payments < addressed < payments
    assert wrong == 0
    assert one(
        shop,
        """
        select count(*) from good
        where event_type <> 'payment' and coalesce(card_token, address_token, ip_token,
            terminal_token, card_country) is not null
        """,
    ) == (0,)
    # A declined attempt is a payment that an error follows before the next payment of the order.
    undecided, misjudged, unknown = one(
        shop,
        """
        with tries as (
            select event_id, order_id, event_type, event_at, properties,
                lead(event_type) over acts as next_type
            from good where event_type in ('payment', 'payment_error', 'purchase')
            window acts as (
                partition by order_id
                order by event_at, event_type
            )
        )
        select
            count(*) filter (where next_type is null or next_type = 'payment'),
            count(*) filter (where (next_type = 'payment_error') <> coalesce(is_declined, false)),
            count(*) filter (where next_type = 'payment_error' and is_declined is null)
        from tries left join truth_storefront.truth_risk_attempts using (event_id)
        where event_type = 'payment'
        """,
    )
    assert (undecided, misjudged, unknown) == (0, 0, 0)
    charged, first, last, amounts = one(
        shop,
        """
        select count(*), min(charges.received_at - orders.paid_at),
            max(charges.event_at - orders.paid_at), sum(abs(charges.amount - orders.amount))
        from good as charges inner join (
            select order_id, max(event_at) as paid_at, sum(amount) as amount
            from good where event_type = 'purchase' group by order_id
        ) as orders using (order_id)
        where charges.event_type = 'chargeback'
        """,
    )
    assert charged > 20
    assert timedelta(days=2) < first < last < timedelta(days=53)
    assert amounts == pytest.approx(0)


def test_components_of_three_are_mostly_innocent(shop: duckdb.DuckDBPyConnection) -> None:
    """Who shares a device, card, address or network with others is no ring for that alone."""
    links = shop.execute(
        """
        with sightings as (
            select customer_id, unnest([device_id, card_token, address_token, ip_token]) as entity
            from good where event_type = 'payment' and customer_id is not null
        )
        select distinct entity, customer_id from sightings where entity is not null order by all
        """
    ).fetchall()
    by_entity: dict[str, list[str]] = {}
    for entity, customer in links:
        by_entity.setdefault(entity, []).append(customer)
    component = {customer: customer for _, customer in links}

    def first_of(customer: str) -> str:
        while component[customer] != customer:
            customer = component[customer]
        return customer

    for customers in by_entity.values():
        if len(customers) <= 50:
            for customer in customers:
                component[first_of(customer)] = first_of(customers[0])
    members = [first_of(customer) for customer in component]
    suspected = {customer for customer in component if members.count(first_of(customer)) >= 3}
    ring = {
        customer
        for (customer,) in shop.execute(
            "select customer_id from truth_storefront.truth_risk_customers where kind = 'ring'"
        ).fetchall()
    } & set(component)
    assert len(suspected & ring) > 0.8 * len(ring) > 0
    assert len(suspected & ring) < 0.3 * len(suspected)


def test_some_customers_and_all_rings_send_much_back(shop: duckdb.DuckDBPyConnection) -> None:
    shares = dict(
        shop.execute(
            """
            select
                coalesce(truth.kind, 'other'),
                count(*) filter (where good.event_type = 'refund')
                / count(*) filter (where good.event_type = 'purchase')
            from good left join (
                select * from truth_storefront.truth_risk_customers
                where kind in ('ring', 'refund_abuse')
            ) as truth using (customer_id)
            where good.customer_id is not null
            group by all
            """
        ).fetchall()
    )
    assert shares["refund_abuse"] > 0.5
    assert 0.15 < shares["ring"] < 0.45
    assert shares["other"] < 0.12


def test_bots_look_at_everything_fast_and_buy_nothing(shop: duckdb.DuckDBPyConnection) -> None:
    visits, fewest_views, converted = one(
        shop,
        """
        select count(*), min(view_count), count(*) filter (where is_converted)
        from truth_storefront.truth_visits where kind = 'bot'
        """,
    )
    assert visits > 0
    assert fewest_views > 100
    assert converted == 0


def test_reviews_are_of_what_their_writers_bought(shop: duckdb.DuckDBPyConnection) -> None:
    reviews, strangers = one(
        shop,
        """
        select
            (select count(*) from raw_storefront.reviews),
            (
                select count(*) from raw_storefront.reviews as reviews
                anti join good on good.event_type = 'purchase' and reviews.order_id = good.order_id
                    and reviews.item_id = good.item_id and reviews.customer_id = good.customer_id
            )
        """,
    )
    assert reviews > 100
    assert strangers <= 0.01 * reviews


def test_parameters_are_told(shop: duckdb.DuckDBPyConnection) -> None:
    parameters = dict(
        shop.execute("select key, value from truth_storefront.truth_parameters").fetchall()
    )
    assert parameters["seed"] == "7"
    assert parameters["customers"] == "1200"
    assert float(parameters["payment_error_loss"]) > 0
