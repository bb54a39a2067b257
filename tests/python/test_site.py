"""The docs site: what it says of columns, that its pages lead to each other and nowhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from conftest import PROJECT, Warehouse, problems
from footfall.lineage.lineage import Lineage
from footfall.lineage.origins import ROWS, Origin, Place
from footfall.lineage.project import Column, Project, Relation, SiteError, read_project
from footfall.lineage.sql_origins import SqlReader
from footfall.lineage.tracing import as_text, downstream
from footfall.pages.site.__main__ import main
from footfall.pages.site.dbt_site import made_ours
from footfall.pages.site.markdown import read_pages
from footfall.pages.site.write import MARKER, write_site
from headless_browser import Visit, needs_chromium, visit

# It reads what dbt writes, and no database.
pytestmark = pytest.mark.library

# Share of the columns of marts that lineage must follow to their beginning.
LEAST_TRACED = 0.98
GLOSSARY = (
    *("session", "stage", "rfm", "cut-off", "lift", "calibration", "ndcg", "churn", "lead-time"),
    *("value-at-risk", "hysteresis", "publication", "horizon", "visitor", "mart", "back-test"),
)


# --- on statements of our own ------------------------------------------------------------------


def relation(name: str, columns: Sequence[str], sql: str = "", kind: str = "model") -> Relation:
    return Relation(
        id=name,
        name=name,
        kind=kind,
        layer=kind,
        language="sql" if sql else "",
        description="",
        address=("shop", "main", name),
        columns={one: Column(one, "varchar", "") for one in columns},
        parents=("raw",) if sql else (),
        sql=sql,
    )


RAW = relation("raw", ["id", "a", "b", "f_x", "f_y", "parts"], kind="source")


def origins(sql: str, *columns: str) -> dict[str, Origin]:
    """What the columns of a statement over the table `raw` are made from."""
    model = relation("made", columns, sql)
    project = Project({"raw": RAW, "made": model}, ())
    return dict(SqlReader(project).read(model).columns)


def inputs(sql: str, column: str) -> set[str]:
    origin = origins(sql, column)[column]
    assert origin.problems == ()
    return {one.column for one in origin.inputs}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select a as c from shop.main.raw", {"a"}),
        ("with r as (select * from shop.main.raw), f as (select a + b as c from r)"
         " select * from f", {"a", "b"}),
        ("with r as (select * exclude (a) from shop.main.raw) select b as c from r", {"b"}),
        ("select a as c from shop.main.raw union all select b from shop.main.raw", {"a", "b"}),
        ("select count(*) as c from shop.main.raw group by a", {ROWS}),
        ("select row_number() over (partition by a order by b) as c from shop.main.raw",
         {"a", "b"}),
        ("select (select max(b) from shop.main.raw as i where i.id = o.id) as c"
         " from shop.main.raw as o", {"b", "id"}),
        ("select x.part as c from shop.main.raw as r cross join unnest(r.parts) as x(part)",
         {"parts"}),
        ("with n as (unpivot (select id, f_x, f_y from shop.main.raw) on columns('^f_')"
         " into name label value c) select * from n", {"f_x", "f_y"}),
        ("select case when a in (select b from shop.main.raw) then 1 end as c from shop.main.raw",
         {"a", "b"}),
        # An incremental model reads what it held before: that adds no beginning of its own.
        ("select a as c from shop.main.raw union all select c from shop.main.made", {"a"}),
        ("select 1 as c", set()),
        ("select n as c from generate_series(1, 9) as s(n)", set()),
        ("select list_transform(parts, p -> p || a) as c from shop.main.raw", {"parts", "a"}),
    ],
)  # fmt: skip
def test_sql_is_followed(sql: str, expected: set[str]) -> None:
    assert inputs(sql, "c") == expected


def test_expressions_on_the_way_are_told_with_their_cte() -> None:
    sql = "with r as (select a || b as ab from shop.main.raw) select upper(ab) as c from r"
    steps = origins(sql, "c")["c"].steps
    assert [(one.inside, one.sql) for one in steps] == [
        ("", "UPPER(r.ab)"),
        ("r", "raw.a || raw.b"),
    ]


def test_what_decides_about_rows_is_told_apart_from_values() -> None:
    sql = "select a as c from shop.main.raw where b > 1 qualify row_number() over (order by id) = 1"
    model = relation("made", ["c"], sql)
    table = SqlReader(Project({"raw": RAW, "made": model}, ())).read(model)
    assert {one.column for one in table.columns["c"].inputs} == {"a"}
    assert {one.column for one in table.conditions} == {"b", "id"}
    assert [one.column for one in table.rows] == [ROWS]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select nothing.a as c from shop.main.raw", "'nothing' is no table here"),
        ("select x as c from other.main.elsewhere", "belongs to no table"),
        ("select e.x as c from other.main.elsewhere as e", "which dbt does not know"),
        ("select ((( as c", "cannot be read"),
        ("select a as other from shop.main.raw", "no expression gives 'c'"),
    ],
)
def test_what_cannot_be_followed_is_a_problem_never_a_gap(sql: str, said: str) -> None:
    (problem,) = origins(sql, "c")["c"].problems
    assert said in problem


def python_model(made_from: tuple[str, ...] | None) -> Project:
    model = Relation(
        id="scored", name="scored", kind="model", layer="marts", language="python",
        description="", address=("shop", "main", "scored"), parents=("raw",),
        columns={"c": Column("c", "double", "", made_from, "a guess")},
    )  # fmt: skip
    return Project({"raw": RAW, "scored": model}, ())


def test_a_python_model_is_what_its_yaml_declares() -> None:
    lineage = Lineage(python_model(("raw.f_*", "raw.id")))
    ends, unknown = lineage.ends(Place("scored", "c"))
    assert {one.column for one in ends} == {"f_x", "f_y", "id"}
    assert unknown == frozenset()
    assert lineage.coverage().share == 1
    assert "a guess" in as_text(lineage, Place("scored", "c"))


@pytest.mark.parametrize(
    ("made_from", "said"),
    [
        (None, "scored.c: its YAML declares no lineage"),
        (("raw.g_*",), "scored.c: 'raw.g_*' is no column of its inputs"),
        (("other.id",), "scored.c: 'other.id' is no column of its inputs"),
    ],
)
def test_wrong_declarations_lower_the_share(made_from: tuple[str, ...] | None, said: str) -> None:
    lineage = Lineage(python_model(made_from))
    coverage = lineage.coverage()
    assert coverage.share == 0
    assert coverage.unresolved == {"scored.c": (said,)}
    assert said in as_text(lineage, Place("scored", "c"))


# --- on the project ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `dbt docs generate` writes for the project; nothing needs to be built for that."""
    shop = Warehouse(tmp_path_factory.mktemp("site"), {}, artifacts=True)
    outcome = shop.dbt("docs", "generate", "--static")
    assert outcome.success, problems(outcome)
    return shop.folder / "target"


