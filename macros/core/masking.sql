{#- What looks like a personal value in a free text: a regular expression, and a further check where digits alone would
    say too little. `head` says that a pattern begins with a group for the sign before the value, which stays, and
    `in_links` is the pattern of what is looked for in links, if it is another one, with two such groups. The order is
    that of masking: a telephone number may look like the end of anything else.

    Texts that a shop writes by itself must pass: times (2026-03-01 10:00), milliseconds since 1970 (13 digits), version
    numbers (Chrome/120.0.0.0), ids padded with zeros (000012345678), article numbers (13 digits). So cards have 14 to 19
    digits and begin as cards do, an IP address follows no slash but two, and a telephone number has a
    plus, brackets or gaps, or in links a word before it that says what it is. A slash is no gap there. In small letters a
    bank account begins with a country that has such accounts, and is digits for the most part: other ids are written in
    small letters, too. -#}
{% macro personal_patterns() %}
    {% set part = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])' %}
    {% set group = '[0-9A-Fa-f]{1,4}' %}
    {% set no_phone_before = '(^|[^\\p{L}\\p{N}+])' %}
    {% set with_plus = '\\+[1-9](?:[ ./()-]{0,2}[0-9]){6,14}' %}
    {% set in_brackets = '\\(0[1-9][0-9]{1,4}\\)(?:[ /-]?[0-9]){5,9}' %}
    {% set american = '(?:\\([2-9][0-9]{2}\\) ?|[2-9][0-9]{2}[-. ])[2-9][0-9]{2}[-. ][0-9]{4}' %}
    {% set said_to_be_a_phone = '(?i:(?:tel|call|whatsapp|wa\\.me)[:=/]|(?:phone|telephone|telefon|mobile)[:=])/{0,2}' %}
    {% set account_countries = 'A[DELOTZ]|B[AEFGHIJRY]|C[FGHIMRVYZ]|D[EJKOZ]|E[EGS]|F[IKORM]|G[ABEILQRTW]|H[NRU]|I[ELQRST]'
        ~ '|JO|K[MWZ]|L[BCITUVY]|M[ACDEGKLNRTUZ]|N[EILO]|OM|P[KLST]|QA|R[OSU]|S[ACDEIKMNOTV]|T[DGLNR]|UA|V[AG]|XK|YE' %}
    {% do return([
        {
            'kind': 'email', 'head': false, 'check': none,
            'pattern': "[\\p{L}\\p{N}._%+'-]+(?:@|%40|\\\\u0040)[\\p{L}\\p{N}-]+(?:\\.[\\p{L}\\p{N}-]+)+"
        },
        {
            'kind': 'iban', 'head': false, 'check': 'is_iban',
            'pattern': '(?:\\b|_)(?:[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?'
                ~ '|(?i:(?:' ~ account_countries ~ ')[0-9]{2}(?:[A-Z0-9]{4}[0-9]{6}[A-Z0-9]{1,20}'
                ~ '| [A-Z0-9]{4}(?: [0-9][A-Z0-9]{3}){1,6}(?: [0-9][A-Z0-9]{0,3})?)))(?:\\b|_)'
        },
        {
            'kind': 'card', 'head': false, 'check': 'is_card_number',
            'pattern': '(?:\\b|_)(?:[3-6](?:[ -]?[0-9]){13,18}|2[2-7](?:[ -]?[0-9]){14})(?:\\b|_)'
        },
        {
            'kind': 'ip', 'head': true, 'check': none,
            'pattern': '(^|[^\\p{L}\\p{N}./-]|//)(?:' ~ part ~ '\\.){3}' ~ part ~ '\\b'
        },
        {
            'kind': 'ip', 'head': true, 'check': none,
            'pattern': '(^|[^\\p{L}\\p{N}:.])(?:(?:' ~ group ~ ':){7}' ~ group
                ~ '|(?:' ~ group ~ ':){1,6}(?::' ~ group ~ '){1,6})\\b'
        },
        {
            'kind': 'phone', 'head': true, 'check': none,
            'in_links': no_phone_before ~ '(?:' ~ with_plus ~ '|%2[Bb][1-9](?:(?:[ .()-]|%20){0,2}[0-9]){6,14}'
                ~ '|00[1-9][0-9]{0,2}[ .-](?:[ .()-]{0,2}[0-9]){5,12}|' ~ in_brackets
                ~ '|0[1-9][0-9]{1,4}(?: | - )[0-9](?:[ -]?[0-9]){4,9}|' ~ american ~ ')\\b'
                ~ '|((?:\\b|_)' ~ said_to_be_a_phone ~ ')[0-9](?:(?:[ .()-]|%20){0,2}[0-9]){8,14}\\b',
            'pattern': no_phone_before ~ '(?:' ~ with_plus
                ~ '|00[1-9][0-9]{0,2}[ /.-](?:[ ./()-]{0,2}[0-9]){5,12}|' ~ in_brackets
                ~ '|0[1-9][0-9]{1,4}(?: |/| - )[0-9](?:[ -]?[0-9]){4,9}|' ~ american ~ ')\\b'
        }
    ]) %}
{% endmacro %}


