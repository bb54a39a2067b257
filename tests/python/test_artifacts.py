import numpy as np
import pyarrow as pa
import pytest

from footfall.recommender import stored_model as artifacts

pytestmark = pytest.mark.library


@pytest.fixture
def table():
    fits = {
        "shared": {"catalogue.items": ["a", "ü", ""]},
        "test": {
            "encoder.item": np.arange(6, dtype=np.float32).reshape(2, 3),
            "items": np.array([2], dtype=np.int64),
            "encoder.empty": np.zeros((0, 3), dtype=np.float32),
        },
    }
    return artifacts.to_table("run", {"seed": 7}, fits)


def change(table, row_name, **values):
    rows = table.to_pylist()
    for row in rows:
        if row["name"] == row_name:
            row.update(values)
    return pa.Table.from_pylist(rows, schema=artifacts.SCHEMA)


def test_comes_back_as_it_was(table):
    loaded = artifacts.load(table.take([2, 4, 0, 3, 1]))
    assert loaded.run_id == "run"
    assert loaded.run["seed"] == 7
    assert loaded.names("shared", "catalogue.items") == ["a", "ü", ""]
    part = artifacts.part(loaded.fits["test"], "encoder.")
    np.testing.assert_array_equal(part["item"], np.arange(6, dtype=np.float32).reshape(2, 3))
    assert part["empty"].shape == (0, 3)
    assert loaded.fits["test"]["items"].dtype == np.int64


def test_a_stream_will_do(table):
    stream = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    assert artifacts.load(stream).run_id == "run"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shape": "[2, 4]"}, "test/encoder.item has 24 bytes; shape .* needs 32"),
        ({"dtype": "float16"}, "test/encoder.item is of type float16"),
        ({"run_id": "other"}, "mixes runs run and other"),
        ({"data": bytes(24)}, "rows are missing or damaged"),
        ({"name": "encoder.other"}, "rows are missing or damaged"),
    ],
)
def test_damage_is_named(table, values, message):
    with pytest.raises(artifacts.ArtifactError, match=message):
        artifacts.load(change(table, "encoder.item", **values))


def test_missing_rows_and_columns_are_found(table):
    with pytest.raises(artifacts.ArtifactError, match="rows are missing"):
        artifacts.load(table.slice(1))
    with pytest.raises(artifacts.ArtifactError, match="0 rows __run__"):
        artifacts.load(table.slice(0, 4))
    with pytest.raises(artifacts.ArtifactError, match="no column shape"):
        artifacts.load(table.drop_columns(["shape"]))


def test_another_format_is_refused(table):
    with pytest.raises(artifacts.ArtifactError, match="format 99"):
        artifacts.load(change(table, artifacts.RUN, data=b'{"format": 99, "run_id": "run"}'))
    with pytest.raises(artifacts.ArtifactError, match="not JSON"):
        artifacts.load(change(table, artifacts.RUN, data=b"\x80\x04pickle"))


def test_unknown_types_are_not_written():
    with pytest.raises(artifacts.ArtifactError, match="complex128"):
        artifacts.to_table("run", {}, {"test": {"x": np.zeros(2, dtype=complex)}})


def test_names_must_be_there(table):
    with pytest.raises(artifacts.ArtifactError, match=r"no names shared/catalogue\.brands"):
        artifacts.load(table).names("shared", "catalogue.brands")
