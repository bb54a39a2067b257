"""What the scores and aspects of many texts cost.

usage: python benchmarks/cost_of_texts.py --warehouse FILE [--texts 100000]

Takes the texts of a built warehouse with words, and repeats them under other ids, each with a
number behind it, so that no two are equal, until there are so many. All are learned from, scored,
and looked through for aspects, and then all once more, as the next build does. CPU-seconds are
those of the process; reading and writing of tables is not part of them.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa

from footfall.core.progress import silent
from footfall.reviews.scores import backtest, mentions, serving, training
from footfall.reviews.scores.settings import TextSettings

SETTINGS = TextSettings()


def many(connection: duckdb.DuckDBPyConnection, count: int) -> pa.Table:
    """Return so many texts of which no two are equal."""
    return connection.sql(f"""
        with texts as (
            select * from intermediate.int_texts where has_words
        ),
        repeated as (
            select
                texts.* replace (
                    text_id || '-' || copy_no as text_id,
                    body || ' ' || copy_no as body,
                    text_digest || copy_no as text_digest
                )
            from texts
            cross join range(1 + {count} // (select count(*) from texts)) as copies (copy_no)
        )
        select * from repeated order by text_id limit {count}
    """).to_arrow_table()


def timed(work: Callable[[], pa.Table]) -> tuple[pa.Table, float]:
    """Return what was made, and the CPU-seconds that it took."""
    began = time.process_time()
    made = work()
    return made, round(time.process_time() - began, 2)


def main() -> None:
    """Measure, and print a line a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=100_000)
    given = parser.parse_args()
    with duckdb.connect(str(given.warehouse), read_only=True) as connection:
        texts = many(connection, given.texts)
        cutoffs = connection.sql("select * from intermediate.int_cutoffs").to_arrow_table()
    as_of = max(cutoffs["as_of_date"].to_pylist())
    found: dict[str, float] = {"texts": texts.num_rows}

    def step(name: str, work: Callable[[], pa.Table]) -> pa.Table:
        made, found[name] = timed(work)
        print(f"{name}: {found[name]} CPU-seconds, {made.num_rows:,} rows", flush=True)
        return made

    def score(previous: pa.Table | None = None) -> pa.Table:
        return serving.score(
            heads, texts, as_of, settings=SETTINGS, previous=previous, progress=silent
        )

    def read(previous: pa.Table | None = None) -> pa.Table:
        return mentions.mentions(texts, settings=SETTINGS, previous=previous, progress=silent)

    heads = step(
        "learn", lambda: training.train(texts, cutoffs, settings=SETTINGS, progress=silent)
    )
    step("back_test", lambda: backtest.backtest(texts, cutoffs, settings=SETTINGS, progress=silent))
    scores = step("score", score)
    step("score_again", lambda: score(scores))
    aspects = step("aspects", read)
    step("aspects_again", lambda: read(aspects))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
