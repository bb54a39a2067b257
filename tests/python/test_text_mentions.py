"""What texts speak of, as rows: whose sentences they are, what stands, and what is hostile."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from footfall.core.progress import silent
from footfall.reviews.scores import mentions
from footfall.reviews.scores.settings import TextSettings
from footfall.reviews.sentences import Sentence, sentences_of
from test_text_scores import HOSTILE, made, row

pytestmark = pytest.mark.library

AT = datetime(2026, 2, 1, tzinfo=UTC)
SETTINGS = TextSettings()


def found(texts: pa.Table, previous: pa.Table | None = None) -> pa.Table:
    return mentions.mentions(texts, settings=SETTINGS, previous=previous, progress=silent)


def test_each_sentence_has_a_row_for_what_it_speaks_of() -> None:
    texts = made(
        [
            row(
                1, "<b>Good quality</b>, but the delivery was slow.", 4.0, AT, title="Too expensive"
            ),
            row(2, "质量很好,但是物流太慢", 3.0, AT),
            row(3, "I gave it to my aunt.", 3.0, AT),
        ]
    )
    rows = found(texts).to_pylist()
    said = {(one["text_id"], one["sentence_no"], one["aspect"]): one["polarity"] for one in rows}
    assert said["t00001", 1, "price"] == -1
    assert said["t00001", 2, "quality"] == 1
    assert said["t00001", 3, "delivery"] == -1
    assert said["t00002", 1, "quality"] == 1
    assert said["t00002", 2, "delivery"] == -1
    assert said["t00003", 0, None] is None
    for one in rows:
        if one["aspect"] is not None:
            assert "<" not in one["sentence"]
            assert one["sentence"][one["evidence_start"] : one["evidence_end"]].strip()


def test_only_new_and_edited_texts_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(1, "good quality", 5.0, AT), row(2, "slow delivery", 1.0, AT)]
    first = found(made(rows))
    rows[1] = row(2, "fast delivery", 5.0, AT)
    rows.append(row(3, "high price", 2.0, AT))
    read: list[str] = []

    def counting(text: str, language: str) -> list[Sentence]:
        read.append(text)
        return sentences_of(text, language)

    monkeypatch.setattr(mentions, "sentences_of", counting)
    second = found(made(rows), first)
    assert [text for text in read if text] == ["fast delivery", "high price"]
    keys = [("text_id", "ascending"), ("sentence_no", "ascending"), ("aspect", "ascending")]
    assert second.sort_by(keys).equals(found(made(rows)).sort_by(keys))
    # Who is erased leaves, and nothing of theirs stays.
    assert set(found(made(rows[:1]), second)["text_id"].to_pylist()) == {"t00001"}


def test_an_aspect_is_there_once_a_sentence() -> None:
    texts = made([row(1, "good quality, nice quality and great quality", 5.0, AT)])
    (one,) = found(texts).to_pylist()
    assert (one["aspect"], one["polarity"], one["evidence_start"]) == ("quality", 1, 5)


def test_hostile_texts_are_read_like_others() -> None:
    rows = [
        {**row(number, text, None, AT), "has_words": True} for number, text in enumerate(HOSTILE)
    ]
    read = found(made(rows)).to_pylist()
    assert {one["text_id"] for one in read} == {one["text_id"] for one in rows}
    assert not any("<script" in (one["sentence"] or "") for one in read)


def test_a_shop_that_wants_none_has_none() -> None:
    texts = made([row(1, "good quality", 5.0, AT)])
    off = TextSettings(is_on=False)
    assert mentions.mentions(texts, settings=off, progress=silent).num_rows == 0
