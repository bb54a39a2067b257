"""The risk of payments: what is known when, rules, trees, figures, files and splits."""

from __future__ import annotations

import datetime
import json
import math
import statistics
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from conftest import Warehouse
from footfall.risk.files import load_payments, parse_map
from footfall.risk.judging import area, average_precision, judge, known_customers, recall_at
from footfall.risk.model import RiskSettings, calibrated, fit_risk, level_of, levelled
from footfall.risk.problems import RiskProblem
from footfall.risk.rules import hits_of, read_rules
from footfall.risk.splits import splits_of

DAY = datetime.timedelta(days=1)
BEGAN = datetime.datetime(2024, 3, 1, tzinfo=datetime.UTC)
DELAY = 7
#: What customers may share, and the column that says which.
ENTITIES = {
    "device": "device_no", "card": "card_token", "address": "address_token", "ip": "ip_token",
}  # fmt: skip
#: What is noted of attempts besides their features.
NOTED = (
    *("known_at", "fraud_known_at", "fraud_cleared_at", "fraud_again_at", "failed_at"),
    *("shared_digest", "own_digest", "first_refunded_at", "last_refunded_at", "refund_digest"),
    *("settings_digest", "noted_at"),
)
#: Who was in a ring with whom: two of them, one who changes, and one whom the ring loses again.
STAYS = [
    (0, 1, 5, 20, 2), (0, 1, 20, 30, 3), (0, 1, 30, None, 2), (1, 1, 5, 20, 2), (1, 1, 20, 30, 3),
    (2, 1, 20, 30, 3), (2, 2, 30, None, 2), (3, 2, 30, None, 2), (1, 1, 30, None, 2),
]  # fmt: skip


def made_up(seed: int = 3, count: int = 300) -> list[dict]:
    """Attempts of a few customers at a few terminals, some known late, some labelled late."""
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        at = BEGAN + DAY * round(float(generator.uniform(0, 60)) * 48) / 48
        late = DAY * float(generator.choice([0, 0, 0, 0.02, 3]))
        fraud = generator.random() < 0.15
        labelled_at = at + late + DAY * float(generator.choice([2, 7, 7, 25]))
        failed = generator.random() < 0.2
        taken_back = fraud and generator.random() < 0.4
        cleared_at = labelled_at + DAY * float(generator.choice([2, 5, 20])) if taken_back else None
        rows.append(
            {
                "attempt_id": f"{number:032x}",
                "visitor_no": int(generator.integers(0, 6)) if generator.random() < 0.9 else None,
                "device_no": int(generator.integers(0, 5)) if generator.random() < 0.7 else None,
                "card_token": str(generator.integers(0, 8)) if generator.random() < 0.8 else None,
                "terminal_token": str(generator.integers(0, 4)),
                "address_token": str(number * 7 % 9) if number % 6 else None,
                "ip_token": str(number * 5 % 11) if number % 4 else None,
                "card_country": ("DE", "de ", "FR", "Germany", None)[number % 5],
                "country": ("de", " DE", "FR", None)[number % 4],
                "registered_at": at - DAY * (number % 90) if number % 8 else None,
                "amount": round(float(generator.lognormal(3, 0.8)), 2),
                "attempted_at": at,
                "known_at": at + late,
                "outcome": "error" if failed else "order",
                "outcome_known_at": at + late + DAY * 0.1,
                "fraud_known_at": labelled_at if fraud else None,
                "fraud_cleared_at": cleared_at,
                "fraud_again_at": cleared_at + DAY * 3 if cleared_at and number % 3 == 0 else None,
                # When and how much: an order may be given back in parts.
                "refunds": [
                    (at + late + DAY * float(days), 3.0)
                    for days in generator.uniform(1, 20, size=number % 3)
                ],
            }
        )
    return rows


