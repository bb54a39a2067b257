{#- How often a rule is right, and what a shop lacks for it. -#}

{#- When an attempt closed, for whoever counts frauds among attempts: the time for a label was over, on the day that scores
    are of. Frauds and honest attempts close at the same age: closed by their labels, frauds alone would be closed of the newest
    days. Of payments that failed only those that somebody has judged close: nobody charges back the others. -#}
{% macro risk_closed_at(attempts, as_of_date) -%}
    {%- set closes_at = minutes_from(attempts ~ '.known_at', var('risk_label_delay_days') * 1440) -%}
    case
        when ({{ attempts }}.outcome <> 'error' or {{ attempts }}.is_fraud is not null)
            and {{ shop_day_of(closes_at) }} < {{ as_of_date }}
            then {{ closes_at }}
    end
{%- endmacro %}


{#- The share of closed hits that were fraud, with its 95 % interval (Wilson). Empty where no label of fraud has ever come. -#}
{% macro precision_of(counted, known) -%}
    {%- set n = counted ~ '.closed_hit_count' -%}
    {%- set share = 'cast(' ~ counted ~ '.fraud_count as double) / ' ~ n -%}
    {%- set z2 = '3.8414588206941236e0' -%}
    {%- set share_of_z2 = z2 ~ ' / ' ~ n -%}
    {%- set spread = 'sqrt(' ~ share_of_z2 ~ ' * (' ~ share ~ ' * (1e0 - ' ~ share ~ ') + ' ~ share_of_z2 ~ ' / 4e0))' -%}
    {%- set is_known = known ~ '.shop_fraud_count > 0 and ' ~ counted ~ '.closed_hit_count > 0' -%}
    case when {{ is_known }} then {{ share }} end as hit_precision,
{% for name, sign, bound in [('precision_lower', '-', at_most), ('precision_upper', '+', at_least)] -%}
    {%- set edge = '(' ~ share ~ ' + ' ~ share_of_z2 ~ ' / 2e0 ' ~ sign ~ ' ' ~ spread ~ ') / (1e0 + ' ~ share_of_z2 ~ ')' -%}
    case
        when {{ is_known }}
            -- Where none or all were fraud the bound is the share itself, but for the last digit.
            then {{ bound(edge, share) }}
    end as {{ name }}{{ ',\n' if not loop.last }}
{%- endfor %}
{%- endmacro %}


{#- The message that says why a rule has no hits or no precision; empty where it has both. What a rule looks at is what its
    features are named after. -#}
{% macro missing_of_rule(rules, known, counted) -%}
    case
        when {{ known }}.shop_attempt_count = 0 then 'risk.missing.attempts'
        when not coalesce({{ rules }}.is_active, true) then 'risk.missing.active'
    {%- for kind, part in [
        ('country', 'foreign'), ('card', 'card'), ('device', 'device'), ('address', 'address'), ('ip', 'ip_'),
        ('terminal', 'terminal')
    ] %}
        when {{ known }}.shop_{{ kind }}_count = 0
            and {{ dbt.position("'" ~ part ~ "'", "concat_ws(' ', " ~ rules ~ ".feature_1, " ~ rules ~ ".feature_2, "
                ~ rules ~ ".feature_3)") }} > 0
            then 'risk.missing.{{ kind }}'
    {%- endfor %}
        when {{ known }}.shop_fraud_count = 0 and {{ known }}.shop_unmet_label_count > 0
            then 'risk.missing.met_labels'
        when {{ known }}.shop_fraud_count = 0 then 'risk.missing.labels'
        when coalesce({{ counted }}.hit_count, 0) = 0 then 'risk.missing.hits'
        when {{ counted }}.closed_hit_count = 0 then 'risk.missing.closed'
    end
{%- endmacro %}
