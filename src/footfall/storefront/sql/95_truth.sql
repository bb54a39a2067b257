-- What only the simulation records. No model reads these tables: tests and analyses do.

create table truth_storefront.truth_customers as

with

first_categories as (

    select distinct
        category_no,
        category
    from subcategories

),

second_categories as (

    select * from first_categories

)

select
    customer_id(people.person_no) as customer_id,

    people.country,
    first_categories.category as first_category,
    second_categories.category as second_category,

    people.first_category_share,
    people.second_category_share,
    people.visits_per_day,
    logistic(people.conversion_log_odds) as checkout_probability,
    -- Orders on a mean day while active: the rate of the buying process
    people.visits_per_day * logistic(people.conversion_log_odds) * getvariable('checkout_completion')
        as orders_per_day,
    people.dropout_per_day,
    people.spend_level,
    people.price_sensitivity,
    people.ring_no as fraud_ring,

    people.kind in ('fraud', 'tester') as is_fraud,
    people.is_fading,
    people.is_known_before_start,
    people.kind = 'customer'
    and people.person_no % getvariable('shared_device_every') >= getvariable('shared_device_every') - 2
        as shares_device,

    make_timestamptz(people.acquired_us) as acquired_at,
    make_timestamptz(registrations.registered_us) as registered_at,
    make_timestamptz(people.churned_us) as churned_at
from people
inner join registrations on people.person_no = registrations.person_no
inner join first_categories
    on people.first_category_no = first_categories.category_no
inner join second_categories
    on people.second_category_no = second_categories.category_no
where registrations.registered_us < getvariable('end_us')
order by people.person_no;

-- Taste over all categories of what a customer looks at: the three parts of the draw, added up
create table truth_storefront.truth_customer_tastes as

with categories as (
    select distinct
        category_no,
        category
    from subcategories
)

select
    customer_id(people.person_no) as customer_id,
    categories.category,
    case when categories.category_no = people.first_category_no then people.first_category_share else 0 end
    + case when categories.category_no = people.second_category_no then people.second_category_share else 0 end
    + (1 - people.first_category_share - people.second_category_share) / 8 as weight
from people
cross join categories
where people.kind in ('customer', 'fraud', 'tester')
order by people.person_no, categories.category_no;

create table truth_storefront.truth_customer_staples as

select
    customer_id(staples.person_no) as customer_id,
    item_id(staples.item_no) as item_id,
    staples.cycle_us / getvariable('day_us') as cycle_days
from staples
order by staples.person_no, staples.item_no;

create table truth_storefront.truth_items as

with

rings as (

    select
        category_no,
        max(ring_size) as ring_size
    from shelves
    group by category_no

)

select
    items.item_id,
    items.category,
    items.subcategory,
    -- The item that people look at next most often
    item_id(((items.position_no + 1) % rings.ring_size) * 8 + items.category_no) as next_item_id,
    items.tier as price_tier,
    items.quality,
    items.cycle_days,
    items.is_consumable
from items
inner join
    rings
    on items.category_no = rings.category_no
order by items.item_no;

create table truth_storefront.truth_visits as

with

order_amounts as (

    select
        visit_no,
        sum(quantity * price_cents - discount_cents)::bigint as amount_cents
    from order_lines
    group by visit_no

)

select
    'v' || visits.visit_no as visit_id,
    case
        when visits.kind in ('customer', 'fraud', 'thief') or visits.kind = 'tester' and visits.identity <> 'anonymous'
            then customer_id(visits.person_no)
    end as customer_id,
    device_id(visits.device_no) as device_id,
    case when visits.is_converted then order_id(visits.visit_no) end as order_id,

    visits.kind::varchar as kind,
    visits.identity::varchar as identity,
    visits.channel::varchar as channel,
    visits.device::varchar as device,
    visits.country::varchar as country,
    experiments.experiment,
    case
        when visits.experiment_no is not null
            then case when visits.is_treated then 'treatment' else 'control' end
    end as variant,

    visits.view_count,
    visits.reach_probability * visits.payment_probability as purchase_probability,
    visits.control_reach * visits.payment_probability as purchase_probability_control,
    visits.treated_reach * visits.payment_probability as purchase_probability_treatment,
    -- Of the order that was made or would have been made without friction
    case when visits.is_willing then coalesce(order_amounts.amount_cents, 0) / 100.0 end as willing_amount,

    visits.reaches_checkout,
    visits.is_willing,
    visits.has_payment_error,
    visits.is_slow_slice,
    visits.is_innocent_slow_slice,
    visits.is_lost_error,
    visits.is_lost_slow,
    visits.is_converted,

    make_timestamptz(visits.started_us) as started_at,
    make_timestamptz(visits.identified_us) as identified_at
from visits
left outer join order_amounts on visits.visit_no = order_amounts.visit_no
left outer join experiments on visits.experiment_no = experiments.experiment_no
order by visits.visit_no;

-- Which device belongs to whom; a shared device has a row a person
create table truth_storefront.truth_identities as

