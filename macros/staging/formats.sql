{#- How the dates and numbers of text columns are written. `02/01/2010` and `1.234` have two readings, and the values of
    the whole column decide; src/footfall/builds/formats.py judges. -#}

{#- The columns of an input (a dict, as `cleaned` takes it) with the format of each text column among `times` and
    `numbers`. Stops where no value decides, or where values contradict each other. `table_name` is the source and the
    table, such as custom.events; `alias` is that of the table in the SQL of the columns. -#}
{% macro with_formats(table_name, table, alias, found, times, numbers) %}
    {% if not execute %}
        {% do return(found) %}
    {% endif %}
    {% set asked = [] %}
    {% for name in times + numbers if is_text(found[name]) %}
        {% do asked.append({
            'name': name, 'column': found[name].name, 'kind': 'times' if name in times else 'numbers'
        }) %}
    {% endfor %}
    {% set decision = ask_program('decide_formats', {
        'run_id': invocation_id,
        'table': table_name,
        'known': times + numbers,
        'columns': asked,
        'counts': text_rows(counted_readings(table, alias, found, asked)) if asked else [],
        'chosen': (var('column_formats') or {}).get(table_name, {}),
        'noted': noted_formats().get(table_name, {})
    }) %}
    {% if decision.undecided %}
        {% set examples = {} %}
        {% for one in asked if one.name in decision.undecided %}
            {% do examples.update({one.name: first_of_several_readings(table, alias, found[one.name], one.kind)}) %}
        {% endfor %}
        {% do ask_program('refuse_undecided', {'table': table_name, 'columns': asked, 'examples': examples}) %}
    {% endif %}
    {% set formatted = {} %}
    {% for name, column in found.items() %}
        {% set more = {} %}
        {% if is_text(column) and name in times + numbers %}
            {% do more.update({
                'format': decision.formats.get(name, 'as it is' if name in times else 'decimal_point')
            }) %}
        {% endif %}
        {% if column is not none and name in times and table_name.startswith('custom.') %}
            {% do more.update({'clock': clock_of(table_name, name, column)}) %}
        {% endif %}
        {% do formatted.update({name: dict(column, **more) if more else column}) %}
    {% endfor %}
    {% do return(formatted) %}
{% endmacro %}


{#- What times without an offset are in a column of the shop's own: shop, utc, or unsaid where the shop has another zone
    than UTC and nothing is said. A column whose name says UTC is that. -#}
{% macro clock_of(table_name, name, column) %}
    {% set given = var('custom_times_without_offset_are') %}
    {% if given == 'shop' and modules.re.search('(?i)(^|[^a-z])utc([^a-z]|$)', column.name or '') %}
        {% do exceptions.raise_compiler_error(
            "var 'custom_times_without_offset_are' is 'shop', and column '" ~ column.name ~ "', which is " ~ name ~ ' of '
            ~ table_name ~ ', says that it is in UTC: set the var to utc.'
        ) %}
    {% endif %}
    {% do return('utc' if var('shop_time_zone') == 'UTC' else given or 'unsaid') %}
{% endmacro %}


{#- Notes on times without an offset whose meaning was guessed: those of hours that come twice or never on clocks of the
    shop, and all where nobody has said what they are. -#}
{% macro clock_notes(found) %}
    {% set notes = [] %}
    {% for name, column in found.items() if column is not none and column.clock in ('shop', 'unsaid') %}
        {% set written = time_as_utc(column) %}
        {% set is_local = '(' ~ is_without_offset(column) ~ ') and ' ~ written ~ ' is not null' %}
        {% if column.clock == 'unsaid' %}
            {% do notes.append({
                'column': name, 'when': '(' ~ is_local ~ ')', 'example': none,
                'reason': "'no offset, so it is read as UTC (var custom_times_without_offset_are)'"
            }) %}
        {% else %}
            {% do notes.append({
                'column': name, 'example': none, 'reason': "'clocks of the shop showed it twice: the first is taken'",
                'when': '(' ~ is_local ~ ' and ' ~ clocks_showed('twice', written) ~ ')'
            }) %}
            {% do notes.append({
                'column': name, 'example': none,
                'reason': "'clocks of the shop skipped it: read with the offset from before'",
                'when': '(' ~ is_local ~ ' and ' ~ clocks_showed('never', written) ~ ')'
            }) %}
        {% endif %}
    {% endfor %}
    {% do return(notes) %}
{% endmacro %}


{#- A query with a row for each column and each set of readings that its values allow: name, mask, number of values. -#}
{% macro counted_readings(table, alias, found, asked) -%}
    {% for one in asked %}
    select
        {{ sql_text(one.name) }} as column_name,
        cast(mask as string) as mask,
        cast(sum(value_count) as string) as value_count
    from (
        select
            {{ readings_of('value', one.kind) }} as mask,
            value_count
        from (
            select
                {{ trimmed_text(found[one.name]) }} as value,
                count(*) as value_count
            from {{ table }} as {{ alias }}
            where {{ may_have_several_readings(uncut_text(found[one.name]), one.kind) }}
            group by {{ trimmed_text(found[one.name]) }}
        ) as {{ alias }}_values
    ) as {{ alias }}_readings
    where mask > 0
    group by mask
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
{%- endmacro %}


{#- The first three values of a column that can be read in several ways. -#}
{% macro first_of_several_readings(table, alias, column, kind) %}
    {% set values = [] %}
    {% for row in text_rows(
        'select ' ~ trimmed_text(column) ~ ' as value from ' ~ table ~ ' as ' ~ alias
        ~ ' where ' ~ may_have_several_readings(uncut_text(column), kind)
        ~ ' and ' ~ readings_of(trimmed_text(column), kind) ~ ' > 0 limit 3'
    ) %}
        {% do values.append(row[0]) %}
    {% endfor %}
    {% do return(values) %}
{% endmacro %}


{#- Leaves out at little cost what can be read in one way only: dates that begin with a year, whole numbers. -#}
{% macro may_have_several_readings(text, kind) -%}
    {%- if kind == 'times' -%}
    ({{ text }} like '%_/_%/%' or {{ text }} like '%_._%.%' or {{ text }} like '%_-_%-%')
            and {{ text }} not like '____-__-__%'
    {%- else -%}
    ({{ text }} like '%,%' or {{ text }} like '%.%')
    {%- endif -%}
{%- endmacro %}


{#- The sum of 1, 2 and 4 for the readings that a text allows, in the order of formats.py: day, month or year (of two
    digits) first; decimal point or comma. -#}
{% macro readings_of(text, kind) -%}
    {%- set patterns = date_patterns() if kind == 'times' else number_patterns() -%}
    (
        {%- for pattern in patterns.values() %}
        case when {{ matches(text, pattern) }} then {{ 2 ** loop.index0 }} else 0 end
        {{- ' +' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro date_patterns() %}
    {% set day = '(0?[1-9]|[12][0-9]|3[01])' %}
    {% set month = '(0?[1-9]|1[0-2])' %}
    {% set rest = '([ T,].*)?$' %}
    {% do return({
        'day_first': '^' ~ day ~ '[./-]' ~ month ~ '[./-]([0-9]{4}|[0-9]{2})' ~ rest,
        'month_first': '^' ~ month ~ '[./-]' ~ day ~ '[./-]([0-9]{4}|[0-9]{2})' ~ rest,
        'year_first': '^[0-9]{2}[./-]' ~ month ~ '[./-]' ~ day ~ rest
    }) %}
{% endmacro %}

{% macro number_patterns() %}
    {% do return({
        'decimal_point': '^[+-]?[0-9]+[.][0-9]*[eE][+-]?[0-9]+$|' ~ number_pattern('decimal_point'),
        'decimal_comma': number_pattern('decimal_comma')
    }) %}
{% endmacro %}


{#- The formats that the tables stand on, by table and column. A full refresh that takes all events in anew decides
    again. -#}
{% macro noted_formats() %}
    {% if flags.FULL_REFRESH and 'model.footfall.int_accepted_events' in selected_resources %}
        {% do return({}) %}
    {% endif %}
    {% do return(noted_settings()) %}
{% endmacro %}


{#- Notes at the end of a run how the columns of its inputs were read, once events were taken in. -#}
{% macro note_formats(results) %}
    {% if not execute or flags.WHICH not in ['build', 'run'] %}
        {% do return('') %}
    {% endif %}
    {% if results | selectattr('node.name', 'equalto', 'int_accepted_events')
        | selectattr('status', 'in', ['success', 'pass']) | list %}
        {% for table_name, formats in ask_program('decided_formats', {'run_id': invocation_id}).items() %}
            {% do run_query(
                'delete from ' ~ settings_relation() ~ ' where table_name = ' ~ sql_text(table_name)
            ) %}
            {% do note_settings([table_name], formats) if formats %}
        {% endfor %}
    {% endif %}
{% endmacro %}
