"""Customers at cut-offs in the database: it picks the rows, and only those become Arrow."""

import duckdb
import pyarrow as pa

from footfall.heads import Wanted


class Cutoffs:
    """What heads and their back-tests read, as relations; see `CutoffSource` of the library."""

    def __init__(
        self,
        session: duckdb.DuckDBPyConnection,
        cutoffs: duckdb.DuckDBPyRelation,
        states: duckdb.DuckDBPyRelation,
        digests: duckdb.DuckDBPyRelation,
    ) -> None:
        """Take the relations of `int_customer_cutoffs`, its states and `cutoff_digests`."""
        self._session = session
        self._cutoffs = cutoffs
        self._states = states
        self._digests = digests

    def columns(self) -> list[str]:
        """Return the names of the columns of `int_customer_cutoffs`."""
        return list(self._cutoffs.columns)

    def digests(self) -> pa.Table:
        """Return the rows of `cutoff_digests`."""
        return self._digests.to_arrow_table()

    def read(self, wanted: Wanted) -> tuple[pa.Table, pa.Table]:
        """Return the wanted rows, and the states of these customers at these cut-offs."""
        chosen = self._cutoffs.filter(_condition(wanted))
        if wanted.customers is not None:
            names = self._session.from_arrow(pa.table({"customer_no": wanted.customers}))
            chosen = chosen.join(names, "customer_no", how="semi")
        rows = chosen.to_arrow_table()
        keys = self._session.from_arrow(rows.select(["customer_no", "cutoff_date"]))
        states = self._states.select("customer_no", "cutoff_date", "state")
        return rows, states.join(keys, "customer_no, cutoff_date", how="semi").to_arrow_table()


def _condition(wanted: Wanted) -> str:
    past = "false"
    if wanted.sampled_every:
        past = f"not is_as_of and customer_no % {wanted.sampled_every} = 0"
    return f"is_as_of or ({past})" if wanted.as_of else past
