"""What each text speaks of, a row a sentence and aspect; texts that were read before stay."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.fingerprints import PACKAGE, sources_fingerprint
from footfall.core.progress import Progress
from footfall.reviews.aspects import Mention, seed_aspects
from footfall.reviews.scores.rows import with_words
from footfall.reviews.scores.settings import TextSettings
from footfall.reviews.sentences import sentences_of
from footfall.reviews.texts import plain

SCHEMA = pa.schema(
    [
        ("text_id", pa.string()),
        ("sentence_no", pa.int32()),
        ("aspect", pa.string()),
        ("sentence", pa.string()),
        ("polarity", pa.int32()),
        ("evidence_start", pa.int32()),
        ("evidence_end", pa.int32()),
        ("text_digest", pa.string()),
        ("model_id", pa.string()),
    ]
)
_TEXTS_A_BATCH = 20_000


@dataclass(frozen=True)
class _Found:
    """What a text says of one aspect in one sentence."""

    sentence_no: int
    sentence: str
    mention: Mention


def mentions(
    texts: pa.Table,
    *,
    settings: TextSettings,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Find the aspects of all texts with words.

    Parameters
    ----------
    texts
        Rows of `int_texts`.
    settings
        Of the scores of texts.
    previous
        The existing rows; those of texts that are the same stay where the code and its lists do.
    progress
        Called with a line of text for each step.

    Returns
    -------
    Columns of :data:`SCHEMA`: a row for each sentence and aspect, and one without an aspect for
    each text that speaks of none. Sentences are those of title and body without markup, numbered
    from 1; evidence is counted in characters of the sentence.
    """
    if not settings.is_on:
        return SCHEMA.empty_table()
    read, model_id = with_words(texts), f"aspects-{_code()[:16]}"
    kept = _kept(read, previous, model_id)
    known = pc.unique(kept["text_id"].combine_chunks())
    new = read.filter(pc.invert(pc.is_in(read["text_id"], known)))
    parts = [kept]
    for start in range(0, new.num_rows, _TEXTS_A_BATCH):
        batch = new.slice(start, _TEXTS_A_BATCH).to_pylist()
        rows = [row for text in batch for row in _rows(text, model_id)]
        parts.append(pa.Table.from_pylist(rows, schema=SCHEMA))
    progress(f"aspects: {new.num_rows:,} texts read, {len(known):,} stand")
    return pa.concat_tables(parts)


def _code() -> str:
    """Return the digest of all that decides: code and lists of words."""
    return sources_fingerprint(
        PACKAGE, "reviews/*.py", "reviews/*.csv", "reviews/scores/mentions.py"
    )


def _kept(read: pa.Table, previous: pa.Table | None, model_id: str) -> pa.Table:
    """Return the rows of texts that are as they were."""
    if previous is None or previous.schema.names != SCHEMA.names:
        return SCHEMA.empty_table()
    same = previous.filter(pc.equal(previous["model_id"], model_id))
    now = read.select(["text_id", "text_digest"])
    return (
        same.join(now, ["text_id", "text_digest"], join_type="left semi")
        .select(SCHEMA.names)
        .cast(SCHEMA)
    )


def _rows(text: dict[str, Any], model_id: str) -> list[dict[str, Any]]:
    shared = {
        "text_id": text["text_id"],
        "text_digest": text["text_digest"],
        "model_id": model_id,
    }
    found = _found(text)
    if not found:
        return [{**shared, "sentence_no": 0}]
    return [
        {
            **shared,
            "sentence_no": one.sentence_no,
            "aspect": one.mention.aspect,
            "sentence": one.sentence,
            "polarity": one.mention.polarity,
            "evidence_start": one.mention.start,
            "evidence_end": one.mention.end,
        }
        for one in found
    ]


def _found(text: dict[str, Any]) -> list[_Found]:
    """Return each aspect once a sentence, with the place that it is first named at."""
    found = []
    number = 0
    for part in (text["title"], text["body"]):
        for sentence in sentences_of(plain(part or ""), text["language"]):
            number += 1
            named = sorted(
                seed_aspects(sentence.text, text["language"]),
                key=lambda one: (one.aspect, one.start),
            )
            for _, group in groupby(named, key=lambda one: one.aspect):
                found.append(_Found(number, sentence.text, _merged(list(group))))
    return found


def _merged(same: list[Mention]) -> Mention:
    """Return one mention for all of an aspect in a sentence; praise and blame weigh each other."""
    total = sum(one.polarity for one in same)
    first = same[0]
    return Mention(first.aspect, first.start, first.end, (total > 0) - (total < 0))