def write(warehouse: Warehouse, rows: list[dict]) -> None:
    """Put attempts where the model reads them."""
    text = json.dumps(rows, default=str)
    path = warehouse.folder / "attempts.json"
    path.write_text(text)
    types = (
        "{attempt_id: 'varchar', visitor_no: 'bigint', device_no: 'bigint',"
        " card_token: 'varchar', terminal_token: 'varchar', amount: 'double',"
        " address_token: 'varchar', ip_token: 'varchar', card_country: 'varchar',"
        " country: 'varchar', registered_at: 'timestamptz',"
        " attempted_at: 'timestamptz',"
        " known_at: 'timestamptz', outcome: 'varchar', outcome_known_at: 'timestamptz',"
        " fraud_known_at: 'timestamptz', fraud_cleared_at: 'timestamptz',"
        " fraud_again_at: 'timestamptz'}"
    )
    stays = [
        f"({customer}, {ring}, date '{on(begin)}', "
        + ("null::date" if end is None else f"date '{on(end)}'")
        + f", {size})"
        for customer, ring, begin, end, size in STAYS
    ]
    warehouse.execute(
        "create schema if not exists intermediate",
        "create or replace table intermediate.made_up as select *, now() as written_at"
        f" from read_json('{path}', columns = {types})",
        # A table of this name would be one that dbt has made.
        "create or replace view intermediate.int_payment_attempts as"
        " select * from intermediate.made_up",
        "create or replace table intermediate.int_risk_refunds as select attempt_id,"
        " refund[1]::timestamptz as known_at, refund[2]::double as amount from"
        f" (select attempt_id, unnest(refunds) as refund from read_json('{path}', columns ="
        " {attempt_id: 'varchar', refunds: 'varchar[][]'}))",
        "create or replace table intermediate.int_risk_rings as select customer_no::bigint as"
        " customer_no, ring_no::bigint as ring_no, from_day, until_day, member_count::bigint as"
        f" member_count from (values {', '.join(stays)})"
        " as stays(customer_no, ring_no, from_day, until_day, member_count)",
    )


def on(number: int) -> datetime.date:
    """Return a day of the made-up attempts."""
    return (BEGAN + number * DAY).date()


def rings_at(at: datetime.datetime) -> dict[int, tuple[int, int]]:
    """Return number and size of the ring of each customer who is in one at a moment."""
    day = (at - BEGAN).days
    return {
        customer: (ring, size)
        for customer, ring, begin, end, size in STAYS
        if begin <= day and (end is None or day < end)
    }


def features(warehouse: Warehouse, rows: list[dict], *options: str) -> dict[str, dict]:
    """Make the features of attempts, from those of a run before unless asked for anew."""
    write(warehouse, rows)
    warehouse.built(["int_risk_features"], *options)
    with warehouse.opened() as connection:
        table = connection.sql("select * from intermediate.int_risk_features").to_arrow_table()
    return {row["attempt_id"]: row for row in table.to_pylist()}


