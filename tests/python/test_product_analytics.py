"""Whole visits as Amplitude, Mixpanel and PostHog export them, read by the mappings of the docs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import PROJECT, SMALL_SCORER, Warehouse
from footfall.adapter import inspection
from footfall.adapter.questions import QUESTIONS
from footfall.inspecting.layouts import recognised
from footfall.inspecting.rendering import Project
from product_analytics import EXPORTS, VISITS


def mapped(name: str, folder: Path) -> dict[str, Any]:
    """Write the export of a tool, and return the vars of its mapping in the docs."""
    file = folder / "events.jsonl"
    rows = EXPORTS[name]()
    file.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    layout = recognised(list(rows[0]))
    assert layout is not None
    assert layout.title.startswith(name)
    page = (PROJECT / "docs" / "formats.md").read_text(encoding="utf-8")
    text = page.partition(f"\n## {name}\n")[2].partition("```yaml\n")[2].partition("```")[0]
    return {**yaml.safe_load(text), "footfall_source": "custom", "custom_events_path": str(file)}


@pytest.mark.parametrize("name", EXPORTS)
def test_devices_customers_orders_and_channels_of_product_analytics(
    name: str, tmp_path: Path
) -> None:
    variables = mapped(name, tmp_path)
    with inspection.connection() as connection:
        project = Project(PROJECT, connection, variables, QUESTIONS, {})
        events = project.relation("stg_custom__events", is_stored=True)
        refused = f"select rejection from {events} where rejection is not null"
        assert connection.execute(refused).fetchall() == []
        people = f"select customer_id, count(distinct device_id) from {events} group by all"
        owned = dict(connection.execute(people).fetchall())
        assert owned.pop(None) == 7
        assert owned == {"ana": 1, "ben": 2, "cara": 0}
        orders = f"select order_id, amount from {events} where event_type = 'purchase'"
        expected = {visit.order for visit in VISITS if visit.order}
        assert set(connection.execute(orders).fetchall()) == expected
        project.relation("source_categories")
        channel = project.call("channel_group", "events", project.call("source_category", "events"))
        joins = project.call("source_category_joins", "events")
        # The first act of each visit says where it came from, and later ones nothing else.
        said = (
            f"select event_at, coalesce({channel}, 'Direct') from {events} as events {joins}"
            " where event_type = 'browse' order by event_at"
        )
        visits = sorted((visit for visit in VISITS if visit.device), key=lambda one: one.day)
        found = [one for _, one in connection.execute(said).fetchall()]
        assert found == [visit.channel for visit in visits]
        later = (
            f"select distinct coalesce({channel}, 'Direct') from {events} as events {joins}"
            " where event_type <> 'browse'"
        )
        if name != "Amplitude":
            assert connection.execute(later).fetchall() == [("Direct",)]
        tokens = f"select distinct ip_token from {events} where ip_token is not null"
        assert connection.execute(tokens).fetchall() in ([], [("203.0.113.0/24",)])


@pytest.mark.rare
@pytest.mark.parametrize("name", EXPORTS)
def test_sessions_of_product_analytics(name: str, tmp_path: Path) -> None:
    shop = Warehouse(tmp_path, {**mapped(name, tmp_path), **SMALL_SCORER})
    assert shop.dbt("build", "--select", "+sessions", "+order_lines").success
    found = shop.query("select channel, count(*) from marts.sessions group by all")
    channels = [visit.channel for visit in VISITS]
    assert set(found) == {(one, channels.count(one)) for one in channels}
    paid = "select count(distinct order_key), round(sum(amount), 2) from marts.order_lines"
    assert shop.query(paid) == [(5, 67.75)]
    known = "select count(distinct customer_key), count(distinct visitor_key) from marts.sessions"
    assert shop.query(known) == [(3, 7)]
