"""What troubles customers, what it costs, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go

from footfall.pages.report.parts import Chart, Suggestion, Table, not_built
from footfall.pages.report.warehouse import Marts
from footfall.pages.theme import wording
from footfall.pages.theme.figures import BREAK
from footfall.pages.theme.style import MUTED, WARN, axis, finished

PAIN_TITLE = "report.pain.pain_points_by_value_at"
PAIN_USES = ("journey_pain_points",)
ADVICE_TITLE = "report.pain.what_to_do_most_valuable"
ADVICE_USES = ("journey_suggestions",)
SUGGESTIONS = 10
BARS = 12


def pain_points(marts: Marts) -> Chart:
    """Named pain points as bars with their 95 % intervals."""
    say = marts.words.say
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
            empty=(say("report.pain.the_source_records_no_sign")),
        )
    if not rows:
        return Chart(
            "pain",
            PAIN_TITLE,
            PAIN_USES,
            empty=say("report.pain.signs_of_trouble_are_there"),
        )
    table = Table(
        [
            say(f"report.pain.{name}")
            for name in (
                "trouble", "stage", "where", "sessions_that_met_it", "they_bought",
                "comparable_bought", "gap_in_points", "at_risk_a_month", "95_interval", "named",
            )
        ],
        [
            [
                wording.words(friction), stage, _place(say, cut, value), wording.count(met),
                wording.share(met_conversion), wording.share(other_conversion),
                wording.UNKNOWN if gap is None else f"{100 * gap:+.0f}", wording.amount(risk),
                _interval(say, lower, upper), say("name.yes" if named else "name.no"),
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
            empty=(say("report.pain.comparisons_were_made_and_none", count=len(rows))),
        )
    labels = [
        f"{wording.words(row[0])}, {row[1]}{BREAK}{_place(say, row[11], row[2])}"
        for row in named_rows
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
            hovertemplate="%{y}: "
            + say("report.unit.a_month", amount="%{x:,.0f}")
            + "<extra></extra>",
        )
    )
    figure.update_xaxes(
        **axis(title=say("report.pain.value_at_risk_a_month"), tickformat=",", rangemode="tozero")
    )
    figure.update_yaxes(**axis(autorange="reversed", showgrid=False))
    height = 110 + 58 * len(named_rows)
    return Chart(
        anchor="pain",
        title=PAIN_TITLE,
        marts=PAIN_USES,
        reading=(say("report.pain.a_bar_is_what_the")),
        figure=finished(figure, height, bargap=0.45),
        height=height,
        table=table,
    )


def suggestions(marts: Marts) -> Chart:
    """Return suggestions in the words of the mart."""
    say = marts.words.say
    if missing := not_built(marts, "suggestions", ADVICE_TITLE, ADVICE_USES):
        return missing
    rows = marts.rows("""
        select
            title_key, evidence_key, advice_key, confidence, expected_value, lower_value,
            upper_value, mart_name,
            concat_ws(', ', friction, stage, slice_name, slice_value), message_values
        from journey_suggestions
        order by suggestion_rank
    """)
    if not rows:
        return Chart(
            "suggestions",
            ADVICE_TITLE,
            ADVICE_USES,
            empty=say("report.pain.nothing_stands_out_that_would"),
        )
    values = [
        say("report.pain.not_known_the_source_tells")
        if value is None
        else say(
            "report.pain.about_a_month",
            amount=wording.amount(value),
            interval=_interval(say, lower, upper),
        )
        for _, _, _, _, value, lower, upper, *_ in rows
    ]
    told = [
        Suggestion(
            marts.words.sentences(row[0], row[9]),
            marts.words.sentences(row[1], row[9]),
            marts.words.sentences(row[2], row[9]),
            row[3],
            value,
            f"{row[7]}: {row[8]}",
        )
        for row, value in zip(rows, values, strict=True)
    ]
    return Chart(
        anchor="suggestions",
        title=ADVICE_TITLE,
        marts=ADVICE_USES,
        reading=(
            say("report.pain.each_line_says_what_to")
            + (
                say("report.pain.the_first_of_the_table", shown=SUGGESTIONS, count=len(told))
                if len(told) > SUGGESTIONS
                else ""
            )
        ),
        suggestions=told[:SUGGESTIONS],
        table=Table(
            (
                say("report.pain.suggestion"),
                say("report.pain.confidence"),
                say("report.pain.expected"),
                say("report.pain.rows_behind_it"),
            ),
            [[one.title, marts.words.name(one.confidence), one.value, one.behind] for one in told],
        ),
    )


def _interval(say: Callable[..., str], lower: float | None, upper: float | None) -> str:
    if lower is None or upper is None:
        return wording.UNKNOWN
    return say("report.pain.interval", lower=wording.amount(lower), upper=wording.amount(upper))


def _place(say: Callable[..., str], slice_name: str, slice_value: str) -> str:
    return say("report.pain.all_sessions") if slice_name == "all" else str(slice_value)
