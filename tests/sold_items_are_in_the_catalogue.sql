-- Where hardly any sold item is in the catalogue that was given, the two write their ids in different ways.
{{ config(severity='warn') }}

with

items as (

    select * from {{ ref('int_items') }}

),

accepted as (

    select * from {{ ref('int_accepted_events') }}

),

sold as (

    select distinct
        source,
        item_id
    from accepted
    where event_type = 'purchase'
        and item_id is not null

),

catalogues as (

    select distinct source
    from items
    where is_in_catalogue

)

select
    sold.source,
    count(*) as sold_item_count,
    count(case when items.is_in_catalogue then 1 end) as found_count,
    min(case when not items.is_in_catalogue then sold.item_id end) as item_that_is_not_found,
    'give both the same ids; var min_share_in_catalogue is {{ var("min_share_in_catalogue") }}' as what_to_do
from sold
inner join catalogues on sold.source = catalogues.source
inner join items
    on sold.source = items.source
    and sold.item_id = items.item_id
group by sold.source
having count(case when items.is_in_catalogue then 1 end) < {{ double_var('min_share_in_catalogue') }} * count(*)
