"""The report: its figures are those of the marts, and a browser draws it without a network."""

from __future__ import annotations

import calendar
import csv
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conftest import PROJECT, Warehouse
from footfall.pages.report.__main__ import main
from footfall.pages.report.build import build_report
from footfall.pages.report.warehouse import ReportError
from footfall.pages.theme.words import read_words
from headless_browser import Visit, needs_chromium, visit

pytestmark = pytest.mark.long

WRITTEN_AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
WORDS = read_words(PROJECT / "seeds/words/en.csv")
MARTS = (
    *(f"+{path.stem}" for path in sorted((PROJECT / "models/marts/journey").glob("*.sql"))),
    "+journey_cohorts",
    "+customer_lifecycle",
    "+customer_lifecycle_transitions",
    "+customer_segments",
    "+customer_segment_transitions",
)
# What is drawn for the simulated shop, which records everything.
CHARTS = {
    "map",
    "pain",
    "funnel",
    "transitions",
    "attribution",
    "retention",
    "worth",
    "lifecycle",
    "lifecycle-moves",
    "segments",
    "segments-moves",
}


class Page(HTMLParser):
    """What is on the page: totals, figures, sentences in place of figures, elements by name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.totals: dict[str, float] = {}
        self.figures: dict[str, dict[str, Any]] = {}
        self.empty: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self._into = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.append(tag)
        self.addresses += [str(told[name]) for name in ("src", "href") if name in told]
        name = str(told.get("id", ""))
        self._into = ""
        if name.startswith("total-"):
            self.totals[name.removeprefix("total-")] = float(str(told["data-value"]))
        elif told.get("type") == "application/json":
            self._into = name.removesuffix("-figure")
        elif tag in ("script", "style"):
            self._into = "code"
        elif told.get("class") == "empty":
            self.empty.append("")
            self._into = "empty"

    def handle_endtag(self, tag: str) -> None:
        self._into = ""

    def handle_data(self, data: str) -> None:
        if self._into == "empty":
            self.empty[-1] += data
        elif self._into == "":
            self.text += data
        elif self._into != "code":
            self.figures[self._into] = json.loads(data)


@pytest.fixture(scope="module")
def shop(whole_storefront: Warehouse) -> Warehouse:
    """A storefront with all that the report draws.

    It is too small for a pain to be certain: the largest is named by hand.
    """
    whole_storefront.execute(
        "update marts.journey_pain_points set is_named = true, pain_rank = 1 where value_at_risk ="
        " (select max(value_at_risk) from marts.journey_pain_points)"
    )
    return whole_storefront


@pytest.fixture(scope="module")
def text(shop: Warehouse) -> str:
    return build_report(shop.path, WORDS, WRITTEN_AT)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


@pytest.fixture
def copied_shop(shop: Warehouse, tmp_path: Path) -> Warehouse:
    """The same shop in a file that a test may spoil."""
    copy = Warehouse(tmp_path, shop.variables)
    shutil.copy(shop.path, copy.path)
    return copy


def test_totals_are_those_of_the_marts(shop: Warehouse, page: Page) -> None:
    ((sessions, customers, converted, amount),) = shop.query("""
        select count(*), count(distinct customer_key), sum(is_converted::int), sum(amount)
        from marts.sessions where not is_bot
    """)
    assert page.totals["sessions"] == sessions > 0
    assert page.totals["customers"] == customers > 0
    assert page.totals["converted"] == converted > 0
    assert page.totals["amount"] == pytest.approx(amount, abs=0.01)
    # And the other marts count the same.
    assert page.totals["sessions"] == shop.value(
        "select sum(session_count) from marts.journey_paths where level = 'stage'"
    )
    assert page.totals["amount"] == pytest.approx(
        shop.value("select sum(amount) from marts.journey_paths where level = 'stage'"), abs=0.05
    )
    assert "the last build did not finish" not in page.text


def test_all_charts_are_there(page: Page) -> None:
    assert set(page.figures) == CHARTS
    assert page.empty == []
    assert page.tags.count("details") == len(CHARTS) + 1


def test_the_map_holds_every_session_of_the_funnel_once(shop: Warehouse, page: Page) -> None:
    (sankey,) = page.figures["map"]["data"]
    link = sankey["link"]
    flows = list(zip(link["source"], link["target"], link["value"], strict=True))
    reached = dict(
        shop.query("""
            select stage, sum(session_count) from marts.journey_funnel
            where funnel_kind = 'any_order' and slice_name = 'all' group by stage
        """)
    )
    stages = ("browse", "cart", "checkout", "purchase")
    for place, stage in enumerate(stages):
        assert stage in sankey["node"]["label"][place]
        arriving = sum(value for _, target, value in flows if target == place)
        leaving = sum(value for source, _, value in flows if source == place)
        assert (leaving if stage == "browse" else arriving) == reached[stage]
        assert leaving == (0 if stage == "purchase" else reached[stage])


def test_transitions_are_the_months_added_up(shop: Warehouse, page: Page) -> None:
    (heat,) = page.figures["transitions"]["data"]
    drawn = {
        (before, after): value
        for before, row in zip(heat["y"], heat["z"], strict=True)
        for after, value in zip(heat["x"], row, strict=True)
        if value is not None
    }
    known = {
        (before.replace("_", " "), after.replace("_", " ")): count / of
        for before, after, count, of in shop.query("""
            select from_state, to_state, n, sum(n) over (partition by from_state) from (
                select from_state, to_state, sum(transition_count) as n
                from marts.journey_transitions
                where level = 'event' and path_scope = 'within_session' group by all
            )
        """)
    }
    assert len(drawn) > 20
    assert drawn == pytest.approx({pair: known[pair] for pair in drawn})


def test_the_funnel_draws_the_share_of_each_slice(shop: Warehouse, page: Page) -> None:
    bars = {
        (bar["name"], stage): share
        for bar in page.figures["funnel"]["data"]
        for stage, share in zip(bar["x"], bar["y"], strict=True)
    }
    for value, stage, share in shop.query("""
        select slice_value, stage, sum(session_count) / max(sum(session_count)) over (
            partition by slice_value
        )
        from marts.journey_funnel
        where funnel_kind = 'any_order' and slice_name = 'device' group by slice_value, stage
        qualify stage <> 'browse'
    """):
        assert bars[value.replace("_", " "), stage] == pytest.approx(share)


def test_pain_points_keep_value_and_interval(shop: Warehouse, page: Page) -> None:
    (bar,) = page.figures["pain"]["data"]
    named = shop.query("""
        select value_at_risk, value_lower, value_upper from marts.journey_pain_points
        where is_named order by pain_rank limit 12
    """)
    drawn = [
        (value, value - minus, value + plus)
        for value, minus, plus in zip(
            bar["x"], bar["error_x"]["arrayminus"], bar["error_x"]["array"], strict=True
        )
    ]
    assert len(drawn) == len(named) > 0
    for one, other in zip(drawn, named, strict=True):
        assert one == pytest.approx(other)


def test_the_report_holds_no_words_of_its_own(shop: Warehouse) -> None:
    """In a made-up language nothing of the report's own English is left on the page."""
    texts = {
        key: "".join(
            part if part.startswith("{") else re.sub(r"[A-Za-z]", "ж", part)
            for part in re.split(r"(\{[^}]*\})", text)
        )
        for key, text in WORDS.texts.items()
    }
    text = build_report(shop.path, replace(WORDS, texts=texts), WRITTEN_AT)
    said = re.findall(
        r"<(?:h2|h3|summary|dt|p class=\"(?:reading|period)\")(?=[ >])[^>]*>([^<]*)", text
    )
    assert len(said) > 30
    assert [one for one in said if re.search(r"[A-Za-z]", one)] == []
    # Cells and labels hold names of the warehouse too: there only months and units are looked for.
    page = Page(text)
    shown = page.text + json.dumps(page.figures, ensure_ascii=False)
    assert re.findall(r"\b\d[\d.]* (?:s|min|h|days)\b", shown) == []
    assert re.findall(rf"\b(?:{'|'.join(calendar.month_abbr[1:])})[a-z]* 20\d\d", shown) == []
    assert re.findall(r'data-months="[^"]*[A-Za-z]', text) == []


