"""Puts the page together from what each module draws."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from footfall.pages.report.attribution import attribution
from footfall.pages.report.cohorts import cohorts
from footfall.pages.report.customers import LIFECYCLE, SEGMENTS, customer_groups
from footfall.pages.report.funnel import funnel_by_slice
from footfall.pages.report.heading import read_heading
from footfall.pages.report.journey_map import journey_map
from footfall.pages.report.page import render_page
from footfall.pages.report.pain import pain_points, suggestions
from footfall.pages.report.parts import Section
from footfall.pages.report.transitions import transition_matrix
from footfall.pages.report.warehouse import Marts, open_marts
from footfall.pages.theme.words import Words


def build_report(database: Path, words: Words, written_at: datetime) -> str:
    """Return the report on a built warehouse as one HTML page that needs no network.

    Raises
    ------
    ReportError
        The warehouse is missing, in use or without marts.
    """
    with open_marts(database, words) as marts:
        return render_page(read_heading(marts), sections(marts), words, written_at)


def sections(marts: Marts) -> tuple[Section, ...]:
    """All sections: what to do comes before the details that it comes from."""
    say = marts.words.say
    return (
        Section("journey", say("report.build.where_customers_go_and_where"), (journey_map(marts),)),
        Section(
            "advice",
            say("report.build.what_troubles_them_and_what"),
            (suggestions(marts), pain_points(marts)),
        ),
        Section(
            "detail",
            say("report.build.the_way_in_detail"),
            (funnel_by_slice(marts), transition_matrix(marts)),
        ),
        Section("channels", say("report.build.what_brings_orders"), (attribution(marts),)),
        Section("cohorts", say("report.build.customers_with_time"), cohorts(marts)),
        Section(
            "groups",
            say("report.build.kinds_of_customers_and_how"),
            (*customer_groups(marts, LIFECYCLE), *customer_groups(marts, SEGMENTS)),
        ),
    )
