{{ config(tags=['fast']) }}

with product_affinity as (
  select * from {{ ref('visitor_product_affinity') }}
),

products as (
  select * from {{ ref('products') }}
),

summed as (
  select
    product_affinity.visitor_id,
    products.product_type as category,
    sum(product_affinity.affinity) as affinity,
    max(product_affinity.last_at) as last_at
  from product_affinity
  inner join products
    on product_affinity.product_id = products.product_id
  where products.product_type is not null
  group by product_affinity.visitor_id, products.product_type
),

final as (
  select
    visitor_id,
    category,
    cast(affinity as double) as affinity,
    cast(
      row_number() over (
        partition by visitor_id
        order by {{ rankable('affinity') }} desc, last_at desc, category asc
      ) as integer
    ) as rank
  from summed
)

select * from final
