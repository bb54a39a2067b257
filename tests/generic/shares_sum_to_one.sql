{#- Within a group the shares add up to one. Returns the groups where they do not, with what they add up to. Empty shares
    (there is nothing to share) are not judged here. -#}
{% test shares_sum_to_one(model, within, share) %}
select
    {{ within | join(', ') }},
    sum({{ share }}) as total_share
from {{ model }}
group by {{ within | join(', ') }}
having abs(sum({{ share }}) - 1) > 1e-9
{% endtest %}