def slowly(rows: list[dict], asked: dict) -> dict[str, float | None]:
    """Some features of one attempt, from their definition, one row after the other."""
    at = asked["attempted_at"]

    def within(moment, days=None):
        return moment is not None and moment < at and (days is None or moment >= at - days * DAY)

    def of(name):
        return [row for row in rows if asked[name] is not None and row[name] == asked[name]]

    def count(some):
        return float(len(some))

    def known(some, days=None):
        return [row for row in some if within(row["known_at"], days)]

    def failed(some, days=None):
        return [
            row
            for row in some
            if row["outcome"] == "error" and within(row["outcome_known_at"], days)
        ]

    def frauds(some, days=None):
        """Labels that came in within the days, and had not been taken back by then."""
        return [
            row
            for row in some
            if (within(row["fraud_known_at"], days) and not within(row["fraud_cleared_at"]))
            or within(row["fraud_again_at"], days)
        ]

    def ended(row, name):
        """Whether something had come when the labels of a row had had their time."""
        return row[name] is not None and row[name] <= row["known_at"] + DELAY * DAY

    def closed(some, days=None):
        """Labels had their time, and what had failed by then had one."""
        return [
            row
            for row in some
            if within(row["known_at"] + DELAY * DAY, days)
            and not (
                row["outcome"] == "error"
                and ended(row, "outcome_known_at")
                and not ended(row, "fraud_known_at")
            )
        ]

    def closed_as_honest(some):
        return [
            row
            for row in closed(some)
            if not ended(row, "fraud_again_at")
            and (ended(row, "fraud_cleared_at") or not ended(row, "fraud_known_at"))
        ]

    def cards(some):
        return float(len({row["card_token"] for row in some} - {None}))

    def share(part, whole):
        return min(1.0, part / whole) if whole else (1.0 if part else None)

    def days_since(moments, choice=max):
        return (at - choice(moments)) / DAY if moments else None

    mine, place, device = of("visitor_no"), of("terminal_token"), of("device_no")
    own = known(mine)
    usual = []
    for row in own:
        # The mean at the moment when the row became known.
        then = [other["amount"] for other in mine if other["known_at"] < row["known_at"]]
        usual.append(min(row["amount"], 2.5 * statistics.fmean(then)) if then else row["amount"])
    amounts = [row["amount"] for row in own]
    refunded = sum(much for row in mine for when, much in row["refunds"] if within(when))
    paid = sum(amounts) - sum(row["amount"] for row in failed(mine))
    mean = statistics.fmean(usual) if usual else None
    rings = rings_at(at)
    ring = rings.get(asked["visitor_no"])
    members = [row for row in rows if ring and rings.get(row["visitor_no"]) == ring]
    found = {
        "ring_members": float(ring[1]) if ring else None,
        "ring_fraud_share": share(len(frauds(members)), len(closed(members))),
        "terminal_attempts_1h": count(known(place, 1 / 24)),
        "terminal_attempts_7d": count(known(place, 7)),
        "terminal_frauds_7d": count(frauds(place, 7)),
        "terminal_closed_7d": count(closed(place, 7)),
        "terminal_fraud_share_7d": share(len(frauds(place, 7)), len(closed(place, 7))),
        "terminal_fraud_share_30d": share(len(frauds(place, 30)), len(closed(place, 30))),
        "terminal_days_since_fraud": days_since([row["attempted_at"] for row in frauds(place)]),
        "terminal_days_since_first_fraud": days_since(
            [row["attempted_at"] for row in frauds(place)], min
        ),
        "terminal_days_since_honest": days_since(
            [row["known_at"] for row in closed_as_honest(place)]
        ),
        "shop_hour": float(at.hour),
        "is_weekend": float(at.weekday() >= 5),
    }
    # 'DE' and 'Germany' may be one country; ways to write the same letters are.
    countries = [
        asked[name] and asked[name].strip().upper() for name in ("card_country", "country")
    ]
    is_unlike = None in countries or len(countries[0]) != len(countries[1])
    found["is_foreign_card"] = None if is_unlike else float(countries[0] != countries[1])
    registered = asked["registered_at"]
    found["days_since_registration"] = registered and (at - registered) / DAY
    for entity, column in ENTITIES.items():
        its = of(column)
        figures = {
            **{
                f"{entity}_attempts_{name}": count(known(its, days))
                for name, days in (("1h", 1 / 24), ("1d", 1), ("7d", 7), ("30d", 30))
            },
            f"{entity}_failed_1d": count(failed(its, 1)),
            f"{entity}_frauds_7d": count(frauds(its, 7)),
            f"{entity}_fraud_share_30d": share(len(frauds(its, 30)), len(closed(its, 30))),
            f"{entity}_days_since_fraud": days_since([row["attempted_at"] for row in frauds(its)]),
        }
        found |= dict.fromkeys(figures) if asked[column] is None else figures
    of_device = {
        "device_cards_1d": cards(known(device, 1)),
        "device_failed_cards_1d": cards(failed(device, 1)),
    }
    of_customer = {
        "customer_attempts": count(own),
        "customer_attempts_1h": count(known(mine, 1 / 24)),
        "customer_attempts_1d": count(known(mine, 1)),
        "customer_attempts_7d": count(known(mine, 7)),
        "customer_attempts_30d": count(known(mine, 30)),
        "customer_failed_1d": count(failed(mine, 1)),
        "customer_failed_7d": count(failed(mine, 7)),
        "customer_frauds": count(frauds(mine)),
        "customer_cards_1d": cards(known(mine, 1)),
        "customer_failed_cards_1d": cards(failed(mine, 1)),
        "days_since_customer_fraud": days_since([row["attempted_at"] for row in frauds(mine)]),
        "refund_share": share(refunded, paid) if refunded else (0.0 if own else None),
        "own_mean": mean,
        "own_spread": statistics.stdev(usual) if len(usual) > 1 else None,
        "own_largest": max(amounts, default=None),
        "amount_to_own_mean": asked["amount"] / statistics.fmean(amounts) if amounts else None,
        "amount_to_own_usual": asked["amount"] / mean if mean else None,
        **{
            f"is_new_{entity}": None
            if asked[column] is None
            else float(asked[column] not in {row[column] for row in own})
            for entity, column in ENTITIES.items()
            if entity != "ip"
        },
    }
    # Nothing is known of a device or customer that is not there.
    for name, some in (("device_no", of_device), ("visitor_no", of_customer)):
        found |= dict.fromkeys(some) if asked[name] is None else some
    return found