{#- The kinds of values that are masked, each once; `name` are properties that are masked by their name. -#}
{% macro masked_kinds() %}
    {% do return((personal_patterns() | map(attribute='kind') | unique | list) + ['name']) %}
{% endmacro %}


{#- The columns in which values are masked, by entity, and what they hold: `text`, `json`, `link`, what links of a shop
    say, in which addresses, accounts, cards and telephone numbers are looked for, `label`, a short text in
    which only e-mail addresses are, because looking costs, or `empty`, where no source of the run fills the column. -#}
{% macro masked_columns() %}
    {% do return({
        'events': {
            'channel': 'label', 'traffic_source': 'label', 'traffic_medium': 'label', 'campaign': 'link',
            'landing_page': 'link', 'message_text': 'text' if sources_with_messages() else 'empty',
            'properties': 'json'
        },
        'customers': {'acquisition_channel': 'label', 'attributes': 'json'},
        'reviews': {'title': 'text', 'body': 'text'}
    }) %}
{% endmacro %}


{#- What stands in the place of a masked value of a kind. -#}
{% macro mask_of(kind) %}
    {% do return('[masked ' ~ kind ~ ']') %}
{% endmacro %}


{#- Whether a pattern is looked for in columns of a form: in labels only the first, that of e-mail addresses, in links all
    but IP addresses, which look like versions. -#}
{% macro is_looked_for(pattern, form) %}
    {% do return(
        form in ['text', 'json'] or form == 'label' and pattern.kind == 'email' or form == 'link' and pattern.kind != 'ip'
    ) %}
{% endmacro %}


{#- CTEs that mask columns of a CTE; the last one is called `masked` and holds each column as `masked_…`. Each pattern has
    a CTE of its own: they would not fit into one expression that anybody, or any parser, could follow. One look spares
    clean values the rest, because they are null from then on. -#}
{% macro masking_ctes(source_cte, columns) -%}
suspected as (

    select
        *
        {%- for column, form in columns.items() if form != 'empty' %},
        case when {{ may_be_personal(column, form) }}
            then {{ without_named_properties(column) if form == 'json' else column }}
        end as {{ column }}_0
        {%- endfor %}
    from {{ source_cte }}

),
{% for one in personal_patterns() %}
{%- set step = loop %}
masked_{{ step.index }} as (

    select
        *
        {%- for column, form in columns.items() if form in ['text', 'json', 'link'] or step.first and form != 'empty' %},
        {{ without_pattern(column ~ '_' ~ step.index0, one, form) if is_looked_for(one, form)
            else column ~ '_' ~ step.index0 }} as {{ column }}_{{ step.index }}
        {%- endfor %}
    from {{ 'suspected' if step.first else 'masked_' ~ step.index0 }}

),
{% endfor %}
masked as (
    {%- set last = personal_patterns() | length %}

    select
        *
        {%- for column, form in columns.items() if form == 'empty' %},
        {{ column }} as masked_{{ column }}
        {%- endfor %}
        {%- for column, form in columns.items() if form != 'empty' %},
        {%- set outcome = column ~ '_' ~ (1 if form == 'label' else last) %}
        case
            when {{ outcome }} is null then {{ column }}
            {%- if form == 'json' %}
            -- It stays JSON: where masking breaks it, nothing of it is kept.
            when not {{ is_json(outcome) }} then '{"masked": "{{ mask_of('name') }}"}'
            {%- endif %}
            else {{ outcome }}
        end as masked_{{ column }}
        {%- endfor %}
    from masked_{{ last }}

)
{%- endmacro %}


{#- Whether a column of a row holds a mark: what the counts look at. -#}
{% macro has_mask(columns) -%}
    {%- for column in columns -%}
    {{ ' or ' if not loop.first }}{{ column }} like '%[masked %'
    {%- endfor -%}
{%- endmacro %}


{#- The rows of a CTE that hold a mark, once for each column and kind of value, with further columns of the CTE. -#}
{% macro masked_rows(source_cte, columns, further) -%}
    {%- for column in columns -%}{%- set is_last = loop.last -%}{%- for kind in masked_kinds() %}
    select
        {{ further | join(', ') }},
        '{{ column }}' as column_name,
        'masked {{ kind }}' as reason
    from {{ source_cte }}
    where {{ column }} like '%{{ mask_of(kind) }}%'
    {%- if not (is_last and loop.last) %}
    union all
    {%- endif %}
    {%- endfor -%}{%- endfor -%}
{%- endmacro %}


{#- Whether a column may hold something that must be masked: one look for all patterns together. -#}
{% macro may_be_personal(column, form) -%}
    {%- if form == 'label' -%}
        ({{ column }} like '%@%' or {{ column }} like '%!%40%' escape '!')
    {%- elif form == 'link' -%}
        {{ matches(
            column, '@|%40|[+][1-9]|%2[Bb][1-9]|[(]0|00?[1-9][0-9]{0,4}[ .-]|[0-9](?:(?:[ .()-]|%20){0,2}[0-9]){8}'
            ~ '|[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}|[A-Za-z]{2}[0-9]{2} ?[A-Za-z0-9]{4} ?[0-9]{4}'
        ) }}
    {%- elif form == 'json' -%}
        {{ matches(column, any_personal_pattern() ~ '|' ~ any_masked_property()) }}
    {%- else -%}
        {{ matches(column, any_personal_pattern()) }}
    {%- endif -%}
{%- endmacro %}


{#- One pattern that is found wherever one of them is. -#}
{% macro any_personal_pattern() %}
    {% do return(personal_patterns() | map(attribute='pattern') | join('|')) %}
{% endmacro %}


{#- The beginning of a property that is masked by its name; a pattern that nothing matches where there is none. -#}
{% macro any_masked_property() %}
    {% set names = [] %}
    {% for name in var('masked_properties') or [] %}
        {% do names.append(modules.re.escape(name)) %}
    {% endfor %}
    {% do return('(?i:"(?:' ~ names | join('|') ~ ')"\\s*:)' if names else '[^\\s\\S]') %}
{% endmacro %}


{#- JSON text in which the values of named properties are masked, lists and objects without further ones inside as well.
    Whole numbers that may be cards become texts, so that a mask can stand in their place. -#}
{% macro without_named_properties(document) -%}
    {%- set value = '("(?:[^"\\\\]|\\\\.)*"|\\[[^\\[\\]]*\\]|\\{[^{}]*\\}|[^"\\s,\\[\\]{}]+)' -%}
    {%- set named = replaced(document, '(' ~ any_masked_property() ~ '\\s*)' ~ value, '\\1"' ~ mask_of('name') ~ '"') -%}
    {{ replaced(named, '([:\\[,]\\s*)([3-6][0-9]{13,18}|2[2-7][0-9]{14})(\\s*[,}\\]])', '\\1"\\2"\\3') }}
{%- endmacro %}


{#- A text in which a mask stands in the place of what one of the patterns finds. -#}
{% macro without_pattern(text, one, form='text') -%}
    {%- if one.check == 'is_iban' -%}
        {{ replaced_if_found(text, one.pattern, is_iban('found'), mask_of(one.kind)) }}
    {%- elif one.check == 'is_card_number' -%}
        {{ replaced_if_found(text, one.pattern, is_card_number('found'), mask_of(one.kind)) }}
    {%- else -%}
        {%- set pattern = one.in_links if form == 'link' and one.in_links else one.pattern -%}
        {%- set head = '' if not one.head else '\\1' if pattern == one.pattern else '\\1\\2' %}
        {{ replaced(text, pattern, head ~ mask_of(one.kind)) }}
    {%- endif -%}
{%- endmacro %}


{#- A text in which something else stands in the place of all that a pattern finds. -#}
{% macro replaced(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('replaced', 'footfall')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replaced(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ sql_text(pattern) }}, {{ sql_text(replacement) }}, 'g')
{%- endmacro %}


{#- A text in which a mask stands in the place of what a pattern finds and a condition, which calls it `found`, confirms. -#}
{% macro replaced_if_found(text, pattern, condition, mask) -%}
    {{ return(adapter.dispatch('replaced_if_found', 'footfall')(text, pattern, condition, mask)) }}
{%- endmacro %}

{% macro default__replaced_if_found(text, pattern, condition, mask) -%}
    -- Lists are made only of texts that have something to put into them: empty ones cost as much.
    case
            when {{ matches(text, pattern) }}
                then regexp_replace(
                    {{ text }},
                    -- What is found holds letters, digits, blanks, hyphens and underscores: it is a pattern of itself.
                    -- Where nothing is confirmed, the pattern is one that nothing matches.
                    coalesce(nullif(array_to_string(list_filter(
                        regexp_extract_all({{ text }}, {{ sql_text(pattern) }}),
                        lambda found: {{ condition }}
                    ), '|'), ''), '$.'),
                    {{ sql_text(mask) }},
                    'g'
                )
            else {{ text }}
        end
{%- endmacro %}


{#- Whether digits, perhaps with blanks and hyphens between them, are the number of a card: each second digit from the
    right is doubled, and the digits of all add up to a multiple of ten (Luhn, US patent 2,950,048, 1960). -#}
{% macro is_card_number(digits) -%}
    {{ return(adapter.dispatch('is_card_number', 'footfall')(digits)) }}
{%- endmacro %}

{% macro default__is_card_number(digits) -%}
    {%- set bare = "replace(replace(replace(" ~ digits ~ ", ' ', ''), '-', ''), '_', '')" -%}
    {%- set digit = 'cast(substr(' ~ bare ~ ', length(' ~ bare ~ ') + 1 - place, 1) as integer)' -%}
    list_sum(list_transform(
        range(1, length({{ bare }}) + 1),
        lambda place: case
            when place % 2 = 1 then {{ digit }}
            when {{ digit }} >= 5 then {{ digit }} * 2 - 9
            else {{ digit }} * 2
        end
    )) % 10 = 0
{%- endmacro %}


{#- Whether a text is the number of a bank account with check digits: the first four signs come last, letters count from
    10 on, and the whole leaves 1 when it is divided by 97 (IBAN, ISO 13616). -#}
{% macro is_iban(number) -%}
    {{ return(adapter.dispatch('is_iban', 'footfall')(number)) }}
{%- endmacro %}

{% macro default__is_iban(number) -%}
    {%- set bare = "upper(replace(replace(" ~ number ~ ", ' ', ''), '_', ''))" -%}
    {%- set turned = "substr(" ~ bare ~ ", 5) || left(" ~ bare ~ ", 4)" -%}
    {%- set digits -%}
    array_to_string(list_transform(
        string_split({{ turned }}, ''),
        lambda letter: case when letter >= 'A' then cast(ascii(letter) - 55 as string) else letter end
    ), '')
    {%- endset -%}
    {#- The rest of each power of ten, from the last digit on: a number of 68 digits fits no type. -#}
    {%- set rests = [1] -%}
    {%- for _ in range(67) %}{% do rests.append(rests[-1] * 10 % 97) %}{% endfor -%}
    list_sum(list_transform(
        range(1, length({{ digits }}) + 1),
        lambda place: {{ list_item(list_of(rests), 'place') }}
            * cast(substr({{ digits }}, length({{ digits }}) + 1 - place, 1) as integer)
    )) % 97 = 1
{%- endmacro %}