@pytest.fixture(scope="module")
def lineage(target: Path) -> Lineage:
    return Lineage(read_project(target))


@pytest.fixture(scope="module")
def site(target: Path) -> Path:
    out = target / "docs"
    write_site(target, PROJECT / "docs", out)
    return out


@pytest.mark.rare
def test_columns_of_marts_are_traced_to_their_beginning(lineage: Lineage) -> None:
    coverage = lineage.coverage()
    assert coverage.total > 350
    assert coverage.share >= LEAST_TRACED, coverage.unresolved


@pytest.mark.parametrize(
    ("column", "begins"),
    [
        ("churn_risk.churn_probability",
         {"raw_storefront.events.amount", "raw_storefront.items.category"}),
        ("recommendations.item_name", {"raw_storefront.items.item_name"}),
        ("purchase_intent.session_probability", {"raw_storefront.events.event_type"}),
        ("journey_attribution.removal_effect", {"raw_storefront.events.channel"}),
        ("customer_profile.birth_year", {"raw_storefront.customers.birth_year"}),
        ("sessions.session_id", {"raw_storefront.events.device_id"}),
        ("customer_profile.rfm_segment", {"rfm_segments.rfm_segment"}),
        ("score_drift.stability_index", {"raw_storefront.events.amount"}),
    ],
)  # fmt: skip
def test_known_columns_begin_where_they_do(lineage: Lineage, column: str, begins: set[str]) -> None:
    ends, unknown = lineage.ends(lineage.found(column))
    assert unknown == frozenset()
    assert begins <= {lineage.words(one) for one in ends}
    kinds = {lineage.project.relations[one.relation].kind for one in ends}
    assert kinds <= {"source", "seed"}


def test_no_column_of_a_mart_begins_in_another_customers_field(lineage: Lineage) -> None:
    """What it does not come from is as telling: a year of birth has nothing to do with events."""
    ends, _ = lineage.ends(lineage.found("customer_profile.birth_year"))
    assert {lineage.words(one) for one in ends} == {"raw_storefront.customers.birth_year"}


