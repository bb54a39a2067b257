-- An event type that seeds/event_types.csv does not list is rejected; it should be added there, as accepted or not.
select
    source,
    event_type as missing_event_type,
    count(*) as row_count,
    'add ' || event_type || ' to seeds/event_types.csv and build with --full-refresh' as how_to_mend
from {{ ref('int_rejected_rows') }}
where reason like '% is not in seeds/event_types.csv:%'
group by source, event_type
