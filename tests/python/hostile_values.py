"""What somebody might put into a name, so that a shell, Make, dbt or a database runs it."""

HOSTILE = (
    "x';touch RAN;'.csv",
    "$(touch RAN).csv",
    "`touch RAN`.csv",
    "$(shell touch RAN)",
    "a b | touch RAN & > RAN",
    "new\nline\ntouch RAN",
    "${HOME} $$ $@ %",
    "--help",
    "'; drop table made; --",
    '" from made; drop table made; --',
    "back\\slash \\' \\\" /* made */ x",
    "é 😀 [1] *? {x} #",
)
# dbt would run these; they are refused wherever they are.
TEMPLATES = (
    "{{ run_query('drop table made') }}.csv",
    "{{ env_var('HOME') }}",
    "{% do run_query('drop table made') %}",
    "a{#b",
    "{{",
    "x{%- raw",
)
