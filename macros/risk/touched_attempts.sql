{#- What a run of int_payment_attempts makes anew, and how it takes the place of what stood. -#}

{#- Event types that attempts to pay are made of. -#}
{% macro attempted_event_types() -%}
    ('payment', 'payment_error', 'purchase')
{%- endmacro %}


{#- CTEs of what has moved since this table was last brought up to date, `moved_orders` the last of them: events that have
    left, visitors whose history moved, devices with another owner, devices on which a customer was or is not any more seen,
    and the ids of orders of which a line came, left, was decided about or went to somebody else. -#}
{% macro moved_since(since) -%}
{%- set seen = at_least('event_at', 'received_at') -%}
withdrawn as (

    select * from {{ ref('int_withdrawn_events') }}
    where withdrawn_at > {{ since }}

),

arrived as (

    select * from {{ ref('int_accepted_events') }}
    where loaded_at > {{ since }}

),

decisions as (

    select * from {{ ref('int_order_decisions') }}

),

touched_visitors as {{ read_once() }} (

    select distinct visitor_no from {{ ref('int_touched_visitors') }}
    where batch_at > {{ since }}

),

linked_anew as {{ read_once() }} (
    {{ devices_linked_anew(since) }}
),

named_devices as {{ read_once() }} (

    select
        anonymous_no,
        min(seen_at) as seen_at
    from (
        select
            anonymous_no,
            {{ seen }} as seen_at
        from arrived
        where customer_no is not null
            and anonymous_no is not null
            and event_type not in {{ label_event_types() }}
        union all
        select
            anonymous_no,
            {{ seen }} as seen_at
        from withdrawn
        where customer_no is not null
            and anonymous_no is not null
    ) as sightings
    group by anonymous_no

),

moved_orders as {{ read_once() }} (

    select order_id from arrived
    where order_id is not null

    union

    select order_id from withdrawn
    where order_id is not null

    union

    select order_id from decisions
    where decided_at > {{ since }}

    union

    select accepted.order_id
    from {{ ref('int_accepted_events') }} as accepted
    inner join linked_anew on accepted.anonymous_no = linked_anew.anonymous_no
    where accepted.order_id is not null

    union

    select decisions.order_id
    from decisions
    inner join linked_anew on decisions.anonymous_no = linked_anew.anonymous_no

    union

    -- A label that names an event that has left is of its order now, whoever has that.
    select labels.order_id
    from labels
    inner join withdrawn on labels.labelled_event_id = withdrawn.event_id
    where labels.order_id is not null

)
{%- endmacro %}


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


{#- CTEs that say whose attempts are made anew (`again`), and with whom (`scope`): a label of an order that several visitors
    have is of one of their attempts, so where one of these moves, all of them are looked at. What is of nobody is always
    made anew; it is few rows. A visitor's attempts are made anew with all of their history. -#}
{% macro visitors_again(stitched) -%}
{%- set since = newest('loaded_at', this) -%}
{{ moved_since(since) }},

{{ moved_attempts() }},

tried as {{ read_each_time() }} (

    select * from {{ stitched }}
    where event_type in {{ attempted_event_types() }}

),

moved_visitors as {{ read_once() }} (

    select visitor_no from touched_visitors

    union

    select tried.visitor_no
    from tried
    inner join moved_orders on tried.order_id = moved_orders.order_id

    union

    select tried.visitor_no
    from tried
    inner join moved_attempts on tried.event_id = moved_attempts.attempt_id

    union

    select tried.visitor_no
    from tried
    inner join named_devices
        on tried.anonymous_no = named_devices.anonymous_no
        and tried.event_at > named_devices.seen_at
    where not tried.is_named

    union

    select cast(null as bigint) as visitor_no

),

label_visitors as {{ read_once() }} (

    select
        labels.event_id as label_id,
        labels.loaded_at > {{ since }} as is_new,
        tried.visitor_no
    from labels
    inner join tried on labels.labelled_event_id = tried.event_id

    union all

    select
        labels.event_id as label_id,
        labels.loaded_at > {{ since }} as is_new,
        tried.visitor_no
    from labels
    inner join tried on labels.order_id = tried.order_id

),

again as {{ read_once() }} (

    select visitor_no from moved_visitors

    union

    select label_visitors.visitor_no
    from label_visitors
    inner join ({{ labels_of('moved_visitors', 'is_new') }}) as touched on label_visitors.label_id = touched.label_id

),

scope as {{ read_once() }} (

    select visitor_no from again

    union

    select label_visitors.visitor_no
    from label_visitors
    inner join ({{ labels_of('again', 'false') }}) as touched on label_visitors.label_id = touched.label_id

)
{%- endmacro %}


{#- The labels that may be of an attempt of a CTE of visitors, or of which a condition holds. -#}
{% macro labels_of(visitors, condition) -%}
    select distinct label_visitors.label_id
    from label_visitors
    left join {{ visitors }} as visitors on label_visitors.visitor_no is not distinct from visitors.visitor_no
    where {{ condition }}
        or visitors.visitor_no is not null
        or label_visitors.visitor_no is null
{%- endmacro %}


{#- A join to those whose attempts a run looks at; nothing in a full build. -#}
{% macro in_scope(alias) -%}
    {%- if is_incremental() %}
    inner join scope on {{ alias }}.visitor_no is not distinct from scope.visitor_no
    {%- endif -%}
{%- endmacro %}


{#- CTE `final`: of attempts that were made, the columns named. In an incremental run only those of visitors that are made
    anew, where they are new or something of them is another; and, without a moment, those that are no attempts any more. -#}
{% macro moved_rows(made, columns) -%}
{% if is_incremental() -%}
made_again as (

    select {{ made }}.*
    from {{ made }}
    inner join again on {{ made }}.owner_no is not distinct from again.visitor_no

),

left_behind as (

    select acts.event_id
    from acts
    inner join again on acts.visitor_no is not distinct from again.visitor_no

    union

    select event_id from withdrawn

    union

    select event_id from decisions
    where decided_at > {{ newest('loaded_at', this) }}

    except

    select attempt_id from made_again

),

final as (

    select {{ prefixed('made_again', columns) | join(', ') }}
    from made_again
    left join standing on made_again.attempt_id = standing.attempt_id
    where standing.attempt_id is null
        {%- for column in columns if column not in ['attempt_id', 'loaded_at', 'written_at'] %}
        or made_again.{{ column }} is distinct from standing.{{ column }}
        {%- endfor %}

    union all

    select
        {%- for column in columns %}
        {{ 'cast(null as ' ~ moment_type() ~ ') as attempted_at' if column == 'attempted_at' else 'standing.' ~ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from standing
    inner join left_behind on standing.attempt_id = left_behind.event_id

)
{%- else -%}
final as (

    select {{ columns | join(', ') }} from {{ made }}

)
{%- endif %}
{%- endmacro %}


{#- Incremental strategy: attempts that are another take the place of their rows; rows without a moment are of attempts that
    are gone. -#}
{% macro get_incremental_move_attempts_sql(arg_dict) %}
    {{ delete_matching(arg_dict['target_relation'], arg_dict['temp_relation'], 'moved', [
        'target.attempt_id = moved.attempt_id',
    ]) }}

    {{ insert_by_name(
        arg_dict['target_relation'], '(select * from ' ~ arg_dict['temp_relation'] ~ ' where attempted_at is not null)'
    ) }}
{% endmacro %}
