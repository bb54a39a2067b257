"""Do pain points and suggestions name the trouble that was planted, and nothing else?

Generates one storefront a seed, builds only what `journey_suggestions` and `journey_pain_points`
need, and compares the rows that are named and what is suggested with the shop's truth tables,
compared with what a plain comparison of conversion rates would name. A suggestion is right when it
says a planted friction, its stage and exactly its slice. Prints a line a shop and a summary; the
last line is one JSON object.
"""

import argparse
import json
import math
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

# A row of the mart by what it blames: friction, stage and the parts of its slice, sorted by name.
Blame = tuple[str, str, tuple[tuple[str, str], ...]]

DATABASE = "shop.duckdb"
PARTS = ("channel", "device", "country", "visitor", "segment")

# A slice that lags behind has no row of pain points: its value is the only part that it shows.
SUGGESTED_PART = (
    "coalesce(pain_points.{part},"
    " case when suggestions.slice_name = '{part}' then suggestions.slice_value end)"
)

# What the shop really lost to each planted friction in the months that the mart looks at: visits
# that met it, orders lost, money lost. Fraud rings meet payment errors too, and pay all the same.
TRUTH = """
    with visits as (
        select *, kind = 'fraud' and is_converted as is_ring_payment
        from truth_storefront.truth_visits
        where started_at >= (select min(session_started_at) from intermediate.int_pain_sessions)
    )
    select
        'payment_error_android' as friction,
        count(*) filter (
            where device = 'android' and (has_payment_error or is_ring_payment)
        ) as met,
        count(*) filter (where is_lost_error) as lost_orders,
        coalesce(sum(willing_amount) filter (where is_lost_error), 0) as lost_amount
    from visits
    union all
    select
        'slow_checkout_france_iphone',
        count(*) filter (where reaches_checkout and is_slow_slice),
        count(*) filter (where is_lost_slow),
        coalesce(sum(willing_amount) filter (where is_lost_slow), 0)
    from visits"""


@dataclass(frozen=True)
class Verdict:
    """What the mart said of one shop, compared with the truth.

    Attributes:
        seed: the shop.
        named: what the mart names, best rank first.
        planted: the harmful frictions of the truth tables.
        accused: what a plain comparison of conversion rates would name (p < 0.05 each).
        innocent: planted nowhere: named rows that touch no session with a harmful friction.
        suggested: what is suggested, most valuable first.
        suggested_innocent: suggestions that touch no session with a harmful friction.
        accused_innocent: the same of the plain comparison.
        covered: by planted friction that the mart names: does the interval of the gap, does that
            of the value at risk hold what was really lost?
        value_ratio: by planted friction that the mart names: value at risk over the money lost.
    """

    seed: int
    named: list[Blame]
    planted: dict[str, Blame]
    accused: list[Blame]
    innocent: list[Blame]
    suggested: list[Blame]
    suggested_innocent: list[Blame]
    accused_innocent: list[Blame]
    covered: dict[str, tuple[bool, bool]]
    value_ratio: dict[str, float]

    @property
    def found(self) -> list[str]:
        """Planted frictions that are named with exactly their slice."""
        return [name for name, blame in self.planted.items() if blame in self.named]

    @property
    def told(self) -> list[str]:
        """Planted frictions that are suggested with exactly their slice."""
        return [name for name, blame in self.planted.items() if blame in self.suggested]

    @property
    def is_on_top(self) -> bool:
        """The first ranks are the planted frictions."""
        return set(self.named[: len(self.planted)]) == set(self.planted.values())


def build(
    manifest: Any,
    database: Path,
    variables: dict[str, Any],
    select: Sequence[str] = ("+journey_pain_points", "+journey_suggestions"),
) -> None:
    """Build what the selected models need into a database file.

    Raises:
        RuntimeError: dbt did not succeed; names the nodes that failed.
    """
    os.environ["FOOTFALL_DB"] = str(database)
    try:
        outcome = dbtRunner(manifest=manifest).invoke(
            [
                *("build", "--quiet", "--vars", json.dumps(variables)),
                *("--select", *select),
                *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
                *("--target-path", str(database.parent / "target")),
                *("--log-path", str(database.parent / "logs")),
            ]
        )
    finally:
        DuckDBConnectionManager.close_all_connections()
    if not outcome.success:
        failed = [row.node.name for row in outcome.result or [] if str(row.status) == "error"]
        raise RuntimeError(f"The build failed at {failed}: {outcome.exception}")


