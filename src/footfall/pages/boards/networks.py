"""Draws who shares what: groups side by side, their members on a circle around what they share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from footfall.pages.boards.data import Data
from footfall.pages.boards.definitions import NetworkTile
from footfall.pages.theme.style import ACCENT, INK, MUTED, RULE, SERIES, WARN, finished

#: How far apart the centres of circles of radius 1 are.
_APART = 2.9
#: Radius of the circle of what is shared.
_INNER = 0.45
_SYMBOLS = ("square", "diamond", "triangle-up", "hexagon", "star", "cross")


class Link(NamedTuple):
    """A member of a group and what it shares."""

    group: str
    member: str
    shared: str


Place = tuple[float, float]


def places_of(links: Sequence[Link]) -> tuple[dict[tuple[str, str], Place], dict[str, Place]]:
    """Return where members and what they share stand, and where the titles of the groups do.

    The same links in the same order always give the same places. Members stand evenly on a circle
    in the order in which they come; what they share stands on a circle within, in the order of the
    directions in which its members are.

    Parameters
    ----------
    links
        Pairs of members and what they share, by group.

    Returns
    -------
    places
        By group and name of a member or of what is shared: x and y.
    titles
        By group.

    Examples
    --------
    >>> places, _ = places_of([Link("r", "a", "card"), Link("r", "b", "card")])
    >>> {name: (round(x, 1), round(y, 1)) for (_, name), (x, y) in places.items()}
    {'a': (0.0, 1.0), 'b': (0.0, -1.0), 'card': (0.0, 0.0)}
    """
    places: dict[tuple[str, str], Place] = {}
    titles: dict[str, Place] = {}
    groups = list(dict.fromkeys(link.group for link in links))
    # As many groups side by side as below each other.
    side_by_side = math.ceil(math.sqrt(len(groups)))
    for number, group in enumerate(groups):
        centre = (_APART * (number % side_by_side), -_APART * (number // side_by_side))
        own = [link for link in links if link.group == group]
        members = _circle(list(dict.fromkeys(link.member for link in own)), 1)
        shared = list(dict.fromkeys(link.shared for link in own))
        turned = {
            name: _turn([members[o.member] for o in own if o.shared == name]) for name in shared
        }
        shared.sort(key=lambda name, turns=turned: (turns[name], name))  # type: ignore[misc]
        radius = _INNER if len(shared) > 1 else 0
        start = turned[shared[0]] if len(shared) > 1 else 0
        for name, (x, y) in (members | _circle(shared, radius, start)).items():
            places[group, name] = (centre[0] + x, centre[1] + y)
        titles[group] = (centre[0], centre[1] + 1.3)
    return places, titles


def _circle(names: Sequence[str], radius: float, start: float = 0) -> dict[str, Place]:
    """Return places on a circle, clockwise from the top or from a direction in radians."""
    step = 2 * math.pi / max(len(names), 1)
    return {
        name: (radius * math.sin(start + n * step), radius * math.cos(start + n * step))
        for n, name in enumerate(names)
    }


def _turn(places: Sequence[Place]) -> float:
    """Return the mean direction of places, clockwise from the top, in radians from 0 on.

    Rounded, so that members opposite of each other, whose mean is no direction, give 0 everywhere.
    """
    x, y = (round(sum(values) / len(places), 9) for values in zip(*places, strict=True))
    return math.atan2(x, y) % (2 * math.pi) if x or y else 0.0


def network(tile: NetworkTile, data: Data) -> go.Figure:
    """Return groups of members with lines to what they share."""
    groups = data.worded("group", tile.group, "text")
    members = data.worded("source", tile.source, "key")
    shared = data.worded("target", tile.target, "words")
    kinds = data.worded("target_kind", tile.target_kind, "words")
    tones = data.values("tone", tile.tone) if tile.tone else [None] * len(groups)
    # A member has a name of its own in the picture: what is shared may be called as it is.
    links = [Link(*one) for one in zip(groups, (f"\0{m}" for m in members), shared, strict=True)]
    places, titles = places_of(links)
    figure = go.Figure(_lines(links, places))
    warned = {(one.group, one.member) for one, tone in zip(links, tones, strict=True) if tone}
    everyone = list(dict.fromkeys((one.group, one.member) for one in links))
    for called, color, chosen in (
        (tile.member_label, ACCENT, [one for one in everyone if one not in warned]),
        (tile.tone_label, WARN, [one for one in everyone if one in warned]),
    ):
        if chosen:
            figure.add_trace(_points(called, chosen, places, color, "circle"))
    of_kind: Mapping[tuple[str, str], str] = {
        (one.group, one.shared): kind for one, kind in zip(links, kinds, strict=True)
    }
    for number, kind in enumerate(dict.fromkeys(kinds)):
        chosen = [one for one, own in of_kind.items() if own == kind]
        color = SERIES[(number + 2) % len(SERIES)]
        symbol = _SYMBOLS[number % len(_SYMBOLS)]
        figure.add_trace(_points(kind, chosen, places, color, symbol))
    for group, (x, y) in titles.items():
        figure.add_annotation(
            x=x, y=y, text=group, showarrow=False, font={"size": 12, "color": INK}
        )
    finished(
        figure, tile.height, showlegend=True, margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "x": 0},
    )  # fmt: skip
    hidden = {"visible": False, "fixedrange": True}
    figure.update_xaxes(**hidden)
    figure.update_yaxes(**hidden, scaleanchor="x")
    return figure


def _lines(links: Sequence[Link], places: Mapping[tuple[str, str], Place]) -> go.Scatter:
    xs: list[float | None] = []
    ys: list[float | None] = []
    for one in links:
        (x0, y0), (x1, y1) = places[one.group, one.member], places[one.group, one.shared]
        xs += [x0, x1, None]
        ys += [y0, y1, None]
    return go.Scatter(
        x=xs, y=ys, mode="lines", line={"color": RULE, "width": 1.5}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip


def _points(
    called: str,
    chosen: Sequence[tuple[str, str]],
    places: Mapping[tuple[str, str], Place],
    color: str,
    symbol: str,
) -> go.Scatter:
    return go.Scatter(
        x=[places[one][0] for one in chosen],
        y=[places[one][1] for one in chosen],
        name=called,
        mode="markers",
        text=[name.removeprefix("\0") for _, name in chosen],
        marker={
            "color": color,
            "symbol": symbol,
            "size": 11,
            "line": {"color": MUTED, "width": 0.5},
        },
        hovertemplate="%{text}<extra></extra>",
    )
