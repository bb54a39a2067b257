"""The boards: definitions that are checked, figures that are those of the marts, in a browser."""

from __future__ import annotations

import base64
import contextlib
import csv
import html
import http.client
import io
import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import numpy as np
import plotly.graph_objects as go
import pytest
import yaml
from sqlfluff.core import FluffConfig, Linter

from board_pages import Page
from conftest import PROJECT
from footfall.attributions.events import rank_correlation
from footfall.pages.boards import Board, BoardError, load_boards, render_boards, serve
from footfall.pages.boards.__main__ import main
from footfall.pages.boards.published import open_published
from footfall.pages.boards.render import marts_of
from footfall.pages.boards.serve import ADDRESS, server
from footfall.pages.boards.wording import Wording
from footfall.pages.report.build import build_report
from footfall.pages.report.warehouse import ReportError
from footfall.pages.theme.figures import BREAK, bold, figure_json
from footfall.pages.theme.words import read_words
from footfall.publishing import encryption
from headless_browser import Visit, needs_chromium, visit
from published_sample import RUN, contracts, publish_sample

pytestmark = pytest.mark.long

FOLDER = PROJECT / "dashboards"
WORDS = read_words(PROJECT / "seeds/words/en.csv")
NAMES = (
    *("overview", "journey", "customers", "retention", "recommendations", "model_quality"),
    *("experiments", "risk", "fairness", "voice"),
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_sample(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def boards() -> tuple[Board, ...]:
    return load_boards(FOLDER, WORDS)


@pytest.fixture(scope="module")
def texts(published: Path, boards: tuple[Board, ...]) -> Mapping[str, str]:
    """The pages as they are written, by the name of the board."""
    return {board.name: text for board, text in render_boards(boards, published, WORDS)}


@pytest.fixture(scope="module")
def seen(texts: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Visit]:
    """What a browser makes of each page."""
    folder = tmp_path_factory.mktemp("pages")
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: visit(folder / f"{name}.html", folder) for name in texts}


@pytest.fixture(scope="module")
def ask(published: Path) -> Callable[[str], Any]:
    """The only value of a query on the published marts."""

    def value(sql: str) -> Any:
        with duckdb.connect(str(published), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            ((found,),) = connection.sql(sql).fetchall()
        return found

    return value


def test_all_boards_are_there_in_their_order(boards: tuple[Board, ...]) -> None:
    assert tuple(board.name for board in boards) == NAMES


# In the small shop whose marts are drawn, no three customers blame the same within weeks.
EMPTY_IN_A_SMALL_SHOP = {"voice": {"improve", "items"}}


@needs_chromium
@pytest.mark.parametrize("name", NAMES)
def test_a_browser_draws_every_chart_and_asks_for_nothing(
    seen: Mapping[str, Visit], boards: tuple[Board, ...], name: str
) -> None:
    page = Page(seen[name].page)
    (board,) = (one for one in boards if one.name == name)
    assert set(page.tiles) == {tile.name for _, tile in board.tiles}
    charts = {anchor for anchor, tile in page.tiles.items() if tile.figure is not None}
    assert charts
    assert {anchor for anchor, tile in page.tiles.items() if tile.is_drawn} == charts
    empty = {anchor for anchor, tile in page.tiles.items() if tile.empty}
    assert empty == EMPTY_IN_A_SMALL_SHOP.get(name, set())
    assert seen[name].console == []
    assert seen[name].requests == []


@needs_chromium
@pytest.mark.parametrize("name", ["journey", "model_quality"])
def test_a_page_asks_for_nothing_even_where_it_could(
    texts: Mapping[str, str], tmp_path: Path, name: str
) -> None:
    """Without the policy that forbids it, on a dark and narrow screen: all kinds of charts."""
    free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", texts[name])
    assert free != texts[name]
    path = tmp_path / "board.html"
    path.write_text(free, encoding="utf-8")
    dark = visit(path, tmp_path, "--blink-settings=preferredColorScheme=0", "--window-size=400,800")
    assert dark.requests == []
    assert dark.console == []
    # Colours of the dark style sheet reached the drawings.
    assert "fill: rgb(230, 234, 240)" in dark.page.split("</noscript>")[0]


LAST_MONTH = "started_at >= timestamptz '2026-06-01 00:00:00+00' and not is_bot"
KEEP = (
    "from marts.churn_risk where horizon_days = 90 and risk_band in ('medium', 'high')"
    " and lapse_date > as_of_date"
)
JUNE = (
    "from marts.journey_funnel where funnel_kind = 'any_order' and slice_name = 'all'"
    " and period_month = date '2026-06-01'"
)


@needs_chromium
@pytest.mark.parametrize(
    ("name", "anchor", "sql"),
    [
        ("overview", "revenue", f"select sum(amount) from marts.sessions where {LAST_MONTH}"),
        ("overview", "sessions", f"select count(*) from marts.sessions where {LAST_MONTH}"),
        (
            "overview",
            "conversion",
            f"select avg(is_converted::int) from marts.sessions where {LAST_MONTH}",
        ),
        (
            "overview",
            "buyers",
            "select count(distinct customer_key) from marts.sessions"
            f" where {LAST_MONTH} and is_converted",
        ),
        ("overview", "at-risk", f"select sum(value_at_risk) {KEEP}"),
        ("journey", "browse", f"select max(session_count) {JUNE} and stage = 'browse'"),
        (
            "journey",
            "purchase",
            "select sum(session_count) filter (where stage = 'purchase')"
            f" / sum(session_count) filter (where stage = 'checkout') {JUNE}",
        ),
        ("customers", "known", "select count(*) from marts.customer_profile"),
        ("customers", "buyers", "select count(*) from marts.customer_rfm"),
        (
            "customers",
            "active",
            "select count(*) from marts.customer_lifecycle where is_as_of and lifecycle_state"
            " not in ('acquisition', 'activation', 'at_risk', 'lapsed')",
        ),
        (
            "customers",
            "expected",
            "select sum(predicted_amount) from marts.customer_value where horizon_days = 90",
        ),
        ("retention", "value-at-risk", f"select sum(value_at_risk) {KEEP}"),
        ("retention", "at-risk", f"select count(*) {KEEP}"),
        ("retention", "time", f"select median(lead_days) {KEEP} and risk_band = 'high'"),
        (
            "recommendations",
            "covered",
            "select (select count(distinct customer_key) from marts.recommendations)"
            " / (select count(*) from marts.customer_profile)",
        ),
        (
            "recommendations",
            "repeats",
            "select avg(is_repeat::int) from marts.recommendations",
        ),
        (
            "recommendations",
            "hits",
            "select metric_value from marts.model_evaluation where score = 'recommendations'"
            " and metric = 'hr_10' and population = 'all items' and model = 'attention_scorer'",
        ),
        (
            "model_quality",
            "gates-passed",
            "select count(*) from marts.model_gates where is_passed",
        ),
        (
            "model_quality",
            "drifted",
            "select count(*) from marts.score_drift where status in ('warn', 'fail')",
        ),
    ],
)
def test_a_figure_is_the_one_of_the_mart(
    seen: Mapping[str, Visit], ask: Callable[[str], Any], name: str, anchor: str, sql: str
) -> None:
    tile = Page(seen[name].page).tiles[anchor]
    expected = ask(sql)
    assert expected
    assert tile.value is not None
    assert float(tile.value) == pytest.approx(expected)
    # What people read is the same number, rounded.
    told = float(re.sub(r"[^0-9.-]", "", tile.value_text))
    assert told == pytest.approx(100 * expected if "%" in tile.value_text else expected, rel=0.01)


@needs_chromium
@pytest.mark.parametrize(
    ("name", "anchor", "column", "sql"),
    [
        (
            "overview",
            "contacts",
            1,
            "select count(*) from marts.customer_actions where is_contact_action",
        ),
        (
            "journey",
            "funnel",
            1,
            "select sum(session_count) from marts.journey_funnel"
            " where funnel_kind = 'any_order' and slice_name = 'all'",
        ),
        (
            "journey",
            "evidence",
            6,
            "select sum(value_at_risk) from marts.journey_pain_points where is_named",
        ),
        (
            "customers",
            "tiers",
            1,
            "select count(*) from marts.customer_value where horizon_days = 90",
        ),
        ("customers", "rfm-groups", 2, "select sum(net_amount) from marts.customer_rfm"),
        ("customers", "segments", 1, "select count(*) from marts.customer_segments where is_as_of"),
        ("retention", "keep", 1, f"select sum(value_at_risk) {KEEP}"),
        ("retention", "actions", 2, "select count(*) from marts.customer_actions"),
        (
            "model_quality",
            "gates",
            2,
            "select sum(figure) from marts.model_gates",
        ),
    ],
)  # fmt: skip
def test_a_table_adds_up_to_its_mart(
    seen: Mapping[str, Visit], ask: Callable[[str], Any], name: str, anchor: str, column: int,
    sql: str,
) -> None:  # fmt: skip
    tile = Page(seen[name].page).tiles[anchor]
    assert sum(tile.column(column)) == pytest.approx(ask(sql))


@needs_chromium
@pytest.mark.parametrize(
    ("name", "anchor", "sql"),
    [
        ("overview", "revenue-by-month", "select sum(amount) from marts.sessions where not is_bot"),
        (
            "overview",
            "pain",
            "select sum(value_at_risk) from marts.journey_pain_points where is_named",
        ),
        ("customers", "lifecycle", "select count(*) from marts.customer_lifecycle"),
        ("retention", "bands", "select count(*) from marts.churn_risk where horizon_days = 90"),
        ("recommendations", "categories", "select count(*) from marts.recommendations"),
        (
            "model_quality",
            "recommendation-models",
            "select sum(metric_value) from marts.model_evaluation where score = 'recommendations'"
            " and metric = 'ndcg_10' and population = 'all items'",
        ),
    ],
)
def test_bars_add_up_to_their_mart(
    seen: Mapping[str, Visit], ask: Callable[[str], Any], name: str, anchor: str, sql: str
) -> None:
    bars = Page(seen[name].page).tiles[anchor].bars()
    assert sum(bars.values()) == pytest.approx(ask(sql))


@needs_chromium
@pytest.mark.parametrize(
    ("name", "anchor", "sql"),
    [
        (
            "journey",
            "map",
            "select (select sum(session_count) from marts.journey_dropoffs"
            " where slice_name = 'all') + (select sum(session_count) from marts.journey_funnel"
            " where funnel_kind = 'any_order' and slice_name = 'all' and stage <> 'browse')",
        ),
        (
            "customers",
            "moves",
            "select sum(customer_count) from marts.customer_lifecycle_transitions where period_end"
            " = (select max(period_end) from marts.customer_lifecycle_transitions)",
        ),
    ],
)
def test_flows_hold_everybody(
    seen: Mapping[str, Visit], ask: Callable[[str], Any], name: str, anchor: str, sql: str
) -> None:
    figure = Page(seen[name].page).tiles[anchor].figure
    assert figure is not None
    assert sum(figure["data"][0]["link"]["value"]) == ask(sql)


@needs_chromium
def test_a_chart_of_ones_own_draws_the_columns(
    seen: Mapping[str, Visit], ask: Callable[[str], Any]
) -> None:
    figure = Page(seen["model_quality"].page).tiles["calibration"].figure
    assert figure is not None
    traces = {trace["name"]: trace for trace in figure["data"]}
    assert len(traces) == len(figure["data"]) > 2
    assert sum(traces["churn, 90 days"]["y"]) == pytest.approx(
        ask(
            "select sum(observed_mean) from marts.model_calibration where score = 'churn'"
            " and horizon_days = 90 and model = 'attention_scorer' and cutoff_date = (select"
            " max(cutoff_date) from marts.model_calibration where score = 'churn'"
            " and horizon_days = 90)"
        )
    )


@needs_chromium
def test_suggestions_and_reasons_are_told(
    seen: Mapping[str, Visit], ask: Callable[[str], Any]
) -> None:
    overview = Page(seen["overview"].page).tiles["suggestions"]
    title = ask("select title from marts.journey_suggestions where suggestion_rank = 1")
    assert title in overview.items[0]
    examples = Page(seen["recommendations"].page).tiles["examples"]
    assert {row[5] for row in examples.rows} == {"True", "False"}
    reasons = [row[4] for row in examples.rows]
    said = ("chose ", "bought it before", "looked at it before", "many customers buy it")
    assert all(reason.startswith(said) for reason in reasons)
    assert len(set(reasons)) > 1


@pytest.mark.parametrize("name", NAMES)
def test_the_footer_names_run_and_date_and_the_marts(
    texts: Mapping[str, str], boards: tuple[Board, ...], published: Path, name: str
) -> None:
    page = Page(texts[name])
    assert page.run == RUN.run_id
    assert re.search(r"As of (30 Jun|1 Jul) 2026\.", page.text)
    assert "Published 2026-07-01 12:00 UTC" in page.text
    (board,) = (one for one in boards if one.name == name)
    assert board.reading.split(",")[0] in page.text
    with open_published(published) as marts:
        for mart in marts_of(board, marts):
            assert mart in page.text.split("Published")[1]


def test_links_lead_to_boards_and_nowhere_else(texts: Mapping[str, str]) -> None:
    anchors = {name: set(Page(text).tiles) for name, text in texts.items()}
    for name, text in texts.items():
        for address in Page(text).addresses:
            if address == "#main" or address.startswith("data:text/csv"):
                continue
            file, _, anchor = address.partition("#")
            target = file.removesuffix(".html")
            assert target in anchors, (name, address)
            assert not anchor or anchor in anchors[target], (name, address)
        assert {f"{other}.html" for other in NAMES} <= set(Page(text).addresses)
        assert "default-src 'none'" in text


def test_equal_publications_give_equal_pages(
    texts: Mapping[str, str], boards: tuple[Board, ...], published: Path
) -> None:
    assert {board.name: text for board, text in render_boards(boards, published, WORDS)} == texts


def test_a_list_can_be_taken_along_with_whole_keys(
    texts: Mapping[str, str], ask: Callable[[str], Any]
) -> None:
    download = Page(texts["retention"]).tiles["keep"].download
    rows = list(csv.DictReader(io.StringIO(unquote(download.partition(",")[2]))))
    assert len(rows) == ask(f"select count(*) {KEEP}")
    assert {row["customer_key"] for row in rows} <= {
        str(key) for key in ask("select list(customer_key) from marts.churn_risk")
    }
    assert float(rows[0]["value_at_risk"]) == pytest.approx(
        ask(f"select max(value_at_risk) {KEEP}")
    )


def test_an_encrypted_publication_gives_the_same_pages_to_holders_of_its_key(
    boards: tuple[Board, ...],
    published: Path,
    texts: Mapping[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(encryption.VARIABLE, base64.b64encode(bytes(range(32))).decode())
    locked = publish_sample(tmp_path)
    assert not locked.exists()
    pages = {board.name: text for board, text in render_boards(boards, locked, WORDS)}
    assert pages == texts
    assert build_report(locked, WORDS, RUN.published_at) == build_report(
        published, WORDS, RUN.published_at
    ).replace(str(published), str(locked))

    monkeypatch.delenv(encryption.VARIABLE)
    with pytest.raises(BoardError, match=r"is encrypted, and .* is not set"):
        list(render_boards(boards, locked, WORDS))
    with pytest.raises(ReportError, match=r"is encrypted, and .* is not set"):
        build_report(locked, WORDS, RUN.published_at)
    told = encryption.refusal(locked, "MetricFlow")
    assert told is not None
    assert told.startswith("MetricFlow cannot read")
    assert encryption.refusal(published, "MetricFlow") is None


def test_a_young_shop_gets_sentences(boards: tuple[Board, ...], tmp_path: Path) -> None:
    emptied = publish_sample(tmp_path, *(f"delete from marts.{mart}" for mart in contracts()))
    for board, text in render_boards(boards, emptied, WORDS):
        page = Page(text)
        told = {tile.name: tile.empty for _, tile in board.tiles}
        assert {anchor: tile.empty for anchor, tile in page.tiles.items()} == told
        assert all(told.values())
        assert "No data yet." in page.text
        assert "script" not in page.tags


def test_a_score_that_is_held_back_says_why_on_its_tiles(
    boards: tuple[Board, ...], tmp_path: Path
) -> None:
    """Lists of customers to keep are gone with their score; what does not rest on it is shown."""
    held = publish_sample(
        tmp_path,
        "delete from marts.churn_risk",
        "update marts.model_gates set score = split_part(subject, ',', 1), horizon_days = 90",
        "update marts.model_gates set is_passed = false,"
        " held_back_key = 'held_back.beats_trivial_baseline',"
        """ held_back_values = '{"@subject": "gate.subject.score gate.subject.days","""
        """ "score": "churn", "days": "90", "customers": "412"}'"""
        " where subject = 'churn, 90 days' and gate = 'beats_trivial_baseline'",
    )
    some = [board for board in boards if board.name not in ("journey", "customers")]
    pages = {board.name: Page(text) for board, text in render_boards(some, held, WORDS)}
    why = (
        "churn, 90 days: not shown. It did not beat its baseline in the back-test on 412 customers."
    )
    retention = pages["retention"].tiles
    assert {name for name in retention if retention[name].empty == why} == set(retention) - {
        "actions"
    }
    assert pages["overview"].tiles["at-risk"].empty == why
    assert why in pages["model_quality"].text
    assert pages["recommendations"].tiles["intent"].empty == ""


def test_a_shop_of_three_weeks_has_no_whole_month(
    boards: tuple[Board, ...], tmp_path: Path
) -> None:
    """Sessions of a part of a month, and nothing that was judged on a window."""
    young = publish_sample(
        tmp_path,
        "delete from marts.sessions where started_at not between "
        "timestamptz '2026-05-03 00:00:00+00' and timestamptz '2026-05-20 00:00:00+00'",
        *(f"delete from marts.{mart}" for mart in contracts() if mart.startswith("model_")),
    )
    pages = {board.name: Page(text) for board, text in render_boards(boards, young, WORDS)}
    assert pages["overview"].tiles["revenue"].empty == "No month is whole yet."
    assert pages["overview"].tiles["pain"].figure is not None
    assert "No window has closed" in pages["model_quality"].tiles["compared"].empty


def test_customers_with_a_known_fraud_are_counted_and_on_no_list(
    boards: tuple[Board, ...], tmp_path: Path
) -> None:
    known = (
        "select customer_key from marts.churn_risk where risk_band in ('medium', 'high')"
        " and lapse_date > as_of_date order by value_at_risk desc nulls last, customer_key limit 2"
    )
    shop = publish_sample(
        tmp_path,
        *(
            f"update marts.{mart} set next_best_action = 'review_payments'"
            f" where customer_key in ({known})"
            for mart in ("customer_profile", "customer_actions")
        ),
    )
    with duckdb.connect(str(shop), read_only=True) as connection:
        left_out = {key for (key,) in connection.sql(known).fetchall()}
        ((left,),) = connection.sql(
            "select count(*) from marts.churn_risk where risk_band in ('medium', 'high')"
            " and lapse_date > as_of_date"
            " and horizon_days = (select max(horizon_days) from marts.churn_risk)"
            f" and customer_key not in ({known})"
        ).fetchall()
    asked = tuple(board for board in boards if board.name in ("overview", "retention"))
    texts = {board.name: text for board, text in render_boards(asked, shop, WORDS)}
    assert not any(key in text for key in left_out for text in texts.values())
    pages = {name: Page(text) for name, text in texts.items()}
    assert pages["retention"].tiles["at-risk"].value_text == f"{left:,}"
    assert "2 with a known fraud are left out" in pages["retention"].text


def test_agreement_of_attention_is_that_of_each_score() -> None:
    """Spearman's correlation of a customer, ties included, as a mean over customers."""
    draw = np.random.default_rng(2)
    customers = {"a": 9, "b": 6, "few": 2, "even": 4}
    query = yaml.safe_load((FOLDER / "fairness.yml").read_text())["queries"]["visits"]
    expected: dict[tuple[str, int], list[float]] = {}
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        for mart in ("score_attributions", "score_attribution_events", "attention_diagnostics"):
            told = ", ".join(f'"{name}" {kind}' for name, kind in contracts()[mart].items())
            connection.execute(f"create table marts.{mart} ({told})")

        def insert(mart: str, **values: object) -> None:
            names, marks = ", ".join(values), ", ".join("?" * len(values))
            connection.execute(
                f"insert into marts.{mart} ({names}) values ({marks})", list(values.values())
            )

        rollouts = {
            key: np.round(draw.random(count), 1) if key != "even" else np.full(count, 0.25)
            for key, count in customers.items()
        }
        for key, rollout in rollouts.items():
            for number, value in enumerate(rollout, start=1):
                insert("attention_diagnostics", customer_key=key, event_no=number, rollout=value)
        for score, horizon in (("churn", 30), ("churn", 90), ("value", 30)):
            insert("score_attributions", score=score, horizon_days=horizon)
            for key, rollout in rollouts.items():
                moved = np.round(draw.normal(size=len(rollout)), 1)
                for number, value in enumerate(moved, start=1):
                    insert(
                        "score_attribution_events",
                        score=score, horizon_days=horizon, customer_key=key, event_no=number,
                        visit_no=1, link_contribution=value,
                    )  # fmt: skip
                known = rank_correlation(rollout[None, :], np.abs(moved)[None, :])[0]
                expected.setdefault((score, horizon), []).append(float(known))
        insert("score_attributions", score="value", horizon_days=90)
        found = {(row[0], row[1]): row[-1] for row in connection.execute(query).fetchall()}
    assert found.pop(("value", 90)) is None
    for score, values in expected.items():
        assert found[score] == pytest.approx(np.nanmean(values)), score
    assert len(found) == len({round(value, 9) for value in found.values()}) == 3


def test_the_first_whole_month_is_compared_with_nothing(
    boards: tuple[Board, ...], tmp_path: Path
) -> None:
    first = publish_sample(
        tmp_path,
        "delete from marts.sessions where started_at < timestamptz '2026-06-01 00:00:00+00'",
    )
    pages = {board.name: Page(text) for board, text in render_boards(boards[:1], first, WORDS)}
    revenue = pages["overview"].tiles["revenue"]
    assert float(revenue.value or 0) > 0
    assert revenue.change == ""
    figures = pages["overview"].text.split("What needs attention")[0].split("Revenue before")[1]
    assert "June" in figures
    assert "compared" not in figures


def strings_of(part: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """All texts of a figure, each with the key that it is at."""
    if isinstance(part, dict):
        for name, inner in part.items():
            yield from strings_of(inner, name)
    elif isinstance(part, list):
        for inner in part:
            yield from strings_of(inner, key)
    elif isinstance(part, str):
        yield key, part


HOSTILE = '</script><b>bold</b> <a href="https://example.org">AT&T</a>'


@pytest.fixture(scope="module")
def hostile_texts(
    boards: tuple[Board, ...], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """The pages of a shop whose visitors write HTML wherever they can, by the name of the board."""
    names = {
        "sessions": "channel",
        "journey_attribution": "channel",
        "journey_funnel": "slice_value",
        "customer_profile": "favourite_category",
        "recommendations": "category",
    }
    loud = publish_sample(
        tmp_path_factory.mktemp("hostile"),
        *(
            f"update marts.{mart} set {name} = '{HOSTILE}' || {name} where {name} <> 'all'"
            for mart, name in names.items()
        ),
        "update marts.churn_risk set top_driver = '=' || top_driver",
        "update marts.journey_suggestions set title_key = 'suggestion.speed_up_step.title.orders',"
        " advice_key = 'suggestion.answer_questions.advice', evidence_key = advice_key,"
        f""" message_values = '{{"@stage": "stage.other", "stage": {json.dumps(HOSTILE)},
        "@place": "", "sessions": "1", "gap": "-1", "orders": "1"}}'""",
    )
    return {board.name: text for board, text in render_boards(boards, loud, WORDS)}


def test_labels_of_charts_hold_no_html_of_the_data(hostile_texts: Mapping[str, str]) -> None:
    found = set()
    for name, text in hostile_texts.items():
        for anchor, tile in Page(text).tiles.items():
            for key, told in strings_of(tile.figure):
                assert "<" not in told.replace("<extra></extra>", ""), (name, anchor, key, told)
                if "&lt;a href" in told:
                    assert "AT&amp;T" in told
                    found.add((name, anchor))
    assert len(found) >= 4, found
    assert len({name for name, _ in found}) >= 3, found


@needs_chromium
def test_a_browser_shows_html_of_the_data_as_it_was_written(
    hostile_texts: Mapping[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "overview.html"
    path.write_text(hostile_texts["overview"], encoding="utf-8")
    drawn = visit(path, tmp_path).page.split("</noscript>")[0]
    assert "https://example.org" not in Page(drawn).addresses
    assert '&lt;a href="https://example.org"&gt;AT&amp;T&lt;/a&gt;' in drawn


def test_own_marks_of_labels_are_the_only_tags() -> None:
    figure = go.Figure(go.Bar(x=["a & <i>b</i>", bold("c")], y=[1, 2]))
    figure.update_traces(hovertemplate=f"<u>%{{x}}</u>{BREAK}%{{y}}<extra></extra>", name="1 < 2")
    (trace,) = json.loads(figure_json(figure))["data"]
    assert trace["x"] == ["a &amp; &lt;i&gt;b&lt;/i&gt;", "<b>c</b>"]
    assert trace["hovertemplate"] == "&lt;u&gt;%{x}&lt;/u&gt;<br>%{y}<extra></extra>"
    assert trace["name"] == "1 &lt; 2"
    assert figure_json(None) == "{}"


def test_text_of_the_data_stays_text(hostile_texts: Mapping[str, str]) -> None:
    for name, text in hostile_texts.items():
        page = Page(text)
        assert "b" not in page.tags, name
        assert "https://example.org" not in page.addresses, name


def test_a_spreadsheet_executes_nothing_of_a_list(hostile_texts: Mapping[str, str]) -> None:
    download = Page(hostile_texts["retention"]).tiles["keep"].download
    rows = list(csv.DictReader(io.StringIO(unquote(download.partition(",")[2]))))
    assert len(rows) > 5
    assert {row["top_driver"][:2] for row in rows} == {"'="}


def test_a_currency_stands_beside_amounts(boards: tuple[Board, ...], published: Path) -> None:
    ((_, text),) = render_boards(boards[:1], published, WORDS, "EUR")
    page = Page(text)
    assert page.tiles["revenue"].value_text.endswith("\N{NO-BREAK SPACE}EUR")
    assert "own currency" not in page.text


@pytest.mark.parametrize(
    ("value", "form", "told"),
    [
        (1234.5, "count", "1,234"),
        (-1234.5, "amount", "-€1,234"),
        (3.456, "amount", "€3.46"),
        (0.0512, "share", "5.1%"),
        (1.0, "share", "100%"),
        (1, "days", "1 day"),
        (-3, "days", "-3 days"),
        (None, "amount", "-"),
        ("long_name", "words", "long name"),
        ("repeat_model", "idea", "last order, given how often they order"),
        ("f_own_score", "idea", "f own score"),
        (0.00004, "chance", "< 0.001"),
        (0.0312, "chance", "0.031"),
        ("0123456789abcdef", "key", "01234567…"),
        (True, "yes_no", "yes"),
    ],
)
def test_values_are_worded(value: Any, form: Any, told: str) -> None:
    assert Wording(WORDS, "€")(value, form) == told


BROKEN = """
title: Broken
place: 1
reading: A board to break.
as_of: select max(as_of_date) from marts.customer_profile
queries:
  risk: |
    select risk_band, count(*) as customer_count from marts.churn_risk group by risk_band
rows:
  - tiles:
      - kind: bars
        title: Risk
        query: risk
        across: risk_band
        value: customer_count
"""


@pytest.mark.parametrize(
    ("change", "to", "told"),
    [
        (
            "across: ",
            "acros: ",
            r"broken\.yml:14: rows\[0\]\.tiles\[0\]\.acros: there is no such key",
        ),
        ("        value: customer_count\n", "", r"tiles\[0\]\.value: this key is missing"),
        ("kind: bars", "kind: pie", r"rows\[0\]\.tiles\[0\]: .*'pie'.*'bars'"),
        ("kind: bars", "kind: figure", r"\.across: there is no such key"),
        ("query: risk", "query: riks", r"tiles\[0\]\.query: there is no query 'riks'"),
        ("value: customer_", "value: ", r"\.value: .* no column 'count'; it has risk_band, custom"),
        ("value: customer_count", "value: risk_band", r"\.value: .* holds '\w+', and no number"),
        ("group by risk_band", "group by band", r"queries\.risk: DuckDB cannot \w+ this: .*band"),
        ("marts.churn_risk", "main.churn_risk", r"queries\.risk: main\.churn_risk is no mart"),
        ("marts.churn_risk", "read_csv('/etc/passwd')", r"queries\.risk: DuckDB cannot \w+ this"),
        ("place: 1", "place: first", r"broken\.yml:3: place: .*integer"),
        ("place: 1", "place: 1\nplace: 2", r"the key 'place' occurs twice"),
        ("        title: Risk", "        title: Risk\n        link: x", r"\.link: .* no board 'x'"),
        ("        title: Risk", "        title: Risk\n        width: 13", r"\.width: .*12"),
        (
            "        title: Risk",
            "        title: Risk\n        format: day",
            r"\.format: .* no date",
        ),
        ("select max(as_of_date)", "select count(*)", r"broken\.yml: as_of: .* give a date"),
        ("queries:\n", "queries:\n  one: select 1\n", r"queries\.one: no tile shows this query"),
        ("title: Broken", "- title", r"broken\.yml: this is no YAML"),
        (
            "title: Broken",
            "title: board.broken.title",
            r"broken\.yml:2: title: .* no message 'board\.broken\.title' in .*en\.csv",
        ),
        (
            "        title: Risk",
            "        title: Risk\n        note: board.no_note",
            r"broken\.yml:13: rows\[0\]\.tiles\[0\]\.note: .* no message 'board\.no_note'",
        ),
        (
            "select risk_band,",
            "select 'board.no_word' as risk_band,",
            r"broken\.yml:8: queries\.risk: there is no message 'board\.no_word'",
        ),
    ],
)
def test_a_broken_board_is_refused_by_file_and_key(
    published: Path, tmp_path: Path, change: str, to: str, told: str
) -> None:
    assert change in BROKEN
    (tmp_path / "broken.yml").write_text(BROKEN.replace(change, to), encoding="utf-8")
    with pytest.raises(BoardError, match=told):
        list(render_boards(load_boards(tmp_path, WORDS), published, WORDS))


def test_the_board_that_is_broken_above_is_sound(published: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text(BROKEN, encoding="utf-8")
    ((_, text),) = render_boards(load_boards(tmp_path, WORDS), published, WORDS)
    assert Page(text).tiles["risk"].figure is not None


def test_messages_are_filled_from_their_row(published: Path, tmp_path: Path) -> None:
    words = replace(
        WORDS, texts={**WORDS.texts, "board.own": "{risk_band:words}: {customer_count:count}"}
    )
    own = BROKEN.replace(
        "select risk_band, count(*)", "select 'board.own' as what, risk_band, count(*)"
    ).replace("across: risk_band", "across: what")
    (tmp_path / "own.yml").write_text(own, encoding="utf-8")
    ((_, text),) = render_boards(load_boards(tmp_path, words), published, words)
    with duckdb.connect(str(published), read_only=True) as connection:
        counts = connection.sql(
            "select risk_band, count(*) from marts.churn_risk group by risk_band"
        ).fetchall()
    figure = Page(text).tiles["risk"].figure
    assert figure is not None
    assert set(figure["data"][0]["x"]) == {f"{band}: {count:,}" for band, count in counts}


def has_english_sentence(text: str) -> bool:
    """Whether four words follow each other, one of which holds sentences together."""
    glue = {"a", "an", "are", "by", "for", "from", "in", "is", "not", "of", "than", "that", "the",
            "to", "was"}  # fmt: skip
    runs = re.findall(r"(?:[A-Za-z'-]+ ){3,}[A-Za-z'-]+", text)
    return any(not glue.isdisjoint(run.split()) for run in runs)


def test_boards_hold_no_words_of_their_own(tmp_path: Path, published: Path) -> None:
    """In a made-up language nothing of the boards' own English is left on the pages."""
    texts = {
        key: "".join(part if part.startswith("{") else re.sub(r"[A-Za-z]", "ж", part)
                     for part in re.split(r"(\{[^}]*\})", text))
        for key, text in WORDS.texts.items()
    }  # fmt: skip
    words = replace(WORDS, texts=texts)
    for board, text in render_boards(load_boards(FOLDER, words), published, words):
        said = re.findall(r"<(?:h1|h2|h3|summary|a)\b[^>]*>([^<]*)", text.split("<script>")[0])
        assert len(said) > 10, board.name
        assert [one for one in said if re.search(r"[A-Za-z]", one)] == []
        # Cells hold names of items, arms and columns, and no sentences: these are drawn by key.
        cells = re.findall(r"<td\b[^>]*>(?:<span.*?</span></span>)?([^<]*)", text)
        found = {one for one in map(html.unescape, cells) if has_english_sentence(one)}
        assert found == set(), board.name


NETWORK = """
title: Households
place: 1
reading: A board of groups.
as_of: select max(as_of_date) from marts.customer_profile
queries:
  shared: |
    select * from (values
        ('flat 1', 'a', 'card 1', 'card', 'warn'), ('flat 1', '<b>b</b>', 'card 1', 'card', null),
        ('flat 1', '<b>b</b>', 'device 1', 'device', null), ('flat 2', 'a', 'card 1', 'card', null)
    ) as shared(household, who, what, kind, tone)
    where exists (select 1 from marts.customer_profile)
rows:
  - tiles:
      - kind: network
        title: Who shares what
        query: shared
        group: household
        source: who
        target: what
        target_kind: kind
        tone: tone
        member_label: customers
        tone_label: suspected
"""


def test_members_stand_around_what_they_share(published: Path, tmp_path: Path) -> None:
    """A member of two groups is drawn in both; a line leads from each to what it shares."""
    (tmp_path / "households.yml").write_text(NETWORK, encoding="utf-8")
    ((_, text),) = render_boards(load_boards(tmp_path, WORDS), published, WORDS)
    tile = Page(text).tiles["shared"]
    assert tile.figure is not None
    lines, *points = tile.figure["data"]
    assert {trace["name"]: trace["text"] for trace in points} == {
        "customers": ["&lt;b&gt;b&lt;/b&gt;", "a"],
        "suspected": ["a"],
        "card": ["card 1", "card 1"],
        "device": ["device 1"],
    }
    ends = list(zip(lines["x"], lines["y"], strict=True))
    places = {place for trace in points for place in zip(trace["x"], trace["y"], strict=True)}
    assert ends[2::3] == [(None, None)] * 4
    assert {*ends[::3], *ends[1::3]} == places
    assert [row[2] for row in tile.rows] == ["card 1", "card 1", "device 1", "card 1"]


def test_plotly_says_what_it_does_not_know(published: Path, tmp_path: Path) -> None:
    own = BROKEN.partition("      - kind")[0] + (
        "      - kind: plotly\n        title: Own\n        query: risk\n"
        "        traces: [{type: bar, x: {column: risk_band}, colour: red}]\n"
    )
    (tmp_path / "own.yml").write_text(own, encoding="utf-8")
    with pytest.raises(BoardError, match=r"own\.yml: rows\[0\]\.tiles\[0\]\.traces: .*colour"):
        list(render_boards(load_boards(tmp_path, WORDS), published, WORDS))


def test_a_missing_publication_names_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], published: Path
) -> None:
    out = tmp_path / "out"
    shared = ["render", "--boards", str(FOLDER), "--out", str(out), "--published"]
    assert main([*shared, str(tmp_path / "nothing.duckdb")]) == 1
    assert "make build" in capsys.readouterr().err
    with duckdb.connect(str(tmp_path / "bare.duckdb")) as connection:
        connection.execute("create schema marts")
    assert main([*shared, str(tmp_path / "bare.duckdb")]) == 1
    assert "no marts.publication" in capsys.readouterr().err
    (tmp_path / "text.duckdb").write_text("this is no publication" * 1000)
    assert main([*shared, str(tmp_path / "text.duckdb")]) == 1
    assert "cannot be opened as published marts" in capsys.readouterr().err
    shutil.copy(published, tmp_path / "mixed.duckdb")
    (tmp_path / "mixed.duckdb").chmod(0o644)
    with duckdb.connect(str(tmp_path / "mixed.duckdb")) as connection:
        connection.execute("update marts.publication set run_id = 'other' where mart = 'sessions'")
    assert main([*shared, str(tmp_path / "mixed.duckdb")]) == 1
    assert "come from 2 runs" in capsys.readouterr().err
    assert not list(out.glob("*.html"))


def test_boards_are_rendered_and_shown_to_this_machine_only(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "boards"
    with pytest.raises(BoardError, match=r"make dashboards"):
        server(out, 0, "overview.html")
    assert (
        main(
            ["render", "--boards", str(FOLDER), "--out", str(out),
             "--published", str(published)]
        )
        == 0
    )  # fmt: skip
    assert str(out / "retention.html") in capsys.readouterr().out
    assert {path.stem for path in out.iterdir()} == set(NAMES)
    with server(out, 0, "overview.html") as opened:
        assert opened.server_address[0] == ADDRESS == "127.0.0.1"
        port = opened.server_port
        threading.Thread(target=opened.serve_forever, daemon=True).start()
        try:
            assert asked(port, "/")[::2] == (302, "/overview.html")
            status, body, _ = asked(port, "/journey.html")
            assert (status, body) == (200, (out / "journey.html").read_bytes())
            assert asked(port, "/nothing.html")[0] == 404
            assert asked(port, "/journey.html", "shop.example")[0] == 403
            # The way out of the folder leads nowhere.
            assert asked(port, "/../published/shop.duckdb")[0] == 404
            with pytest.raises(BoardError, match=rf"Port {port} .*PORT="):
                server(out, port, "overview.html")
        finally:
            opened.shutdown()


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, int]]:
    """A folder with a page, and the port of its server, which is patient for seconds only."""
    monkeypatch.setattr(serve._Handler, "timeout", 1)
    monkeypatch.setattr(serve, "MOST_SECONDS", 2)
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards/overview.html").write_text("a page")
    with server(tmp_path / "boards", 0, "overview.html") as opened:
        threading.Thread(target=opened.serve_forever, args=[0.05], daemon=True).start()
        yield tmp_path / "boards", opened.server_port
        opened.shutdown()


def test_nothing_but_pages_of_the_folder_is_shown(
    served: tuple[Path, int], capfd: pytest.CaptureFixture[str]
) -> None:
    folder, port = served
    outside = folder.parent / "secret.html"
    outside.write_text("a secret")
    (folder / "link.html").symlink_to(outside)
    (folder / "notes.txt").write_text("notes")
    (folder / "more").mkdir()
    (folder / "more/page.html").write_text("deeper")
    (folder / "folder.html").mkdir()
    assert asked(port, "/overview.html?x=1")[:2] == (200, b"a page")
    others = ("/notes.txt", "/more", "/more/", "/more/page.html", "/folder.html", "/link.html")
    for path in (*others, "/%2e%2e/secret.html", "/..%2fsecret.html"):
        assert asked(port, path)[0] == 404, path
    for path in ("/a%00.html", "/%00", "/overview.html%0a"):
        assert asked(port, path)[0] == 400, path
    assert capfd.readouterr() == ("", "")


def test_connections_that_say_nothing_or_little_do_not_tie_up_the_server(
    served: tuple[Path, int],
) -> None:
    _, port = served
    before = threading.active_count()
    silent = [socket.create_connection((ADDRESS, port)) for _ in range(200)]
    silent[0].sendall(b"GET /overview.html HTTP/1.0\r\n")
    # One thread serves a connection, and one watches its time.
    assert threading.active_count() - before <= 2 * serve.MOST_CONNECTIONS
    # The end of those that are open comes without anything from their side.
    for connection in silent:
        connection.settimeout(5)
        with connection, contextlib.suppress(ConnectionError):
            assert connection.recv(1) == b""
    assert asked(port, "/overview.html")[0] == 200


def test_a_connection_that_goes_on_and_on_is_ended(served: tuple[Path, int]) -> None:
    _, port = served
    started = time.monotonic()
    with socket.create_connection((ADDRESS, port)) as slow, contextlib.suppress(ConnectionError):
        while time.monotonic() - started < 10:
            slow.sendall(b"G")
            time.sleep(0.1)
    assert time.monotonic() - started < 8


def asked(port: int, path: str, host: str = ADDRESS) -> tuple[int, bytes, str | None]:
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader("Location")
    finally:
        connection.close()


def test_exposures_name_the_marts_that_boards_read(
    boards: tuple[Board, ...], published: Path
) -> None:
    exposures = read_exposures()
    with open_published(published) as marts:
        read = {f"board_{board.name}": set(marts_of(board, marts)) for board in boards}
    assert {name: exposures[name] for name in exposures if name.startswith("board_")} == read


def test_every_mart_is_used_by_an_exposure_or_measured_by_a_metric() -> None:
    """Metrics build on semantic models, and these on marts."""
    measured: set[str] = set()
    for path in (PROJECT / "models/marts/metrics").glob("*.yml"):
        measured |= set(re.findall(r"^ +model: ref\('(\w+)'\)$", path.read_text(), re.MULTILINE))
        measured |= {
            model["name"]
            for model in yaml.safe_load(path.read_text()).get("models", [])
            if "time_spine" in model
        }
    used = set().union(*read_exposures().values())
    assert used | measured == set(contracts())


def test_the_exposure_of_the_superset_dashboard_names_its_datasets() -> None:
    bundle = PROJECT / "dashboards/superset/bundle/datasets"
    datasets = {path.stem for path in bundle.glob("*/*.yaml")} - {"publication"}
    assert read_exposures()["superset_dashboard"] == datasets


def test_the_exposure_of_the_report_names_what_it_reads() -> None:
    """Its modules name their marts in SQL."""
    sources = [path.read_text() for path in (PROJECT / "src/footfall/pages/report").glob("*.py")]
    words = set(re.findall(r"\w+", " ".join(sources)))
    assert read_exposures()["journey_report"] == words & set(contracts())


def read_exposures() -> dict[str, set[str]]:
    """The marts of each exposure by its name."""
    told = yaml.safe_load((PROJECT / "models/exposures.yml").read_text(encoding="utf-8"))
    found = {}
    for exposure in told["exposures"]:
        assert {"owner", "url", "maturity", "type", "description", "label"} <= set(exposure)
        found[exposure["name"]] = {
            re.fullmatch(r"ref\('(\w+)'\)", one).group(1)  # type: ignore[union-attr]
            for one in exposure["depends_on"]
        }
    return found


def test_the_sql_of_boards_is_written_like_the_rest(boards: tuple[Board, ...]) -> None:
    """By the project's rules; sub-queries of one table need no prefixes."""
    rules = FluffConfig.from_path(str(PROJECT)).get("exclude_rules")
    linter = Linter(
        config=FluffConfig.from_path(
            str(PROJECT),
            overrides={
                "templater": "raw",
                "exclude_rules": f"{rules}, references.qualification, aliasing.unique.table",
            },
        )
    )
    problems = [
        f"{board.path.name}, {name}, line {one.line_no}: {one.rule_code()} {one.desc()}"
        for board in boards
        for name, sql in board.queries.items()
        for one in linter.lint_string(sql).get_violations()
    ]
    assert problems == []
