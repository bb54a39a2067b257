"""Layouts of Snowplow's events are recognised by the names of files and columns."""

from __future__ import annotations

import pytest

from footfall.builds.problems import BuildProblem
from footfall.builds.snowplow import snowplow_layout, snowplow_tables

pytestmark = pytest.mark.library

BARE = ["event_name", "derived_tstamp", "domain_userid"]
PRODUCT = "contexts_com_snowplowanalytics_snowplow_ecommerce_product"


@pytest.mark.parametrize("version", ["", "_1", "_1_0_0", "_1_0_2"])
def test_columns_of_a_schema_are_found_in_every_version(version: str) -> None:
    found = snowplow_layout(value="e", columns=[*BARE, f"{PRODUCT}{version}".upper()])
    assert found["entities"] == [
        {
            "column": f"{PRODUCT}{version}",
            "schema": "com.snowplowanalytics.snowplow.ecommerce/product",
        }
    ]
    assert not found["has_archive"]


def test_columns_of_other_schemas_stay_where_they_are() -> None:
    others = ["contexts_com_acme_product_1", f"{PRODUCT}_review_1", "unstruct_event_com_acme_x_1"]
    assert snowplow_layout(value="e", columns=[*BARE, *others])["entities"] == []
    assert snowplow_layout(value="e", columns=[*BARE, "contexts"])["has_archive"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (["event_timestamp", "user_pseudo_id", "event_name"], "SOURCE=ga4"),
        (["messageId", "anonymousId", "type"], "SOURCE=segment"),
        (["id", "anonymous_id", "received_at", "event"], "Segment's warehouse"),
        (["start_tstamp", "end_tstamp", "page_views"], "atomic.events"),
        (["root_id", "root_tstamp", "price"], "snowplow_relation"),
        ([f"v{place}" for place in range(131)], "without a header"),
        (["who", "event"], "no column derived_tstamp or collector_tstamp. It has: who, event."),
    ],
)
def test_what_is_of_another_shape_is_told_with_what_to_do(columns: list[str], said: str) -> None:
    with pytest.raises(BuildProblem) as problem:
        snowplow_layout(value="in.csv", columns=columns)
    assert str(problem.value).startswith("'in.csv' does not hold events of Snowplow: ")
    assert said in str(problem.value)


def test_files_are_sorted_into_events_and_tables_of_one_schema() -> None:
    web_page = "com_snowplowanalytics_snowplow_web_page_1"
    files = [
        "in/events/day=1/a.parquet",
        f"in/{web_page}/a.parquet",
        "in/com_acme_thing_1.parquet",
        "elsewhere/events.parquet",
    ]
    found = snowplow_tables(parts=[{"kind": "parquet", "files": files}])
    assert [(one["column"], one["folder"], one["files"]) for one in found] == [
        (None, None, [files[3]]),
        (None, "in", [files[0]]),
        (None, "in", [files[2]]),
        (f"contexts_{web_page}", "in", [files[1]]),
    ]
    assert [one["table"] for one in found] == [None, None, "com_acme_thing_1", web_page]