def test_uses_are_the_reverse_of_origins(lineage: Lineage) -> None:
    used = {
        lineage.words(one) for one in downstream(lineage, lineage.found("scored_churn.probability"))
    }
    assert {"churn_risk.churn_probability", "churn_risk.risk_band"} <= used


def test_the_terminal_tells_the_same(target: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--target", str(target), "trace", "churn_risk.churn_probability"]) == 0
    told = capsys.readouterr().out
    assert "- scored_churn [Python]: probability" in told
    assert "raw_storefront.events (source): " in told
    assert "customer_profile.churn_probability" in told
    (chosen,) = re.findall(r"Rows of churn_risk are chosen and matched by\n(.*?)\n\n", told, re.S)
    assert "customer_no" in chosen


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("churn_risk.chance", "churn_risk has no column 'chance'. It has: customer_key"),
        ("churn.chance", "no table called 'churn'. The marts are: "),
        ("churn_risk", "Write table.column"),
    ],
)
def test_a_column_that_is_not_there_is_named(lineage: Lineage, column: str, said: str) -> None:
    with pytest.raises(SiteError) as stopped:
        lineage.found(column)
    assert said in str(stopped.value)


def test_without_docs_the_way_to_them_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--target", str(tmp_path), "trace", "churn_risk.risk_band"]) == 1
    assert "make docs" in capsys.readouterr().err
    assert main(["--target", str(tmp_path), "write"]) == 1
    assert "make docs" in capsys.readouterr().err


class Links(HTMLParser):
    """Anchors of a page, and what it leads to or loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.anchors.add(value or "")
            elif tag == "a" and name == "href":
                self.links.append(value or "")
            elif name in ("src", "href", "data", "srcset", "action"):
                self.loaded.append(value or "")


def test_every_link_leads_somewhere_and_nothing_is_loaded(site: Path) -> None:
    pages = {path.resolve(): Links(path.read_text()) for path in site.rglob("*.html")}
    assert len(pages) > 10
    lineage_names = set(re.findall(r'"name":"([\w.]+)"', (site / "lineage.html").read_text()))
    broken = []
    for path, page in pages.items():
        if path.name != "dbt.html":
            assert all(one.startswith("data:image/") for one in page.loaded), path
        for link in page.links:
            if link.startswith(("http:", "https:")) or path.name == "dbt.html":
                continue
            address, _, anchor = unquote(link).partition("#")
            goal = (path.parent / address).resolve() if address else path
            if goal not in pages:
                broken.append(f"{path.name}: {link}")
            elif goal.name == "lineage.html":
                if anchor and anchor not in lineage_names | pages[goal].anchors:
                    broken.append(f"{path.name}: {link}")
            elif goal.name != "dbt.html" and anchor and anchor not in pages[goal].anchors:
                broken.append(f"{path.name}: {link}")
    assert broken == []
    assert 'href="index.html"' in (site / "dbt.html").read_text()


def test_every_colour_that_a_page_uses_is_defined_in_it(site: Path) -> None:
    pages = [path for path in site.rglob("*.html") if path.name != "dbt.html"]
    assert len(pages) > 10
    for path in pages:
        text = path.read_text()
        used = set(re.findall(r"var\((--[\w-]+)", text))
        assert used, path
        assert used <= set(re.findall(r"(--[\w-]+)\s*:", text)), path


@pytest.mark.parametrize("text", ["work of somebody", ""])
def test_a_folder_that_holds_something_else_is_left_alone(
    target: Path, tmp_path: Path, text: str
) -> None:
    kept = tmp_path / "out" / "kept.txt"
    kept.parent.mkdir()
    kept.write_text(text)
    with pytest.raises(SiteError, match="holds something else"):
        write_site(target, PROJECT / "docs", kept.parent)
    assert kept.read_text() == text
    with pytest.raises(SiteError, match="is a file"):
        write_site(target, PROJECT / "docs", kept)


def test_an_earlier_site_goes(target: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "pages").mkdir(parents=True)
    (out / MARKER).touch()
    (out / "pages" / "of_before.html").write_text("")
    write_site(target, PROJECT / "docs", out)
    assert (out / "index.html").exists()
    assert not (out / "pages" / "of_before.html").exists()
    assert (out / MARKER).exists()


def test_a_link_to_a_picture_is_its_words(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# Page\n\n[One](a/b.png), [two](https://x.org/c.png).\n")
    (page,) = read_pages(tmp_path)
    assert '<p>One, <a href="https://x.org/c.png">two</a>.</p>' in page.html


def test_the_landing_page_holds_what_a_reader_needs(site: Path, lineage: Lineage) -> None:
    text = (site / "index.html").read_text()
    anchors = Links(text).anchors
    assert {f"mart-{mart.name}" for mart in lineage.project.marts()} <= anchors
    assert {"layers", "scores", "acting", "limits", "pages", *GLOSSARY} <= anchors
    for mart in lineage.project.marts():
        assert f"dbt.html#!/model/{mart.id}" in text
        assert f"lineage.html#{mart.name}" in text
    coverage = lineage.coverage()
    assert f"{coverage.resolved} of {coverage.total} columns" in " ".join(text.split())


def test_how_to_read_a_mart_speaks_of_columns_that_it_has(lineage: Lineage) -> None:
    words = {column for mart in lineage.project.marts() for column in mart.columns}
    (page,) = (one for one in read_pages(PROJECT / "docs") if one.name == "marts")
    sections = [one for one in page.sections if one.level == 3]
    assert {one.title for one in sections} >= {one.name for one in lineage.project.marts()}
    for section in sections:
        mart = lineage.project.named(section.title)
        for name in re.findall(r"<code>(\w+)</code>", section.html):
            values = {"open", "attention_scorer", "boosted_trees", "text_regression", "fixed"}
            assert name in {*mart.columns, *values} or name in words - set(mart.columns), (
                f"docs/marts.md: {mart.name} has no column {name}"
            )


def test_a_mart_without_words_is_named(target: Path, tmp_path: Path) -> None:
    pages = tmp_path / "docs"
    pages.mkdir()
    for path in (PROJECT / "docs").glob("*.md"):
        text = path.read_text()
        if path.name == "marts.md":
            text = text.replace("### churn_risk", "### churn")
        (pages / path.name).write_text(text)
    with pytest.raises(SiteError, match=r"marts\.md does not say how to read churn_risk"):
        write_site(target, pages, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_picture_that_is_missing_is_told(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# Page\n\nSee ![the map](map.png).\n")
    (page,) = read_pages(tmp_path)
    assert page.missing == ("map.png",)
    assert "See the map." in page.html


def test_a_page_that_dbt_did_not_write_is_refused() -> None:
    with pytest.raises(SiteError, match="not as expected"):
        made_ours("<html></html>")


# --- in a browser ------------------------------------------------------------------------------


def quiet(seen: Visit) -> str:
    """The text of a page that complained of nothing and asked for nothing."""
    assert seen.console == []
    assert seen.requests == []
    return seen.page


def acted(site: Path, folder: Path, script: str, place: str) -> str:
    """What `found()` wrote of dbt's page after a script acted on it as a person would."""
    text = (site / "dbt.html").read_text()
    told = (
        "<script>const found = (what) => { const told = document.createElement('pre');"
        " told.id = 'found-by-test'; told.textContent = JSON.stringify(what);"
        f" document.body.append(told); }}; {script}</script></body>"
    )
    page = folder / "acted.html"
    page.write_text(text.replace("</body>", told))
    (found,) = re.findall(
        r'<pre id="found-by-test">(.*?)</pre>', quiet(visit(page, folder, place=place))
    )
    return str(found)


