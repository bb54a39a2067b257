"""A shop without labels, cards and devices: what is scored, shown and left open."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import yaml

from conftest import PROJECT, Warehouse

pytestmark = [pytest.mark.long, pytest.mark.rare]

BEGAN = dt.datetime(2026, 1, 1, 9)


def orders(chargebacks: int = 0) -> str:
    """Orders alone, of customers; one buys six times within an hour of the last day but one."""
    generator = np.random.default_rng(5)
    lines = ["customer_id,event_at,event_type,order_id,item_id,quantity,unit_price"]
    for number in range(400):
        at = BEGAN + dt.timedelta(hours=7.3 * number)
        customer, price = generator.integers(60), round(10 * float(generator.lognormal()), 2)
        lines.append(f"c{customer},{at:%Y-%m-%d %H:%M:%S},purchase,o{number},i1,1,{price}")
    for number in range(6):
        at = BEGAN + dt.timedelta(days=119, minutes=9 * number)
        lines.append(f"haste,{at:%Y-%m-%d %H:%M:%S},purchase,h{number},i1,1,20")
    for number in range(chargebacks):
        at = BEGAN + dt.timedelta(days=100, minutes=number)
        lines.append(f"c1,{at:%Y-%m-%d %H:%M:%S},chargeback,O-{number},,,")
    return "\n".join(lines) + "\n"


def test_orders_alone_are_scored_by_rules_and_nothing_is_presumed(own_shop: Warehouse) -> None:
    shop = own_shop
    events = Path(shop.variables["custom_events_path"])
    events.write_text(orders())
    marts = ("+risk_alerts", "+risk_rules", "+risk_rings", "+model_gates")
    shop.built(marts, test=True)
    scored = shop.query(
        "select scored_by, count(*), count(probability), count(expected_loss), count(reason_1),"
        " count(*) filter (where decision = 'block') from marts.transaction_risk group by all"
    )
    ((_, attempts, *_),) = scored
    assert scored == [("rules", attempts, 0, 0, attempts, 0)]
    assert attempts > 50
    # The customer in haste is one alert. Nothing is presumed of anybody.
    assert shop.query(
        "select attempt_count, status, is_closed, reason_1 from marts.risk_alerts"
        " where attempt_count > 5"
    ) == [(6, "open", False, "Five or more attempts of the customer within an hour")]
    assert shop.query("select distinct status, is_closed from marts.risk_alerts") == [
        ("open", False)
    ]
    assert shop.value("select count(*) from marts.risk_rings") == 0
    missing = dict(shop.query("select rule, missing from marts.risk_rules"))
    assert missing["card_with_fraud"] == "No attempt has a token of a card."
    assert missing["device_with_fraud"] == "No attempt has a device."
    assert missing["attempts_in_a_burst"].startswith("No label of fraud has come")
    assert None not in missing.values()
    board = yaml.safe_load((PROJECT / "dashboards" / "risk.yml").read_text())["queries"]
    assert shop.query(board["found"]) == []
    assert shop.query(board["money"]) == []
    ((*_, shown),) = shop.query(board["today"])
    assert shown == "board.risk.stake.caption_without"
    has = {row[0].removeprefix("board.risk.has."): row[1:] for row in shop.query(board["has"])}
    assert has["labels"] == (0, "risk.missing.labels")
    assert has["cards"] == (0, "risk.missing.card")
    assert has["devices"] == (0, "risk.missing.device")
    assert has["unmet_labels"] == (0, None)
    # Chargebacks come that name their orders otherwise: shown, and still no label.
    events.write_text(orders(chargebacks=3))
    shop.built(marts)
    has = {row[0].removeprefix("board.risk.has."): row[1:] for row in shop.query(board["has"])}
    assert has["labels"] == (0, "risk.missing.met_labels")
    assert has["unmet_labels"] == (3, "risk.unmet_labels")
    assert shop.query("select distinct status from marts.risk_alerts") == [("open",)]
