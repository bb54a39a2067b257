"""Sessions as the database holds them: it picks the rows, and only those become Arrow."""

import duckdb
import pyarrow as pa

from footfall.core.quoting import quoted
from footfall.heads.prefixes import CLOCKS


class Sessions:
    """What the heads of intent read, as relations."""

    def __init__(self, prefixes: duckdb.DuckDBPyRelation, states: duckdb.DuckDBPyRelation) -> None:
        """Take the relations of `int_session_prefixes` and `attention_states`."""
        self._prefixes = prefixes
        self._states = states

    def history(self) -> tuple[pa.Table, pa.Table]:
        """Return all stored prefixes, those of the history, and their states."""
        return self._with_states(self._prefixes)

    def recent(self, days: int) -> tuple[pa.Table, pa.Table]:
        """Return the prefixes of the last days by the shop's clock, and their states."""
        now = self._prefixes.aggregate(f"max({quoted(CLOCKS['now_at'])})").fetchall()[0][0]
        if now is None:
            return self._with_states(self._prefixes)
        at = quoted(CLOCKS["prefix_at"])
        since = f"timestamptz '{now.isoformat()}' - interval {int(days) * 24} hour"
        return self._with_states(self._prefixes.filter(f"{at} >= {since}"))

    def _with_states(self, chosen: duckdb.DuckDBPyRelation) -> tuple[pa.Table, pa.Table]:
        visitors = chosen.project("visitor_no as customer_no").distinct()
        states = self._states.select("customer_no", "cutoff_date", "state")
        return chosen.to_arrow_table(), states.join(
            visitors, "customer_no", how="semi"
        ).to_arrow_table()
