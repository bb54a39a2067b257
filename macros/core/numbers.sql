{#- A number, or a limit where it is less. What is not known stays unknown, where `greatest` gives the limit on some
    databases and nothing on others. -#}
{% macro at_least(number, limit) -%}
    case when {{ number }} < {{ limit }} then {{ limit }} else {{ number }} end
{%- endmacro %}


{#- A number, or a limit where it is more. What is not known stays unknown. -#}
{% macro at_most(number, limit) -%}
    case when {{ number }} > {{ limit }} then {{ limit }} else {{ number }} end
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
