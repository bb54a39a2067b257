{#- The marks around the ways through the shop, next to the names that the shop gives its events. In brackets, so that
    an event called `end` is not taken for the end of a session; a test keeps these names free. -#}
{% macro journey_markers() %}
    {% do return({'start': '(start)', 'end': '(end)', 'other': '(other)'}) %}
{% endmacro %}
