{#- Keeps of a table by visitor and session what falls into the CTE `windows`, the histories that a run rebuilds. -#}
{% macro within_windows(table) -%}
inner join windows
        on {{ table }}.visitor_no = windows.visitor_no
        and {{ table }}.session_started_at >= windows.recompute_from
{%- endmacro %}
