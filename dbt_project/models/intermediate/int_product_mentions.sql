{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='product_id',
    on_schema_change='append_new_columns',
    meta={'dagster': {'group': 'staging'}}
  )
}}

-- On a page of which handle events named each product ('' where its address has none), when last, and what it last cost
-- there. Last moments add up: an increment joins what is new to what is known and reads no history. No later event
-- takes a handle back that a page once had.
with events as (
  select
    product_id,
    coalesce(case when event = 'Product Viewed' then {{ handle_of('page_url') }} end, '') as handle,
    price,
    currency,
    occurred_at,
    staged_at
  from {{ ref('stg_footfall__events') }}
  where product_id is not null
    and not is_bot
    and coalesce(event, '') not in ('Order Completed', 'Order Refunded')
  {% if is_incremental() %}
    and staged_at > ({{ last_staged_at() }})
  {% endif %}
),

mentions as (
  select
    product_id,
    handle,
    price,
    currency,
    case when price is not null then occurred_at end as priced_at,
    occurred_at as last_seen_at,
    staged_at
  from events
  {% if is_incremental() %}
    union all
    select
      product_id,
      handle,
      price,
      currency,
      priced_at,
      last_seen_at,
      staged_at
    from {{ this }}
    where product_id in (select events.product_id from events)
  {% endif %}
),

summed as (
  select
    product_id,
    handle,
    max(priced_at) as priced_at,
    max(last_seen_at) as last_seen_at,
    max(staged_at) as staged_at
  from mentions
  group by product_id, handle
),

-- Of several prices at the last moment the highest, so that the order of arrival makes no difference; and its currency,
-- since a page may show each visitor prices in their own.
last_prices as (
  select
    summed.product_id,
    summed.handle,
    mentions.price,
    mentions.currency,
    row_number() over (
      partition by summed.product_id, summed.handle
      order by mentions.price desc, coalesce(mentions.currency, '') asc
    ) as turn
  from summed
  inner join mentions
    on summed.product_id = mentions.product_id
      and summed.handle = mentions.handle
      and summed.priced_at = mentions.priced_at
),

final as (
  select
    summed.product_id,
    summed.handle,
    last_prices.currency,
    last_prices.price,
    summed.priced_at,
    summed.last_seen_at,
    summed.staged_at
  from summed
  left join last_prices
    on summed.product_id = last_prices.product_id
      and summed.handle = last_prices.handle
      and last_prices.turn = 1
)

select * from final