@pytest.mark.long
def test_features_are_what_was_known_before_and_nothing_later_moves_them(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path, {"risk_label_delay_days": DELAY})
    rows = made_up()
    found = features(warehouse, rows)
    assert len(found) == len(rows)
    for row in rows:
        for name, expected in slowly(rows, row).items():
            value = found[row["attempt_id"]][name]
            if expected is None or value is None:
                assert value is expected, (name, row)
            else:
                assert math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9), (name, row)

    # A label or a row comes late, a label is taken back, an order is given back: all after the day
    # that is cut.
    cut = BEGAN + 40 * DAY
    later = [
        {
            **row,
            "fraud_known_at": row["fraud_known_at"] or (cut if number % 7 == 0 else None),
            "fraud_cleared_at": row["fraud_cleared_at"] or (cut + DAY if number % 3 else None),
            "fraud_again_at": row["fraud_again_at"] or (cut + DAY if number % 5 else None),
            "refunds": [*row["refunds"], (cut, 1.0)],
        }
        for number, row in enumerate(rows)
        if row["attempted_at"] < cut
    ]
    extra = {**rows[0], "attempt_id": "f" * 32, "attempted_at": BEGAN + DAY, "known_at": cut}
    moved = features(warehouse, [*later, {**extra, "fraud_known_at": None}])
    for row in later:
        now, before = (
            {name: value for name, value in one[row["attempt_id"]].items() if name not in NOTED}
            for one in (moved, found)
        )
        assert differences(now, before) == {}, row

    # All kinds of changes at once: the rows of a run that looks at what has changed are those of
    # a full refresh.
    changed = [corrected(number, row) for number, row in enumerate(rows) if number % 11]
    steps = features(warehouse, changed)
    full = features(warehouse, changed, "--full-refresh")
    assert steps.keys() == full.keys()
    for key, row in full.items():
        assert differences({**steps[key], "noted_at": row["noted_at"]}, row) == {}, row


def differences(one: dict, two: dict) -> dict[str, tuple]:
    """Return the columns in which two rows differ, floats by more than a billionth."""
    return {
        name: (value, two[name])
        for name, value in one.items()
        if value != two[name]
        and not (
            isinstance(value, float)
            and isinstance(two[name], float)
            and math.isclose(value, two[name], rel_tol=1e-9, abs_tol=1e-9)
        )
    }


def corrected(number: int, row: dict) -> dict:
    """Return an attempt as it is after something of it was put right, of one attempt in 31."""
    other = {
        1: {"device_no": 3},
        2: {"visitor_no": 4},
        3: {"amount": 1000.0},
        4: dict.fromkeys(("fraud_known_at", "fraud_cleared_at", "fraud_again_at")),
        5: {"outcome": "error", "outcome_known_at": row["known_at"] + DAY},
        6: {"known_at": row["known_at"] + 2 * DAY},
        7: {"attempted_at": row["attempted_at"] - DAY, "terminal_token": "1"},
        8: {"refunds": [*row["refunds"], (row["known_at"] + 25 * DAY, 2.0)]},
        9: {"refunds": row["refunds"][1:]},
        10: {"refunds": [(when, much + 1) for when, much in row["refunds"]]},
        12: {"refunds": [*row["refunds"], *row["refunds"][-1:]]},
    }
    return {**row, **other.get(number % 31, {})}


