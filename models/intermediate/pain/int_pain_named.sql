-- One trouble shows in many slices: payment errors on Android show in every country. Of the rows that a friction makes
-- significant in a stage the clearest is named, then the clearest that shares no session with it, and so on, as scan
-- statistics report clusters (Kulldorff 1997). At most four are named for a friction and stage. Each part that a slice
-- is defined by has to make it a tenth clearer: `android` is not to lose to `android, returning` by a hair.
{%- set slice_key = ['friction', 'stage_order', 'slice_name', 'slice_value'] %}
{%- set parts = pain_parts() %}
{%- set rounds = 4 %}
with

candidates_1 as (

    select
        {{ slice_key | join(', ') }},
        {{ parts | join(', ') }},
        clearness * power(
            0.9e0,
            {%- for part in parts %}
            case when {{ part }} is null then 0 else 1 end{% if not loop.last %} +{% endif %}
            {%- endfor %}
        ) as clearness
    from {{ ref('int_pain_tests') }}
    where is_significant

),

{% for round in range(1, rounds + 1) -%}
ranked_{{ round }} as (

    select
        *,
        row_number() over (partition by friction, stage_order order by clearness, slice_name, slice_value) as place
    from candidates_{{ round }}

),

named_{{ round }} as (

    select * from ranked_{{ round }}
    where place = 1

),

{% if not loop.last -%}
-- Two slices share no session when one part of both is set and differs.
candidates_{{ round + 1 }} as (

    select candidates.*
    from candidates_{{ round }} as candidates
    inner join named_{{ round }} as named
        on candidates.friction = named.friction
        and candidates.stage_order = named.stage_order
        and (
            {% for part in parts -%}
            candidates.{{ part }} <> named.{{ part }}{% if not loop.last %} or {% endif %}
            {%- endfor %}
        )

),

{% endif -%}
{%- endfor -%}
final as (
    {% for round in range(1, rounds + 1) %}
    select
        {{ slice_key | join(', ') }},
        {{ round }} as naming_order
    from named_{{ round }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select * from final
