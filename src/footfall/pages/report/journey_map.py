"""The way to an order: who goes on from stage to stage, who stops, and what became of them."""

from __future__ import annotations

from itertools import pairwise

import plotly.graph_objects as go

from footfall.pages.report.parts import Chart, Table, not_built
from footfall.pages.report.warehouse import Marts
from footfall.pages.theme import wording
from footfall.pages.theme.figures import BREAK, bold
from footfall.pages.theme.style import (
    ACCENT,
    FAINT,
    GOOD,
    LINK,
    LINK_GOOD,
    LINK_WARN,
    WARN,
    finished,
)

TITLE = "report.journey_map.the_journey_mapped"
USES = ("journey_funnel", "journey_dropoffs")
OUTCOMES = {
    "bought_later": ("report.journey_map.bought_later", GOOD, LINK_GOOD),
    "came_back": ("report.journey_map.came_back_bought_nothing", FAINT, LINK),
    "left": ("report.journey_map.left", WARN, LINK_WARN),
    "open": ("report.journey_map.too_early_to_tell", FAINT, LINK),
}


def journey_map(marts: Marts) -> Chart:
    """Return stages as a Sankey; the width of a band is a number of sessions."""
    say = marts.words.say
    if missing := not_built(marts, "map", TITLE, USES):
        return missing
    # Medians of months can't be merged: their mean, weighed by sessions, is called typical.
    stages = marts.rows("""
        select
            stage,
            sum(session_count),
            sum(drop_off_count),
            sum(median_dwell_seconds * session_count)
                / nullif(sum(session_count) filter (median_dwell_seconds is not null), 0)
        from journey_funnel
        where funnel_kind = 'any_order' and slice_name = 'all'
        group by stage
        order by min(stage_order)
    """)
    outcomes = marts.rows("""
        select stage, outcome, sum(session_count), sum(recovered_amount)
        from journey_dropoffs
        where slice_name = 'all'
        group by stage, outcome
        having sum(session_count) > 0
        order by min(stage_order), outcome
    """)
    if not stages or not stages[0][1]:
        return Chart("map", TITLE, USES, empty=say("report.journey_map.the_source_tells_of_no"))
    first = stages[0][1]
    ((all_sessions,),) = marts.rows("select count(*) from sessions where not is_bot")
    places = {stage: number for number, (stage, *_) in enumerate(stages)}
    ends = [name for name in OUTCOMES if any(outcome == name for _, outcome, *_ in outcomes)]
    places |= {name: len(stages) + number for number, name in enumerate(ends)}
    ended = {name: sum(row[2] for row in outcomes if row[1] == name) for name in ends}
    labels = [
        f"{bold(stage)} {wording.count(sessions)} ({wording.share(sessions / first)})"
        + (
            BREAK + say("report.journey_map.there", time=wording.duration(dwell, marts.words))
            if dwell
            else ""
        )
        for stage, sessions, _, dwell in stages
    ] + [f"{say(OUTCOMES[name][0])} {wording.count(ended[name])}" for name in ends]
    links = [
        (places[here[0]], places[there[0]], there[1], LINK_GOOD)
        for here, there in pairwise(stages)
        if there[1]
    ] + [
        (places[stage], places[outcome], sessions, OUTCOMES[outcome][2])
        for stage, outcome, sessions, _ in outcomes
    ]
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            node={
                "label": labels,
                "color": [ACCENT] * len(stages) + [OUTCOMES[name][1] for name in ends],
                "pad": 26,
                "thickness": 14,
                "line": {"width": 0},
                "hovertemplate": "%{label}<extra></extra>",
            },
            link={
                "source": [link[0] for link in links],
                "target": [link[1] for link in links],
                "value": [link[2] for link in links],
                "color": [link[3] for link in links],
                "hovertemplate": "%{source.label} → %{target.label}: "
                + say("report.unit.sessions", count="%{value:,.0f}")
                + "<extra></extra>",
            },
        )
    )
    told = {(stage, outcome): (sessions, paid) for stage, outcome, sessions, paid in outcomes}
    return Chart(
        anchor="map",
        title=TITLE,
        marts=USES,
        reading=(
            say("report.journey_map.follow_the_bands_from_left")
            + _elsewhere(marts, all_sessions - first)
        ),
        figure=finished(figure, 460, margin={"l": 10, "r": 10, "t": 24, "b": 24}),
        height=460,
        table=Table(
            (
                say("report.journey_map.stage"),
                say("report.journey_map.sessions"),
                say("report.journey_map.share_of_the_first"),
                say("report.journey_map.typical_time"),
                say("report.journey_map.stopped_here"),
                *(say(OUTCOMES[name][0]) for name in ends),
                say("report.journey_map.bought_later_amount"),
            ),
            [
                [
                    stage,
                    wording.count(sessions),
                    wording.share(sessions / first),
                    wording.duration(dwell, marts.words),
                    wording.count(stopped),
                    *(wording.count(told.get((stage, name), (0, 0))[0]) for name in ends),
                    wording.amount(told.get((stage, "bought_later"), (0, 0))[1]),
                ]
                for stage, sessions, stopped, dwell in stages
            ],
        ),
    )


def _elsewhere(marts: Marts, sessions: int) -> str:
    say = marts.words.say
    if not sessions:
        return ""
    return say("report.journey_map.sessions_are_not_on_the", sessions=wording.count(sessions))
