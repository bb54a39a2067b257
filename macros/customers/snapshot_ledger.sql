{#- What the snapshots of past dates said when they were last made, and when they were restated with another outcome.
    The rolling window and new thresholds change no past snapshot, so what changes one is a late event or one that was
    withdrawn; each row that it changes, adds or takes away gets the time of the run. A removed row stays as a
    mark without its customer, as long as its date is shown. Rows that were made with other vars are replaced uncounted.
    The as-of date goes with the day and is not the past. -#}
{% macro snapshot_ledger(snapshots, columns, amounts) -%}
{%- set made_with = sql_text(snapshot_settings()) -%}
{%- set restated_at = moment(run_started_at.isoformat()) -%}
{%- set kept_columns = columns + amounts -%}
with

cutoffs as (

    select * from {{ ref('int_cutoffs') }}
    where not is_as_of

),

snapshots as (

    select
        snapshots.customer_no,
        snapshots.cutoff_date,
        {%- for column in kept_columns %}
        snapshots.{{ column }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ snapshots }} as snapshots
    inner join cutoffs on snapshots.cutoff_date = cutoffs.cutoff_date

),

{% if is_incremental() -%}
standing as (

    select * from {{ this }}
    where not is_removed

),

-- A mark keeps the settings that it was left with: it speaks for a date of which nothing else is there.
dates_before as (

    select
        cutoff_date,
        coalesce(max(case when not is_removed then made_with end), max(made_with)) as made_with
    from {{ this }}
    group by cutoff_date

),

changed as (

    select
        snapshots.*,
        dates_before.made_with = {{ made_with }} as is_restated,
        standing.restated_at as restated_before
    from snapshots
    left join dates_before on snapshots.cutoff_date = dates_before.cutoff_date
    left join standing
        on snapshots.customer_no = standing.customer_no
        and snapshots.cutoff_date = standing.cutoff_date
    where standing.customer_no is null
        or standing.made_with <> {{ made_with }}
        {%- for column in columns %}
        or snapshots.{{ column }} is distinct from standing.{{ column }}
        {%- endfor %}
        -- Sums of floats depend on the order of addition: a difference in the last digit is none.
        {%- for column in amounts %}
        or abs(snapshots.{{ column }} - standing.{{ column }}) > 2e-6
        {%- endfor %}

),

removed as (

    select
        standing.*,
        standing.made_with = {{ made_with }} as is_restated
    from standing
    inner join cutoffs on standing.cutoff_date = cutoffs.cutoff_date
    left join snapshots
        on standing.customer_no = snapshots.customer_no
        and standing.cutoff_date = snapshots.cutoff_date
    where snapshots.customer_no is null

),

final as (

    select
        customer_no,
        cutoff_date,
        {%- for column in kept_columns %}
        {{ column }},
        {%- endfor %}
        false as is_removed,
        {{ made_with }} as made_with,
        case when is_restated then {{ restated_at }} else restated_before end as restated_at
    from changed

    union all

    select
        customer_no,
        cutoff_date,
        {%- for column in kept_columns %}
        {{ column }},
        {%- endfor %}
        true as is_removed,
        {{ made_with }} as made_with,
        case when is_restated then {{ restated_at }} end as restated_at
    from removed

)
{%- else -%}
final as (

    select
        customer_no,
        cutoff_date,
        {%- for column in kept_columns %}
        {{ column }},
        {%- endfor %}
        false as is_removed,
        {{ made_with }} as made_with,
        case when false then {{ restated_at }} end as restated_at
    from snapshots

)
{%- endif %}

select * from final
{%- endmacro %}


{#- A digest of what snapshots follow from, apart from events: vars, the bands of segments and the logic that is written
    here and in the two models of states. -#}
{% macro snapshot_settings() %}
    {% set settings = {} %}
    {% for name in [
        'more_cutoff_dates', 'lifecycle_at_risk_days', 'lifecycle_lapsed_days', 'lifecycle_retained_order_days',
        'lifecycle_loyal_orders', 'segment_learned_on', 'segment_hysteresis'
    ] %}
        {% do settings.update({name: var(name) | string}) %}
    {% endfor %}
    {% for unique_id in [
        'seed.footfall.segment_bands', 'model.footfall.int_customer_histories', 'model.footfall.int_lifecycle_states',
        'model.footfall.int_segment_scores', 'model.footfall.int_segment_states',
        'model.footfall.int_segment_thresholds'
    ] if execute %}
        {% do settings.update({unique_id: graph.nodes[unique_id].checksum.checksum}) %}
    {% endfor %}
    {% do return(local_md5(settings | tojson)) %}
{% endmacro %}


{#- Incremental strategy: the rows of snapshots that changed are replaced, and dates that are no longer shown go. A row
    that is gone is kept as a mark that says nothing of its customer. -#}
{% macro get_incremental_replace_snapshots_sql(arg_dict) %}
    {%- set marks = ['cutoff_date', 'is_removed', 'made_with', 'restated_at'] -%}
    {%- set names = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {{ delete_matching(arg_dict['target_relation'], arg_dict['temp_relation'], 'changed', [
        'target.customer_no = changed.customer_no',
        'target.cutoff_date = changed.cutoff_date',
    ]) }}

    delete from {{ arg_dict['target_relation'] }}
    where cutoff_date not in (select cutoff_date from {{ ref('int_cutoffs') }} where not is_as_of);

    insert into {{ arg_dict['target_relation'] }} ({{ names | join(', ') }})
    select
        {%- for name in names %}
        {{ name if name in marks else 'case when not is_removed then ' ~ name ~ ' end' }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ arg_dict['temp_relation'] }}
    where not is_removed or restated_at is not null
{% endmacro %}


{#- How many rows of past snapshots this run changed, added or took away: mart, rows, rows that are gone, and the first
    date, as texts. -#}
{% macro restated_rows() %}
    {% set ledgers = {'customer_lifecycle': 'int_lifecycle_ledger', 'customer_segments': 'int_segment_ledger'} %}
    {% set counts = [] %}
    {% for mart, ledger_name in ledgers.items() %}
        {% set ledger = load_built_relation(ledger_name) %}
        {% if ledger is not none %}
            {% do counts.append(
                'select ' ~ sql_text(mart) ~ ' as mart, cast(count(*) as string) as row_count, '
                ~ 'cast(count(case when is_removed then 1 end) as string) as removed_count, '
                ~ 'cast(min(cutoff_date) as string) as first_date from ' ~ ledger
                ~ ' where restated_at = ' ~ moment(run_started_at.isoformat())
            ) %}
        {% endif %}
    {% endfor %}
    {% do return(text_rows(counts | join(' union all ')) if counts else []) %}
{% endmacro %}