RULES = {
    "rule": ["twice", "old", "rare"],
    "reason": ["Seen twice", "Old", "Rare"],
    "feature_1": ["a", "a", "b"],
    "operator_1": [">=", "<", "="],
    "value_1": [2.0, 0.0, 1.0],
    "feature_2": ["b", None, None],
    "operator_2": ["<>", None, None],
    "value_2": [0.0, None, None],
    "points": [30.0, 10.0, 20.0],
    "is_active": [True, False, True],
}


def test_rules_hold_where_all_conditions_do_and_bad_ones_name_the_row() -> None:
    rules = read_rules(pa.table(RULES), ["a", "b"])
    table = np.array([[2, 1], [3, np.nan], [1, 1], [np.nan, 0]], dtype=np.float32)
    found = hits_of(rules, ["a", "b"], table)
    assert found.names() == ["twice,rare", None, "rare", None]
    assert found.points.tolist() == [50, 0, 20, 0]
    # A shop without the feature: the rule never holds.
    assert hits_of(rules, ["a"], table[:, :1]).names() == [None] * 4
    for column, value, message in (
        ("feature_1", "c", r"row 1 \(twice\): feature_1 is 'c', which int_risk_features does not"),
        ("operator_2", "like", r"operator_2 is 'like': it takes >=, >"),
        ("value_1", math.nan, r"value_1 is nan: it takes a number"),
        ("points", 0.0, r"points is 0.0: it takes a number above 0"),
        ("rule", "two words", r"a name without blanks or commas"),
        ("rule", "rare", r"row 3 \(rare\): rule is there twice"),
        ("feature_1", None, r"feature_2 without feature_1"),
        ("is_active", None, r"is_active takes true or false"),
    ):
        bad = {**RULES, column: [value, *RULES[column][1:]]}
        with pytest.raises(ValueError, match=message):
            read_rules(pa.table(bad), ["a", "b"])


def test_contributions_add_up_and_a_week_of_frauds_sets_the_level() -> None:
    generator = np.random.default_rng(4)
    table = generator.normal(size=(4000, 4)).astype(np.float32)
    table[generator.random(table.shape) < 0.2] = np.nan
    names = ["a", "b", "c", "d"]
    chance = 1 / (1 + np.exp(3 - 2 * np.nan_to_num(table[:, 0])))
    labels = (generator.random(4000) < chance).astype(np.float64)
    model = fit_risk(names, table[:2000], labels[:2000], RiskSettings(rounds=20, leaves=8))
    assert model is not None
    raw = model.log_odds(names, table[2000:])
    # Ten times as rare as it was learned: the order stays, the level falls.
    rare = labels[2000:] * (generator.random(2000) < 0.4)
    seen = np.ones(len(rare))
    scaled = calibrated(model, raw, rare, seen)
    assert scaled.is_calibrated
    calibrated_odds = scaled.log_odds(names, table[2000:])
    assert (np.diff(calibrated_odds[np.argsort(raw)]) >= 0).all()
    assert (1 / (1 + np.exp(-calibrated_odds))).mean() == pytest.approx(rare.mean(), rel=0.05)
    values, base = scaled.contributions(names, table[2000:])
    assert np.abs(base + values.sum(axis=1) - calibrated_odds).max() < 1e-9
    # Columns may come in another order, and one that is missing is unknown.
    turned = scaled.log_odds(names[::-1], table[2000:, ::-1])
    assert (turned == calibrated_odds).all()
    # Half of the labels are still to come: twice as many frauds are expected.
    twice = levelled(model, raw, rare, seen / 2)
    chances = 1 / (1 + np.exp(-twice.log_odds(names, table[2000:])))
    assert not twice.is_calibrated
    assert chances.mean() == pytest.approx(2 * rare.mean(), rel=0.02)
    more = calibrated(model, raw, rare, seen / 2).log_odds(names, table[2000:])
    assert (1 / (1 + np.exp(-more))).sum() == pytest.approx(2 * rare.sum(), rel=0.01)
    assert np.ptp(more - calibrated_odds) < 1e-9
    # Of three attempts no more than nearly all are expected to be fraud.
    assert level_of(np.zeros(3), 30.0) == pytest.approx(np.log(0.95 / 0.05))
    assert fit_risk(names, table[:100], np.zeros(100), RiskSettings()) is None


