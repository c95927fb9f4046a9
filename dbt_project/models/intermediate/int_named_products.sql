{{ config(meta={'dagster': {'group': 'catalog'}}) }}

-- Products as events name them: for each the name that was used most often (a warehouse clerk's
-- remark on one line of an order must not rename a product), and the last price.
with events as (
  select
    event_id,
    product_id,
    product_name as name,
    product_category as category,
    case when event = 'Product Viewed' then page_url end as url,
    price,
    currency,
    occurred_at
  from {{ ref('stg_footfall__events') }}
  where product_id is not null
    and not is_bot
    and coalesce(event, '') not in ('Order Completed', 'Order Refunded')
),

order_lines as (
  select
    event_id,
    product_id,
    product_name as name,
    product_category as category,
    cast(null as {{ text_type() }}) as url,
    unit_price as price,
    currency,
    occurred_at
  from {{ ref('stg_shop__order_lines') }}
  where product_id is not null
),

mentions as (
  select * from events
  union all
  select * from order_lines
),

name_counts as (
  select
    product_id,
    name,
    count(*) as mentions
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

summed as (
  select
    product_id,
    max(category) as category,
    max(url) as url,
    {{ last_known_by('price', 'occurred_at') }} as price,
    max(currency) as currency,
    max(occurred_at) as last_seen_at
  from mentions
  group by product_id
),

final as (
  select
    summed.product_id,
    names.name,
    summed.category,
    summed.url,
    summed.currency,
    cast(summed.price as decimal(18, 2)) as price,
    summed.last_seen_at
  from summed
  left join names
    on summed.product_id = names.product_id
      and names.name_rank = 1
)

select * from final
