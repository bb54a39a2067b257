"""The funnel by slice: where one channel, device, country or kind of visitor falls behind."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from footfall.pages.report.parts import Chart, Table, not_built
from footfall.pages.report.warehouse import Marts
from footfall.pages.theme import wording
from footfall.pages.theme.figures import bold
from footfall.pages.theme.style import SERIES, axis, finished

TITLE = "report.funnel.the_funnel_by_channel_device"
USES = ("journey_funnel",)
# More lines than these cannot be distinguished; the table has them all.
LINES = 6


def funnel_by_slice(marts: Marts) -> Chart:
    """Share of sessions that reach each stage, a panel for each way to slice."""
    say = marts.words.say
    if missing := not_built(marts, "funnel", TITLE, USES):
        return missing
    rows = marts.rows("""
        select slice_name, slice_value, stage, sum(session_count)
        from journey_funnel
        where funnel_kind = 'any_order' and slice_name <> 'all'
        group by slice_name, slice_value, stage
        order by slice_name, slice_value, min(stage_order)
    """)
    slices: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for name, value, stage, sessions in rows:
        slices[name][value][stage] = sessions
    told = {name: values for name, values in slices.items() if set(values) != {"unknown"}}
    if not told:
        return Chart(
            "funnel",
            TITLE,
            USES,
            empty=(say("report.funnel.the_source_tells_neither_channel")),
        )
    return Chart(
        anchor="funnel",
        title=TITLE,
        marts=USES,
        reading=say("report.funnel.reading", count=LINES),
        figure=_panels(told),
        height=300 * ((len(told) + 1) // 2),
        table=_table(marts, told),
    )


def _panels(slices: dict[str, dict[str, dict[str, int]]]) -> go.Figure:
    names = list(slices)
    figure = make_subplots(
        rows=(len(names) + 1) // 2,
        cols=2 if len(names) > 1 else 1,
        subplot_titles=[bold(name) for name in names],
        horizontal_spacing=0.1,
        vertical_spacing=0.16,
    )
    for place, name in enumerate(names):
        values = slices[name]
        stages = _stages(values)
        largest = sorted(values, key=lambda value: (-values[value].get(stages[0], 0), value))
        for number, value in enumerate(largest[:LINES]):
            first = values[value].get(stages[0], 0)
            shares = [values[value].get(stage, 0) / first if first else 0 for stage in stages[1:]]
            figure.add_trace(
                go.Bar(
                    name=wording.words(value),
                    legend=f"legend{place + 1}" if place else "legend",
                    x=stages[1:],
                    y=shares,
                    text=[wording.share(reached) for reached in shares],
                    textposition="outside",
                    textfont={"size": 10},
                    cliponaxis=False,
                    marker={"color": SERIES[number]},
                    hovertemplate="%{fullData.name}, %{x}: %{y:.1%}<extra></extra>",
                ),
                row=place // 2 + 1,
                col=place % 2 + 1,
            )
    figure.update_xaxes(**axis(showgrid=False))
    figure.update_yaxes(**axis(tickformat=".0%", rangemode="tozero", nticks=4))
    legends: dict[str, Any] = {}
    for place in range(len(names)):
        domain_x = figure.layout["xaxis" if not place else f"xaxis{place + 1}"].domain
        domain_y = figure.layout["yaxis" if not place else f"yaxis{place + 1}"].domain
        legends["legend" if not place else f"legend{place + 1}"] = {
            "orientation": "h",
            "x": domain_x[0],
            "y": domain_y[0] - 0.045,
            "yanchor": "top",
            "font": {"size": 11},
        }
    height = 300 * ((len(names) + 1) // 2)
    return finished(
        figure,
        height,
        barmode="group",
        bargap=0.25,
        margin={"l": 10, "r": 10, "t": 36, "b": 50},
        **legends,
    )


def _stages(values: dict[str, dict[str, int]]) -> list[str]:
    return list(max(values.values(), key=lambda counts: len(list(counts))))


def _table(marts: Marts, slices: dict[str, dict[str, dict[str, int]]]) -> Table:
    say = marts.words.say
    rows = []
    stages = _stages(
        {f"{name} {value}": counts for name in slices for value, counts in slices[name].items()}
    )
    for name, values in slices.items():
        for value, counts in values.items():
            first = counts.get(stages[0], 0)
            rows.append(
                [
                    name,
                    wording.words(value),
                    *(wording.count(counts.get(stage, 0)) for stage in stages),
                    wording.share(counts.get(stages[-1], 0) / first if first else None),
                ]
            )
    return Table(
        (
            say("report.funnel.cut_by"),
            say("report.funnel.group"),
            *stages,
            say("report.funnel.last_of_first", last=stages[-1], first=stages[0]),
        ),
        rows,
    )
