-- What became of each product: seen, put in the cart, bought, brought back.
with interactions as (
  select
    *,
    {{ amount_of('quantity', 'coalesce(unit_price, 0)') }} as amount
  from {{ ref('product_interactions') }}
),

products as (
  select * from {{ ref('products') }}
),

counted as (
  select
    product_id,
    sum(case when interaction = 'view' then 1 else 0 end) as views,
    count(distinct case when interaction = 'view' then visitor_id end) as viewers,
    count(distinct case when interaction = 'cart' then visitor_id end) as adders,
    count(distinct case when interaction = 'purchase' then visitor_id end) as buyers,
    count(distinct case when interaction = 'purchase' then order_id end) as orders,
    sum(case when interaction = 'purchase' then quantity else 0 end) as units,
    -sum(case when interaction = 'refund' then quantity else 0 end) as units_returned,
    sum(case when interaction in ('purchase', 'refund') then amount else 0 end) as revenue
  from interactions
  group by product_id
),

final as (
  select
    counted.product_id,
    products.title,
    products.product_type as category,
    cast(counted.views as bigint) as views,
    cast(counted.viewers as bigint) as viewers,
    cast(counted.adders as bigint) as adders,
    cast(counted.buyers as bigint) as buyers,
    cast(counted.orders as bigint) as orders,
    cast(counted.units as decimal(38, 2)) as units,
    cast(counted.units_returned as decimal(38, 2)) as units_returned,
    cast(counted.revenue as decimal(38, 2)) as revenue,
    cast(counted.adders as double) / nullif(counted.viewers, 0) as cart_rate,
    cast(counted.buyers as double) / nullif(counted.viewers, 0) as conversion_rate
  from counted
  inner join products
    on counted.product_id = products.product_id
)

select * from final
