"""What troubles customers, what it costs, and what to do about it."""

from __future__ import annotations

import plotly.graph_objects as go

from footfall.pages.report.parts import Chart, Suggestion, Table, not_built
from footfall.pages.report.warehouse import Marts
from footfall.pages.theme import wording
from footfall.pages.theme.style import MUTED, WARN, axis, finished

PAIN_TITLE = "Pain points by value at risk"
PAIN_USES = ("journey_pain_points",)
ADVICE_TITLE = "What to do, most valuable first"
ADVICE_USES = ("journey_suggestions",)
SUGGESTIONS = 10
BARS = 12


def pain_points(marts: Marts) -> Chart:
    """Named pain points as bars with their 95 % intervals."""
    if missing := not_built(marts, "pain", PAIN_TITLE, PAIN_USES):
        return missing
    rows = marts.rows("""
        select
            friction, stage, slice_value, exposed_session_count, exposed_conversion,
            comparable_conversion, conversion_gap, value_at_risk, value_lower, value_upper,
            is_named, slice_name
        from journey_pain_points
        where is_tested
        order by pain_rank
    """)
    ((row_count,),) = marts.rows("select count(*) from journey_pain_points")
    if not row_count:
        return Chart(
            "pain",
            PAIN_TITLE,
            PAIN_USES,
            empty=(
                "The source records no sign of trouble, such as payment errors, failing pages or "
                "calls for help, and no stage is unusually slow: there is nothing to compare."
            ),
        )
    if not rows:
        return Chart(
            "pain",
            PAIN_TITLE,
            PAIN_USES,
            empty="Signs of trouble are there, but too few sessions met them to compare.",
        )
    table = Table(
        ("Trouble", "Stage", "Where", "Sessions that met it", "They bought", "Comparable bought",
         "Gap in points", "At risk a month", "95 % interval", "Named"),
        [
            [
                wording.words(friction), stage, _place(cut, value), wording.count(met),
                wording.share(met_conversion), wording.share(other_conversion),
                wording.UNKNOWN if gap is None else f"{100 * gap:+.0f}", wording.amount(risk),
                _interval(lower, upper), "yes" if named else "no",
            ]
            for friction, stage, value, met, met_conversion, other_conversion, gap, risk, lower,
            upper, named, cut in rows
        ],
    )  # fmt: skip
    named_rows = [row for row in rows if row[10]][:BARS]
    if not named_rows:
        return Chart(
            "pain",
            PAIN_TITLE,
            PAIN_USES,
            table=table,
            empty=(
                f"{len(rows)} comparisons were made, and none shows a loss that chance could not "
                "explain. The table has them all."
            ),
        )
    labels = [
        f"{wording.words(row[0])}, {row[1]}<br>{_place(row[11], row[2])}" for row in named_rows
    ]
    risks = [row[7] or 0 for row in named_rows]
    figure = go.Figure(
        go.Bar(
            x=risks,
            y=labels,
            orientation="h",
            marker={"color": WARN},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [
                    (row[9] or 0) - risk for row, risk in zip(named_rows, risks, strict=True)
                ],
                "arrayminus": [
                    risk - (row[8] or 0) for row, risk in zip(named_rows, risks, strict=True)
                ],
                "color": MUTED,
                "thickness": 1.5,
            },
            hovertemplate="%{y}: %{x:,.0f} a month<extra></extra>",
        )
    )
    figure.update_xaxes(**axis(title="value at risk a month", tickformat=",", rangemode="tozero"))
    figure.update_yaxes(**axis(autorange="reversed", showgrid=False))
    height = 110 + 58 * len(named_rows)
    return Chart(
        anchor="pain",
        title=PAIN_TITLE,
        marts=PAIN_USES,
        reading=(
            "A bar is what the trouble costs a month: orders that are missing when those who met "
            "it are compared with like visitors who did not, times what such an order is worth. "
            "The thin line is the range that the truth lies in with 95 % confidence."
        ),
        figure=finished(figure, height, bargap=0.45),
        height=height,
        table=table,
    )


def suggestions(marts: Marts) -> Chart:
    """Return suggestions in the words of the mart."""
    if missing := not_built(marts, "suggestions", ADVICE_TITLE, ADVICE_USES):
        return missing
    rows = marts.rows("""
        select
            title, evidence, advice, confidence, expected_value, lower_value, upper_value,
            mart_name,
            concat_ws(', ', friction, stage, slice_name, slice_value)
        from journey_suggestions
        order by suggestion_rank
    """)
    if not rows:
        return Chart(
            "suggestions",
            ADVICE_TITLE,
            ADVICE_USES,
            empty="Nothing stands out that would be worth a suggestion.",
        )
    values = [
        "not known: the source tells no amounts"
        if value is None
        else f"about {wording.amount(value)} a month ({_interval(lower, upper)})"
        for _, _, _, _, value, lower, upper, _, _ in rows
    ]
    told = [
        Suggestion(row[0], row[1], row[2], row[3], value, f"{row[7]}: {row[8]}")
        for row, value in zip(rows, values, strict=True)
    ]
    return Chart(
        anchor="suggestions",
        title=ADVICE_TITLE,
        marts=ADVICE_USES,
        reading=(
            "Each line says what to mend and what it would bring a month if it worked entirely. "
            "High and medium confidence rest on a tested comparison of like with like, low on a "
            "hint."
            + (
                f" The first {SUGGESTIONS} of {len(told)}; the table has all."
                if len(told) > SUGGESTIONS
                else ""
            )
        ),
        suggestions=told[:SUGGESTIONS],
        table=Table(
            ("Suggestion", "Confidence", "Expected", "Rows behind it"),
            [[one.title, one.confidence, one.value, one.behind] for one in told],
        ),
    )


def _interval(lower: float | None, upper: float | None) -> str:
    if lower is None or upper is None:
        return wording.UNKNOWN
    return f"{wording.amount(lower)} to {wording.amount(upper)}"


def _place(slice_name: str, slice_value: str) -> str:
    return "all sessions" if slice_name == "all" else str(slice_value)
