{#- A number that is written as a text, or null. Of `format` decimal_point commas set thousands apart, of decimal_comma
    points; blanks and apostrophes do in both. A sign of a currency, or its code, may stand before or behind. A minus at
    the end and brackets around the number make it negative. -#}
{% macro number_in_text(text, format) -%}
    {%- set digits = without_all(text, '[^0-9.]') if format == 'decimal_point'
        else 'replace(' ~ without_all(text, '[^0-9,]') ~ ", ',', '.')" -%}
    case
            {%- if format == 'decimal_point' %}
            when {{ is_finite('try_cast(' ~ text ~ ' as double)') }} then try_cast({{ text }} as double)
            {%- endif %}
            when {{ matches(text, number_pattern(format)) }} and ({{ text }} like '(%') = ({{ text }} like '%)')
                then case when {{ matches(text, '^[^0-9]*[(\u2212\u2013-]|[\u2212\u2013-] ?$') }} then -1e0 else 1e0 end
                    * try_cast({{ digits }} as double)
        end
{%- endmacro %}


{#- The whole of a written number: sign, currency and digits. Other letters (`NET 5.00`) make it no number. -#}
{% macro number_pattern(format) %}
    {% set currency = '([A-Z]{0,3}\\p{Sc}|' ~ currency_codes() | join('|') ~ '|kr|z\u0142|K\u010d|Ft|lei|Rs)?' %}
    {% set sign = '[+\u2212\u2013-]?' %}
    {% set blank = '[ \u00a0\u202f]?' %}
    {% do return(
        '^[(]?' ~ sign ~ blank ~ currency ~ blank ~ sign ~ blank ~ digits_pattern(format) ~ blank ~ currency ~ blank
        ~ sign ~ '[)]?$'
    ) %}
{% endmacro %}


{#- Its digits. Thousands stand apart by three digits, or as in India by two above the first three; the first group does
    not begin with 0. -#}
{% macro digits_pattern(format) %}
    {% set apart = "[ '\u2019\u00a0\u202f" ~ (',' if format == 'decimal_point' else '.') ~ ']' %}
    {% set mark = '[.]' if format == 'decimal_point' else ',' %}
    {% set whole = '([1-9][0-9]{0,2}(' ~ apart ~ '[0-9]{2,3})*' ~ apart ~ '[0-9]{3}|[0-9]+)' %}
    {% do return('(' ~ whole ~ '(' ~ mark ~ '[0-9]*)?|' ~ mark ~ '[0-9]+)') %}
{% endmacro %}


{#- The codes of currencies, of ISO 4217: those in use, and those that were withdrawn since 1990 and older orders may have. -#}
{% macro currency_codes() %}
    {% set in_use = 'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF '
        ~ 'CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL '
        ~ 'HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA '
        ~ 'MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB '
        ~ 'RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU '
        ~ 'UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG' %}
    {% set withdrawn = 'ATS AZM BEF BGL BYB BYR CSD CUC CYP DEM ECS EEK ESP FIM FRF GHC GRD HRK IEP ITL LTL LUF LVL MRO MTL MXP '
        ~ 'MZM NLG PLZ PTE ROL RUR SDD SIT SKK SLL SRG STD TMM TRL VEB VEF XEU YUM ZMK ZWD ZWL' %}
    {% do return((in_use ~ ' ' ~ withdrawn).split(' ')) %}
{% endmacro %}
