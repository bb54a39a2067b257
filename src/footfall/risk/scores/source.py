"""Where attempts come from: rows and features since a day, read on demand."""

from __future__ import annotations

from datetime import date
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from footfall.risk.attempts import COLUMNS


class PaymentSource(Protocol):
    """Rows of `int_payment_attempts` and `int_risk_features`."""

    def read(self, since: date | None) -> tuple[pa.Table, pa.Table]:
        """Return attempts of the shop's days from one on (None: all), and their features."""


class ArrowPayments:
    """A source whose tables are in memory."""

    def __init__(self, attempts: pa.Table, features: pa.Table) -> None:
        """Take both tables."""
        self._attempts = attempts
        self._features = features

    def read(self, since: date | None) -> tuple[pa.Table, pa.Table]:
        """Return the attempts since a day, and their features."""
        if since is None:
            return self._attempts.select(COLUMNS), self._features
        chosen = self._attempts.filter(pc.greater_equal(self._attempts["shop_day"], since))
        is_asked = pc.is_in(self._features["attempt_id"], chosen["attempt_id"].combine_chunks())
        return chosen.select(COLUMNS), self._features.filter(is_asked)
