{#- What a run of int_risk_links makes anew, and how it takes the place of what stood. -#}

{#- What several customers can be linked by: the kind, and the column of int_payment_attempts. -#}
{% macro linking_entities() %}
    {% do return({'address': 'address_token', 'card': 'card_token', 'device': 'device_no', 'ip': 'ip_token'}) %}
{% endmacro %}


{#- CTE `moved_customers`: those of whom an attempt was written since, and those who have lost one: as an attempt that leaves, or
    is somebody else's now, says nothing any more of whose it was, sightings are counted. -#}
{% macro moved_customers(attempts) -%}
moved_customers as {{ read_once() }} (

    select customer_no from {{ attempts }}
    where written_at > {{ newest('loaded_at', this) }}

    union

    select standing.customer_no
    from (
        select
            customer_no,
            sum(attempt_count) as sighting_count
        from {{ this }}
        group by customer_no
    ) as standing
    left join (
        select
            customer_no,
            {%- for entity in linking_entities().values() %}
            count({{ entity }}){{ ' + ' if not loop.last else ' as sighting_count' }}
            {%- endfor %}
        from {{ attempts }}
        group by customer_no
    ) as now on standing.customer_no = now.customer_no
    where now.customer_no is null
        or now.sighting_count <> standing.sighting_count

)
{%- endmacro %}


{#- CTE `members`: the rows that are written, which in a full build are those of a CTE `made`. Else these are those of moved
    customers alone: others who share one of their entities come along, and an entity that nobody has any more is a row
    without a customer. -#}
{% macro members_of_entities(made) -%}
{%- set columns = ['kind', 'entity_key', 'customer_no', 'first_shop_day', 'first_known_at', 'attempt_count'] -%}
{% if is_incremental() -%}
moved_entities as {{ read_once() }} (

    select
        kind,
        entity_key
    from {{ made }}

    union

    select
        kind,
        entity_key
    from {{ this }}
    where customer_no in (select moved_customers.customer_no from moved_customers)

),

members as (

    select {{ columns | join(', ') }} from {{ made }}

    union all

    select {{ prefixed('standing', columns) | join(', ') }}
    from {{ this }} as standing
    inner join moved_entities
        on standing.kind = moved_entities.kind
        and standing.entity_key = moved_entities.entity_key
    where standing.customer_no not in (select moved_customers.customer_no from moved_customers)

    union all

    select
        moved_entities.kind,
        moved_entities.entity_key,
        cast(null as bigint) as customer_no,
        cast(null as date) as first_shop_day,
        cast(null as {{ moment_type() }}) as first_known_at,
        cast(null as bigint) as attempt_count
    from moved_entities

)
{%- else -%}
members as (

    select {{ columns | join(', ') }} from {{ made }}

)
{%- endif %}
{%- endmacro %}


{#- Incremental strategy: entities are replaced with all of their customers; a row without a customer only says that there is
    something to replace. -#}
{% macro get_incremental_replace_entities_sql(arg_dict) %}
    {{ delete_matching(
        arg_dict['target_relation'],
        '(select kind, entity_key from ' ~ arg_dict['temp_relation'] ~ ' where customer_no is null)', 'moved',
        ['target.kind = moved.kind', 'target.entity_key = moved.entity_key']
    ) }}

    {{ insert_by_name(
        arg_dict['target_relation'], '(select * from ' ~ arg_dict['temp_relation'] ~ ' where customer_no is not null)'
    ) }}
{% endmacro %}
