"""What all figures share. Colours are names of the page's own, so that light and dark both fit."""

from __future__ import annotations

from typing import Any

from footfall.core.extras import needs

with needs("boards"):
    import plotly.graph_objects as go

INK = "var(--ink)"
MUTED = "var(--muted)"
RULE = "var(--rule)"
ACCENT = "var(--accent)"
WARN = "var(--warn)"
GOOD = "var(--good)"
FAINT = "var(--faint)"
LINK = "var(--link)"
LINK_WARN = "var(--link-warn)"
LINK_GOOD = "var(--link-good)"
SERIES = tuple(f"var(--series-{number})" for number in range(1, 9))
HEAT = [[0, "var(--heat-0)"], [1, "var(--heat-1)"]]


def axis(title: str = "", **own: Any) -> dict[str, Any]:
    """Return an axis that stays in the background."""
    return {
        "gridcolor": RULE,
        "zerolinecolor": RULE,
        "linecolor": RULE,
        "automargin": True,
        "fixedrange": True,
        "title": {"text": title, "font": {"size": 12, "color": MUTED}},
        **own,
    }


def finished(figure: go.Figure, height: int, **layout: Any) -> go.Figure:
    """Return the figure in the page's dress."""
    figure.update_layout(
        template="none",
        height=height,
        font={"color": INK, "size": 13, "family": "system-ui, sans-serif"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        hoverlabel={"bgcolor": "var(--paper)", "font": {"color": INK}, "bordercolor": RULE},
        legend={"orientation": "h", "y": -0.12, "yanchor": "top", "x": 0},
        dragmode=False,
    )
    figure.update_layout(**layout)
    return figure


def heat_map(
    columns: list[str], rows: list[str], values: list[list[float | None]], texts: list[list[str]]
) -> go.Heatmap:
    """Return a heat map that writes its values into the cells, first row on top."""
    return go.Heatmap(
        x=columns,
        y=rows,
        z=values,
        text=texts,
        texttemplate="%{text}",
        textfont={"color": INK},
        colorscale=HEAT,
        showscale=False,
        xgap=2,
        ygap=2,
        hoverongaps=False,
        hovertemplate="%{y} · %{x}: %{text}<extra></extra>",
        zmin=0,
    )
