"""What moves each score: contributions by idea that add up to what is served."""

from footfall.attributions.blocks import ATTRIBUTION_SCHEMA
from footfall.attributions.scores import explain_customers, explain_sessions

__all__ = ["ATTRIBUTION_SCHEMA", "explain_customers", "explain_sessions"]
