"""What an inspection asks of the rows as they would be read.

`{read}` is the relation of rows with their rejections, `{staged}` that of the staging model.
"""

TIMES = """
    select
        count(*),
        count(event_at),
        cast(min(event_at) as varchar),
        cast(max(event_at) as varchar)
    from {read}
"""
# Rows that a build would take in: what is right, and of several deliveries of one event the first.
NUMBERED = (
    "(select *, row_number() over (partition by event_id order by received_at) as copy_no"
    " from {read} where reason is null)"
)
MONEY = " union all ".join(
    f"select '{name}', count({name}), min({name}), max({name}), sum({name}) from {NUMBERED}"
    " where copy_no = 1"
    for name in ("quantity", "unit_price", "amount")
)
LEFT_OUT = (
    "select 'rejected rows', count(*), count(amount), sum(amount) from {read} where reason is not"
    " null union all select 'further copies of an event', count(*), count(amount), sum(amount)"
    f" from {NUMBERED} where copy_no > 1"
)
CURRENCIES = "select distinct currency from {read} where currency is not null order by 1"
IDS = " union all ".join(
    f"select '{name}', count(distinct {name}), count(*) - count({name}) from {{read}}"
    for name in ("customer_id", "device_id", "order_id", "item_id", "session_hint")
)
NOTES = r"""
    select
        split_part(note, chr(9), 1),
        split_part(note, chr(9), 2),
        count(*),
        min(split_part(note, chr(9), 3))
    from (select unnest(string_split(value_notes, chr(10))) as note from {staged})
    group by all
    order by 3 desc, 1, 2
"""
# Lines of orders of which nothing is known.
WORTHLESS = """
    select
        'amount',
        {reason},
        count(*),
        cast(null as varchar)
    from {read}
    where event_type in {types} and amount is null and reason is null
    group by all
"""
REJECTIONS = """
    select
        reason,
        count(*),
        min(raw_row),
        count(*) over (),
        cast(sum(count(*)) over () as bigint)
    from {read}
    where reason is not null
    group by reason
    order by 2 desc, 1
    limit 20
"""