def test_suggestions_are_told_in_their_own_words(shop: Warehouse, page: Page) -> None:
    told = shop.query("select title, evidence, advice from marts.journey_suggestions limit 10")
    assert told
    for words in told:
        for sentence in words:
            assert sentence in page.text


def test_cohorts_and_credit_equal_their_marts(shop: Warehouse, page: Page) -> None:
    (retention,) = page.figures["retention"]["data"]
    drawn = [value for row in retention["z"] for value in row if value is not None]
    known = shop.query("""
        select retention_share from marts.journey_cohorts
        where slice_name = 'all' and is_complete and months_since > 0
        order by cohort_month, months_since
    """)
    assert drawn == pytest.approx([share for (share,) in known])
    (credit,) = page.figures["attribution"]["data"]
    for column, model in enumerate(credit["x"]):
        assert sum(row[column] for row in credit["z"]) == pytest.approx(1), model
    linear = credit["x"].index("linear")
    shares = dict(
        shop.query("""
            select replace(channel, '_', ' '),
                sum(credited_conversions) / sum(sum(credited_conversions)) over ()
            from marts.journey_attribution where attribution_model = 'linear' group by 1
        """)
    )
    assert {
        channel: row[linear] for channel, row in zip(credit["y"], credit["z"], strict=True)
    } == pytest.approx(shares)


