"""Do improvements name the brand that was badly made, and do aspects hold on wordings never seen?

Generates one storefront a seed and builds only what `product_improvements` needs. The mart is made
once as of the day on which one brand began to be badly made, and once as of 28 days later. Aspects
are compared with the truth of the reviews whose wording occurs only after the training cut-off.
Prints a line a shop; the last line is one JSON object.
"""

import argparse
import json
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from bench_pain_points import DATABASE, build, parse

MART = "product_improvements"
#: After so many days the planted problem is to be on top.
WEEKS = timedelta(days=28)

# Whether the first row of the mart is the planted brand and aspect, and how sure the mart is.
FIRST = f"""
    select
        scope = 'brand' and scope_value = ? and aspect = ? as is_planted,
        confidence
    from marts.{MART}
    order by improvement_rank
    limit 1"""

# (text, aspect) pairs of reviews in which every wording is new, as they are and as they were found.
# What is praised and blamed in one text has no single sign and is left out of polarity.
ASPECTS = """
    with texts as (
        select texts.text_id, truth.text_id as raw_id
        from truth_storefront.truth_texts as truth
        -- Ids are keyed on their way into the warehouse; no two reviews are of one microsecond.
        inner join intermediate.int_texts as texts
            on texts.text_kind = 'review' and texts.written_at = truth.written_at
        where truth.kind = 'review' and truth.is_unseen_pattern
    ),
    truth as (
        select
            texts.text_id,
            aspects.aspect,
            sum(case aspects.polarity when 'positive' then 1 when 'negative' then -1 else 0 end)
                as polarity
        from truth_storefront.truth_text_aspects as aspects
        inner join texts on aspects.text_id = texts.raw_id
        group by all
    ),
    found as (
        select aspects.text_id, aspects.aspect, sum(aspects.polarity) as polarity
        from scores.review_aspects as aspects
        semi join texts using (text_id)
        where aspects.aspect is not null
        group by all
    )
    select
        count(truth.aspect) as true_count,
        count(found.aspect) as found_count,
        count(*) filter (where truth.aspect = found.aspect) as right_count,
        count(*) filter (where truth.aspect = found.aspect and truth.polarity <> 0)
            as judged_count,
        count(*) filter (
            where truth.aspect = found.aspect and truth.polarity <> 0
                and sign(truth.polarity) = sign(found.polarity)
        ) as right_sign_count
    from truth full outer join found using (text_id, aspect)"""


@dataclass(frozen=True)
class Verdict:
    """What was said of one shop, compared with the truth.

    Attributes:
        seed: the shop.
        brand: whose items are badly made.
        is_first: whether that is the first of the improvements after four weeks.
        is_first_before: whether it was the first on the day on which it began.
        counts: true, found and right pairs of text and aspect; pairs with a sign, and right signs.
    """

    seed: int
    brand: str
    is_first: bool
    is_first_before: bool
    counts: tuple[int, ...]


def as_of(database: Path, day: date) -> None:
    """Move the day as of which the shop is looked at, for the mart to be made again."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "update intermediate.int_cutoffs set as_of_date = ?, cutoff_date = ? where is_as_of",
            [day, day],
        )


def is_first(database: Path, brand: str, aspect: str) -> bool:
    """Whether the mart names the brand and aspect first, and is sure of it."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(FIRST, [brand, aspect]).fetchall()
    return bool(rows) and rows[0] == (True, "high")


def counts(database: Path) -> tuple[int, ...]:
    """Pairs of text and aspect among new wordings: true, found, right, judged, rightly judged."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        (row,) = connection.execute(ASPECTS).fetchall()
    return tuple(int(value) for value in row)


def verdict(manifest: object, database: Path, variables: dict[str, object]) -> Verdict:
    """Build a shop, and compare what is said of it with its truth."""
    build(manifest, database, variables, (f"+{MART}",))
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        ((brand, aspect, began),) = connection.execute(
            "select brand, aspect, starts_at::date from truth_storefront.truth_quality_problems"
        ).fetchall()
    first = []
    for day in (began, began + WEEKS):
        as_of(database, day)
        build(manifest, database, variables, (MART,))
        first.append(is_first(database, brand, aspect))
    return Verdict(
        int(str(variables["storefront_seed"])), brand, first[1], first[0], counts(database)
    )


def summary(verdicts: list[Verdict]) -> dict[str, object]:
    """The figures of all shops together; those of aspects are of all their texts."""
    true, found, right, judged, right_signs = (
        sum(column) for column in zip(*(one.counts for one in verdicts), strict=True)
    )
    precision, recall = right / max(found, 1), right / max(true, 1)
    return {
        "shops": len(verdicts),
        "first_after_four_weeks": sum(one.is_first for one in verdicts),
        "first_before_the_start": sum(one.is_first_before for one in verdicts),
        "aspect_pairs": true,
        "aspect_precision": round(precision, 4),
        "aspect_recall": round(recall, 4),
        "aspect_f1": round(2 * precision * recall / max(precision + recall, 1e-9), 4),
        "polarity": round(right_signs / max(judged, 1), 4),
    }


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many shops")
    parser.add_argument("--first", type=int, default=301, help="seed of the first shop")
    parser.add_argument("--customers", type=int, default=2000, help="size of a shop")
    arguments = parser.parse_args()

    verdicts = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = {"storefront_customers": arguments.customers}
        manifest = parse(folder, size)
        print("  seed  brand         first after four weeks  first before  right of found and true")
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            database = folder / DATABASE
            one = verdict(manifest, database, {**size, "storefront_seed": seed})
            database.unlink()
            verdicts.append(one)
            true, found, right, *_ = one.counts
            print(
                f"{seed:>6}  {one.brand:<14}{'yes' if one.is_first else 'no':>22}"
                f"{'yes' if one.is_first_before else 'no':>14}"
                f"{right:>10} of {found} and {true}",
                flush=True,
            )
    print(json.dumps(summary(verdicts)))


if __name__ == "__main__":
    main()
