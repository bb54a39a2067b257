{{ config(materialized='view') }}

-- What was not taken as it came, by source, entity, column and reason: values that became null, were read otherwise or
-- are masked, rows of lists whose id was listed before, and labels of payments that are not there. It stands next to
-- the row equation (`int_row_accounting`), not in it.
with

items as (

    select * from {{ ref('int_items') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

reviews as (

    select * from {{ ref('int_reviews') }}

),

listed as (
    {%- for entity in ['items', 'customers', 'reviews'] %}
    select
        source,
        '{{ entity }}' as entity,
        value_notes
    from (
        {{ union_sources(entity, columns='source, value_notes') }}
    ) as staged
    where value_notes is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

noted as (

    select
        source,
        entity,
        {{ each_of(lines_of('value_notes')) }} as note
    from listed

),

-- Whose customer or review it is stays inside: no example.
repeated as (
    {%- for entity, id in {'items': 'item_id', 'customers': 'customer_id', 'reviews': 'review_id'}.items() %}
    select
        source,
        '{{ entity }}' as entity,
        '{{ id }}' as column_name,
        'the id was listed before, and the first listing counts' as reason,
        listing_count - 1 as value_count,
        {{ id if entity == 'items' else 'cast(null as string)' }} as first_example,
        {{ id if entity == 'items' else 'cast(null as string)' }} as last_example
    from {{ entity }}
    where listing_count > 1
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

{{ noted_orders() }},

{{ unmet_labels() }},

without_example as (
    {{ masked_rows('customers', masked_columns().customers, further=['source', "'customers' as entity"]) }}
    union all
    {{ masked_rows('reviews', masked_columns().reviews, further=['source', "'reviews' as entity"]) }}
    union all
    select * from noted_orders
    union all
    select * from unmet_labels
),

counted as (

    select
        source,
        'events' as entity,
        column_name,
        reason,
        value_count,
        first_example,
        last_example
    from {{ ref('int_event_value_notes') }}

    union all
    select
        source,
        entity,
        {{ noted_parts('note') }},
        1 as value_count,
        {{ noted_example('note') }} as first_example,
        {{ noted_example('note') }} as last_example
    from noted
    union all
    select * from repeated
    union all
    select
        source,
        entity,
        column_name,
        reason,
        1 as value_count,
        cast(null as string) as first_example,
        cast(null as string) as last_example
    from without_example

),

summed as (

    select
        source,
        entity,
        column_name,
        reason,
        cast(sum(value_count) as bigint) as value_count,
        min(first_example) as first_example,
        max(last_example) as last_example
    from counted
    group by source, entity, column_name, reason

),

final as (

    select
        source,
        entity,
        column_name,
        reason,
        case when first_example = last_example then first_example else first_example || ', ' || last_example end
            as examples,
        value_count
    from summed

)

select * from final
