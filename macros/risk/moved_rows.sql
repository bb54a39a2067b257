{#- Which rows a run of int_payment_attempts writes, and how they take the place of what stood. -#}

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