select
    device_id,
    customer_id,
    kind,
    count(*) as visit_count,
    count(*) filter (where identity = 'anonymous') as anonymous_visit_count,
    min(started_at) as first_seen_at,
    min(identified_at) as first_identified_at
from truth_storefront.truth_visits
group by device_id, customer_id, kind
order by device_id, customer_id;

create table truth_storefront.truth_frictions as

with

visits as (

    select * from truth_storefront.truth_visits
    where kind = 'customer'

),

chats as (

    select count(*) as chat_count
    from events
    where
        event_type = 'support'
        and properties = '{"topic":"chat"}'

),

removals as (

    select count(*) as removal_count
    from events
    where event_type = 'remove_from_cart'

),

final as (

    select
        'payment_error_android' as friction,
        'payment_error' as event_type,
        '{"device":"android"}' as slice,
        true as is_harmful,
        count(*) filter (where has_payment_error and device = 'android') as visit_count,
        count(*) filter (where is_lost_error) as lost_order_count,
        getvariable('payment_error_loss')::double as loss_probability,
        round(coalesce(sum((willing_amount * 100)::bigint) filter (where is_lost_error), 0) / 100.0, 2) as lost_amount
    from visits

    union all

    select
        'slow_checkout_france_iphone' as friction,
        'checkout' as event_type,
        '{"country":"FR","device":"iphone"}' as slice,
        true as is_harmful,
        count(*) filter (where reaches_checkout and is_slow_slice) as visit_count,
        count(*) filter (where is_lost_slow) as lost_order_count,
        getvariable('slow_step_loss') as loss_probability,
        round(coalesce(sum((willing_amount * 100)::bigint) filter (where is_lost_slow), 0) / 100.0, 2) as lost_amount
    from visits

    union all

    select
        'payment_error_elsewhere' as friction,
        'payment_error' as event_type,
        '{"device":["desktop","iphone","tablet"]}' as slice,
        false as is_harmful,
        count(*) filter (where has_payment_error and device <> 'android') as visit_count,
        0 as lost_order_count,
        0 as loss_probability,
        0 as lost_amount
    from visits

    union all

    select
        'slow_checkout_netherlands_desktop' as friction,
        'checkout' as event_type,
        '{"country":"NL","device":"desktop"}' as slice,
        false as is_harmful,
        count(*) filter (where reaches_checkout and is_innocent_slow_slice) as visit_count,
        0 as lost_order_count,
        0 as loss_probability,
        0 as lost_amount
    from visits

    union all

    select
        'support_chat_at_checkout' as friction,
        'support' as event_type,
        '{}' as slice,
        false as is_harmful,
        chat_count as visit_count,
        0 as lost_order_count,
        0 as loss_probability,
        0 as lost_amount
    from chats

    union all

    select
        'removal_from_cart' as friction,
        'remove_from_cart' as event_type,
        '{}' as slice,
        false as is_harmful,
        removal_count as visit_count,
        0 as lost_order_count,
        0 as loss_probability,
        0 as lost_amount
    from removals

)

select * from final;

create table truth_storefront.truth_experiments as

