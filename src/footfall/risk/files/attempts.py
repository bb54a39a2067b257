"""The statement that puts payments of a file under the columns of `int_payment_attempts`."""

from __future__ import annotations

from typing import Any

from footfall.risk.files.values import FAILED


def attempts_sql(delay_days: int) -> str:
    """Return the statement that makes table `attempts_of_file` of the table `payments`.

    Ids keep their order, as numbers or as text. ``delay_days`` is after how many days a label is
    known, where the file does not say.
    """
    number: dict[str, Any] = {"days": int(delay_days)}
    return """
        create or replace table intermediate.attempts_of_file as
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
            cast(null as timestamptz) as fraud_again_at,
            current_timestamp as written_at
        from numbered
        left join devices using (device)
    """.format(failed=FAILED, **number)
