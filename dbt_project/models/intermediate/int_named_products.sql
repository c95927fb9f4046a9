{{ config(materialized='view', meta={'dagster': {'group': 'catalog'}}) }}

-- Products that events name, with the last price. What they are called is another matter: int_product_witnesses.
with order_lines as (
  select
    product_id,
    currency,
    unit_price as price,
    case when unit_price is not null then max(occurred_at) end as priced_at,
    max(occurred_at) as last_seen_at
  from {{ ref('int_order_lines') }}
  where product_id is not null
  group by product_id, currency, unit_price
),

mentions as (
  select
    coalesce(aliases.product_id, mentions.product_id) as product_id,
    mentions.currency,
    mentions.price,
    mentions.priced_at,
    mentions.last_seen_at
  from {{ ref('int_product_mentions') }} as mentions
  left join {{ ref('int_product_aliases') }} as aliases
    on mentions.product_id = aliases.alias
  union all
  select * from order_lines
),

-- The last price and its currency; of several at one moment, as two lines of an order may have, the highest.
prices as (
  select
    product_id,
    price,
    currency,
    row_number() over (
      partition by product_id
      order by priced_at desc, price desc, coalesce(currency, '') asc
    ) as price_turn
  from mentions
  where price is not null
),

summed as (
  select
    product_id,
    max(last_seen_at) as last_seen_at
  from mentions
  group by product_id
),

final as (
  select
    summed.product_id,
    prices.currency,
    cast(prices.price as decimal(18, 2)) as price,
    summed.last_seen_at
  from summed
  left join prices
    on summed.product_id = prices.product_id
      and prices.price_turn = 1
)

select * from final
