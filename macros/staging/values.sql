{#- Columns of unknown type become values of the contract. A column is a dict {sql, type} as input_column gives it,
    or none where the input has no such column. -#}

{#- The first of the wanted columns (lower case) that the input has, as {sql, type, name}, or none. -#}
{% macro input_column(columns, wanted, alias) %}
    {% for name in wanted if name ~ ' (1)' in columns %}
        {% do raise_shared_name(name, columns) %}
    {% endfor %}
    {% for name in wanted if name in columns %}
        {% set found = columns[name] %}
        {% do return({'sql': alias ~ '.' ~ sql_name(found.name), 'type': found.type, 'name': found.name}) %}
    {% endfor %}
    {% do return(none) %}
{% endmacro %}


{#- Stop where a text file has several columns of one name, and the name is asked for. -#}
{% macro raise_shared_name(name, columns) %}
    {% set copies = [] %}
    {% for copy in range(1, columns | length + 1) if name ~ ' (' ~ copy ~ ')' in columns %}
        {% do copies.append(columns[name ~ ' (' ~ copy ~ ')'].name) %}
    {% endfor %}
    {{ exceptions.raise_compiler_error(
        "A file has " ~ copies | length ~ " columns called '" ~ name ~ "', and it is not clear which one is meant. From left"
        ~ " to right they are called " ~ copies | join(', ') ~ ". Name the one to read in var custom_columns, as in events: {"
        ~ name ~ ": '" ~ copies[0] ~ "'}, or rename them in the file."
    ) }}
{% endmacro %}


{#- Several columns as one: of each row the first that is not empty. One is taken as it is, none is none. Of owners, zeros
    alone are empty as well. -#}
{% macro first_filled(there, is_owner=false) %}
    {% if there | length < 2 %}
        {% do return(there[0] if there else none) %}
    {% endif %}
    {% set kinds = there | map(attribute='type') | unique | list %}
    {% set filled = [] %}
    {% for column in there %}
        {% set value = text_value(column) if is_text(column) or kinds | length > 1 else column.sql %}
        {% set is_empty = [] %}
        {% do is_empty.append(is_only_zeros(trimmed_text(column))) if is_owner %}
        {% do is_empty.append('not ' ~ is_finite(column.sql)) if kind_of(column) == 'float' %}
        {% do filled.append(
            'case when not (' ~ is_empty | join(' or ') ~ ') then ' ~ value ~ ' end' if is_empty else value
        ) %}
    {% endfor %}
    {#- A word for nothing counts as such where none of them says more. -#}
    {% do filled.append(trimmed_text(there[0])) if is_text(there[0]) %}
    {% do return({
        'sql': 'coalesce(' ~ filled | join(', ') ~ ')', 'type': kinds[0] if kinds | length == 1 else 'VARCHAR',
        'name': there[0].name
    }) %}
{% endmacro %}


{#- The columns of an input under the names of `wanted`, a dict name -> spellings (lower case); files of an input may have
    different ones. A run stops when the input, or one of its files (`read`, as `note_files_read` notes them), has none. -#}
{% macro required_columns(file, columns, alias, wanted, read=[]) %}
    {% for one in read if read | length > 1 %}
        {% do required_columns(one.file, input_columns(rows_of_parquet([one.stand_in])), alias, wanted) %}
    {% endfor %}
    {% set found = {} %}
    {% set missing = [] %}
    {% for name, spellings in wanted.items() %}
        {% set there = [] %}
        {% for spelling in spellings if spelling in columns %}
            {% do there.append(input_column(columns, [spelling], alias)) %}
        {% endfor %}
        {% set column = first_filled(there) %}
        {% if execute and column is none %}
            {% do missing.append(spellings[0]) %}
        {% endif %}
        {% do found.update({name: column}) %}
    {% endfor %}
    {% if missing %}
        {% do raise_missing_columns(file, missing, columns) %}
    {% endif %}
    {% do return(found) %}
{% endmacro %}


{#- SQL that gives a text, as a column that the macros below take. -#}
{% macro text_column(sql) %}
    {% do return({'sql': sql, 'type': 'text', 'name': none}) %}
{% endmacro %}


{#- A column as text, as it came but for blanks at its ends. -#}
{% macro trimmed_text(column) -%}
    trim(cast({{ column.sql }} as string))
{%- endmacro %}


{#- A column as text, whatever its type, with blanks at its ends; for patterns that look whether an expression is needed. -#}
{% macro uncut_text(column) -%}
    {{ column.sql if column.type in ('VARCHAR', 'text') else 'cast(' ~ column.sql ~ ' as string)' }}
{%- endmacro %}


{#- Whether a trimmed text stands for nothing: it is empty, or one of the words of var words_for_nothing. -#}
{% macro is_nothing(text) -%}
    {{ is_one_of('lower(' ~ text ~ ')', [''] + lower_words('words_for_nothing')) }}
{%- endmacro %}


{#- The words of a var, trimmed and in lower case. -#}
{% macro lower_words(name) %}
    {% do return(var(name) | map('lower') | map('trim') | unique | list) %}
{% endmacro %}


{#- Trimmed text; a text that stands for nothing is null. -#}
{% macro text_value(column) -%}
    {%- if column is none -%}
    cast(null as string)
    {%- elif column.is_clean -%}
    {{ column.sql }}
    {%- elif kind_of(column) in ('exact number', 'moment', 'local time') -%}
    cast({{ column.sql }} as string)
    {%- else -%}
    case when not {{ is_nothing(trimmed_text(column)) }} then {{ trimmed_text(column) }} end
    {%- endif -%}
{%- endmacro %}


{#- An id as text. A whole number loses a fraction of zeros, which a tool has given it (17850.0 in a column of floats,
    17850.00 in one of decimals); zeros in front stay. -#}
{% macro id_value(column) -%}
    {%- if column is not none and column.is_clean -%}
    {{ column.sql }}
    {%- elif column is not none and kind_of(column) == 'float' -%}
    case
            when {{ column.sql }} = floor({{ column.sql }}) and abs({{ column.sql }}) < {{ first_inexact(column) }}
                then cast(cast({{ column.sql }} as bigint) as string)
            else {{ text_value(column) }}
        end
    {%- elif column is none or kind_of(column) == 'exact number' and not column.type.startswith('DECIMAL') -%}
    {{ text_value(column) }}
    {%- else -%}
    case
            when {{ uncut_text(column) }} like '%.0%' and {{ matches(trimmed_text(column), '^-?[0-9]+[.]0+$') }}
                then {{ without_match(trimmed_text(column), '[.]0+$') }}
            else {{ text_value(column) }}
        end
    {%- endif -%}
{%- endmacro %}


{#- The id of a customer or a device. One of zeros alone (0, 0000, 00000000-0000-0000-0000-000000000000) is what tools
    write for nobody: it is null. -#}
{% macro owner_id_value(column) -%}
    {%- if column is none or column.is_clean -%}
    {{ id_value(column) }}
    {%- else -%}
    case when not {{ is_only_zeros(trimmed_text(column)) }} then {{ id_value(column) }} end
    {%- endif -%}
{%- endmacro %}

{% macro is_only_zeros(text) -%}
    ({{ text }} like '%0%' and {{ stripped(text, '0-.:{}') }} = '')
{%- endmacro %}


{#- The reason to reject a row whose id went through a floating-point number that could not hold all of its digits, so
    that two ids may have become one; else null. -#}
{% macro id_problem(name, column) -%}
    {%- set problem = sql_text(
        name ~ ' is a floating-point number that has lost digits: export ids in text form or as whole numbers'
    ) -%}
    {%- if column is none or kind_of(column) in ('exact number', 'moment', 'local time') -%}
    cast(null as string)
    {%- elif kind_of(column) == 'float' -%}
    case
            when abs({{ column.sql }}) >= {{ first_inexact(column) }} and {{ text_value(column) }} is not null
                then {{ problem }}
        end
    {%- else -%}
    {#- What a tool has written of a float: 5e+18, or sixteen digits and more with a fraction of one zero. -#}
    case
            when {{ uncut_text(column) }} like '%e+%' and {{ matches(trimmed_text(column), '^[0-9]+([.][0-9]+)?e[+][0-9]+$') }}
                or {{ uncut_text(column) }} like '%E+%' and {{ matches(trimmed_text(column), '^[0-9]+([.][0-9]+)?E[+][0-9]+$') }}
                or {{ uncut_text(column) }} like '________________%.0' and {{ matches(trimmed_text(column), '^[0-9]+[.]0$') }}
                and try_cast({{ trimmed_text(column) }} as double) >= {{ first_inexact(column) }}
                then {{ problem }}
        end
    {%- endif -%}
{%- endmacro %}


{#- The columns that hold text, cleaned once for each row, as columns of a CTE; `cleaned` has them under their names.
    `ids` and `owners` name those that are ids, and ids of customers and devices. Times and numbers whose format is
    known are read here as well. -#}
{% macro clean_texts(found, ids=[], owners=[]) -%}
    {%- for name, column in found.items() if is_text(column) or column is not none and name in ids + owners %}
    {{ computed_once(
        owner_id_value(column) if name in owners else id_value(column) if name in ids else text_value(column)
    ) }} as footfall_text_{{ name | lower }},
    {%- if column.format %}
    {{ computed_once(read_value(column)) }} as footfall_value_{{ name | lower }},
    {%- endif %}
    {%- endfor %}
    {#- What has lost its digits, and what was left out: both look at the texts as they came. -#}
    {{ first_problem(id_problems(found, ids + owners)) }} as footfall_id_problem
{%- endmacro %}

{% macro id_problems(found, names) %}
    {% set problems = ['cast(null as string)'] %}
    {#- A hint of a session counts for little: it is no reason to lose an event. -#}
    {% for name in names if name != 'session_hint' %}
        {% do problems.append(id_problem(name, found[name])) %}
    {% endfor %}
    {% do return(problems) %}
{% endmacro %}


{#- The same columns as they are after `clean_texts`, behind an alias; the others stay as they are. -#}
{% macro cleaned(found, alias, ids=[]) %}
    {% set columns = {} %}
    {% for name, column in found.items() %}
        {% if is_text(column) or column is not none and name in ids %}
            {% do columns.update({name: {
                'sql': alias ~ '.footfall_text_' ~ name | lower, 'type': 'text', 'name': column.name,
                'is_clean': true, 'trimmed': trimmed_text(column), 'came_as': column,
                'value': alias ~ '.footfall_value_' ~ name | lower if column.format else none,
                'format': column.format, 'clock': column.clock
            }}) %}
        {% else %}
            {% do columns.update({name: column}) %}
        {% endif %}
    {% endfor %}
    {% do return(columns) %}
{% endmacro %}

{% macro is_text(column) %}
    {% do return(column is not none and kind_of(column) == 'other') %}
{% endmacro %}


{#- The first whole number that a floating-point column cannot tell from the next one: 2^53, or 2^24 in single
    precision. -#}
{% macro first_inexact(column) -%}
    {{ '16777216e0' if column.type == 'FLOAT' else '9007199254740992e0' }}
{%- endmacro %}


{#- Several columns as text, and several as ids, each under its own name. -#}
{% macro text_values(found, names) -%}
    {%- for name in names -%}
    {{ text_value(found[name]) }} as {{ name }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro id_values(found, names) -%}
    {%- for name in names -%}
    {{ id_value(found[name]) }} as {{ name }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- The path of a page, from its address: without the host, and without what follows the path, which may name people. -#}
{% macro page_path(address) -%}
    {%- set page = without_match(without_match(address, '(?s)[?#;].*$'), '^([A-Za-z][A-Za-z0-9+.-]*:)?//[^/]*') -%}
    case when {{ text_value(text_column(address)) }} is not null then coalesce(nullif(trim({{ page }}), ''), '/') end
{%- endmacro %}


{#- A list of finite numbers, or null. -#}
{% macro vector_value(column) -%}
    {%- if column is none -%}
    cast(null as {{ vector_type() }})
    {%- else -%}
    {{ vector_of(text_value(column)) }}
    {%- endif -%}
{%- endmacro %}


{#- A latitude (at most 90 degrees from the equator) or a longitude (at most 180 from Greenwich), or null. -#}
{% macro degrees_value(column, most) -%}
    {%- if column is none -%}
    cast(null as double)
    {%- else -%}
    case when abs({{ number_value(column) }}) <= {{ most }} then {{ number_value(column) }} end
    {%- endif -%}
{%- endmacro %}


{#- The time or number in a text column whose format is known (`with_formats`), or null. -#}
{% macro read_value(column) -%}
    {%- if column.format.startswith('decimal') -%}
    {{ number_in_text(trimmed_text(column), column.format) }}
    {%- else -%}
    {{ time_in_text(trimmed_text(column), column.format) }}
    {%- endif -%}
{%- endmacro %}


{#- A finite number, or null. -#}
{% macro number_value(column) -%}
    {%- if column is none -%}
    cast(null as double)
    {%- elif column.value -%}
    {{ column.value }}
    {%- else -%}
    case
            when {{ is_finite('try_cast(' ~ (column.sql if is_number(column) else text_value(column)) ~ ' as double)') }}
                then try_cast({{ column.sql if is_number(column) else text_value(column) }} as double)
        end
    {%- endif -%}
{%- endmacro %}


{#- A year as a whole number, or null. -#}
{% macro year_value(column) -%}
    try_cast({{ number_value(column) }} as integer)
{%- endmacro %}


{#- A moment in UTC, or null. Text without an offset is UTC, or what clocks of the shop show if the column has a `clock`
    of the shop; whole numbers are seconds, milli-, micro- or nanoseconds since 1970, distinguished by their size. -#}
{% macro time_value(column) -%}
    {%- if column is not none and column.clock == 'shop' -%}
    {{ moment_if_local(column) }}
    {%- else -%}
    {{ time_as_utc(column) }}
    {%- endif -%}
{%- endmacro %}


{#- What a column with a clock of the shop holds: a moment that has its offset, or the one at which the shop's clocks show
    what is written. -#}
{% macro moment_if_local(column) -%}
    {%- set written = time_as_utc(column) -%}
    case when {{ is_without_offset(column) }} then {{ moment_of_shop_clock(written) }} else {{ written }} end
{%- endmacro %}


{#- Whether the time in a column has no offset. -#}
{% macro is_without_offset(column) -%}
    {%- if is_text(column) -%}
    {{ lacks_offset(text_value(column), column.format or '') }}
    {%- else -%}
    {{ 'true' if kind_of(column) == 'local time' else 'false' }}
    {%- endif -%}
{%- endmacro %}


{#- The same with every time that has no offset taken as UTC. -#}
{% macro time_as_utc(column) -%}
    {%- if column is none -%}
    cast(null as {{ moment_type() }})
    {%- elif column.value -%}
    {{ column.value }}
    {%- elif kind_of(column) == 'moment' -%}
    case when {{ is_usable_time(column.sql) }} then {{ column.sql }} end
    {%- elif kind_of(column) == 'local time' -%}
    case
            when {{ is_usable_local_time('try_cast(' ~ column.sql ~ ' as timestamp)') }}
                then {{ utc_moment('try_cast(' ~ column.sql ~ ' as timestamp)') }}
        end
    {%- elif is_number(column) -%}
    {{ epoch_value(column.sql) }}
    {%- else -%}
    {{ time_in_text(text_value(column), 'as it is') }}
    {%- endif -%}
{%- endmacro %}


{#- Whether a moment lies in the years that all tools can hold, 1 to 9999. -#}
{% macro is_usable_time(moment_sql) -%}
    {{ moment_sql }} between {{ moment('0001-01-01 00:00:00+00') }} and {{ moment('9999-12-30 00:00:00+00') }}
{%- endmacro %}


{#- The same of a time without a zone. A column of nanoseconds cannot be compared with the year 1 itself. -#}
{% macro is_usable_local_time(local_time) -%}
    {{ local_time }} between timestamp '0001-01-01 00:00:00' and timestamp '9999-12-30 00:00:00'
{%- endmacro %}


{#- True for a known yes (var words_for_yes), false for a known no, else null. -#}
{% macro boolean_value(column) -%}
    {%- if column is none -%}
    cast(null as boolean)
    {%- else -%}
    case
            when {{ is_yes(text_value(column)) }} then true
            when {{ is_no(text_value(column)) }} then false
        end
    {%- endif -%}
{%- endmacro %}


{#- A consent: true for a known yes (var words_for_yes), false for any other word, null where nothing is said. -#}
{% macro consent_value(column) -%}
    {%- if column is none -%}
    cast(null as boolean)
    {%- else -%}
    {{ is_yes(text_value(column)) }}
    {%- endif -%}
{%- endmacro %}

{% macro is_yes(text) -%}
    {{ is_one_of('lower(' ~ text ~ ')', lower_words('words_for_yes')) }}
{%- endmacro %}

{% macro is_no(text) -%}
    {%- set words = ['false', 'f', 'no', 'n', '0', '0' ~ '.' ~ '0', 'off'] -%}
    {{ is_one_of('lower(' ~ text ~ ')', words) }}
{%- endmacro %}


{#- The first of several reasons to reject a row. -#}
{% macro first_problem(problems) -%}
    {{ computed_once('coalesce(' ~ problems | join(', ') ~ ')') }}
{%- endmacro %}


{#- How many pieces a list of lines has; a line without a quantity is one. `quantity` is SQL of that of `listed`. -#}
{% macro pieces_of(list, quantity) -%}
    {{ list_total(list, 'listed', 'coalesce(try_cast(' ~ quantity ~ ' as double), 1e0)') }}
{%- endmacro %}


{#- The share that one line has of what its order is worth as a whole: all of it where it is the only one, else by pieces. -#}
{% macro share_of_whole(alias, count_lines) -%}
    case when {{ alias }}.{{ count_lines }} > 1 then coalesce({{ alias }}.quantity, 1e0) / {{ alias }}.pieces else 1e0 end
{%- endmacro %}


{#- The reason to reject a row whose value is there but is not a number (or not a time), else null. -#}
{% macro number_problem(name, column) -%}
    {%- if column is none or is_number(column) and kind_of(column) != 'float' -%}
    cast(null as string)
    {%- else -%}
    case
            when {{ text_value(column) }} is not null and {{ number_value(column) }} is null
                then {{ sql_text(name ~ ' is not a number: ') }} || {{ text_value(column) }}
        end
    {%- endif -%}
{%- endmacro %}

{% macro time_problem(name, column) -%}
    {%- if column is none -%}
    cast(null as string)
    {%- else -%}
    case
            when {{ text_value(column) }} is not null and {{ time_as_utc(column) }} is null
                then case
                    when {{ matches(text_value(column), '(?i)[0-9] ?[a-z]{3,5}$') }}
                        then {{ sql_text(name ~ ' has a time zone in letters that the shop does not use (var shop_time_zone, '
                            ~ var('shop_time_zone') ~ '): ') }}
                    else {{ sql_text(name ~ ' is not a time: ') }}
                end || {{ text_value(column) }}
        end
    {%- endif -%}
{%- endmacro %}


{% macro is_number(column) %}
    {% do return(kind_of(column) in ('float', 'exact number')) %}
{% endmacro %}


{#- What a column holds, by its type: float, exact number, moment, local time or other. -#}
{% macro kind_of(column) %}
    {% do return(adapter.dispatch('kind_of', 'footfall')(column)) %}
{% endmacro %}

{% macro duckdb__kind_of(column) %}
    {% do return(
        'float' if column.type in ('DOUBLE', 'FLOAT')
        else 'exact number' if column.type.split('(')[0] in (
            'TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT',
            'UHUGEINT', 'DECIMAL'
        )
        else 'moment' if column.type == 'TIMESTAMP WITH TIME ZONE'
        else 'local time' if column.type.startswith('TIMESTAMP') or column.type == 'DATE'
        else 'other'
    ) %}
{% endmacro %}


{#- Columns of the input as one JSON object, as text. -#}
{% macro json_of_columns(columns, alias) -%}
    {%- if columns -%}
    {{ json_of(columns_by_name(columns, alias)) }}
    {%- else -%}
    cast(null as string)
    {%- endif -%}
{%- endmacro %}


{#- Columns of the input as a dict of name and SQL, in their order; a column may bring SQL of its own. -#}
{% macro columns_by_name(columns, alias) %}
    {% set named = {} %}
    {% for column in columns %}
        {% do named.update({column.name: column.sql or alias ~ '.' ~ sql_name(column.name)}) %}
    {% endfor %}
    {% do return(named) %}
{% endmacro %}


{#- The network of an IP address: the first 24 bits of version 4, 48 of version 6. Phones of one network rarely keep an address.
    An address without digits (0.0.0.0, x.x.x.x), or with less than a network left of it, is none: everybody has it.
    What is no address, such as a network or a digest, stays as it is. -#}
{% macro ip_network(value) -%}
    {%- set short = without_match(value, '(?i)^::ffff:') -%}
    {%- set rest = namespace(sql=without_match(value, '::.*$')) -%}
    {%- set groups = [] -%}
    {%- for place in (1, 2, 3) -%}
        {%- set group = without_match(match_in(rest.sql, '^[0-9A-Fa-f]*'), '^0+') -%}
        {%- do groups.append("coalesce(nullif(lower(" ~ group ~ "), ''), '0')") -%}
        {%- set rest.sql = without_match(rest.sql, '^[0-9A-Fa-f]*:?') -%}
    {%- endfor -%}
    case
            when {{ matches(value, '^([0xX*.:]+|[0-9]{1,3}([.][0-9]{1,3})?([.][xX*]){2,3})$') }} then cast(null as string)
            when {{ matches(short, '^[0-9]{1,3}([.][0-9]{1,3}){2}[.]([0-9]{1,3}|[xX*])$') }}
                then {{ without_match(short, '[.][^.]+$') }} || '.0/24'
            when {{ matches(value, '^[0-9A-Fa-f]{0,4}(:[0-9A-Fa-f]{0,4}){2,7}$') }}
                then {{ groups | join(" || ':' || ") }} || '::/48'
            else {{ value }}
        end
{%- endmacro %}


{#- The network that a payment came from, of sources whose every event has an address: of other acts none is kept. -#}
{% macro ip_of_payment(event_type, address) -%}
    case when {{ event_type }} in {{ attempted_event_types() }} then {{ ip_network(address) }} end
{%- endmacro %}


{#- The columns of payments where all that is known of them is the network. -#}
{% macro payment_columns_with_ip(event_type, address) -%}
    {%- for column in payment_columns() -%}
    {{ (ip_of_payment(event_type, address) if column == 'ip_token' else 'cast(null as string)') }} as {{ column }}
    {{- ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
