{#- Within a group, a later step never holds more than the one before it. Returns the step and both figures. -#}
{% test stages_never_grow(model, within, order_by, measure) %}
with

steps as (

    select
        {{ within | join(', ') }},
        {{ order_by }},
        {{ measure }},
        lag({{ measure }}) over (partition by {{ within | join(', ') }} order by {{ order_by }}) as previous_{{ measure }}
    from {{ model }}

)

select * from steps
where {{ measure }} > previous_{{ measure }}
{% endtest %}
