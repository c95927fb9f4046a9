-- Nothing out of stock or withdrawn is recommended to anybody.
{{ config(meta={'dagster': {'ref': {'name': 'visitor_recommendations'}}}) }}

select
  visitor_recommendations.visitor_id,
  visitor_recommendations.product_id
from {{ ref('visitor_recommendations') }} as visitor_recommendations
left join {{ ref('products') }} as products
  on visitor_recommendations.product_id = products.product_id
where not coalesce(products.is_available, false)
