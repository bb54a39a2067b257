"""Who comes back: retention and value of customers by the month of their first order."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import plotly.graph_objects as go

from footfall.pages.report.parts import Chart, Table, not_built
from footfall.pages.report.warehouse import Marts
from footfall.pages.theme import wording
from footfall.pages.theme.style import ACCENT, FAINT, axis, finished, heat_map

RETENTION_TITLE = "report.cohorts.who_comes_back"
VALUE_TITLE = "report.cohorts.what_a_customer_is_worth"
USES = ("journey_cohorts",)


def cohorts(marts: Marts) -> tuple[Chart, Chart]:
    """Return the retention triangle and the value of a customer, over complete months."""
    say = marts.words.say
    missing = not_built(marts, "retention", RETENTION_TITLE, USES)
    if missing:
        return missing, Chart("worth", VALUE_TITLE, USES, empty=missing.empty)
    rows = marts.rows("""
        select
            cohort_month, months_since, customer_count, retention_share,
            cumulative_amount_per_customer, cumulative_net_amount
        from journey_cohorts
        where slice_name = 'all' and is_complete
        order by cohort_month, months_since
    """)
    if not rows:
        empty = say("report.cohorts.no_month_with_first_orders")
        return (
            Chart("retention", RETENTION_TITLE, USES, empty=empty),
            Chart("worth", VALUE_TITLE, USES, empty=empty),
        )
    return _retention(marts, rows), _value(marts, rows)


def _retention(marts: Marts, rows: list[tuple[Any, ...]]) -> Chart:
    say = marts.words.say
    sizes = {row[0]: row[2] for row in rows}
    shares = {(row[0], row[1]): row[3] for row in rows}
    ages = sorted({row[1] for row in rows})
    labels = [
        f"{wording.month(cohort, marts.words)} ({wording.count(size)})"
        for cohort, size in sizes.items()
    ]
    # Month 0 is 100 % by definition and would drown the others.
    values = [[shares.get((cohort, age)) if age else None for age in ages] for cohort in sizes]
    texts = [
        ["" if (cohort, age) not in shares else f"{100 * shares[cohort, age]:.0f}" for age in ages]
        for cohort in sizes
    ]
    figure = go.Figure(heat_map([str(age) for age in ages], labels, values, texts))
    figure.update_traces(
        textfont={"size": 10},
        hovertemplate=(
            say("report.cohorts.after_months", who="%{y}", months="%{x}", value="%{text} %")
            + "<extra></extra>"
        ),
    )
    figure.update_xaxes(
        **axis(
            side="top",
            type="category",
            showgrid=False,
            title=say("report.cohorts.months_since_the_first_order"),
        )
    )
    figure.update_yaxes(**axis(autorange="reversed", type="category", showgrid=False))
    height = 90 + 24 * len(labels)
    return Chart(
        anchor="retention",
        title=RETENTION_TITLE,
        marts=USES,
        reading=(say("report.cohorts.a_row_holds_the_customers")),
        figure=finished(figure, height, margin={"l": 10, "r": 10, "t": 50, "b": 10}),
        height=height,
        table=Table(
            (
                say("report.cohorts.cohort"),
                say("report.cohorts.customers"),
                *(say("report.cohorts.month", month=age) for age in ages),
            ),
            [
                [
                    wording.month(cohort, marts.words),
                    wording.count(size),
                    *(wording.share(shares.get((cohort, age))) for age in ages),
                ]
                for cohort, size in sizes.items()
            ],
        ),
    )


def _value(marts: Marts, rows: list[tuple[Any, ...]]) -> Chart:
    say = marts.words.say
    lines: dict[Any, list[tuple[int, float]]] = defaultdict(list)
    for cohort, age, _, _, worth, _ in rows:
        lines[cohort].append((age, worth))
    ages = sorted({row[1] for row in rows})
    overall = {
        age: sum(row[5] for row in rows if row[1] == age)
        / sum(row[2] for row in rows if row[1] == age)
        for age in ages
    }
    figure = go.Figure()
    for cohort, points in lines.items():
        figure.add_trace(
            go.Scatter(
                x=[age for age, _ in points],
                y=[worth for _, worth in points],
                mode="lines",
                line={"color": FAINT, "width": 1},
                showlegend=False,
                hovertemplate=say(
                    "report.cohorts.after_months",
                    who=wording.month(cohort, marts.words),
                    months="%{x}",
                    value="%{y:,.2f}",
                )
                + "<extra></extra>",
            )
        )
    figure.add_trace(
        go.Scatter(
            x=ages,
            y=list(overall.values()),
            mode="lines+markers",
            line={"color": ACCENT, "width": 3},
            showlegend=False,
            hovertemplate=say(
                "report.cohorts.after_months",
                who=say("report.cohorts.all"),
                months="%{x}",
                value="%{y:,.2f}",
            )
            + "<extra></extra>",
        )
    )
    figure.update_xaxes(
        **axis(
            title=say("report.cohorts.months_since_the_first_order"),
            showgrid=False,
            range=[-0.3, ages[-1] + 0.3],
        )
    )
    figure.update_yaxes(
        **axis(title=say("report.cohorts.net_amount_a_customer"), rangemode="tozero")
    )
    cohort_worth = {(row[0], row[1]): row[4] for row in rows}
    return Chart(
        anchor="worth",
        title=VALUE_TITLE,
        marts=USES,
        reading=(say("report.cohorts.the_thick_line_is_what")),
        figure=finished(figure, 360),
        height=360,
        table=Table(
            (
                say("report.cohorts.cohort"),
                *(say("report.cohorts.month", month=age) for age in ages),
            ),
            [
                [
                    wording.month(cohort, marts.words),
                    *(wording.amount(cohort_worth.get((cohort, age))) for age in ages),
                ]
                for cohort in lines
            ]
            + [[say("report.cohorts.all"), *(wording.amount(overall[age]) for age in ages)]],
        ),
    )