@pytest.mark.parametrize(
    ("chart", "mart"),
    [
        ("lifecycle-moves", "customer_lifecycle_transitions"),
        ("segments-moves", "customer_segment_transitions"),
    ],
)
def test_moves_hold_all_customers(shop: Warehouse, page: Page, chart: str, mart: str) -> None:
    (sankey,) = page.figures[chart]["data"]
    assert sum(sankey["link"]["value"]) == shop.value(
        f"select sum(customer_count) from marts.{mart}"
        f" where period_end = (select max(period_end) from marts.{mart})"
    )


def test_nothing_on_the_page_leads_outside(page: Page, text: str) -> None:
    assert all(address.startswith("#") for address in page.addresses), page.addresses
    assert "default-src 'none'" in text


def test_the_same_warehouse_gives_the_same_page(shop: Warehouse, text: str) -> None:
    assert build_report(shop.path, WORDS, WRITTEN_AT) == text


def test_marts_that_are_not_built_are_named(copied_shop: Warehouse) -> None:
    copied_shop.execute(
        "drop table marts.journey_pain_points", "drop table marts.customer_segment_transitions"
    )
    page = Page(build_report(copied_shop.path, WORDS, WRITTEN_AT))
    assert set(page.figures) == CHARTS - {"pain", "segments-moves"}
    assert any("journey_pain_points" in sentence for sentence in page.empty)
    assert any("customer_segment_transitions" in sentence for sentence in page.empty)


def test_marts_of_two_builds_are_called_out(copied_shop: Warehouse) -> None:
    copied_shop.execute("delete from marts.sessions where visit_number = 1")
    page = Page(build_report(copied_shop.path, WORDS, WRITTEN_AT))
    assert "journey_paths has other totals than sessions" in page.text


