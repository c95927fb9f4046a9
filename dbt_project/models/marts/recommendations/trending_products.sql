{{ config(tags=['fast']) }}

-- What many people look at, put in the cart and buy these days, in the whole shop (category '') and
-- by category. A day of one visitor with one product counts once for each kind of event, so that
-- nobody clicks a product to the top alone.
with product_days as (
  select * from {{ ref('int_visitor_product_days') }}
),

as_of as (
  select * from {{ ref('int_as_of') }}
),

products as (
  select * from {{ ref('products') }}
  where is_available
),

scored as (
  select
    product_days.product_id,
    sum(
      (
        {{ var('affinity_view_weight') }} * least(product_days.views, 1)
        + {{ var('affinity_cart_weight') }} * least(product_days.carts, 1)
        + {{ var('affinity_purchase_weight') }} * least(product_days.purchases, 1)
      )
      * {{ decay('product_days.last_at', 'as_of.as_of', var('trending_half_life_days')) }}
    ) as score
  from product_days
  cross join as_of
  group by product_days.product_id
),

placed as (
  select
    '' as category,
    scored.product_id,
    scored.score
  from scored
  inner join products
    on scored.product_id = products.product_id
  union all
  select
    products.product_type as category,
    scored.product_id,
    scored.score
  from scored
  inner join products
    on scored.product_id = products.product_id
  where products.product_type is not null
),

-- A catalog that nobody has visited yet is not empty: its products follow, the newest first.
unvisited as (
  select
    '' as category,
    products.product_id,
    cast(0 as double) as score
  from products
  left join scored
    on products.product_id = scored.product_id
  where scored.product_id is null
  union all
  select
    products.product_type as category,
    products.product_id,
    cast(0 as double) as score
  from products
  left join scored
    on products.product_id = scored.product_id
  where scored.product_id is null
    and products.product_type is not null
),

unioned as (
  select * from placed
  where score > 0
  union all
  select * from unvisited
),

ranked as (
  select
    unioned.*,
    row_number() over (
      partition by unioned.category
      order by {{ rankable('unioned.score') }} desc, unioned.product_id asc
    ) as trending_rank
  from unioned
),

final as (
  select
    cast(trending_rank as integer) as rank,
    product_id,
    cast(score as double) as score,
    category
  from ranked
  where trending_rank <= {{ var('trending_top_k') }}
)

select * from final