select
    visits.experiment,
    visits.variant,
    make_timestamptz(experiments.starts_us) as starts_at,
    make_timestamptz(experiments.ends_us) as ends_at,
    experiments.log_odds,
    count(*) as visit_count,
    count(distinct split_part(visits.visit_id, 'v', 2)::bigint // 4096) as person_count,
    count(*) filter (where visits.is_converted) as order_count,
    -- Of these visits, had all been in one arm: rounded, because the order of adding is not fixed
    round(avg(visits.purchase_probability_control), 9) as conversion_control,
    round(avg(visits.purchase_probability_treatment), 9) as conversion_treatment
from truth_storefront.truth_visits as visits
inner join experiments
    on
        visits.experiment = experiments.experiment
        and visits.kind <> 'bot'
group by visits.experiment, visits.variant, experiments.starts_us, experiments.ends_us, experiments.log_odds
order by visits.experiment, visits.variant;

-- What either arm would have meant for each person who was exposed: the chance to order within the days that count from
-- the first exposure on. Visits do not depend on how earlier ones ended, so chances to order none multiply.
create table truth_storefront.truth_experiment_people as

with

exposed as (

    select
        experiments.experiment,
        visits.person_no,
        visits.kind,
        visits.is_treated,
        min(visits.started_us) as first_visit_us,
        -- The exposure comes as late after the start of its visit
        min(visits.started_us) + 400000 as first_us,
        min(visits.started_us) + 400000 + experiments.outcome_days * getvariable('day_us') as window_us
    from visits
    inner join experiments on visits.experiment_no = experiments.experiment_no
    group by experiments.experiment, experiments.outcome_days, visits.person_no, visits.kind, visits.is_treated

),

chances as (

    select
        exposed.experiment,
        exposed.person_no,
        count(*) as visit_count,
        bool_or(visits.is_converted) as has_ordered,
        -- Rounded, because the order of adding is not fixed
        round(1 - exp(sum(ln(1 - visits.control_reach * visits.payment_probability))), 9) as control,
        round(1 - exp(sum(ln(1 - visits.treated_reach * visits.payment_probability))), 9) as treatment
    from exposed
    inner join visits
        on
            exposed.person_no = visits.person_no
            and exposed.first_visit_us <= visits.started_us
            and exposed.window_us > visits.paid_us
    group by exposed.experiment, exposed.person_no

)

select
    exposed.experiment,
    'p' || exposed.person_no as person_id,
    case when exposed.kind in ('customer', 'fraud') then customer_id(exposed.person_no) end as customer_id,
    case when exposed.is_treated then 'treatment' else 'control' end as variant,
    coalesce(chances.visit_count, 0) as visit_count,
    coalesce(chances.has_ordered, false) as has_ordered,
    coalesce(chances.control, 0) as order_probability_control,
    coalesce(chances.treatment, 0) as order_probability_treatment,
    make_timestamptz(exposed.first_us) as first_exposed_at,
    make_timestamptz(exposed.window_us) as window_ends_at
from exposed
left outer join chances
    on
        exposed.experiment = chances.experiment
        and exposed.person_no = chances.person_no
order by exposed.experiment, exposed.person_no;

create table truth_storefront.truth_campaigns as

select
    campaign_no,
    campaign,
    log_odds,
    make_timestamptz(starts_us) as starts_at,
    make_timestamptz(ends_us) as ends_at
from campaigns
order by campaign_no;

-- What each text is about. A pattern is the template with the forms of its clauses.
create table truth_storefront.truth_texts as

select
    text_id,
    kind,
    language,
    polarity,
    topic,
    intent,
    stage,
    concat_ws(' | ', lead_pattern, nullif(template, ''), forms) as pattern,
    is_new_lead or coalesce(has_new_form, false) or has_new_template as is_unseen_pattern,
    is_new_lead or coalesce(has_new_word, false) as has_unseen_words,
    polarity = 'mixed' as is_mixed,
    coalesce(is_ironic, false) as is_ironic,
    coalesce(is_misspelt, false) as is_misspelt,
    has_personal_data,
    make_timestamptz(written_us) as written_at
from texts
order by written_us, text_id;

-- A row for each clause about an aspect, with its place in the body: the first sign counts as 0, the end is exclusive
create table truth_storefront.truth_text_aspects as

select
    mentions.text_id,
    mentions.mention_no,
    mentions.aspect,
    case mentions.sign when 1 then 'positive' when -1 then 'negative' else 'neutral' end as polarity,
    mentions.stage,
    mentions.form_kind,
    mentions.clause,
    mentions.is_new_form as is_unseen_form,
    mentions.is_new_word as is_unseen_word,
    mentions.is_misspelt,
    instr(lower(texts.body), lower(mentions.clause)) - 1 as span_start,
    instr(lower(texts.body), lower(mentions.clause)) - 1 + length(mentions.clause) as span_end
from mentions
inner join texts on mentions.text_id = texts.text_id
order by mentions.text_id, mentions.mention_no;

-- Whose items are badly made from when on, and how many lines were sold since
create table truth_storefront.truth_quality_problems as

select
    faulty_brand.brand,
    'quality' as aspect,
    make_timestamptz(faulty_brand.starts_us) as starts_at,
    count(after_sales.line_no) as line_count
from faulty_brand
left outer join after_sales on after_sales.is_faulty
group by faulty_brand.brand, faulty_brand.starts_us;

create table truth_storefront.truth_text_forms as

select
    language,
    sign,
    kind,
    form,
    is_new as is_unseen
from clause_forms
order by language, sign, kind, form;

create table truth_storefront.truth_text_templates as

select
    language,
    relation,
    template,
    is_new as is_unseen
from text_templates
order by language, relation, template;

create table truth_storefront.truth_item_aspects as

select
    item_id(aspect_odds.item_no) as item_id,
    aspects.aspect,
    aspect_odds.log_odds
from aspect_odds
inner join (select distinct aspect_no, aspect from aspect_words) as aspects
    on aspect_odds.aspect_no = aspects.aspect_no
order by aspect_odds.item_no, aspect_odds.aspect_no;

-- Planted trouble of the stream: a row a delivered copy that staging must count as rejected or
-- duplicate, and a row a late event, which it must accept.
create table truth_storefront.truth_rejected_events as

select
    event_id(event_no) as event_id,
    'duplicate' as kind,
    'delivered_again' as reason,
    make_timestamptz(again_us) as received_at
from events
where again_us < getvariable('end_us')

union all

select
    event_id(spoiled_event_no(event_no)) as event_id,
    'malformed' as kind,
    reason,
    make_timestamptz(received_us) as received_at
from spoiled
where received_us < getvariable('end_us')

union all

select
    event_id(event_no) as event_id,
    'late' as kind,
    'delivered_late' as reason,
    make_timestamptz(received_us) as received_at
from events
where
    received_us - at_us > 3600000000
    and received_us < getvariable('end_us');

create table truth_storefront.truth_parameters as

select
    name as key,
    value::varchar as value
from duckdb_variables()
order by name;
