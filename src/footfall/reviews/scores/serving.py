"""Scores texts by the stored models; those that were scored by the same ones before stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.arrays import Array, BoolArray, FloatArray, IntArray
from footfall.core.progress import Progress
from footfall.reviews.scores.models import LanguageModel
from footfall.reviews.scores.rows import (
    NEGATIVE_TO,
    POSITIVE_FROM,
    columns_of,
    hashes_of,
    with_words,
)
from footfall.reviews.scores.settings import TextSettings
from footfall.reviews.scores.stored import StoredModels, load_models

#: Probability of the opposite from which on a text contradicts its stars.
CONTRADICTS_FROM = 0.9
SCHEMA = pa.schema(
    [
        ("text_id", pa.string()),
        ("language", pa.string()),
        ("method", pa.string()),
        ("probability", pa.float64()),
        ("expected_rating", pa.float64()),
        ("confidence", pa.float64()),
        ("is_positive", pa.bool_()),
        ("contradicts_rating", pa.bool_()),
        ("text_digest", pa.string()),
        ("model_id", pa.string()),
        ("cutoff_date", pa.date32()),
        ("run_metadata", pa.string()),
    ]
)
#: Texts that are read at a time, so that memory does not grow with the shop.
_AT_A_TIME = 20_000


@dataclass(frozen=True)
class _Scores:
    """What models say of texts, in their order."""

    probability: FloatArray
    stars: FloatArray


def score(
    heads: pa.Table,
    texts: pa.Table,
    as_of: date | None,
    *,
    settings: TextSettings,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Score all texts with words.

    Parameters
    ----------
    heads
        Rows of :func:`footfall.reviews.scores.training.train`.
    texts
        Rows of `int_texts`.
    as_of
        The as-of date of the shop; None while nothing has happened.
    settings
        Of the score.
    previous
        The existing scores; those of the same text by the same models stay.
    progress
        Called with a line of text for each step.

    Returns
    -------
    Columns of :data:`SCHEMA`. A text that was learned from is scored by models that had not seen
    it, so that its stars and its score are two opinions.
    """
    if as_of is None or heads.num_rows == 0 or not settings.is_on:
        return SCHEMA.empty_table()
    stored = load_models(heads)
    read = with_words(texts)
    parts = []
    new = 0
    for language, model in stored.models.items():
        here = read.filter(pc.equal(read["language"], language))
        scores, scored = _kept_or_scored(stored, model, here, previous)
        new += scored
        parts.append(_part(stored, model, here, scores))
    progress(f"texts: {new:,} scored, {read.num_rows - new:,} stand")
    return _dated(pa.concat_tables(parts), as_of, stored)


def _kept_or_scored(
    stored: StoredModels, model: LanguageModel, texts: pa.Table, previous: pa.Table | None
) -> tuple[_Scores, int]:
    """Return scores of texts, and how many of them are new."""
    scores = _Scores(np.empty(texts.num_rows), np.empty(texts.num_rows))
    is_new = np.ones(texts.num_rows, bool)
    if previous is not None and previous.schema.names == SCHEMA.names:
        same = previous.filter(pc.equal(previous["model_id"], stored.run_id))
        place = _places(same, texts)
        is_new = place < 0
        for name, values in (
            ("probability", scores.probability),
            ("expected_rating", scores.stars),
        ):
            values[~is_new] = same[name].to_numpy()[place[~is_new]]
    new = np.flatnonzero(is_new)
    for start in range(0, len(new), _AT_A_TIME):
        places = new[start : start + _AT_A_TIME]
        columns = columns_of(texts.take(pa.array(places)))
        found = model.probabilities(columns, hashes_of(columns))
        scores.probability[places], scores.stars[places] = found, model.stars(found)
    return scores, len(new)


def _places(known: pa.Table, texts: pa.Table) -> IntArray:
    """Return where each text is among known ones, if it is still the same; else -1."""
    keys = zip(known["text_id"].to_pylist(), known["text_digest"].to_pylist(), strict=True)
    place = {key: number for number, key in enumerate(keys)}
    asked = zip(texts["text_id"].to_pylist(), texts["text_digest"].to_pylist(), strict=True)
    return np.array([place.get(key, -1) for key in asked], dtype=np.int64)


def _part(stored: StoredModels, model: LanguageModel, texts: pa.Table, scores: _Scores) -> pa.Table:
    probability = scores.probability
    is_positive = probability >= model.polarity.threshold
    count = texts.num_rows
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        "text_id": texts["text_id"],
        "language": texts["language"],
        "method": pa.repeat(pa.scalar(model.polarity.method), count),
        "probability": pa.array(probability),
        "expected_rating": pa.array(scores.stars),
        "confidence": pa.array(np.where(is_positive, probability, 1.0 - probability)),
        "is_positive": pa.array(is_positive),
        "contradicts_rating": _contradicts(texts["rating"], probability),
        "text_digest": texts["text_digest"],
        "model_id": pa.repeat(pa.scalar(stored.run_id), count),
        "cutoff_date": pa.nulls(count, pa.date32()),
        "run_metadata": pa.nulls(count, pa.string()),
    }
    return pa.table(columns, schema=SCHEMA)


def _contradicts(rating: pa.ChunkedArray, probability: FloatArray) -> pa.Array:
    """Return whether a text says the opposite of its stars; null without stars."""
    stars: Array = pc.fill_null(pc.cast(rating, pa.float64()), float("nan")).to_numpy()
    found: BoolArray = ((stars >= POSITIVE_FROM) & (probability <= 1.0 - CONTRADICTS_FROM)) | (
        (stars <= NEGATIVE_TO) & (probability >= CONTRADICTS_FROM)
    )
    return pa.array(found, mask=np.isnan(stars))


def _dated(table: pa.Table, as_of: date, stored: StoredModels) -> pa.Table:
    metadata = stored.metadata({"texts_scored": table.num_rows})
    for name, value in (("cutoff_date", as_of), ("run_metadata", metadata)):
        field = SCHEMA.field(name)
        column = pa.repeat(pa.scalar(value, field.type), table.num_rows)
        table = table.set_column(SCHEMA.get_field_index(name), field, column)
    return table
