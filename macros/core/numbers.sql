{#- A number, or a limit where it is less. What is not known stays unknown, where `greatest` gives the limit on some
    databases and nothing on others. -#}
{% macro at_least(number, limit) -%}
    case when {{ number }} < {{ limit }} then {{ limit }} else {{ number }} end
{%- endmacro %}


{#- A number, or a limit where it is more. What is not known stays unknown. -#}
{% macro at_most(number, limit) -%}
    case when {{ number }} > {{ limit }} then {{ limit }} else {{ number }} end
{%- endmacro %}


{#- How much less a double knows of the log-odds of a chance near 0 or 1 than of others: 1 - chance has few digits left.
    Beyond 14 it is more than once; amounts have logs that are as good everywhere. -#}
{% macro link_rounding(score, link_score) -%}
    case when {{ score }} in ('churn', 'tier', 'intent') then 1e-6 * exp(abs({{ link_score }})) else 1e0 end
{%- endmacro %}


{#- True for a number that is neither infinite nor NaN. -#}
{% macro is_finite(number) -%}
    {{ return(adapter.dispatch('is_finite', 'footfall')(number)) }}
{%- endmacro %}

{% macro default__is_finite(number) -%}
    isfinite({{ number }})
{%- endmacro %}

{% macro spark__is_finite(number) -%}
    (not isnan({{ number }}) and abs({{ number }}) <> double('infinity'))
{%- endmacro %}


{#- A whole number in a type that products and long sums of it do not overflow. -#}
{% macro wide_integer(number) -%}
    {{ return(adapter.dispatch('wide_integer', 'footfall')(number)) }}
{%- endmacro %}

{% macro default__wide_integer(number) -%}
    cast({{ number }} as hugeint)
{%- endmacro %}

{% macro spark__wide_integer(number) -%}
    cast({{ number }} as decimal(38, 0))
{%- endmacro %}


{#- The value of a var as a double. Written out bare, 0.1 is a decimal, and arithmetic with it is rounded. -#}
{% macro double_var(name) -%}
    cast({{ var(name) }} as double)
{%- endmacro %}
