{{ config(materialized='view', meta={'dagster': {'group': 'catalog'}}) }}

-- Products as events name them: for each the name that was used most often (a warehouse clerk's
-- remark on one line of an order must not rename a product), and the last price.
with order_lines as (
  select
    product_id,
    product_name as name,
    max(product_category) as category,
    cast(null as {{ text_type() }}) as url,
    currency,
    unit_price as price,
    count(*) as mentions,
    case when unit_price is not null then max(occurred_at) end as priced_at,
    max(occurred_at) as last_seen_at
  from {{ ref('int_order_lines') }}
  where product_id is not null
  group by product_id, product_name, currency, unit_price
),

mentions as (
  select
    coalesce(aliases.product_id, mentions.product_id) as product_id,
    mentions.name,
    mentions.category,
    mentions.url,
    mentions.currency,
    mentions.price,
    mentions.mentions,
    mentions.priced_at,
    mentions.last_seen_at
  from {{ ref('int_product_mentions') }} as mentions
  left join {{ ref('int_product_aliases') }} as aliases
    on mentions.product_id = aliases.alias
  union all
  select * from order_lines
),

name_counts as (
  select
    product_id,
    name,
    sum(mentions) as mentions
  from mentions
  where name is not null
  group by product_id, name
),

names as (
  select
    product_id,
    name,
    row_number() over (
      partition by product_id
      order by mentions desc, name asc
    ) as name_rank
  from name_counts
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
    max(category) as category,
    max(url) as url,
    max(last_seen_at) as last_seen_at
  from mentions
  group by product_id
),

final as (
  select
    summed.product_id,
    names.name,
    summed.category,
    summed.url,
    prices.currency,
    cast(prices.price as decimal(18, 2)) as price,
    summed.last_seen_at
  from summed
  left join names
    on summed.product_id = names.product_id
      and names.name_rank = 1
  left join prices
    on summed.product_id = prices.product_id
      and prices.price_turn = 1
)

select * from final