@needs_chromium
def test_the_landing_page_is_quiet(site: Path, tmp_path: Path) -> None:
    assert "How to read each mart" in quiet(visit(site / "index.html", tmp_path))


@needs_chromium
def test_a_text_page_is_quiet_and_shows_its_picture(site: Path, tmp_path: Path) -> None:
    assert "data:image/png;base64" in quiet(visit(site / "pages" / "journey.html", tmp_path))


@needs_chromium
def test_all_text_pages_are_quiet(site: Path, tmp_path: Path) -> None:
    """All of them in frames of one page: opening a browser for each takes longer than they do."""
    pages = sorted((site / "pages").glob("*.html"))
    assert len(pages) > 10
    # A frame that complains is heard, so silence means something.
    loud = tmp_path / "loud.html"
    loud.write_text("<script>console.error('heard')</script><img src='http://loud.example/a.png'>")
    framed = tmp_path / "framed.html"

    def seen_in_frames(addresses: Sequence[Path]) -> Visit:
        frames = "".join(
            f'<iframe src="{one.resolve().as_uri()}" onload="this.title = \'loaded\'"></iframe>'
            for one in addresses
        )
        framed.write_text(f"<!doctype html><title>Pages</title>{frames}")
        return visit(framed, tmp_path)

    heard = seen_in_frames([loud])
    assert any("heard" in line for line in heard.console)
    assert any("loud.example" in address for address in heard.requests)
    assert quiet(seen_in_frames(pages)).count('title="loaded"') == len(pages)


