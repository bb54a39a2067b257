"""Attempts to pay as the database holds them: it picks the rows, and only those become Arrow."""

from datetime import date

import duckdb
import pyarrow as pa

from footfall.core.quoting import quoted
from footfall.risk.attempts import COLUMNS, feature_names


class Payments:
    """What the scores of risk read, as relations; see `PaymentSource` of the library."""

    def __init__(
        self, attempts: duckdb.DuckDBPyRelation, features: duckdb.DuckDBPyRelation
    ) -> None:
        """Take the relations of `int_payment_attempts` and `int_risk_features`."""
        self._attempts = attempts
        self._features = features

    def read(self, since: date | None) -> tuple[pa.Table, pa.Table]:
        """Return attempts of the shop's days from one on (None: all), and their features.

        Features come in single precision, which is what trees learn from: half the memory.
        """
        attempts, features = self._attempts, self._features
        if since is not None:
            attempts = attempts.filter(f"shop_day >= date '{since.isoformat()}'")
            features = features.join(attempts, "attempt_id", how="semi")
        rows = attempts.select(*COLUMNS).to_arrow_table()
        names = feature_names(features.limit(0).to_arrow_table())
        single = [f"cast({quoted(name)} as float) as {quoted(name)}" for name in names]
        return rows, features.project(", ".join(["attempt_id", *single])).to_arrow_table()
