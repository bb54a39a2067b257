"""One list of sources: what Make, the README, linters, seeds and models say agrees with it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from conftest import PROJECT
from footfall.builds.listing import LISTINGS, listed
from footfall.builds.problems import BuildProblem
from footfall.builds.sources import build_command, docs_command, read_sources, sources

pytestmark = pytest.mark.library
ENTITIES = ("customers", "events", "items", "reviews")


@pytest.mark.parametrize("file", LISTINGS)
def test_other_files_repeat_the_list_as_it_is(file: str) -> None:
    text = (PROJECT / file).read_text()
    assert listed(file, text) == text, "run make format"
    assert listed(file, text.replace("ga4", "ga5")) == text or "ga5" in text


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


def test_every_sample_is_there() -> None:
    samples = [one.sample for source in sources().values() for one in source.inputs if one.sample]
    assert len(samples) > 5
    assert [sample for sample in samples if not (PROJECT / sample).is_file()] == []


def test_an_entry_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "sources.yml"
    file.write_text(yaml.safe_dump({"shop": {"title": "a shop", "inputs": [{"path": "x"}]}}))
    with pytest.raises(BuildProblem, match=r"entry of source 'shop' cannot be read.*'path'"):
        read_sources(file)


def test_messages_name_the_command_of_a_warehouse() -> None:
    assert build_command(Path("published/ga4.duckdb")) == "make build SOURCE=ga4 FILE=…"
    assert build_command(Path("custom.duckdb")) == "make build SOURCE=custom EVENTS=…"
    assert build_command(Path("complete_journey.duckdb")) == "make build SOURCE=complete_journey"
    for name in ("footfall", "storefront", "mine"):
        assert build_command(Path(f"{name}.duckdb")) == "make build"


def test_the_command_of_the_docs_is_ready_for_a_shell() -> None:
    default = "warehouse/footfall.duckdb"
    assert docs_command(["storefront"], {}, default) == "make docs"
    assert docs_command(["ga4"], {"ga4_path": "/a b;c"}, "warehouse/ga4.duckdb") == (
        "make docs SOURCE=ga4 FILE='/a b;c'"
    )
    assert docs_command(["ga4"], {"ga4_path": "/a"}, "$(x)") == (
        "FOOTFALL_DB='$(x)' make docs SOURCE=ga4 FILE=/a"
    )
    given = {"custom_events_path": "/e", "custom_reviews_path": "/r", "custom_items_path": None}
    assert docs_command(["custom"], given, "warehouse/custom.duckdb") == (
        "make docs SOURCE=custom EVENTS=/e REVIEWS=/r"
    )
    assert docs_command(["custom"], {"custom_events_relation": "a.b"}, default) is None
    assert docs_command(["storefront", "custom"], given, default) is None
