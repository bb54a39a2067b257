"""Who comes back: retention and value of customers by the month of their first order."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import plotly.graph_objects as go

from footfall.pages.report.parts import Chart, Table, not_built
from footfall.pages.report.warehouse import Marts
from footfall.pages.theme import wording
from footfall.pages.theme.style import ACCENT, FAINT, axis, finished, heat_map

RETENTION_TITLE = "Who comes back"
VALUE_TITLE = "What a customer is worth with time"
USES = ("journey_cohorts",)


def cohorts(marts: Marts) -> tuple[Chart, Chart]:
    """Return the retention triangle and the value of a customer, over complete months."""
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
        empty = (
            "No month with first orders is over yet: cohorts begin with the first complete month."
        )
        return (
            Chart("retention", RETENTION_TITLE, USES, empty=empty),
            Chart("worth", VALUE_TITLE, USES, empty=empty),
        )
    return _retention(rows), _value(rows)


def _retention(rows: list[tuple[Any, ...]]) -> Chart:
    sizes = {row[0]: row[2] for row in rows}
    shares = {(row[0], row[1]): row[3] for row in rows}
    ages = sorted({row[1] for row in rows})
    labels = [f"{wording.month(cohort)} ({wording.count(size)})" for cohort, size in sizes.items()]
    # Month 0 is 100 % by definition and would drown the others.
    values = [[shares.get((cohort, age)) if age else None for age in ages] for cohort in sizes]
    texts = [
        ["" if (cohort, age) not in shares else f"{100 * shares[cohort, age]:.0f}" for age in ages]
        for cohort in sizes
    ]
    figure = go.Figure(heat_map([str(age) for age in ages], labels, values, texts))
    figure.update_traces(
        textfont={"size": 10},
        hovertemplate="%{y}, after %{x} months: %{text} %<extra></extra>",
    )
    figure.update_xaxes(
        **axis(side="top", type="category", showgrid=False, title="months since the first order")
    )
    figure.update_yaxes(**axis(autorange="reversed", type="category", showgrid=False))
    height = 90 + 24 * len(labels)
    return Chart(
        anchor="retention",
        title=RETENTION_TITLE,
        marts=USES,
        reading=(
            "A row holds the customers who first bought in that month (their number in brackets). "
            "The cells say how many of a hundred bought again so many months later; rows whose "
            "colour grows stronger further down are cohorts that stay better than older ones."
        ),
        figure=finished(figure, height, margin={"l": 10, "r": 10, "t": 50, "b": 10}),
        height=height,
        table=Table(
            ("Cohort", "Customers", *(f"month {age}" for age in ages)),
            [
                [
                    wording.month(cohort),
                    wording.count(size),
                    *(wording.share(shares.get((cohort, age))) for age in ages),
                ]
                for cohort, size in sizes.items()
            ],
        ),
    )


def _value(rows: list[tuple[Any, ...]]) -> Chart:
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
                hovertemplate=f"{wording.month(cohort)}, after %{{x}} months: %{{y:,.2f}}"
                "<extra></extra>",
            )
        )
    figure.add_trace(
        go.Scatter(
            x=ages,
            y=list(overall.values()),
            mode="lines+markers",
            line={"color": ACCENT, "width": 3},
            showlegend=False,
            hovertemplate="all, after %{x} months: %{y:,.2f}<extra></extra>",
        )
    )
    figure.update_xaxes(
        **axis(title="months since the first order", showgrid=False, range=[-0.3, ages[-1] + 0.3])
    )
    figure.update_yaxes(**axis(title="net amount a customer", rangemode="tozero"))
    cohort_worth = {(row[0], row[1]): row[4] for row in rows}
    return Chart(
        anchor="worth",
        title=VALUE_TITLE,
        marts=USES,
        reading=(
            "The thick line is what a customer has spent on average so many months after the first "
            "order, refunds taken off; each thin line is the customers of one month. It averages "
            "the cohorts that are old enough, so its right end rests on few."
        ),
        figure=finished(figure, 360),
        height=360,
        table=Table(
            ("Cohort", *(f"month {age}" for age in ages)),
            [
                [
                    wording.month(cohort),
                    *(wording.amount(cohort_worth.get((cohort, age))) for age in ages),
                ]
                for cohort in lines
            ]
            + [["all", *(wording.amount(overall[age]) for age in ages)]],
        ),
    )
