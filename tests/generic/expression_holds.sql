{#- A condition that every row has to meet. Returns the rows that do not, as they are. -#}
{% test expression_holds(model, expression) %}
select *
from {{ model }}
where not coalesce({{ expression }}, false)
{% endtest %}