@needs_chromium
def test_the_lineage_page_draws_the_way_of_a_column(
    site: Path, lineage: Lineage, tmp_path: Path
) -> None:
    page = quiet(visit(site / "lineage.html", tmp_path, place="churn_risk.churn_probability"))
    assert 'data-ready="yes"' in page
    assert '<h1 id="picked">churn_probability</h1>' in page
    ends = page.split('id="ends"')[1].split("</ul>")[0]
    place = lineage.found("churn_risk.churn_probability")
    assert set(re.findall(r'data-table="([\w.]+)"', ends)) == {
        lineage.project.relations[one.relation].name for one in lineage.ends(place)[0]
    }
    used = page.split('id="downstream"')[1].split("</ul>")[0]
    assert 'data-table="customer_profile"' in used
    tree = page.split('id="upstream"')[1].split('id="ends"')[0]
    for name in ("scored_churn", "int_customer_cutoffs", "attention_states", "int_arrivals"):
        assert f'data-table="{name}"' in tree


@needs_chromium
def test_the_lineage_page_finds_a_column_by_a_word(site: Path, tmp_path: Path) -> None:
    text = (site / "lineage.html").read_text()
    typed = (
        "<script>const box = document.getElementById('search'); box.value = 'median dwell';"
        " box.dispatchEvent(new Event('input'));</script></body>"
    )
    page = tmp_path / "typed.html"
    page.write_text(text.replace("</body>", typed))
    found = quiet(visit(page, tmp_path)).split('id="found"')[1].split("</ul>")[0]
    assert "#journey_funnel.median_dwell_seconds" in found
    assert "#churn_risk" not in found


@needs_chromium
def test_search_of_dbts_site_finds_a_mart(site: Path, tmp_path: Path) -> None:
    script = """
        setTimeout(() => {
          const box = document.getElementById("search");
          box.focus();
          box.value = "churn_risk";
          box.dispatchEvent(new Event("input", { bubbles: true }));
          box.dispatchEvent(new Event("change", { bubbles: true }));
        }, 3000);
        setTimeout(() => {
          const named = (one) => one.querySelector(".result-content").innerText.trim();
          const mart = [...document.querySelectorAll(".search-result")]
            .find((one) => named(one).split(/\\s/)[0] === "churn_risk");
          if (mart) mart.click();
          setTimeout(() => found({ isFound: Boolean(mart), opened: location.hash }), 2000);
        }, 8000);
    """
    search = json.loads(acted(site, tmp_path, script, "!/overview"))
    assert search["isFound"]
    assert search["opened"].startswith("#!/model/model.footfall.churn_risk")


@needs_chromium
def test_the_graph_of_dbts_site_leads_from_source_to_exposure(
    site: Path, target: Path, tmp_path: Path
) -> None:
    manifest = json.loads((target / "manifest.json").read_text())
    exposure = sorted(manifest["exposures"].values(), key=lambda one: str(one["unique_id"]))[0]
    script = """
        setTimeout(() => {
          const box = [...document.querySelectorAll("div")].find((one) => one._cyreg);
          const graph = box._cyreg.cy;
          found({
            nodes: graph.nodes(":visible").map((node) => node.id()),
            edges: graph.edges(":visible").map((edge) => [edge.source().id(), edge.target().id()]),
          });
        }, 8000);
    """
    place = f"!/overview?g_v=1&g_i=%2Bexposure:{exposure['name']}"
    graph = json.loads(acted(site, tmp_path, script, place))
    assert exposure["unique_id"] in graph["nodes"]
    assert "source.footfall.raw_storefront.events" in reached(graph["edges"], exposure["unique_id"])


def reached(edges: Sequence[Sequence[str]], start: str) -> set[str]:
    """All that leads to a node along drawn edges."""
    above: Mapping[str, set[str]] = {goal: set() for _, goal in edges}
    for origin, goal in edges:
        above[goal].add(origin)
    found, waiting = {start}, [start]
    while waiting:
        for one in above.get(waiting.pop(), ()):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return found


@needs_chromium
def test_a_model_of_dbts_site_shows_its_columns(site: Path, tmp_path: Path) -> None:
    place = "!/model/model.footfall.churn_risk"
    page = quiet(visit(site / "dbt.html", tmp_path, place=place))
    shown = page.rsplit("</script>", 1)[1]
    assert "value_at_risk" in shown
    assert "Chance of silence times" in shown
    # Icons of the tree are drawn, though their names are filled in late.
    assert 'href="#icn-dir-on"' in shown
