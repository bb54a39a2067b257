"""What each role sees of the marts: classes of columns, and no group that is too small."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from conftest import PROJECT
from footfall import publishing
from footfall.publishing.coarsening import KEYS_OF_PEOPLE
from footfall.publishing.role_files import role_file
from footfall.publishing.roles import Audience, read_audience, read_roles
from published_sample import contracts
from robustness.publications import ITEMS, NAME, NOON, make_warehouse, publish
from test_publishing import add_people

PEOPLE = publishing.Mart(
    "people", "warehouse.marts.people", "Customers.", {"customer_key": "Who."}, ["customer_key"]
)
GROUPS = publishing.Mart(
    "groups", "warehouse.marts.groups", "Groups.", {}, ["month", "slice_name", "slice_value"]
)
# Of two months: one small group alone, two small ones; with nobody in one; and the totals.
GROUP_ROWS = [
    ("jan", "all", "all", 40),
    ("jan", "country", "AT", 3),
    ("jan", "country", "CH", 9),
    ("jan", "country", "DE", 28),
    ("jan", "country", "LI", 0),
    ("feb", "all", "all", 12),
    ("feb", "country", "AT", 4),
    ("feb", "country", "CH", 2),
    ("feb", "country", "DE", 6),
]
GIVEN: dict[str, Any] = {
    "roles": {
        "marketing": {"description": "Who.", "sees": ["direct", "measure"], "other_marts": "all"},
        "support": {"description": "Who.", "sees": ["quasi_identifier"], "other_marts": ["items"]},
        "public": {
            "description": "Who.",
            "sees": [],
            "other_marts": "counted",
            "smallest_cell": 5,
        },
    },
    "classes": {
        "direct": ["customer_key"],
        "quasi_identifier": ["birth_year", "usual_hour"],
        "free_text": [],
        "suspicion": [],
        "score": [],
        "measure": ["registered_at", "moved_on", "seen_at", "bought_at", "local_time", "gone_at"],
    },
    "counts": {"groups": {"people": ["people"], "cell": "slice_value"}},
}


def written(folder: Path, given: Any = GIVEN) -> Path:
    file = folder / "roles.yml"
    file.write_text(yaml.safe_dump(given))
    return file


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A warehouse with people, things, and groups of people."""
    make_warehouse(tmp_path / "warehouse.duckdb", 10)
    add_people(tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(
            "create table marts.groups"
            " (month varchar, slice_name varchar, slice_value varchar, people bigint)"
        )
        connection.executemany("insert into marts.groups values (?, ?, ?, ?)", GROUP_ROWS)
    return tmp_path


def seen(shop: Path, role: str, sql: str) -> list[tuple[Any, ...]]:
    file = role_file(shop / "published" / f"{NAME}.duckdb", role)
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def tables(shop: Path, role: str) -> set[str]:
    return {name for (name,) in seen(shop, role, "select table_name from duckdb_tables()")}


def test_each_role_sees_its_classes_and_no_small_group(shop: Path) -> None:
    marts = [ITEMS, PEOPLE, GROUPS]
    audience = read_audience(["marketing", "support", "public"], written(shop))
    published = publish(shop, marts=marts, audience=audience)

    assert tables(shop, "marketing") == {"items", "people", "groups", "publication"}
    assert tables(shop, "support") == {"items", "people", "publication"}
    assert tables(shop, "public") == {"groups", "publication"}
    people = "select customer_key, birth_year, moved_on is not null from marts.people order by 1"
    assert seen(shop, "marketing", people) == [("a", None, True), ("b", None, True)]
    by_year = "select customer_key, birth_year, moved_on from marts.people order by 2"
    assert seen(shop, "support", by_year) == [(None, 1980, None), (None, 1981, None)]
    # The one small group of January takes the next with it; of February there are two already.
    assert seen(shop, "public", "from marts.groups order by all") == [
        ("feb", "all", "all", 12),
        ("feb", "country", "DE", 6),
        ("jan", "all", "all", 40),
        ("jan", "country", "DE", 28),
        ("jan", "country", "LI", 0),
    ]
    assert published.left_out == {"marketing": 0, "support": 0, "public": 4}
    assert seen(shop, "public", "select mart, row_count from marts.publication") == [("groups", 5)]
    kinds = "select column_name, data_type from duckdb_columns() where table_name = 'people'"
    with duckdb.connect(str(shop / "published" / f"{NAME}.duckdb"), read_only=True) as whole:
        assert seen(shop, "support", kinds) == whole.execute(kinds).fetchall()

    later = NOON + timedelta(minutes=1)
    publish(shop, later, marts, audience=read_audience(["public"], written(shop)))
    assert tables(shop, "public")
    # What nobody publishes for any more would be of an old run.
    files = {path.relative_to(shop / "published").as_posix() for path in shop.rglob("roles/*/*")}
    assert files == {f"roles/public/{NAME}.duckdb"}


def broken(**changes: Any) -> dict[str, Any]:
    return {**GIVEN, **changes}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (broken(classes={**GIVEN["classes"], "quasi_identifier": []}), "people.birth_year has no"),
        (broken(classes={**GIVEN["classes"], "score": ["birth_year"]}), "birth_year is under"),
        (broken(classes={"direct": []}), "classes has to hold the keys"),
        (broken(counts={"groups": {"people": ["men"]}}), "counts.groups names men"),
        (broken(roles={"public": {**GIVEN["roles"]["public"], "sees": ["names"]}}), "names names"),
        (
            broken(roles={"public": {**GIVEN["roles"]["public"], "smallest_cell": "five"}}),
            "smallest_cell is 'five'",
        ),
        (broken(roles={"support": GIVEN["roles"]["support"]}), "there is no role public"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_published(
    shop: Path, given: dict[str, Any], said: str
) -> None:
    wanted = ["support", "public"]
    if "public" in given["roles"] and len(given["roles"]) == 1:
        wanted = ["public"]
    with pytest.raises(publishing.PublishingError, match=r"roles\.yml: ") as problem:
        publish(
            shop,
            marts=[ITEMS, PEOPLE, GROUPS],
            audience=read_audience(wanted, written(shop, given)),
        )
    assert said in str(problem.value)
    assert not (shop / "published" / f"{NAME}.duckdb").exists()
    assert not list(shop.rglob("roles/*/*"))


def test_a_role_that_is_there_twice_is_no_choice(tmp_path: Path) -> None:
    file = written(tmp_path)
    file.write_text(file.read_text().replace("  support:", "  marketing:"))
    with pytest.raises(publishing.PublishingError, match="the key 'marketing' occurs twice"):
        read_roles(file)


def test_the_roles_of_the_project_fit_its_marts() -> None:
    roles = read_roles(PROJECT / "roles.yml")
    described = contracts()
    about_people = {
        name: columns
        for name, columns in described.items()
        if not KEYS_OF_PEOPLE.isdisjoint(columns)
    }
    needed = {column for columns in about_people.values() for column in columns}
    assert needed - roles.classes.keys() == set()
    assert roles.classes.keys() - needed == {"anonymous_key"}
    for role in Audience(roles, list(roles.roles.values())).chosen:
        for mart, columns in described.items():
            view = roles.view(role, mart, f"marts.{mart}", columns, [])
            if role.name == "public":
                assert (view is None) == (mart in about_people or mart not in roles.counts)
    with pytest.raises(publishing.PublishingError, match="there is no role chief; use of analyst"):
        roles.chosen(["chief"])
