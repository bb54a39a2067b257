"""A file of payments under the columns of `int_payment_attempts`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from footfall.core.quoting import quoted
from footfall.risk.problems import RiskProblem

REQUIRED = ("occurred_at", "customer_id", "amount", "is_fraud")
#: What a file may call a column, by the name that it has here.
RECOGNISED: dict[str, tuple[str, ...]] = {
    "occurred_at": ("occurred_at",),
    "customer_id": ("customer_id", "customer"),
    "amount": ("amount",),
    "is_fraud": ("is_fraud",),
    "device": ("device", "device_id"),
    "card": ("card", "card_id", "card_token"),
    "terminal": ("terminal", "terminal_id", "terminal_token"),
    "address": ("address", "address_id", "address_key", "address_token"),
    "ip": ("ip", "ip_id", "ip_prefix", "ip_token"),
    "country": ("country", "country_id"),
    "card_country": ("card_country", "card_country_id"),
    "registered_at": ("registered_at",),
    "labelled_at": ("labelled_at",),
    "outcome": ("outcome",),
    "channel": ("channel", "channel_id"),
}
_TRUE = ("true", "t", "yes", "y", "1", "1.0")
_FALSE = ("false", "f", "no", "n", "0", "0.0")
_FAILED = (
    *("error", "fail", "failed", "failure", "declined", "denied", "refused", "rejected"),
    *("timeout", "cancelled", "canceled", "blocked"),
)
_PAID = (
    *("order", "open", "ok", "paid", "success", "successful", "succeeded", "approved"),
    *("accepted", "authorised", "authorized", "captured", "settled", "completed"),
)
TABLE = "int_payment_attempts"


@dataclass(frozen=True)
class PaymentFile:
    """What a file holds.

    Attributes
    ----------
    path
        Of the file.
    rows
        That it has.
    unlabelled
        Of them, those whose is_fraud is empty: neither learned from nor judged.
    used
        Columns of the file by the name that they have here.
    ignored
        Columns that mean nothing here.
    notes
        What else a reader of the figures has to know.
    """

    path: Path
    rows: int
    unlabelled: int
    used: dict[str, str]
    ignored: list[str]
    notes: list[str] = field(default_factory=list)


def parse_map(text: str) -> dict[str, str]:
    """Read MAP=theirs:ours,… as a mapping from our names to theirs.

    Raises
    ------
    RiskProblem
        When a pair has no colon, or ends in a name that is not known, or is there twice.
    """
    mapping: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        theirs, colon, ours = pair.rpartition(":")
        name = next((name for name, forms in RECOGNISED.items() if ours in forms), None)
        if not colon or not theirs:
            raise RiskProblem(f"MAP has '{pair}': write theirs:ours, such as buyer:customer_id")
        if name is None:
            raise RiskProblem(
                f"MAP has '{pair}': {ours} is no column here; use one of {', '.join(RECOGNISED)}"
            )
        if name in mapping:
            raise RiskProblem(f"MAP names {name} twice: {mapping[name]} and {theirs}")
        mapping[name] = theirs
    return mapping


def load_payments(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    mapping: dict[str, str],
    delay_days: int,
    *,
    by_delay: bool = False,
) -> PaymentFile:
    """Make the tables `int_payment_attempts` and `int_risk_refunds` (empty) of a file.

    Parameters
    ----------
    connection
        Of the warehouse.
    path
        CSV or Parquet.
    mapping
        Columns of the file by our names, where they are called otherwise.
    delay_days
        After which a label is known, where the file does not say.
    by_delay
        Whether that goes for all labels, whatever times the file has.

    Raises
    ------
    RiskProblem
        When the file cannot be read, lacks a column, or holds a value that cannot be used; it
        names column and row, the first row of data being 1.
    """
    if not path.is_file():
        raise RiskProblem(f"{path} does not exist: FILE takes the path of a CSV or Parquet file")
    is_text = any(suffix in (".csv", ".tsv", ".txt") for suffix in path.suffixes)
    reader = "read_csv(?, all_varchar = true)" if is_text else "read_parquet(?)"
    connection.execute("set TimeZone = 'UTC'")
    try:
        connection.execute(
            f"create or replace temp table given as select *, row_number() over () as file_row"
            f" from {reader}",
            [str(path)],
        )
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise RiskProblem(f"{path} cannot be read as CSV or Parquet: {first}") from None
    columns = [
        row[0] for row in connection.execute("describe given").fetchall() if row[0] != "file_row"
    ]
    used = _used(path, columns, mapping)
    notes = []
    if by_delay and "labelled_at" in used:
        del used["labelled_at"]
        notes.append("labelled_at is not used: DELAY says when labels are known")
    (rows,) = connection.execute("select count(*) from given").fetchall()[0]
    if not rows:
        raise RiskProblem(f"{path} has no rows")
    _read_values(connection, path, used)
    _check_values(connection, path, used)
    connection.execute("create schema if not exists intermediate")
    connection.execute(_attempts_sql(delay_days))
    # A file says nothing of refunds.
    connection.execute(
        "create or replace table intermediate.int_risk_refunds (order_line_id varchar,"
        " source varchar, attempt_id varchar, amount double, known_at timestamptz)"
    )
    (unlabelled,) = connection.execute(
        "select count(*) from payments where is_fraud is null"
    ).fetchall()[0]
    if unlabelled:
        notes.append(f"{unlabelled:,} rows without is_fraud are neither learned from nor judged")
    (unknown,) = connection.execute(
        "select count(*) from payments where amount is null"
    ).fetchall()[0]
    if unknown:
        notes.append(
            f"{unknown:,} rows have no amount: it counts as unknown, and as 0 in money_caught"
        )
    others = connection.execute(
        f"select count(*), min(outcome) from payments where outcome not in {_FAILED + _PAID}"
    ).fetchall()[0]
    if others[0]:
        notes.append(
            f"{others[0]:,} rows have an outcome that is not known here, such as '{others[1]}': "
            f"they count as paid. Failed are {', '.join(_FAILED)}"
        )
    connection.execute("drop table given")
    ignored = [name for name in columns if name not in used.values()]
    return PaymentFile(path, rows, unlabelled, used, ignored, notes)


def _used(path: Path, columns: list[str], mapping: dict[str, str]) -> dict[str, str]:
    """Return the columns of the file by our names."""
    by_lower = {name.lower(): name for name in columns}
    used: dict[str, str] = {}
    for name, forms in RECOGNISED.items():
        if name in mapping:
            if mapping[name] not in columns:
                raise RiskProblem(
                    f"MAP names the column {mapping[name]}, which {path} does not have; it has "
                    f"{', '.join(columns)}"
                )
            used[name] = mapping[name]
            continue
        found = [by_lower[form] for form in forms if form in by_lower]
        found = [one for one in found if one not in mapping.values()]
        if len(found) > 1:
            raise RiskProblem(
                f"{path} has {' and '.join(found)}, which both mean {name}: choose one with "
                f"MAP={found[0]}:{name}"
            )
        if found:
            used[name] = found[0]
    missing = [name for name in REQUIRED if name not in used]
    if missing:
        raise RiskProblem(
            f"{path} lacks the column {', '.join(missing)}; it has {', '.join(columns)}. Name what "
            f"stands for it: MAP=theirs:{missing[0]}"
        )
    return used


def _read_values(connection: duckdb.DuckDBPyConnection, path: Path, used: dict[str, str]) -> None:
    """Make the table `payments`, with values of our types; what cannot be read becomes null."""
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


def _check_values(connection: duckdb.DuckDBPyConnection, path: Path, used: dict[str, str]) -> None:
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


def _attempts_sql(delay_days: int) -> str:
    """Return the statement that makes the attempts; ids keep their order as numbers or text."""
    number: dict[str, Any] = {"days": int(delay_days)}
    return """
        create or replace table intermediate.int_payment_attempts as
        with numbered as (
            select
                *,
                dense_rank() over (
                    order by try_cast(customer_id as hugeint) nulls last, customer_id
                ) as customer_no
            from payments
        ),
        devices as (
            select device, row_number() over (order by device) as device_no
            from (select distinct device from payments where device is not null)
        )
        select
            md5(cast(file_row as varchar)) as attempt_id,
            file_row,
            cast(customer_no as bigint) as customer_no,
            cast(customer_no as bigint) as visitor_no,
            cast(device_no as bigint) as device_no,
            cast(null as varchar) as order_id,
            occurred_at as attempted_at,
            occurred_at as known_at,
            cast(occurred_at as date) as shop_day,
            amount,
            case
                when outcome in {failed} then 'error'
                when outcome = 'open' then 'open'
                else 'order'
            end as outcome,
            case when outcome is not null then occurred_at end as outcome_known_at,
            card as card_token,
            address as address_token,
            ip as ip_token,
            terminal as terminal_token,
            card_country,
            country,
            channel,
            case when registered_at <= occurred_at then registered_at end as registered_at,
            is_fraud,
            case
                when is_fraud is null then null
                else coalesce(labelled_at, occurred_at + interval {days} days)
            end as labelled_at,
            case when is_fraud is not null then 'file' end as label_source,
            case when is_fraud then coalesce(labelled_at, occurred_at + interval {days} days) end
                as fraud_known_at,
            cast(null as timestamptz) as fraud_cleared_at,
            cast(null as timestamptz) as fraud_again_at
        from numbered
        left join devices using (device)
    """.format(failed=_FAILED, **number)