def parse(folder: Path, variables: dict[str, Any]) -> Any:
    """The parsed project, for many builds that differ in their seed only.

    It holds the name of the database, so that every shop has to lie in a file of that name.
    """
    os.environ["FOOTFALL_DB"] = str(folder / DATABASE)
    outcome = dbtRunner().invoke(
        [
            *("parse", "--quiet", "--vars", json.dumps(variables)),
            *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
        ]
    )
    if not outcome.success:
        raise RuntimeError(f"The project does not parse: {outcome.exception}")
    return outcome.result


def judge(connection: duckdb.DuckDBPyConnection, seed: int) -> Verdict:
    """Compare the mart of a built storefront with its truth tables."""
    planted = {
        friction: blame_of_truth(event_type, json.loads(cut))
        for friction, event_type, cut in connection.execute(
            "select friction, event_type, slice from truth_storefront.truth_frictions"
            " where is_harmful"
        ).fetchall()
    }
    rows = connection.execute(
        f"select friction, stage, {', '.join(PARTS)}, is_named,"
        " conversion_gap, gap_lower, gap_upper, value_at_risk, value_lower, value_upper,"
        " session_with_count, session_without_count,"
        " conversion_with, conversion_without from marts.journey_pain_points order by pain_rank"
    ).fetchall()
    blames = [(blame_of_row(row[:7]), row[7:]) for row in rows]
    named = [blame for blame, values in blames if values[0]]
    accused = [blame for blame, values in blames if is_plainly_worse(*values[7:])]

    (months,) = connection.execute(
        "select greatest(1, (1 + date_diff('day', min(session_started_at),"
        " max(session_started_at))) / 30.4375) from intermediate.int_pain_sessions"
    ).fetchall()[0]
    covered, value_ratio = {}, {}
    estimates = dict(blames)
    for friction, met, lost_orders, lost_amount in connection.execute(TRUTH).fetchall():
        if planted[friction] in named:
            _, _, low, high, value, value_low, value_high, *_ = estimates[planted[friction]]
            covered[friction] = (
                low <= -lost_orders / met <= high,
                value_low <= lost_amount / months <= value_high,
            )
            value_ratio[friction] = value * months / lost_amount
    harmful = list(planted.values())
    suggested = [
        blame_of_row(row)
        for row in connection.execute(
            "select coalesce(suggestions.friction, suggestions.kind), suggestions.stage,"
            f" {', '.join(SUGGESTED_PART.format(part=part) for part in PARTS)}"
            " from marts.journey_suggestions as suggestions"
            " left join marts.journey_pain_points as pain_points"
            " on suggestions.friction = pain_points.friction"
            " and suggestions.stage = pain_points.stage"
            " and suggestions.slice_name = pain_points.slice_name"
            " and suggestions.slice_value = pain_points.slice_value"
            " order by suggestions.suggestion_rank"
        ).fetchall()
    ]
    return Verdict(
        seed=seed,
        named=named,
        planted=planted,
        accused=accused,
        innocent=[blame for blame in named if is_innocent(blame, harmful)],
        suggested=suggested,
        suggested_innocent=[blame for blame in suggested if is_innocent(blame, harmful)],
        accused_innocent=[blame for blame in accused if is_innocent(blame, harmful)],
        covered=covered,
        value_ratio=value_ratio,
    )


def blame_of_truth(event_type: str, cut: dict[str, str]) -> Blame:
    """A harmful friction as the mart would name it; a slow checkout has no event of its own."""
    friction = "slow_step" if event_type == "checkout" else event_type
    return friction, "checkout", tuple(sorted(cut.items()))


def blame_of_row(row: tuple[Any, ...]) -> Blame:
    """Friction, stage and the parts of the slice that are told."""
    cut = {part: value for part, value in zip(PARTS, row[2:], strict=True) if value is not None}
    return row[0], row[1], tuple(sorted(cut.items()))


def is_innocent(blame: Blame, harmful: Iterable[Blame]) -> bool:
    """True when no session of the row can have met a harmful friction of its kind.

    A slice that lags behind (`close_drop_off`) names no kind: any of them may explain it.
    """
    return not any(
        blame[0] in (other[0], "close_drop_off")
        and all(dict(other[2]).get(part, value) == value for part, value in blame[2])
        for other in harmful
    )


def is_plainly_worse(
    with_count: int, without_count: int, with_share: float, without_share: float | None
) -> bool:
    """The usual two-proportion z-test: one-sided, p < 0.05, 20 sessions or more on either side."""
    if without_share is None or min(with_count, without_count) < 20:
        return False
    together = with_count + without_count
    share = (with_share * with_count + without_share * without_count) / together
    spread = math.sqrt(share * (1 - share) * (1 / with_count + 1 / without_count))
    return spread > 0 and (with_share - without_share) / spread < -1.645


