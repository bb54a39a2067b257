{#- What staging could not take as it came, noted with the row: a line for each value, with the column, the reason and an
    example, tabs between them. Nothing is written for a row that is clean. `int_value_accounting` counts the notes.
    A note is {column, reason, when, example}: the name of a column, and SQL of the reason, of whether it holds, and of
    the example, which is none where the value may be personal. -#}
{% macro value_notes(notes) -%}
    {%- if not notes -%}
    cast(null as string)
    {%- else -%}
    {%- set holds = notes | map(attribute='when') | join('\n                or ') -%}
    {{ computed_once(
        'case when ' ~ holds ~ '\n                then ' ~ joined_notes(notes_when_they_hold(notes)) ~ ' end'
    ) }}
    {%- endif -%}
{%- endmacro %}

{% macro notes_when_they_hold(notes) %}
    {% set written = [] %}
    {% for note in notes %}
        {% do written.append(
            'case when ' ~ note.when ~ ' then ' ~ sql_text(note.column) ~ ' || ' ~ sql_text('\t') ~ ' || ' ~ note.reason
            ~ (' || ' ~ sql_text('\t') ~ ' || ' ~ short_example(note.example) if note.example else '') ~ ' end'
        ) %}
    {% endfor %}
    {% do return(written) %}
{% endmacro %}

{% macro short_example(text) -%}
    left(replace(replace({{ text }}, {{ sql_text('\t') }}, ' '), {{ sql_text('\n') }}, ' '), 36)
{%- endmacro %}


{#- Notes of several kinds on one row as one text; null where there are none. -#}
{% macro joined_notes(texts) -%}
    nullif(concat_ws({{ sql_text('\n') }}, {{ texts | join(', ') }}), '')
{%- endmacro %}


{#- Notes on clean columns (a dict of names and columns, as `cleaned` gives them) that held a word for nothing; of
    `owners` also zeros. -#}
{% macro nothing_notes(found, owners=[]) %}
    {% set notes = [] %}
    {% for name, column in found.items() if column is not none and column.is_clean %}
        {% set words = "'a word for nothing'" %}
        {% if name in owners %}
            {% set words = 'case when ' ~ is_only_zeros(column.trimmed) ~ " then 'only zeros' else " ~ words ~ ' end' %}
        {% endif %}
        {% do notes.append({
            'column': name, 'reason': words, 'when': '(' ~ column.sql ~ ' is null and ' ~ column.trimmed ~ " <> '')",
            'example': column.trimmed
        }) %}
    {% endfor %}
    {% do return(notes) %}
{% endmacro %}


{#- A note on a column that says something which became no value; `example` says whether it may be shown. -#}
{% macro lost_value_notes(name, column, value, reason, example=false) %}
    {% if column is none %}
        {% do return([]) %}
    {% endif %}
    {% do return([{
        'column': name, 'reason': sql_text(reason),
        'when': '(' ~ text_value(column) ~ ' is not null and ' ~ value ~ ' is null)',
        'example': text_value(column) if example else none
    }]) %}
{% endmacro %}


{#- A note on a consent in a word that is neither a known yes nor a known no. -#}
{% macro consent_notes(name, column) %}
    {% if column is none %}
        {% do return([]) %}
    {% endif %}
    {% do return([{
        'column': name, 'reason': "'no known yes, read as a refusal (var words_for_yes)'",
        'when': '(not ' ~ is_yes(text_value(column)) ~ ' and not ' ~ is_no(text_value(column)) ~ ')',
        'example': none
    }]) %}
{% endmacro %}


{#- Notes on an order that says it is worth something else than its lines come to: `stated` and `lines` are SQL of the two
    values, `applies` says of which rows, `is_shared` where the lines give way to the order. Half a cent is none. -#}
{% macro order_value_notes(column, stated, lines, applies, is_shared='true') %}
    {% do return([
        {
            'column': column, 'reason': "'more than the lines of the order come to, which count'", 'example': none,
            'when': '(' ~ applies ~ ' and ' ~ stated ~ ' > ' ~ lines ~ ' + 5e-3)'
        },
        {
            'column': column, 'example': none,
            'reason': "'less than the lines of the order come to, which ' || case when " ~ is_shared
                ~ " then 'share the difference' else 'count' end",
            'when': '(' ~ applies ~ ' and ' ~ stated ~ ' < ' ~ lines ~ ' - 5e-3)'
        }
    ]) %}
{% endmacro %}


{#- A note on a refund whose lines repeat list prices and give way to what it states as a whole: `stated` and `lines` are SQL
    of the two values, `applies` says of which rows. -#}
{% macro refund_value_notes(column, stated, lines, applies) %}
    {% do return([{
        'column': column, 'reason': "'less than the lines of the refund cost, which share it'", 'example': none,
        'when': '(' ~ applies ~ ' and ' ~ stated ~ ' > 0e0 and ' ~ stated ~ ' < ' ~ lines ~ ' - 5e-3)'
    }]) %}
{% endmacro %}


{#- A note on an order whose lines say nothing of what they are worth, so that they share what the whole is worth: `whole`
    is SQL of that, `count_lines` of their number, `lines_value` of what they say. -#}
{% macro shared_value_notes(column, alias, count_lines, lines_value, whole) %}
    {% do return([{
        'column': column, 'reason': "'shared by the lines of the order, which have no prices'", 'example': none,
        'when': '(' ~ alias ~ '.line_no = 1 and ' ~ alias ~ '.' ~ count_lines ~ ' > 1 and coalesce(' ~ alias ~ '.'
            ~ lines_value ~ ', 0e0) = 0e0 and ' ~ whole ~ ' > 0e0)'
    }]) %}
{% endmacro %}


{#- A note on a row of a list without the id that it is listed under: such a row is left out. -#}
{% macro missing_id_notes(name, id) %}
    {% do return([{
        'column': name, 'reason': "'no id, so the row is left out'", 'when': '(' ~ id ~ ' is null)', 'example': none
    }]) %}
{% endmacro %}


{#- Notes on the ids of a row of a list (clean columns by name) that went through a floating-point number which could not
    hold all of their digits. An event is rejected for it; a row of a list may meet the events of another id, or none. -#}
{% macro lost_id_notes(found, names) %}
    {% set notes = [] %}
    {% for name in names if found[name] is not none and found[name].came_as %}
        {% do notes.append({
            'column': name, 'reason': "'a floating-point number that has lost digits'",
            'when': '(' ~ id_problem(name, found[name].came_as) ~ ' is not null)', 'example': none
        }) %}
    {% endfor %}
    {% do return(notes) %}
{% endmacro %}


{#- What becomes of a line of an order that says nothing of what it is worth. -#}
{% macro unpriced_reason() -%}
    case
            when event_type = 'refund' and listed_amount is not null
                then 'list prices or a total, of which at most what was paid for the order is given back, if that is known'
            when event_type = 'refund' then 'no amount, so what is still paid of the order is given back, if that is known'
            else 'no amount, and no price with a quantity, so the line is worth nothing'
        end
{%- endmacro %}


{#- The column and the reason of a note, as two columns. -#}
{% macro noted_parts(note) -%}
    split_part({{ note }}, {{ sql_text('\t') }}, 1) as column_name, split_part({{ note }}, {{ sql_text('\t') }}, 2) as reason
{%- endmacro %}


{#- The example of a note; null where it has none. -#}
{% macro noted_example(note) -%}
    nullif(split_part({{ note }}, {{ sql_text('\t') }}, 3), '')
{%- endmacro %}
