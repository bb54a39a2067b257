{#- Names of sources are those of `src/footfall/builds/sources.yml`. Empty values are not judged here. -#}
{% test is_a_source(model, column_name) %}
{%- set known = ask_program('source_names', {}) if execute else [''] %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} not in ({{ quoted_texts(known) | join(', ') }})
{% endtest %}
