"""Which channels earn the credit for orders, by each rule."""

from __future__ import annotations

import plotly.graph_objects as go

from footfall.pages.report.parts import Chart, Table, not_built
from footfall.pages.report.warehouse import Marts
from footfall.pages.theme import wording
from footfall.pages.theme.style import axis, finished, heat_map

TITLE = "report.attribution.which_channels_earn_the_credit"
USES = ("journey_attribution",)
MODELS = (
    "first_touch", "last_touch", "linear", "position_based", "time_decay", "markov", "shapley",
)  # fmt: skip


def attribution(marts: Marts) -> Chart:
    """Return shares of the conversions of all months: channels are rows, rules are columns."""
    say = marts.words.say
    if missing := not_built(marts, "attribution", TITLE, USES):
        return missing
    rows = marts.rows("""
        select attribution_model, channel, sum(credited_conversions), sum(credited_amount)
        from journey_attribution
        group by attribution_model, channel
        order by channel, attribution_model
    """)
    channels = {row[1] for row in rows}
    conversions = {model: sum(row[2] or 0 for row in rows if row[0] == model) for model in MODELS}
    if not channels - {"unknown"} or not any(conversions.values()):
        return Chart(
            "attribution",
            TITLE,
            USES,
            empty=(say("report.attribution.the_source_does_not_tell")),
        )
    known = {(row[0], row[1]): (row[2] or 0, row[3] or 0) for row in rows}
    models = [model for model in MODELS if conversions[model]]
    order = sorted(channels, key=lambda name: (-known.get((models[0], name), (0, 0))[0], name))
    shares = [
        [known.get((model, channel), (0, 0))[0] / conversions[model] for model in models]
        for channel in order
    ]
    figure = go.Figure(
        heat_map(
            [wording.words(model) for model in models],
            [wording.words(channel) for channel in order],
            [list(row) for row in shares],
            [[wording.share(value) for value in row] for row in shares],
        )
    )
    figure.update_xaxes(**axis(side="top", showgrid=False))
    figure.update_yaxes(**axis(autorange="reversed", showgrid=False))
    height = 70 + 40 * len(order)
    return Chart(
        anchor="attribution",
        title=TITLE,
        marts=USES,
        reading=(say("report.attribution.a_column_shares_all_orders")),
        figure=finished(figure, height, margin={"l": 10, "r": 10, "t": 40, "b": 10}),
        height=height,
        table=Table(
            (
                say("report.attribution.channel"),
                say("report.attribution.rule"),
                say("report.attribution.orders"),
                say("report.attribution.share"),
                say("report.attribution.amount"),
            ),
            [
                [
                    channel,
                    wording.words(model),
                    f"{known.get((model, channel), (0, 0))[0]:,.1f}",
                    wording.share(value),
                    wording.amount(known.get((model, channel), (0, 0))[1]),
                ]
                for channel, row in zip(order, shares, strict=True)
                for model, value in zip(models, row, strict=True)
            ],
        ),
    )
