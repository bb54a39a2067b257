"""Values of a file of payments: read as our types, and checked."""

from __future__ import annotations

from pathlib import Path

import duckdb

from footfall.core.quoting import quoted
from footfall.risk.problems import RiskProblem

_TRUE = ("true", "t", "yes", "y", "1", "1.0")
_FALSE = ("false", "f", "no", "n", "0", "0.0")
FAILED = (
    *("error", "fail", "failed", "failure", "declined", "denied", "refused", "rejected"),
    *("timeout", "cancelled", "canceled", "blocked"),
)
PAID = (
    *("order", "open", "ok", "paid", "success", "successful", "succeeded", "approved"),
    *("accepted", "authorised", "authorized", "captured", "settled", "completed"),
)


def read_values(connection: duckdb.DuckDBPyConnection, used: dict[str, str]) -> None:
    """Make the table `payments` of the table `given`, with values of our types.

    What cannot be read becomes null next to its text, for :func:`check_values`.
    """
    text = {
        name: f"nullif(trim(cast({quoted(theirs)} as varchar)), '')"
        for name, theirs in used.items()
    }

    def moment(name: str) -> str:
        return f"try_cast({text[name]} as timestamptz)" if name in text else "null::timestamptz"

    def token(name: str) -> str:
        return text.get(name, "null::varchar")

    connection.execute(
        f"""
        create or replace temp table payments as
        select
            file_row,
            {moment("occurred_at")} as occurred_at,
            {token("customer_id")} as customer_id,
            try_cast({token("amount")} as double) as amount,
            case
                when lower({token("is_fraud")}) in {_TRUE} then true
                when lower({token("is_fraud")}) in {_FALSE} then false
            end as is_fraud,
            {token("device")} as device,
            {token("card")} as card,
            {token("terminal")} as terminal,
            {token("address")} as address,
            {token("ip")} as ip,
            {token("country")} as country,
            {token("card_country")} as card_country,
            {moment("registered_at")} as registered_at,
            {moment("labelled_at")} as labelled_at,
            lower({token("outcome")}) as outcome,
            {token("channel")} as channel,
            {token("occurred_at")} as occurred_text,
            {token("amount")} as amount_text,
            {token("is_fraud")} as is_fraud_text,
            {token("registered_at")} as registered_text,
            {token("labelled_at")} as labelled_text
        from given
        """
    )


def check_values(connection: duckdb.DuckDBPyConnection, path: Path, used: dict[str, str]) -> None:
    """Look for values that cannot be used; raises RiskProblem for the first column with one."""
    time = "takes a time such as 2018-06-15 08:30:00"
    checks = [
        ("occurred_at", "occurred_at is null", "occurred_text", time),
        ("occurred_at", "not isfinite(occurred_at)", "occurred_text", time),
        ("customer_id", "customer_id is null", "customer_id", "must not be empty"),
        (
            "amount",
            "amount_text is not null and (amount is null or not isfinite(amount))",
            "amount_text",
            "takes a number such as 12.50",
        ),
        ("amount", "amount < 0", "amount_text", "takes 0 or more: leave refunds out"),
        (
            "is_fraud",
            "is_fraud_text is not null and is_fraud is null",
            "is_fraud_text",
            "takes true or false, yes or no, 1 or 0",
        ),
        (
            "registered_at",
            "registered_text is not null and registered_at is null",
            "registered_text",
            time,
        ),
        ("labelled_at", "labelled_text is not null and labelled_at is null", "labelled_text", time),
        (
            "labelled_at",
            "labelled_at < occurred_at",
            "labelled_text",
            "must not be before occurred_at",
        ),
    ]
    for name, condition, shown, fix in checks:
        found = connection.execute(
            f"select count(*), min(file_row), arg_min({shown}, file_row) from payments"
            f" where {condition}"
        ).fetchall()[0]
        if found[0]:
            value = "is empty" if found[2] is None else f"is '{found[2]}'"
            raise RiskProblem(
                f"{path}, column {used[name]}, row {found[1]}: {value}; {name} {fix} "
                f"({found[0]:,} such rows)"
            )
    kinds = connection.execute(
        "select count(*) filter (where is_fraud), count(*) filter (where not is_fraud)"
        " from payments"
    ).fetchall()[0]
    if not all(kinds):
        what = "true" if kinds[1] else "false"
        raise RiskProblem(
            f"{path}, column {used['is_fraud']}: no row is {what}; figures need both kinds"
        )