def test_a_shop_that_tells_little_gets_sentences(own_shop: Warehouse) -> None:
    """Orders alone, and one device that calls itself like an element."""
    with Path(own_shop.variables["custom_events_path"]).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["event_id", "customer_id", "event_at", "event_type", "item_id", "order_id", "amount",
             "device"]
        )  # fmt: skip
        for day in range(1, 29):
            writer.writerow(
                [f"e{day}", f"c{day % 9}", f"2026-0{1 + day % 4}-{day:02} 10:00:00", "purchase",
                 "tea", f"o{day}", "12.50", "</script><b>phone</b>"]
            )  # fmt: skip
    own_shop.built(MARTS)
    text = build_report(own_shop.path, WORDS, WRITTEN_AT)
    page = Page(text)
    assert page.totals["sessions"] == 28
    assert page.totals["amount"] == 28 * 12.5
    assert not {"pain", "attribution"} & set(page.figures)
    sentences = " ".join(page.empty)
    assert "records no sign of trouble" in sentences
    assert "does not report which channel" in sentences
    assert "Nothing stands out" in sentences
    assert "b" not in page.tags


def test_errors_say_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "nothing.duckdb"
    assert main(["--database", str(missing), "--out", str(tmp_path / "report.html")]) == 1
    assert "There is no publication at" in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()

    duckdb.connect(str(tmp_path / "bare.duckdb")).close()
    with pytest.raises(ReportError, match=r"no marts\.sessions.*make build"):
        build_report(tmp_path / "bare.duckdb", WORDS, WRITTEN_AT)

    (tmp_path / "text.duckdb").write_text("this is no warehouse" * 1000)
    with pytest.raises(ReportError, match="cannot be opened as a warehouse"):
        build_report(tmp_path / "text.duckdb", WORDS, WRITTEN_AT)


def test_a_warehouse_that_is_being_built_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "busy.duckdb"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import duckdb; c = duckdb.connect({str(path)!r}); print('held', flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        with pytest.raises(ReportError, match="Wait until it is over"):
            build_report(path, WORDS, WRITTEN_AT)
    finally:
        holder.communicate("\n", timeout=60)


def test_the_command_writes_the_page(
    shop: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new folder" / "report.html"
    assert main(["--database", str(shop.path), "--out", str(out)]) == 0
    assert str(out) in capsys.readouterr().out
    assert set(Page(out.read_text(encoding="utf-8")).figures) == CHARTS


def opened(text: str, folder: Path, *options: str) -> Visit:
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8")
    return visit(path, folder, *options)


def drawn(page: str) -> list[str]:
    """The charts with a drawing inside."""
    parts = re.split(r'<article id="([\w-]+)"', page)
    return [name for name, body in zip(parts[1::2], parts[2::2], strict=True) if "main-svg" in body]


@needs_chromium
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_a_browser_draws_every_chart_without_a_network(
    text: str, tmp_path: Path, colours: str
) -> None:
    scheme = {"light": 1, "dark": 0}[colours]
    seen = opened(text, tmp_path, f"--blink-settings=preferredColorScheme={scheme}")
    assert set(drawn(seen.page)) == CHARTS
    assert f'data-drawn="{len(CHARTS)}"' in seen.page
    assert seen.console == []
    assert seen.requests == []
    # Colours of the style sheet reached the drawings.
    drawings = seen.page.split("</noscript>")[0]
    ink = {"light": "rgb(27, 35, 48)", "dark": "rgb(230, 234, 240)"}[colours]
    assert f"fill: {ink}" in drawings


@needs_chromium
def test_the_page_asks_for_nothing_even_where_it_could(text: str, tmp_path: Path) -> None:
    """Without the policy that forbids it, so that the library itself is what is tested."""
    free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    assert free != text
    assert opened(free, tmp_path).requests == []


@needs_chromium
def test_the_browser_would_tell_of_a_request_and_of_an_error(text: str, tmp_path: Path) -> None:
    """The two tests above can fail: an image from outside and a script that breaks are seen."""
    free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    spoilt = '<img src="https://shop.example/x.png"><script>broken()</script></body>'
    loud = opened(free.replace("</body>", spoilt), tmp_path)
    assert loud.requests == ["https://shop.example/x.png"]
    assert any("broken is not defined" in line for line in loud.console)
    kept = opened(text.replace("</body>", spoilt), tmp_path)
    assert kept.requests == []
    assert any("Content Security Policy" in line for line in kept.console)
