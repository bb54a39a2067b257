"""One list of sources: what Make, the README, linters, seeds and models say agrees with it."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml

from conftest import PROJECT
from footfall.builds.listing import LISTINGS, listed
from footfall.builds.make_commands import make_commands
from footfall.builds.problems import BuildProblem
from footfall.builds.sources import read_sources, sources

pytestmark = pytest.mark.library
ENTITIES = ("customers", "events", "items", "reviews")


@pytest.mark.parametrize("file", LISTINGS)
def test_other_files_repeat_the_list_as_it_is(file: str) -> None:
    text = (PROJECT / file).read_text()
    assert listed(file, text) == text, "run make format"
    stale = re.sub(LISTINGS[file][0], lambda part: part[0].replace("ga4", "ga5"), text)
    assert stale != text
    assert listed(file, stale) == text


@pytest.mark.parametrize("source", sources())
def test_every_source_has_its_folder_of_staging_models(source: str) -> None:
    folder = PROJECT / "models" / "staging" / source
    expected = {f"stg_{source}__{entity}.sql" for entity in ENTITIES}
    assert {path.name for path in folder.glob("stg_*.sql")} == expected
    assert (folder / f"_{source}__models.yml").is_file()
    assert (folder / f"_{source}__sources.yml").is_file()


def test_every_folder_of_staging_is_a_source() -> None:
    folders = (PROJECT / "models" / "staging").iterdir()
    assert {path.name for path in folders if path.is_dir()} == set(sources())


def test_the_map_of_event_names_knows_sources_only() -> None:
    with (PROJECT / "seeds" / "event_name_map.csv").open() as file:
        assert {row["source"] for row in csv.DictReader(file)} <= set(sources())


def test_no_source_reads_a_file_unless_it_is_named() -> None:
    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    inputs = [one for source in sources().values() for one in source.inputs]
    wanted = {name for one in inputs for name in (one.var, one.replaced_by) if name}
    assert {name for name in wanted if declared.get(name) is not None} == set()


#: What tools send by themselves, or list as standard names, by the event type that it leads to.
STANDARD_NAMES = {
    "": (
        # Google Analytics 4, Segment
        "click, share, session_start, first_visit, first_open, file_download, form_start,"
        " app_update, os_update, generate_lead, join_group, unlock_achievement, Coupon Applied,"
        " Install Attributed, Deep Link Opened, Video Playback Started,"
        # Shopify's pixels
        " clicked, input_changed, input_focused, form_submitted, alert_displayed,"
        " advanced_dom_clicked, advanced_dom_form_submitted,"
        # Mixpanel
        " $mp_click, $mp_rage_click, $mp_dead_click, $mp_page_leave, $mp_submit, $mp_input_change,"
        " $mp_scroll, $mp_session_record, $ae_session, $ae_first_open, $ae_updated,"
        # PostHog
        " $autocapture, $pageleave, $identify, $set, $groupidentify, $create_alias, $opt_in,"
        " $rageclick, $dead_click, $feature_flag_called, $web_vitals, survey shown, survey sent,"
        # Amplitude
        " [Amplitude] Form Started, [Amplitude] Form Submitted, [Amplitude] File Downloaded,"
        " [Amplitude] Deep Link Opened, [Amplitude] Application Opened, [Amplitude] Start Session,"
        " [Amplitude] Element Clicked, [Amplitude] Rage Click, [Amplitude] Dead Click,"
        # Meta, Snowplow
        " FindLocation, create_element, expose_element"
    ),
    "browse": "page_view, screen_view, $pageview, $screen, $mp_web_page_view, PageView,"
    " Page Viewed, [Amplitude] Page Viewed, [Amplitude] Screen Viewed, collection_viewed",
    "ping": "scroll, video_progress, user_engagement, page_ping, heartbeat",
    "page_error": "error, exception, app_exception, $exception, $ae_crashed, Application Crashed",
    "view": "view_item, product_viewed, ViewContent, Product Viewed",
    "add_to_cart": "add_to_cart, cart, product_added_to_cart, AddToCart, Product Added",
    "checkout": "begin_checkout, set_checkout_option, checkout_progress, InitiateCheckout",
    "purchase": "purchase, ecommerce_purchase, checkout_completed, Order Completed,"
    " in_app_purchase",
    "order_update": "Order Updated, order_updated",
    "refund": "refund, purchase_refund, Order Refunded, Order Cancelled, order_cancelled",
    "campaign": "present_offer, view_promotion, $campaign_delivery, Email Delivered",
    "register": "sign_up, CompleteRegistration, Account Created",
}


#: Everyday words, of which nobody knows what a log means by them; and calls that say what an order
#: brought which has an event of its own.
OPEN_NAMES = (
    "event, preview, timing, contact, lead, schedule, subscribe, revenue_amount, $ae_iap,"
    " [amplitude] revenue, [amplitude]_revenue"
)


def test_what_tools_send_by_themselves_is_known_to_ones_own_files() -> None:
    with (PROJECT / "seeds" / "event_name_map.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if not row["vocabulary"]]
    with (PROJECT / "seeds" / "event_types.csv").open() as file:
        known = {row["event_type"]: row["event_type"] for row in csv.DictReader(file)}
    known |= {
        row["source_event_name"]: row["event_type"] for row in rows if row["source"] == "custom"
    }
    found = {
        (event_type, name): known.get(name.strip().lower(), "unknown")
        for event_type, names in STANDARD_NAMES.items()
        for name in names.split(",")
    }
    assert {key: to for key, to in found.items() if to != key[0]} == {}
    # The names of the sources hold for own files, too, and mean the same: of two the first. An
    # order and its items in one table are the order twice, so that one is to be decided.
    open_names = set(OPEN_NAMES.split(", "))
    assert open_names & known.keys() == set()
    theirs = {
        row["source_event_name"]: row["event_type"]
        for row in reversed(rows)
        if row["source"] in ("ga4", "segment", "snowplow")
    }
    del theirs["transaction_item"]
    assert {name: known.get(name, "unknown") for name in theirs.keys() - open_names} == {
        name: to for name, to in theirs.items() if name not in open_names
    }


def test_every_sample_is_there() -> None:
    samples = [one.sample for source in sources().values() for one in source.inputs if one.sample]
    assert len(samples) > 5
    assert [sample for sample in samples if not (PROJECT / sample).is_file()] == []


def test_an_entry_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "sources.yml"
    file.write_text(yaml.safe_dump({"shop": {"title": "a shop", "inputs": [{"path": "x"}]}}))
    with pytest.raises(BuildProblem, match=r"entry of source 'shop' cannot be read.*'path'"):
        read_sources(file)


def test_the_commands_that_show_a_build_are_ready_for_a_shell(tmp_path: Path) -> None:
    default = "warehouse/footfall.duckdb"
    assert make_commands(["storefront"], {}, default) == {
        "serve": "make serve",
        "docs": "make docs",
    }
    assert make_commands(["ga4"], {"ga4_path": "/a b;c"}, "warehouse/ga4.duckdb") == {
        "serve": "make serve SOURCE=ga4",
        "docs": "make docs SOURCE=ga4 FILE='/a b;c'",
    }
    assert make_commands(["ga4"], {"ga4_path": "/a"}, "$(x)") == {
        "serve": "FOOTFALL_DB='$(x)' make serve",
        "docs": "FOOTFALL_DB='$(x)' make docs SOURCE=ga4 FILE=/a",
    }
    given = {"custom_events_path": "/e", "custom_reviews_path": "/r", "custom_items_path": None}
    assert make_commands(["custom"], given, "warehouse/custom.duckdb") == {
        "serve": "make serve SOURCE=custom",
        "docs": "make docs SOURCE=custom EVENTS=/e REVIEWS=/r",
    }
    elsewhere = {"serve": f"FOOTFALL_DB={default} make serve"}
    assert make_commands(["custom"], {"custom_events_relation": "a.b"}, default) == elsewhere
    assert make_commands(["storefront", "custom"], given, default) == elsewhere
    serve = make_commands(["ga4"], {}, "warehouse/ga4.duckdb", published="/p q")["serve"]
    assert serve == "FOOTFALL_PUBLISHED='/p q' make serve SOURCE=ga4"
    mapping = tmp_path / "my shops" / "shop.yml"
    mapping.parent.mkdir()
    mapping.write_text("footfall_source: [custom, ga4]\nga4_path: /g\n")
    assert make_commands(
        ["custom", "ga4"], {"ga4_path": "/g"}, "warehouse/shop.duckdb", str(mapping)
    ) == {"serve": f"make serve MAPPING='{mapping}'", "docs": f"make docs MAPPING='{mapping}'"}
    mapping.write_text("custom_events_path: e.csv\n")
    read = {"custom_events_path": str(mapping.parent / "e.csv"), "custom_items_path": "/i"}
    assert make_commands(["custom"], read, "warehouse/shop.duckdb", str(mapping)) == {
        "serve": f"make serve SOURCE=custom MAPPING='{mapping}'",
        "docs": f"make docs SOURCE=custom MAPPING='{mapping}' ITEMS=/i",
    }