def ratio(part: float, whole: float) -> float:
    """A share that is 1 where there was nothing to get wrong."""
    return part / whole if whole else 1.0


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many shops")
    parser.add_argument("--first", type=int, default=201, help="seed of the first shop")
    parser.add_argument("--customers", type=int, default=2000, help="size of a shop")
    parser.add_argument("--show", action="store_true", help="print what each shop names")
    arguments = parser.parse_args()

    verdicts = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = {"storefront_customers": arguments.customers}
        manifest = parse(folder, size)
        print(
            "  seed  named  found of  innocent  on top  value at risk / lost"
            "   plainly: named  innocent   suggested  found  innocent"
        )
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            database = folder / DATABASE
            build(manifest, database, {**size, "storefront_seed": seed})
            with duckdb.connect(str(database)) as connection:
                connection.execute("set TimeZone = 'UTC'")
                verdict = judge(connection, seed)
            database.unlink()
            verdicts.append(verdict)
            ratios = " ".join(f"{value:.2f}" for value in verdict.value_ratio.values())
            print(
                f"{seed:>6}{len(verdict.named):>7}{len(verdict.found):>7}{len(verdict.planted):>3}"
                f"{len(verdict.innocent):>10}{'yes' if verdict.is_on_top else 'no':>8}{ratios:>23}"
                f"{len(verdict.accused):>17}{len(verdict.accused_innocent):>10}"
                f"{len(verdict.suggested):>12}{len(verdict.told):>7}"
                f"{len(verdict.suggested_innocent):>10}",
                flush=True,
            )
            if arguments.show:
                for blame in verdict.named:
                    print(f"          {blame}")
                for blame in verdict.suggested:
                    print(f"          suggested: {blame}")

    named = sum(len(verdict.named) for verdict in verdicts)
    found = sum(len(verdict.found) for verdict in verdicts)
    planted = sum(len(verdict.planted) for verdict in verdicts)
    accused = sum(len(verdict.accused) for verdict in verdicts)
    suggested = sum(len(verdict.suggested) for verdict in verdicts)
    told = sum(len(verdict.told) for verdict in verdicts)
    exactly_accused = sum(
        blame in verdict.accused for verdict in verdicts for blame in verdict.planted.values()
    )
    covered = [pair for verdict in verdicts for pair in verdict.covered.values()]
    ratios = sorted(value for verdict in verdicts for value in verdict.value_ratio.values())
    summary = {
        "shops": len(verdicts),
        "first_seed": arguments.first,
        "customers": arguments.customers,
        "precision": round(ratio(found, named), 4),
        "recall": round(ratio(found, planted), 4),
        "innocent_named": sum(len(verdict.innocent) for verdict in verdicts),
        "on_top": round(ratio(sum(verdict.is_on_top for verdict in verdicts), len(verdicts)), 4),
        "gap_coverage": round(ratio(sum(gap for gap, _ in covered), len(covered)), 4),
        "value_coverage": round(ratio(sum(value for _, value in covered), len(covered)), 4),
        "median_value_ratio": round(ratios[len(ratios) // 2], 3) if ratios else None,
        "suggestion_precision": round(ratio(told, suggested), 4),
        "suggestion_recall": round(ratio(told, planted), 4),
        "suggestion_innocent": sum(len(verdict.suggested_innocent) for verdict in verdicts),
        "plain_precision": round(ratio(exactly_accused, accused), 4),
        "plain_recall": round(ratio(exactly_accused, planted), 4),
        "plain_innocent_named": sum(len(verdict.accused_innocent) for verdict in verdicts),
        "duckdb": duckdb.__version__,
    }
    print(f"\n{'':<34}{'named':>8}{'precision':>11}{'recall':>8}{'innocent':>10}")
    print(
        f"{'journey_pain_points':<34}{named:>8}{summary['precision']:>11.3f}"
        f"{summary['recall']:>8.3f}{summary['innocent_named']:>10}"
    )
    print(
        f"{'journey_suggestions':<34}{suggested:>8}{summary['suggestion_precision']:>11.3f}"
        f"{summary['suggestion_recall']:>8.3f}{summary['suggestion_innocent']:>10}"
    )
    print(
        f"{'plain comparison of conversion':<34}{accused:>8}{summary['plain_precision']:>11.3f}"
        f"{summary['plain_recall']:>8.3f}{summary['plain_innocent_named']:>10}"
    )
    print(
        f"planted frictions on top in {summary['on_top']:.0%} of the shops; 95 % intervals hold the"
        f" truth: gap {summary['gap_coverage']:.0%}, value at risk {summary['value_coverage']:.0%}"
    )
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
