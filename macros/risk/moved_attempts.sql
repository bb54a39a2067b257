{#- Which attempts that stand in int_payment_attempts are said otherwise by what is in no log of events. -#}

{#- CTE `moved_attempts`: attempts that stand of which something else is said today, by what is in no log: verdicts, lists of
    customers, var `risk_label_delay_days`; or by what has left without a trace of whom it was about. Reads the CTEs
    of `moved_since` and of `registers`. -#}
{% macro moved_attempts() -%}
standing as {{ read_each_time() }} (

    select * from {{ this }}

),

{{ verdicts_of('standing') }},

{{ judged_digests('standing') }},

-- Of the touched customers, those of whom an event says when they registered.
registering as (

    select customer_no from registers
    where customer_no in (select touched_visitors.visitor_no from touched_visitors)

    union

    select customer_no from withdrawn
    where customer_no is not null

),

moved_attempts as {{ read_once() }} (

    select standing.attempt_id
    from standing
    left join standing_digests on standing.attempt_id = standing_digests.attempt_id
    left join listed on standing.customer_no = listed.customer_no
    left join registers
        on standing.customer_no = registers.customer_no
        and standing.registered_at = registers.event_at
        and standing.attempted_at > registers.known_at
    where standing.judged_digest <> {{ judged_digest('standing_digests') }}
        or standing.customer_no in (select registering.customer_no from registering)
        or standing.labelled_at is not null
        and exists (select 1 from withdrawn)
        or listed.registered_at < standing.attempted_at
        and coalesce(listed.registered_at < standing.registered_at, true)
        or standing.registered_at is not null
        and registers.customer_no is null
        and standing.registered_at is distinct from listed.registered_at

)
{%- endmacro %}
