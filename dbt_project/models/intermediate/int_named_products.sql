{{ config(meta={'dagster': {'group': 'catalog'}}) }}

-- Products as events name them: for each the name that was used most often (a warehouse clerk's
-- remark on one line of an order must not rename a product), and the last price.
with order_lines as (
  select
    product_id,
    product_name as name,
    max(product_category) as category,
    cast(null as {{ text_type() }}) as url,
    {{ last_by('currency', 'case when unit_price is not null then occurred_at end') }} as currency,
    {{ last_known_by('unit_price', 'occurred_at') }} as price,
    count(*) as mentions,
    max(case when unit_price is not null then occurred_at end) as priced_at,
    max(occurred_at) as last_seen_at
  from {{ ref('int_order_lines') }}
  where product_id is not null
  group by product_id, product_name
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

summed as (
  select
    product_id,
    max(category) as category,
    max(url) as url,
    {{ last_known_by('price', 'priced_at') }} as price,
    {{ last_by('currency', 'priced_at') }} as currency,
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
    summed.currency,
    cast(summed.price as decimal(18, 2)) as price,
    summed.last_seen_at
  from summed
  left join names
    on summed.product_id = names.product_id
      and names.name_rank = 1
)

select * from final
