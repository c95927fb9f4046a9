{{ config(tags=['fast']) }}

-- What many people look at, put in the cart and buy these days, in the whole shop (category '') and
-- by category. A day of one visitor with one product counts once for each kind of event, and all visitors of one
-- network count for two of them at most, so that nobody clicks a product to the top alone.
with product_days as (
  select * from {{ ref('int_visitor_product_days') }}
),

as_of as (
  select * from {{ ref('int_as_of') }}
),

addresses as (
  select * from {{ ref('int_visitor_addresses') }}
),

products as (
  select * from {{ ref('products') }}
  where is_available
),

by_address as (
  select
    product_days.product_id,
    addresses.address,
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
  left join addresses
    on product_days.visitor_id = addresses.visitor_id
  group by product_days.product_id, addresses.address
),

scored as (
  select
    product_id,
    sum({{ bounded_by_address('score', 'address', var('trending_address_full')) }}) as score
  from by_address
  group by product_id
),

-- A catalog that nobody has visited yet is not empty: what nobody met follows with 0. What was met without a view, a
-- cart or an order (an option picked alone) is left out.
offered as (
  select
    products.product_id,
    products.product_type,
    coalesce(scored.score, 0) as score
  from products
  left join scored
    on products.product_id = scored.product_id
  where scored.score is null
    or scored.score > 0
),

placed as (
  select
    '' as category,
    product_id,
    score
  from offered
  union all
  select
    product_type as category,
    product_id,
    score
  from offered
  where product_type is not null
),

ranked as (
  select
    placed.*,
    row_number() over (
      partition by placed.category
      order by {{ rankable('placed.score') }} desc, placed.product_id asc
    ) as trending_rank
  from placed
),

final as (
  select
    cast(trending_rank as integer) as rank,
    product_id,
    -- as precise as it ranks: what threads sum in another order differs in the last bits
    cast({{ rankable('score') }} as double) as score,
    category
  from ranked
  where trending_rank <= {{ var('trending_top_k') }}
)

select * from final
