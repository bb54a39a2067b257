"""Draws the tiles that are charts. Colours are names of the page's own, for light and for dark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import plotly.graph_objects as go

from footfall.pages.boards.data import Data
from footfall.pages.boards.definitions import (
    BarsTile,
    FlowTile,
    Format,
    HeatTile,
    LinesTile,
    PlotlyTile,
)
from footfall.pages.boards.wording import TICKS
from footfall.pages.theme.style import (
    ACCENT,
    FAINT,
    GOOD,
    LINK,
    LINK_GOOD,
    LINK_WARN,
    MUTED,
    RULE,
    SERIES,
    WARN,
    axis,
    finished,
    heat_map,
)

TONES = {"accent": ACCENT, "good": GOOD, "warn": WARN, "faint": FAINT}
LINKS = {"good": LINK_GOOD, "warn": LINK_WARN}
DATES = {"month": "%b\n%Y", "day": "%-d %b\n%Y"}


def bars(tile: BarsTile, data: Data) -> go.Figure:
    """Return bars; the first of horizontal ones is on top."""
    figure = go.Figure()
    values = data.numbers("value", tile.value)
    texts = data.worded("format", tile.value, tile.format)
    across = _places(data, tile.across, tile.across_format)
    lower = data.numbers("lower", tile.lower) if tile.lower else []
    upper = data.numbers("upper", tile.upper) if tile.upper else []
    is_lying = tile.orientation == "horizontal"
    series = dict(_series(data, tile.by))
    tones = {data.text("series", name, "words"): tone for name, tone in tile.series.items()}
    names = [name for name in tones if name in series]
    names += [name for name in series if name not in tones]
    for number, name in enumerate(names):
        rows = series[name]
        tone = tones.get(name, tile.tone if not tile.by else None)
        places, sizes = [across[row] for row in rows], [values[row] for row in rows]
        figure.add_bar(
            x=sizes if is_lying else places,
            y=places if is_lying else sizes,
            name=name,
            orientation="h" if is_lying else "v",
            marker={"color": TONES[tone] if tone else SERIES[number % len(SERIES)]},
            customdata=[texts[row] for row in rows],
            # An interval takes the place of the number.
            text=[texts[row] for row in rows] if tile.labels and not tile.lower else None,
            textposition="none" if not tile.labels else "inside" if tile.stacked else "auto",
            textangle=0,
            cliponaxis=False,
            hovertemplate=("%{y}" if is_lying else "%{x}")
            + (" · %{fullData.name}" if name else "")
            + ": %{customdata}<extra></extra>",
        )
        if tile.lower:
            interval = _interval(sizes, [lower[row] for row in rows], [upper[row] for row in rows])
            figure.update_traces({"error_x" if is_lying else "error_y": interval})
    sizes_axis = axis(title=tile.axis, tickformat=TICKS.get(tile.format, ","), rangemode="tozero")
    if is_lying:
        # On a phone there is room for few.
        sizes_axis |= {"nticks": 5, "tickangle": 0}
    places_axis = _place_axis(across, tile.across_format)
    if is_lying:
        places_axis["autorange"] = "reversed"
    figure.update_xaxes(**(sizes_axis if is_lying else places_axis))
    figure.update_yaxes(**(places_axis if is_lying else sizes_axis))
    return finished(
        figure,
        tile.height,
        barmode="stack" if tile.stacked else "group",
        bargap=0.3,
        uniformtext={"minsize": 10, "mode": "hide"},
        **_legend(bool(tile.by)),
    )


def lines(tile: LinesTile, data: Data) -> go.Figure:
    """Return lines; the axis begins at zero."""
    figure = go.Figure()
    values = data.numbers("value", tile.value)
    texts = data.worded("format", tile.value, tile.format)
    across = _places(data, tile.across, tile.across_format)
    for number, (name, rows) in enumerate(_series(data, tile.by)):
        figure.add_scatter(
            x=[across[row] for row in rows],
            y=[values[row] for row in rows],
            name=name,
            mode="lines+markers",
            line={"color": SERIES[number % len(SERIES)] if tile.by else ACCENT, "width": 2.5},
            marker={"size": 6},
            customdata=[texts[row] for row in rows],
            hovertemplate="%{x}"
            + (" · %{fullData.name}" if name else "")
            + ": %{customdata}<extra></extra>",
        )
    figure.update_xaxes(**_place_axis(across, tile.across_format))
    figure.update_yaxes(
        **axis(title=tile.axis, tickformat=TICKS.get(tile.format, ","), rangemode="tozero")
    )
    return finished(figure, tile.height, **_legend(bool(tile.by)))


def heat(tile: HeatTile, data: Data) -> go.Figure:
    """Return a heat map; what has no row stays blank."""
    across = data.worded("across", tile.across, tile.across_format)
    down = data.worded("down", tile.down, tile.down_format)
    values = data.numbers("value", tile.value)
    texts = data.worded("format", tile.value, tile.format)
    columns, rows = list(dict.fromkeys(across)), list(dict.fromkeys(down))
    if tile.across_order:
        order = dict(zip(across, data.values("across_order", tile.across_order), strict=True))
        # What has no place comes after what has one.
        columns.sort(key=lambda name: (order[name] is None, order[name] or 0))
    cells = {
        (row, column): (value, text)
        for row, column, value, text in zip(down, across, values, texts, strict=True)
    }
    grid = [[cells.get((row, column), (None, "")) for column in columns] for row in rows]
    figure = go.Figure(
        heat_map(
            columns,
            rows,
            [[value for value, _ in line] for line in grid],
            [[text if value is not None else "" for value, text in line] for line in grid],
        )
    )
    figure.update_xaxes(**axis(title=tile.across_axis, type="category", showgrid=False, side="top"))
    figure.update_yaxes(
        **axis(title=tile.down_axis, type="category", showgrid=False, autorange="reversed")
    )
    return finished(figure, tile.height, margin={"l": 10, "r": 10, "t": 40, "b": 10})


def flow(tile: FlowTile, data: Data) -> go.Figure:
    """Return bands between places, in the order in which the query names the places."""
    sources = data.worded("source", tile.source, "words")
    targets = data.worded("target", tile.target, "words")
    values = [value or 0 for value in data.numbers("value", tile.value)]
    tones = data.values("tone", tile.tone) if tile.tone else [None] * len(values)
    left = [(0, name) for name in sources]
    right = [(1 if tile.two_sided else 0, name) for name in targets]
    # What is on both sides has the same order on both.
    known = dict.fromkeys(sources)
    both = [node for node in dict.fromkeys(right) if node[1] in known]
    both.sort(key=lambda node: list(known).index(node[1]))
    nodes = {node: number for number, node in enumerate(dict.fromkeys([*left, *both, *right]))}
    into, out = dict.fromkeys(nodes, 0.0), dict.fromkeys(nodes, 0.0)
    for source, target, value in zip(left, right, values, strict=True):
        out[source] += value
        into[target] += value
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            node={
                "label": [
                    f"{name[1]} {data.say(max(into[name], out[name]), 'count')}" for name in nodes
                ],
                "color": ACCENT,
                "pad": 18,
                **(_sides(nodes, into, out) if tile.two_sided else {}),
                "thickness": 14,
                "line": {"width": 0},
                "hovertemplate": "%{label}<extra></extra>",
            },
            link={
                "source": [nodes[node] for node in left],
                "target": [nodes[node] for node in right],
                "value": values,
                "color": [LINKS.get(tone, LINK) for tone in tones],
                "hovertemplate": "%{source.label} → %{target.label}: %{value:,.0f} "
                + tile.unit
                + "<extra></extra>",
            },
        )
    )
    return finished(figure, tile.height, margin={"l": 10, "r": 10, "t": 24, "b": 24})


def own(tile: PlotlyTile, data: Data) -> go.Figure:
    """Return a chart that the board describes itself, once for each value of `by`.

    Raises
    ------
    BoardError
        Plotly does not know what it asks for.
    """
    drawn: list[dict[str, Any]] = []
    for number, (name, rows) in enumerate(_series(data, tile.by)):
        for place, trace in enumerate(tile.traces):
            filled = _filled(trace, f"traces[{place}]", data, rows)
            if tile.by:
                filled = {"name": name, "marker": {"color": SERIES[number % len(SERIES)]}, **filled}
            drawn.append(filled)
    try:
        figure = finished(go.Figure(drawn), tile.height, **_legend(bool(tile.by)))
        figure.update_layout(**tile.layout)
    except (ValueError, TypeError) as problem:
        said = " ".join(str(problem).split())
        raise data.problem("traces", f"Plotly cannot draw this: {said[:300]}") from problem
    for axes in (figure.update_xaxes, figure.update_yaxes):
        axes(
            gridcolor=RULE, zerolinecolor=RULE, automargin=True, fixedrange=True,
            title_font={"size": 12, "color": MUTED},
        )  # fmt: skip
    return figure


def _filled(part: Any, key: str, data: Data, rows: list[int]) -> Any:
    """Return a part of a trace with `{column: name}` replaced by that column."""
    if isinstance(part, dict):
        if set(part) == {"column"}:
            values = data.values(key, str(part["column"]))
            return [
                data.text(key, values[row], "text", row)
                if isinstance(values[row], str)
                else values[row]
                for row in rows
            ]
        return {name: _filled(inner, f"{key}.{name}", data, rows) for name, inner in part.items()}
    if isinstance(part, list):
        return [_filled(inner, f"{key}[{n}]", data, rows) for n, inner in enumerate(part)]
    return part


def _series(data: Data, by: str) -> Iterator[tuple[str, list[int]]]:
    """Return series by name with the places of their rows, in the order in which they come."""
    if not by:
        yield "", list(range(len(data.rows.rows)))
        return
    names = data.worded("by", by, "words")
    for name in dict.fromkeys(names):
        yield name, [row for row, own_name in enumerate(names) if own_name == name]


def _places(data: Data, column: str, form: Format) -> list[str]:
    if form in DATES:
        data.worded("across_format", column, form)
        return [f"{value:%Y-%m-%d}" for value in data.values("across", column)]
    return data.worded("across", column, form)


def _place_axis(places: list[str], form: Format) -> dict[str, Any]:
    if form in DATES:
        # Few dates each get their name; of many Plotly picks.
        ticks: dict[str, Any] = {"tickvals": sorted(set(places))} if len(set(places)) <= 7 else {}
        return axis(type="date", tickformat=DATES[form], showgrid=False, **ticks)
    return axis(
        type="category",
        showgrid=False,
        categoryorder="array",
        categoryarray=list(dict.fromkeys(places)),
    )


def _legend(is_shown: bool) -> dict[str, Any]:
    """Return the legend above, where no axis gets into its way."""
    return {
        "showlegend": is_shown,
        "legend": {
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
            "traceorder": "normal",
        },
        "margin": {"l": 10, "r": 24, "t": 18, "b": 10},
    }


def _sides(
    nodes: Mapping[tuple[int, str], int],
    into: Mapping[tuple[int, str], float],
    out: Mapping[tuple[int, str], float],
) -> dict[str, list[float]]:
    """Return places of the nodes of two sides that keep their order from top to bottom."""
    places: dict[tuple[int, str], float] = {}
    for side in (0, 1):
        sizes = {node: max(into[node], out[node]) for node in nodes if node[0] == side}
        total = sum(sizes.values()) or 1
        # Plotly spends about a third of the height on the space between nodes.
        gap = 0.35 / max(len(sizes), 1)
        top = gap / 2
        for node, size in sizes.items():
            height = 0.65 * size / total
            places[node] = top + height / 2
            top += height + gap
    return {
        "x": [0.001 if side == 0 else 0.999 for side, _ in nodes],
        "y": [places[node] for node in nodes],
    }


def _interval(
    values: list[float | None], lower: list[float | None], upper: list[float | None]
) -> dict[str, Any]:
    """Return Plotly's error bars: from the value to either end, none where one is unknown."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [
            high - value if high is not None and value is not None else 0
            for value, high in zip(values, upper, strict=True)
        ],
        "arrayminus": [
            value - low if low is not None and value is not None else 0
            for value, low in zip(values, lower, strict=True)
        ],
        "color": MUTED,
        "thickness": 1.5,
    }
