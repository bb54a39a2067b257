{#- The spans of days that features of a customer look back on. -#}
{% macro feature_spans() %}
    {% do return([7, 30, 90, 180]) %}
{% endmacro %}


{#- The half-lives in days of the features in which an order counts less the older it is. -#}
{% macro feature_half_lives() %}
    {% do return([15, 30, 60, 90, 180]) %}
{% endmacro %}


{#- The names of the features of int_customer_features, in their order. A test compares them with the table. -#}
{% macro customer_features() %}
    {% set names = [
        'f_recency_days', 'f_activity_recency_days', 'f_tenure_days', 'f_first_order_days', 'f_order_days',
        'f_order_count', 'f_amount', 'f_mean_order_amount', 'f_max_order_amount', 'f_std_log_order_amount',
        'f_order_lines',
    ] %}
    {% for days in feature_spans() %}
        {% do names.extend(['f_orders_' ~ days ~ 'd', 'f_amount_' ~ days ~ 'd', 'f_sessions_' ~ days ~ 'd']) %}
    {% endfor %}
    {% for days in feature_half_lives() %}
        {% do names.extend(['f_decayed_orders_' ~ days ~ 'd', 'f_decayed_amount_' ~ days ~ 'd']) %}
    {% endfor %}
    {% do names.extend([
        'f_views_30d', 'f_carts_30d', 'f_frictions_90d', 'f_campaigns_90d', 'f_mean_gap_days', 'f_std_gap_days',
        'f_last_gap_days', 'f_last_order_lines', 'f_last_order_amount', 'f_refund_share', 'f_discount_share',
    ]) %}
    {% do return(names) %}
{% endmacro %}