def test_figures_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(5)
    labels = (generator.random(3000) < 0.05).astype(np.float64)
    score = np.round(generator.normal(size=3000) + labels, 1)
    assert area(labels, score) == pytest.approx(roc_auc_score(labels, score), abs=1e-12)
    assert average_precision(labels, score) == pytest.approx(
        average_precision_score(labels, score), abs=1e-12
    )
    false, true, _ = roc_curve(labels, score, drop_intermediate=False)
    assert recall_at(labels, score, 0.01) == pytest.approx(true[false <= 0.01].max(), abs=1e-12)


def test_known_customers_leave_and_found_ones_leave_later_days() -> None:
    # Customer 1 has a fraud on day 3; with two days of delay it is known from day 6 on.
    day = np.array([3, 5, 6, 2, 6, 6, 7, 7, 7])
    customer = np.array([1, 1, 1, 2, 2, 3, 3, 4, 5])
    fraud = np.array([1, 0, 1, 1, 0, 1, 1, 1, 0], dtype=bool)
    tested = np.arange(1, 9)
    tested = tested[day[tested] >= 5]
    known = known_customers(day, customer, fraud, since=3, tested=tested, delay=2)
    # The fraud of customer 2 is older than the window.
    assert dict(zip(tested.tolist(), known.tolist(), strict=True)) == {
        1: False, 2: True, 4: False, 5: False, 6: False, 7: False, 8: False,
    }  # fmt: skip
    by_label = known_customers(
        day, customer, fraud, since=3, tested=tested, delay=2, label_day=day + 3
    )
    assert not by_label[tested == 6].any()

    left = tested[~known]
    score = np.array([0, 0, 0, 0, 0.1, 0.9, 0.9, 0.5, 0.5])
    amount = np.array([9, 9, 9, 9, 9, 10, 20, 30, 9], dtype=float)
    found = judge(day[left], customer[left], fraud[left], amount[left], score[left], a_day=1)
    # Day 6: customer 3 is found, and leaves. Day 7: 4 and 5 are level, and 4 goes first.
    assert [(one.customers, one.reviewed, one.found) for one in found.days] == [
        (1, 1, 0), (2, 1, 1), (2, 1, 1),
    ]  # fmt: skip
    assert found.precision_100_day == pytest.approx(2 / 3)
    # For the money, customer 3 is reviewed again: who was found leaves the precision alone.
    assert found.money_caught == pytest.approx((10 + 20) / 60)
    assert [one.reviewed for one in judge(
        day[left], customer[left], fraud[left], amount[left], score[left]
    ).days] == [1, 2, 2]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "mapping", "message"),
    [
        (
            "a,b\n1,2\n",
            "",
            "lacks the column occurred_at, customer_id, amount, is_fraud; it has a, b",
        ),
        ("occurred_at,customer_id,amount,is_fraud\n", "", "has no rows"),
        ("{head}2024-13-01,1,2,0\n{row}", "", "column occurred_at, row 1: is '2024-13-01'"),
        ("{head}{row}2024-01-01,,2,0\n", "", "column customer_id, row 2: is empty"),
        (
            "{head}{row}2024-01-01,1,x,0\n",
            "",
            "column amount, row 2: is 'x'; amount takes a number",
        ),
        ("{head}{row}2024-01-01,1,-3,0\n", "", "amount takes 0 or more"),
        ("{head}{row}2024-01-01,1,3,maybe\n", "", "column is_fraud, row 2: is 'maybe'"),
        ("{head}{row}2024-01-01,1,3,\n", "", "column is_fraud: no row is false"),
        ("{head}{row}", "x:amount", "MAP names the column x"),
        ("{head}{row}", "x:money", "money is no column here; use one of occurred_at"),
        ("{head}{row}", "amount", "write theirs:ours"),
        (
            "occurred_at,customer_id,amount,is_fraud,card,card_id\n2024-01-02,b,5,1,k,k\n",
            "",
            "both mean card",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(
    text: str, mapping: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "payments.csv"
    filled = text.replace("{head}", "occurred_at,customer_id,amount,is_fraud\n")
    path.write_text(filled.replace("{row}", "2024-01-02 10:00:00,b,5,1\n"))
    with duckdb.connect() as connection, pytest.raises(RiskProblem, match=message) as found:
        load_payments(connection, path, parse_map(mapping), 7)
    assert str(path) in str(found.value) or "MAP" in str(found.value)


def test_a_file_takes_the_columns_of_attempts(tmp_path: Path) -> None:
    path = tmp_path / "payments.csv"
    path.write_text(
        "when,customer,Amount,is_fraud,card_token,labelled_at,colour,outcome\n"
        "2024-01-02 10:00:00,b,5,yes,k1,2024-01-05,red,Declined\n"
        "2024-01-03 10:00:00,a,,no,k1,,red,ok\n"
        "2024-01-04 10:00:00,a,7,,,,red,\n"
        "2024-01-05 10:00:00,a,7,true,,,red,\n"
    )
    with duckdb.connect() as connection:
        file = load_payments(connection, path, parse_map("when:occurred_at"), 7)
        rows = connection.sql(
            "select customer_no, amount, outcome, card_token, is_fraud,"
            " cast(fraud_known_at as date) from intermediate.int_payment_attempts order by file_row"
        ).fetchall()
    assert file.used["occurred_at"] == "when"
    assert file.ignored == ["colour"]
    assert (file.rows, file.unlabelled, len(file.notes)) == (4, 1, 2)
    assert rows == [
        (2, 5.0, "error", "k1", True, datetime.date(2024, 1, 5)),
        (1, None, "order", "k1", False, None),
        (1, 7.0, "order", None, None, None),
        (1, 7.0, "order", None, True, datetime.date(2024, 1, 12)),
    ]


def test_splits_follow_from_options_and_bad_options_say_what_is_wrong() -> None:
    first, last = datetime.date(2018, 6, 15), datetime.date(2018, 8, 23)
    (one, _) = splits_of(first, last, starts="2018-07-25,2018-07-11")
    assert (one.train_to, one.test_from, one.test_to) == (
        datetime.date(2018, 7, 31), datetime.date(2018, 8, 8), datetime.date(2018, 8, 14),
    )  # fmt: skip
    (plain,) = splits_of(first, last, has_label_times=True)
    assert (plain.test_from, plain.test_to) == (last - 13 * DAY, last)
    assert plain.by_label_times
    assert not splits_of(first, last, delay="3", has_label_times=True)[0].by_label_times
    for options, message in (
        ({"starts": "2018-7-11"}, "STARTS has '2018-7-11': write days such as"),
        ({"starts": "2018-07-11", "test": "2018-08-01,2018-08-02"}, "goes with neither"),
        ({"train": "2018-07-01,2018-07-07"}, "TEST is missing"),
        ({"train": "2018-07-01", "test": "2018-08-01,2018-08-02"}, "TRAIN is '2018-07-01'"),
        ({"delay": "x"}, "DELAY is 'x'"),
        ({"starts": "2019-01-01"}, "no attempt is in TRAIN"),
        ({"starts": "2018-08-16"}, "no attempt is in TEST"),
        ({"train": "2018-07-01,2018-07-30", "test": "2018-07-20,2018-07-31"}, "TEST must begin"),
        ({"delay": "60"}, "no label is known on 2018-08-10: give a shorter DELAY"),
    ):
        with pytest.raises(RiskProblem, match=message):
            splits_of(first, last, **options)
