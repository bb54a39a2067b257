"""Lifecycle states and segments: how many customers are in each, and how they move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from footfall.pages.report.parts import Chart, Table, not_built
from footfall.pages.report.warehouse import Marts
from footfall.pages.theme import wording
from footfall.pages.theme.style import FAINT, LINK, LINK_GOOD, LINK_WARN, SERIES, axis, finished


@dataclass(frozen=True)
class Grouping:
    """A way to group customers, and where the warehouse keeps it."""

    anchor: str
    title: str
    mart: str
    moves_mart: str
    group: str
    order: str
    # True when a higher place in the order is always the better one.
    is_ladder: bool


LIFECYCLE = Grouping(
    "lifecycle", "report.customers.lifecycle",
    "customer_lifecycle", "customer_lifecycle_transitions",
    "lifecycle_state", "state_order", False,
)  # fmt: skip
SEGMENTS = Grouping(
    "segments", "report.customers.segments", "customer_segments", "customer_segment_transitions",
    "segment", "segment_no", True,
)  # fmt: skip


def customer_groups(marts: Marts, grouping: Grouping) -> tuple[Chart, Chart]:
    """Return how many are in each group over time, and the moves between the last two snapshots."""
    return _sizes(marts, grouping), _moves(marts, grouping)


def _sizes(marts: Marts, grouping: Grouping) -> Chart:
    say = marts.words.say
    title = say("report.customers.over_time", title=say(grouping.title))
    if missing := not_built(marts, grouping.anchor, title, (grouping.mart,)):
        return missing
    rows = marts.rows(f"""
        select snapshot_date, {grouping.group}, {grouping.order}, count(*)
        from {grouping.mart}
        group by all
        order by snapshot_date, {grouping.order}
    """)
    if not rows:
        return Chart(
            grouping.anchor,
            title,
            (grouping.mart,),
            empty=say("report.customers.no_customer_is_known_on"),
        )
    dates = sorted({row[0] for row in rows})
    groups = _ordered(rows)
    known = {(row[0], row[1]): row[3] for row in rows}
    figure = go.Figure(
        [
            go.Bar(
                name=marts.words.name(group),
                x=[f"{date:%Y-%m-%d}" for date in dates],
                y=[known.get((date, group), 0) for date in dates],
                marker={"color": SERIES[(number - 1) % len(SERIES)]},
                hovertemplate="%{fullData.name}, %{x}: %{y:,}<extra></extra>",
            )
            for group, number in groups.items()
        ]
    )
    figure.update_xaxes(**axis(type="category", showgrid=False))
    figure.update_yaxes(**axis(title=say("report.page.customers"), tickformat=","))
    return Chart(
        anchor=grouping.anchor,
        title=title,
        marts=(grouping.mart,),
        reading=(say("report.customers.a_column_is_all_customers")),
        figure=finished(figure, 400, barmode="stack", bargap=0.3),
        height=400,
        table=Table(
            (say("report.customers.group"), *(f"{date:%Y-%m-%d}" for date in dates)),
            [
                [
                    marts.words.name(group),
                    *(wording.count(known.get((date, group), 0)) for date in dates),
                ]
                for group in groups
            ],
        ),
    )


def _moves(marts: Marts, grouping: Grouping) -> Chart:
    say = marts.words.say
    anchor = f"{grouping.anchor}-moves"
    title = say("report.customers.who_moved_where", title=say(grouping.title))
    uses = (grouping.moves_mart,)
    if missing := not_built(marts, anchor, title, (*uses, grouping.mart)):
        return missing
    rows = marts.rows(f"""
        select
            from_{grouping.group.removeprefix("lifecycle_")},
            to_{grouping.group.removeprefix("lifecycle_")},
            customer_count, share_of_from_{grouping.group.removeprefix("lifecycle_")},
            period_amount, period_start, period_end
        from {grouping.moves_mart}
        where period_end = (select max(period_end) from {grouping.moves_mart})
    """)
    if not rows:
        return Chart(anchor, title, uses, empty=say("report.customers.there_is_one_snapshot_so"))
    order: dict[str, int] = dict(
        marts.rows(f"select distinct {grouping.group}, {grouping.order} from {grouping.mart}")
    )
    rows.sort(key=lambda row: (order.get(row[0], 0), order.get(row[1], 0)))
    befores = sorted({row[0] for row in rows}, key=lambda name: order.get(name, 0))
    afters = sorted({row[1] for row in rows}, key=lambda name: order.get(name, 0))
    sums_before = {name: sum(row[2] for row in rows if row[0] == name) for name in befores}
    sums_after = {name: sum(row[2] for row in rows if row[1] == name) for name in afters}
    start, end = rows[0][5], rows[0][6]
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            node={
                "label": [
                    f"{marts.words.name(name)} {wording.count(size)}"
                    for sizes in (sums_before, sums_after)
                    for name, size in sizes.items()
                ],
                "color": [_colour(name, order) for name in (*befores, *afters)],
                "pad": 14,
                "thickness": 14,
                "line": {"width": 0},
                "hovertemplate": "%{label}<extra></extra>",
            },
            link={
                "source": [befores.index(row[0]) for row in rows],
                "target": [len(befores) + afters.index(row[1]) for row in rows],
                "value": [row[2] for row in rows],
                "color": [_link_colour(row[0], row[1], order, grouping) for row in rows],
                "hovertemplate": "%{source.label} → %{target.label}: "
                + say("report.unit.customers", count="%{value:,.0f}")
                + "<extra></extra>",
            },
        )
    )
    colours = (
        say("report.customers.green_bands_climb_red_ones")
        if grouping.is_ladder
        else say("report.customers.red_bands_go_to_at")
    )
    return Chart(
        anchor=anchor,
        title=title,
        marts=uses,
        reading=(
            say(
                "report.customers.on_the_left_where_customers",
                start=wording.day(start, marts.words),
                end=wording.day(end, marts.words),
            )
            + colours
        ),
        figure=finished(figure, 460, margin={"l": 10, "r": 10, "t": 20, "b": 20}),
        height=460,
        table=Table(
            (
                say("report.customers.from"),
                say("report.customers.to"),
                say("report.customers.customers"),
                say("report.customers.share_of_those_before"),
                say("report.customers.spent_between_the_dates"),
            ),
            [
                [
                    marts.words.name(before),
                    marts.words.name(after),
                    wording.count(customers),
                    wording.share(share),
                    wording.amount(spent),
                ]
                for before, after, customers, share, spent, _, _ in rows
            ],
        ),
    )


def _ordered(rows: list[tuple[Any, ...]]) -> dict[str, int]:
    return dict(sorted({(row[1], row[2]) for row in rows}, key=lambda pair: (pair[1], pair[0])))


def _colour(name: str, order: dict[str, int]) -> str:
    return SERIES[(order[name] - 1) % len(SERIES)] if name in order else FAINT


def _link_colour(before: str, after: str, order: dict[str, int], grouping: Grouping) -> str:
    if before == after or before not in order:
        return LINK
    if grouping.is_ladder:
        return LINK_GOOD if order[after] > order[before] else LINK_WARN
    fading = {"at_risk": 1, "lapsed": 2}
    if fading.get(after, 0) > fading.get(before, 0):
        return LINK_WARN
    return LINK_GOOD
