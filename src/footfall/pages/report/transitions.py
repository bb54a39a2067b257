"""What follows on what: the matrix of events within sessions."""

from __future__ import annotations

import plotly.graph_objects as go

from footfall.pages.report.parts import Chart, Table, not_built
from footfall.pages.report.warehouse import Marts
from footfall.pages.theme import wording
from footfall.pages.theme.style import axis, finished, heat_map

TITLE = "report.transitions.what_customers_do_next"
USES = ("journey_transitions",)
STATES = 14
START, END = "(start)", "(end)"


def transition_matrix(marts: Marts) -> Chart:
    """Return probabilities over all months: the months' counts are added, then divided."""
    say = marts.words.say
    if missing := not_built(marts, "transitions", TITLE, USES):
        return missing
    rows = marts.rows("""
        with counted as (

            select from_state, to_state, cast(sum(transition_count) as bigint) as transition_count
            from journey_transitions
            where level = 'event' and path_scope = 'within_session'
            group by from_state, to_state

        )

        select
            from_state,
            to_state,
            transition_count,
            transition_count / sum(transition_count) over (partition by from_state) as probability
        from counted
        order by transition_count desc, from_state asc, to_state asc
    """)
    if not rows:
        return Chart(
            "transitions", TITLE, USES, empty=say("report.transitions.there_is_no_session_with")
        )
    leaving: dict[str, int] = {}
    arriving: dict[str, int] = {}
    for before, after, times, _ in rows:
        leaving[before] = leaving.get(before, 0) + times
        arriving[after] = arriving.get(after, 0) + times
    # The start of sessions heads the rows, their end is the last column.
    acts = sorted((set(leaving) | set(arriving)) - {START, END})
    acts.sort(key=lambda act: (-max(leaving.get(act, 0), arriving.get(act, 0)), act))
    shown = acts[:STATES]
    befores = [act for act in (START, *shown) if act in leaving]
    afters = [act for act in (*shown, END) if act in arriving]
    known = {(before, after): probability for before, after, _, probability in rows}
    values = [[known.get((before, after)) for after in afters] for before in befores]
    height = 150 + 30 * len(befores)
    figure = go.Figure(
        heat_map(
            [wording.words(after) for after in afters],
            [wording.words(before) for before in befores],
            values,
            [[wording.share(value) if value else "" for value in row] for row in values],
        )
    )
    figure.update_traces(textfont={"size": 11})
    figure.update_xaxes(**axis(side="top", showgrid=False, tickangle=-40))
    figure.update_yaxes(**axis(autorange="reversed", showgrid=False))
    return Chart(
        anchor="transitions",
        title=TITLE,
        marts=USES,
        reading=(
            say("report.transitions.pick_a_row_its_cells")
            + (
                say(
                    "report.transitions.the_most_frequent_of_acts",
                    shown=len(shown),
                    count=len(acts),
                )
                if len(shown) < len(acts)
                else ""
            )
        ),
        figure=finished(figure, height, margin={"l": 10, "r": 10, "t": 60, "b": 10}),
        height=height,
        table=Table(
            (
                say("report.transitions.after"),
                say("report.transitions.comes"),
                say("report.transitions.times"),
                say("report.transitions.probability"),
            ),
            [
                [wording.words(before), wording.words(after), wording.count(times), f"{chance:.2%}"]
                for before, after, times, chance in rows
            ],
        ),
    )
