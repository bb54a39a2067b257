"""Draws journey, pain points and customers on one page that needs no network."""

from footfall.core.extras import needs

with needs("boards"):
    import plotly  # noqa: F401 - every module of this package draws with it
