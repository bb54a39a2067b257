-- What fits and back-tests of churn and value read at each cut-off, as digests: where they are as before, nothing has
-- to be fitted again. Horizon 0 is for features and states, the others for the labels of a horizon that is over.
{%- set horizons = (horizon_list() + horizon_list('value_horizons_days')) | unique | sort %}
{%- set sampled_customers = 15000 %}
with

cutoff_rows as (

    select * from {{ ref('int_customer_cutoffs') }}
    where f_order_days >= 1

),

states as (

    select
        customer_no,
        cutoff_date,
        state_from
    from {{ ref('attention_states') }}

),

cutoff_sizes as (

    select
        cutoff_date,
        count(*) as customer_count
    from cutoff_rows
    where not is_as_of
    group by cutoff_date

),

shop_size as (

    select max(customer_count) / {{ sampled_customers }}e0 as samples
    from cutoff_sizes

),

-- Fits make do with some fifteen thousand customers: one in two, four, eight … of a shop that has more. Each of these
-- samples is within the one before, and a growing shop seldom needs the next.
sampling as (

    select
        case
            when samples >= 2e0 then cast(power(2e0, floor(ln(samples) / ln(2e0) + 1e-9)) as bigint)
            else 1
        end as sampled_every
    from shop_size

),

-- A state is identified by the weights and the history that it was made of.
sampled_rows as (

    select
        cutoff_rows.*,
        states.state_from,
        sampling.sampled_every
    from cutoff_rows
    cross join sampling
    left join states
        on cutoff_rows.customer_no = states.customer_no
        and cutoff_rows.cutoff_date = states.cutoff_date
    where cutoff_rows.is_as_of
        or cutoff_rows.customer_no % sampling.sampled_every = 0

),

-- Amounts are summed in any order, which moves their last digits.
final as (

    select
        cutoff_date,
        0 as horizon_days,
        is_as_of,
        cast(max(sampled_every) as integer) as sampled_every,
        count(*) as row_count,
        {{ rows_digest(digest_of_prefixed('f_', ['customer_no', 'state_from'], ref('int_customer_cutoffs'))) }}
            as content_digest
    from sampled_rows
    group by cutoff_date, is_as_of
    {%- for days in horizons %}

    union all

    select
        cutoff_date,
        {{ days }} as horizon_days,
        is_as_of,
        cast(max(sampled_every) as integer) as sampled_every,
        count(*) as row_count,
        {{ rows_digest(row_digest([
            'customer_no', 'orders_next_' ~ days ~ 'd', 'round(spend_next_' ~ days ~ 'd, 4)'
        ])) }} as content_digest
    from sampled_rows
    where orders_next_{{ days }}d is not null
    group by cutoff_date, is_as_of
    {%- endfor %}

)

select * from final
